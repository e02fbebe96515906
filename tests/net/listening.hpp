#pragma once

#include "net/address.hpp"
#include "net/connector.hpp"
#include "net/listener.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <utility>

namespace troupe::net {

/// A listener on a free port of `host`.
inline socket listen_on(const std::string& host) {
  auto listening = listen_tcp(host, 0, address_family::any);
  CAF_REQUIRE_EQUAL(listening.error, "");
  return std::move(listening.sockets.front());
}

/// Where that is.
inline uint16_t port_of(const socket& listening) {
  socket_address where;
  where.size = sizeof(where.storage);
  getsockname(listening.fd(), reinterpret_cast<sockaddr*>(&where.storage),
              &where.size);
  return to_endpoint(where.storage)->port;
}

} // namespace troupe::net
