#include "actors/supervisor.hpp"

#include "actors/refilling.hpp"
#include "actors/routes.hpp"
#include "actors/spawn.hpp"
#include "actors/subtree.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace troupe::actors {

subtree_actor start_subtree(caf::actor_system& system, node_context& shared,
                            size_t index, bool awaits_refill) {
  subtree_options options;
  options.awaits_refill = awaits_refill;
  options.upgrade_outgoing_qos = shared.settings.upgrade_outgoing_qos;
  options.retain_expiry_interval = shared.settings.retain_expiry_interval;
  options.store = shared.store;
  options.node = shared.node_id;
  options.epoch = shared.new_epoch();
  options.seen_before = shared.seen_before;
  return spawn_light<subtree>(system, index, options, *shared.subtrees[index]);
}

supervisor::supervisor(caf::actor_config& cfg, node_context& shared,
                       std::vector<subtree_actor> subtrees,
                       std::vector<greeter_actor> greeters, sys_actor publisher,
                       const policy_changed& first,
                       std::function<void()> on_drained)
    : supervisor_actor::base(cfg), node_(shared),
      subtrees_(std::move(subtrees)), greeters_(std::move(greeters)),
      publisher_(std::move(publisher)), bridges_(*this, shared),
      on_drained_(std::move(on_drained)), drained_(shared.loops.size()) {
  set_down_handler([this](caf::down_msg& down) {
    restart(down);
    bridges_.gone(down.source);
  });
  if (first.policy)
    bridges_.change(*first.policy, first.until);
}

supervisor::behavior_type supervisor::make_behavior() {
  for (const auto& each : subtrees_)
    monitor(each);
  return {
      [this](const policy_changed& message) { change_policy(message); },
      [this](const stop_node&) { stop(); },
      [this](const drain_finished& message) { drained(message.loop); },
  };
}

void supervisor::restart(const caf::down_msg& down) {
  auto lost = std::find_if(
      subtrees_.begin(), subtrees_.end(),
      [&](const subtree_actor& each) { return each.address() == down.source; });
  if (lost == subtrees_.end())
    return;
  auto index = static_cast<size_t>(lost - subtrees_.begin());
  log::write(log::level::warning, "Subtree {} is started anew", index);
  *lost = start_subtree(system(), node_, index, true);
  monitor(*lost);
  routes_changed change;
  change.routes = std::make_shared<const route_table>(subtrees_);
  change.lost = index;
  change.until = std::make_shared<refilling>(*lost);
  for (const auto& each : node_.registries)
    tell(each, change);
  tell(publisher_, change);
  if (node_.store)
    tell(node_.store, reload{std::move(change), {}, {}, true});
}

/// Registries first: who comes in meanwhile is judged by the new policy at the
/// latest when it is attached.
void supervisor::change_policy(const policy_changed& message) {
  for (const auto& each : node_.registries)
    tell(each, message);
  for (const auto& each : greeters_)
    tell(each, message);
  bridges_.change(*message.policy, message.until);
}

void supervisor::stop() {
  tell(publisher_, stop_node{});
  bridges_.stop();
  for (const auto& each : greeters_)
    tell(each, stop_node{});
  for (const auto& each : node_.registries)
    tell(each, stop_node{});
  // Subtrees know sessions, sessions registries, registries us. And what fails
  // from here on is not started anew.
  subtrees_.clear();
  greeters_.clear();
  publisher_ = sys_actor{};
}

void supervisor::drained(size_t loop) {
  drained_[loop] = true;
  if (std::all_of(drained_.begin(), drained_.end(), [](bool x) { return x; })
      && on_drained_) {
    on_drained_();
    on_drained_ = nullptr;
    quit();
  }
}

} // namespace troupe::actors
