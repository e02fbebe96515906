#include "actors/bridge_set.hpp"

#include "actors/bridge.hpp"
#include "actors/spawn.hpp"
#include "actors/tell.hpp"

#include <algorithm>

namespace troupe::actors {

namespace {

/// Whether one of the bridges has a session of that name.
bool has_session(const node_policy& policy, const std::string& client_id) {
  return std::any_of(
      policy.bridges.begin(), policy.bridges.end(),
      [&](const auto& plan) { return plan->own.local_clientid == client_id; });
}

} // namespace

void bridge_set::change(const node_policy& policy,
                        const std::shared_ptr<const void>& until) {
  remove_unless_in(policy);
  for (const auto& plan : policy.bridges) {
    auto found = bridges_.find(plan->own.name);
    if (found == bridges_.end())
      start(plan, until);
    else
      tell(found->second.actor, bridge_changed{plan, until});
  }
  std::vector<bridge_list::entry> all;
  for (const auto& [name, each] : bridges_)
    all.push_back(each.status);
  node_.bridges.set(std::move(all));
}

/// One whose session has another name now is another one. Where only the bridge
/// has another name, what waits in its session is the new one's.
void bridge_set::remove_unless_in(const node_policy& policy) {
  std::erase_if(bridges_, [&](const auto& known) {
    const auto& [name, each] = known;
    auto stays =
        std::any_of(policy.bridges.begin(), policy.bridges.end(),
                    [&, &name = name, &each = each](const auto& plan) {
                      return plan->own.name == name
                             && plan->own.local_clientid == each.client_id;
                    });
    if (!stays)
      tell(each.actor, remove_bridge{has_session(policy, each.client_id)});
    return !stays;
  });
}

void bridge_set::start(const bridge_plan_ptr& plan,
                       const std::shared_ptr<const void>& until) {
  entry made;
  made.client_id = plan->own.local_clientid;
  made.status = std::make_shared<bridge_status>(plan->own.name);
  auto& home = *node_.loops[node_.home_of(made.client_id)];
  made.actor = spawn_light<bridge>(system_, node_, home, made.status);
  tell(made.actor, bridge_changed{plan, until});
  bridges_.emplace(plan->own.name, std::move(made));
}

void bridge_set::stop() {
  for (const auto& [name, each] : bridges_)
    tell(each.actor, stop_node{});
  bridges_.clear();
}

} // namespace troupe::actors
