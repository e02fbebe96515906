#include "actors/bridge_set.hpp"

#include "actors/bridge.hpp"
#include "actors/spawn.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <vector>

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
  for (const auto& plan : policy.bridges)
    put({plan, until});
  start_others();
  std::vector<bridge_list::entry> all;
  for (const auto& each : bridges_)
    if (!each.removal)
      all.push_back(each.status);
  std::sort(all.begin(), all.end(),
            [](const auto& x, const auto& y) { return x->name() < y->name(); });
  node_.bridges.set(std::move(all));
}

/// One whose session has another name now is another one. Where only the bridge
/// has another name, what waits in its session is the new one's. So it is when
/// the session of one that is about to end is wanted again: from here on it is
/// that one's, even if it never starts before it is removed itself.
void bridge_set::remove_unless_in(const node_policy& policy) {
  for (auto& each : bridges_) {
    auto stays = std::any_of(
        policy.bridges.begin(), policy.bridges.end(), [&](const auto& plan) {
          return plan->own.name == each.status->name()
                 && plan->own.local_clientid == each.client_id;
        });
    if (!each.removal && stays)
      continue;
    auto keeps = has_session(policy, each.client_id);
    if (each.removal && (each.removal->keeps_session || !keeps))
      continue;
    each.removal = remove_bridge{keeps};
    if (each.actor)
      tell(each.actor, *each.removal);
  }
}

/// The bridge of that name goes by `wanted`.
void bridge_set::put(const bridge_changed& wanted) {
  const auto& own = wanted.plan->own;
  auto found =
      std::find_if(bridges_.begin(), bridges_.end(), [&](const entry& each) {
        return !each.removal && each.status->name() == own.name;
      });
  if (found == bridges_.end()) {
    entry made;
    made.client_id = own.local_clientid;
    made.status = std::make_shared<bridge_status>(own.name);
    made.first = wanted;
    bridges_.push_back(std::move(made));
    if (must_wait(bridges_.back()))
      say_that_it_waits(bridges_.back());
  } else if (found->actor) {
    tell(found->actor, bridge_changed{wanted});
  } else {
    found->first = wanted;
  }
}

void bridge_set::say_that_it_waits(const entry& what) {
  what.status->enter(bridge_state::waiting);
  log::write(log::level::notice,
             "Bridge {} starts when the one that it replaces has ended.",
             what.status->name());
}

/// Whether an earlier one is there still that it could get in the way of.
bool bridge_set::must_wait(const entry& what) const {
  for (const auto& each : bridges_) {
    if (&each == &what)
      return false;
    if (each.client_id == what.client_id
        || each.status->name() == what.status->name())
      return true;
  }
  return false;
}

void bridge_set::start_others() {
  for (auto& each : bridges_)
    if (!each.actor && !must_wait(each))
      start(each);
}

/// Also one that was removed meanwhile: it erases the session that it had from
/// the one before.
void bridge_set::start(entry& what) {
  auto& home = *node_.loops[node_.home_of(what.client_id)];
  what.actor = spawn_light<bridge>(owner_.system(), node_, home, what.status);
  owner_.monitor(what.actor);
  tell(what.actor, *std::exchange(what.first, std::nullopt));
  if (what.removal)
    tell(what.actor, *what.removal);
}

void bridge_set::gone(const caf::actor_addr& who) {
  auto count = bridges_.remove_if([&](const entry& each) {
    return each.actor && each.actor.address() == who;
  });
  if (count != 0)
    start_others();
}

void bridge_set::stop() {
  for (const auto& each : bridges_)
    if (each.actor && !each.removal)
      tell(each.actor, stop_node{});
  bridges_.clear();
}

} // namespace troupe::actors
