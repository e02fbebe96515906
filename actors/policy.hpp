#pragma once

#include "broker/limits.hpp"
#include "config/settings.hpp"
#include "core/checked.hpp"
#include "net/address_list.hpp"
#include "security/access.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::net {
class tls_context;
struct websocket_policy;
} // namespace troupe::net

namespace troupe::security {
class jwt_verifier;
class password_file;
class psk_file;
namespace dynsec {
class dynamic_authority;
}
} // namespace troupe::security

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

  /// Null: no users are known from a file.
  std::shared_ptr<const security::password_file> passwords;
  /// Null: no tokens are taken.
  std::shared_ptr<const security::jwt_verifier> tokens;
  /// Null: there is no dynamic security.
  std::shared_ptr<const security::dynsec::dynamic_authority> dynamic;
  /// Who decides what a client may do; null: everybody may do everything.
  std::shared_ptr<const security::authorities> judges;
  /// Null: no TLS.
  std::shared_ptr<const net::tls_context> tls;
  /// Null: no WebSocket.
  std::shared_ptr<const net::websocket_policy> websocket;
  /// Whose PROXY headers are believed.
  net::address_list proxies;
};
using listener_policy_ptr = std::shared_ptr<const listener_policy>;

struct bridge_plan;
using bridge_plan_ptr = std::shared_ptr<const bridge_plan>;

/// All of the configuration that can change while the broker runs, as one
/// immutable value; every loop has its pointer to the one in force.
struct node_policy {
  std::shared_ptr<const config::settings> settings;
  broker::session_limits limits;
  std::vector<listener_policy_ptr> listeners;
  std::vector<bridge_plan_ptr> bridges;

  /// The listener that stands where `like` stood; null if there is none.
  listener_policy_ptr find(const config::listener_settings& like) const;
};
using node_policy_ptr = std::shared_ptr<const node_policy>;

/// Makes a policy of `settings` that reads no files: without users, rights and
/// transports but TCP. For tests.
node_policy_ptr make_policy(config::settings settings);

/// Makes a policy of `settings` and of all files that they name. Its listeners
/// go on counting where those of `before` (may be null) stand. Warnings go to
/// the log. Blocks.
checked<node_policy_ptr>
load_policy(config::settings settings, const node_policy* before,
            std::shared_ptr<const security::dynsec::dynamic_authority> dynamic);

} // namespace troupe::actors
