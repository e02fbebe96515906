#include "actors/policy.hpp"

#include "actors/bridge_plan.hpp"
#include "actors/listener_loader.hpp"
#include "config/difference.hpp"

#include <algorithm>
#include <utility>

namespace troupe::actors {

namespace {

broker::session_limits limits_of(const config::settings& settings) {
  broker::session_limits limits;
  limits.max_inflight_messages = settings.max_inflight_messages;
  limits.max_inflight_bytes = settings.max_inflight_bytes;
  limits.max_queued_messages = settings.max_queued_messages;
  limits.max_queued_bytes = settings.max_queued_bytes;
  limits.queue_qos0_messages = settings.queue_qos0_messages;
  limits.drop_oldest =
      settings.when_queue_full == config::queue_full_policy::drop_oldest;
  return limits;
}

std::shared_ptr<listener_policy>
make_listener(const std::shared_ptr<const config::settings>& settings,
              const config::listener_settings& own, const node_policy* before) {
  auto made = std::make_shared<listener_policy>();
  made->broker = settings;
  made->own = own;
  if (auto old = before == nullptr ? nullptr : before->find(own))
    made->state = old->state;
  else
    made->state = std::make_shared<listener_state>();
  return made;
}

std::shared_ptr<node_policy> begin_policy(config::settings settings) {
  auto made = std::make_shared<node_policy>();
  made->limits = limits_of(settings);
  made->settings =
      std::make_shared<const config::settings>(std::move(settings));
  return made;
}

} // namespace

listener_policy_ptr
node_policy::find(const config::listener_settings& like) const {
  auto found =
      std::find_if(listeners.begin(), listeners.end(), [&](const auto& each) {
        return config::is_same_place(each->own, like);
      });
  return found == listeners.end() ? nullptr : *found;
}

node_policy_ptr make_policy(config::settings settings) {
  auto made = begin_policy(std::move(settings));
  for (const auto& each : made->settings->listeners)
    made->listeners.push_back(make_listener(made->settings, each, nullptr));
  return made;
}

checked<node_policy_ptr> load_policy(
    config::settings settings, const node_policy* before,
    std::shared_ptr<const security::dynsec::dynamic_authority> dynamic) {
  auto made = begin_policy(std::move(settings));
  listener_loader loader{*made->settings, std::move(dynamic)};
  for (const auto& each : made->settings->listeners) {
    auto listener = make_listener(made->settings, each, before);
    if (auto wrong = loader.load(*listener))
      return *wrong;
    made->listeners.push_back(std::move(listener));
  }
  for (const auto& each : made->settings->bridges) {
    auto bridge = load_bridge(made->settings, each, made->limits);
    if (!bridge)
      return bridge.error();
    made->bridges.push_back(std::move(*bridge));
  }
  return node_policy_ptr{std::move(made)};
}

} // namespace troupe::actors
