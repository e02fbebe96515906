#pragma once

#include "actors/bridge_status.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"

#include <caf/actor_addr.hpp>
#include <caf/local_actor.hpp>

#include <list>
#include <memory>
#include <optional>
#include <string>

namespace troupe::actors {

/// The bridges of a node: starts those that a policy has, tells those of
/// another policy, ends those that it no longer has. The supervisor owns it.
///
/// A bridge that ends may take a while, and erases its session as the last
/// thing it does. So one that has a name or a session with an earlier one in
/// common starts when that is gone.
class bridge_set {
public:
  /// `owner` monitors the bridges, and calls `gone`.
  bridge_set(caf::local_actor& owner, node_context& shared)
      : owner_(owner), node_(shared) {}

  /// Makes the bridges those of `policy`. They hold `until` as
  /// `bridge_changed` says.
  void change(const node_policy& policy,
              const std::shared_ptr<const void>& until);
  /// A bridge has ended; any other actor is ignored.
  void gone(const caf::actor_addr& who);
  void stop();

private:
  struct entry {
    std::shared_ptr<bridge_status> status;
    /// Of its session, which decides where it lives.
    std::string client_id;
    /// What it begins with. It has started: null.
    std::optional<bridge_changed> first;
    bridge_actor actor;
    /// It is no longer in the policy: what it was told.
    std::optional<remove_bridge> removal;
  };

  void remove_unless_in(const node_policy& policy);
  void put(const bridge_changed& wanted);
  static void say_that_it_waits(const entry& what);
  bool must_wait(const entry& what) const;
  void start_others();
  void start(entry& what);

  caf::local_actor& owner_;
  node_context& node_;
  /// In the order in which they came, those that are about to end among them.
  std::list<entry> bridges_;
};

} // namespace troupe::actors
