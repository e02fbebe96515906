#pragma once

#include "actors/bridge_status.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"

#include <caf/actor_system.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::actors {

/// The bridges of a node, by name: starts those that a policy has, tells those
/// of another policy, ends those that it no longer has. The supervisor owns it.
class bridge_set {
public:
  bridge_set(caf::actor_system& system, node_context& shared)
      : system_(system), node_(shared) {}

  /// Makes the bridges those of `policy`. They hold `until` as
  /// `bridge_changed` says.
  void change(const node_policy& policy,
              const std::shared_ptr<const void>& until);
  void stop();

private:
  struct entry {
    bridge_actor actor;
    std::shared_ptr<bridge_status> status;
    /// Of its session, which decides where it lives.
    std::string client_id;
  };

  void start(const bridge_plan_ptr& plan,
             const std::shared_ptr<const void>& until);
  void remove_unless_in(const node_policy& policy);

  caf::actor_system& system_;
  node_context& node_;
  std::map<std::string, entry> bridges_;
};

} // namespace troupe::actors
