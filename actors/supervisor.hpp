#pragma once

#include "actors/bridge_set.hpp"
#include "actors/messages.hpp"
#include "actors/node_context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <vector>

namespace troupe::actors {

/// Starts a subtree; used at the start and when one has failed.
/// `awaits_refill`: it serves once it was told `refilled`.
subtree_actor start_subtree(caf::actor_system& system, node_context& shared,
                            size_t index, bool awaits_refill = false);

/// Watches the subtrees and starts one anew when it fails: the registries then
/// have every session subscribe there again, the store and the appenders see to
/// what is on disk, and until all that is done nothing is routed there. Starts
/// and ends the bridges of the policy in force. On `stop_node` lets the
/// greeters and registries finish and calls `on_drained` once no connection is
/// left.
class supervisor final : public supervisor_actor::base {
public:
  supervisor(caf::actor_config& cfg, node_context& shared,
             std::vector<subtree_actor> subtrees,
             std::vector<greeter_actor> greeters, sys_actor publisher,
             const policy_changed& first, std::function<void()> on_drained);

  const char* name() const override { return "troupe.supervisor"; }

protected:
  behavior_type make_behavior() override;

private:
  void restart(const caf::down_msg& down);
  void change_policy(const policy_changed& message);
  void stop();
  void drained(size_t loop);

  node_context& node_;
  std::vector<subtree_actor> subtrees_;
  std::vector<greeter_actor> greeters_;
  sys_actor publisher_;
  bridge_set bridges_;
  std::function<void()> on_drained_;
  std::vector<bool> drained_;
};

} // namespace troupe::actors
