#pragma once

#include "actors/policy.hpp"
#include "broker/bridge_topics.hpp"
#include "broker/limits.hpp"
#include "config/bridge_settings.hpp"
#include "core/checked.hpp"
#include "protocol/types.hpp"

#include <memory>

namespace troupe::net {
class tls_context;
}

namespace troupe::actors {

/// What holds for one bridge: its settings and what was made of them and of
/// the files they name. Immutable: a reload makes another one.
struct bridge_plan {
  config::bridge_settings own;
  broker::bridge_topics topics;
  /// Of its session here.
  broker::session_limits limits;
  /// Null: no TLS.
  std::shared_ptr<const net::tls_context> tls;
  /// What a connection asks of its listener; a link has come through none.
  listener_policy_ptr policy;

  protocol::version version() const noexcept;
};

/// Makes the plan of `own`. Reads the files that it names. Blocks.
checked<bridge_plan_ptr>
load_bridge(const std::shared_ptr<const config::settings>& broker,
            const config::bridge_settings& own,
            const broker::session_limits& usual);

} // namespace troupe::actors
