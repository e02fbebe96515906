#pragma once

#include "broker/limits.hpp"
#include "config/settings.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::actors {

/// What of a listener outlives a reload of the configuration.
struct listener_state {
  /// Connections that hold a slot of `max_connections`.
  std::atomic<int64_t> connections{0};
};

/// What holds for whoever connects through one listener. Immutable: a reload
/// makes another one.
struct listener_policy {
  std::shared_ptr<const config::settings> broker;
  config::listener_settings own;
  std::shared_ptr<listener_state> state;
};
using listener_policy_ptr = std::shared_ptr<const listener_policy>;

/// All of the configuration that can change while the broker runs, as one
/// immutable value; every loop has its pointer to the one in force.
struct node_policy {
  std::shared_ptr<const config::settings> settings;
  broker::session_limits limits;
  std::vector<listener_policy_ptr> listeners;

  /// The listener that stands where `like` stood; null if there is none.
  listener_policy_ptr find(const config::listener_settings& like) const;
};
using node_policy_ptr = std::shared_ptr<const node_policy>;

/// Makes a policy of `settings`, whose listeners go on counting where those of
/// `before` (may be null) stand.
node_policy_ptr make_policy(config::settings settings,
                            const node_policy* before = nullptr);

/// Whether both are at the same place: address and port, or path.
bool is_same_place(const config::listener_settings& x,
                   const config::listener_settings& y) noexcept;

} // namespace troupe::actors
