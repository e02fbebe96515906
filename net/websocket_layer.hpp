#pragma once

#include "net/stream.hpp"
#include "net/websocket_upgrade.hpp"

#include <memory>

namespace troupe::net {

/// The server's side of MQTT over WebSocket (RFC 6455, MQTT 5.0 section 6). It
/// answers the upgrade request, then every write is one binary frame and what
/// is read is the payload of the frames that came. `below` is what lies between
/// WebSocket and the socket (TLS); null: nothing. An idle connection costs some
/// 210 bytes beyond `below`, one within a frame 4.6 KiB, one that has not sent
/// its request up to `policy->largest_request`. Null: no memory.
std::unique_ptr<layer>
accept_websocket(std::shared_ptr<const websocket_policy> policy,
                 std::unique_ptr<layer> below = nullptr) noexcept;

/// The client's side. The first `read` or `write` sends the request; until the
/// server has answered `write` takes nothing and `is_ready` is false. Null:
/// no memory, no randomness, or bytes in `target` that cannot be in a request.
std::unique_ptr<layer>
connect_websocket(const websocket_target& target,
                  std::unique_ptr<layer> below = nullptr) noexcept;

} // namespace troupe::net
