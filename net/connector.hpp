#pragma once

#include "core/checked.hpp"
#include "net/socket.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::net {

/// A socket address as the kernel takes it.
struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// One place that a connection may be made to. Whoever connects tries one after
/// the other.
struct endpoint_candidate {
  socket_address remote;
  /// Where to connect from; without size: from anywhere, unless
  /// `lacks_local_address`.
  socket_address local;
  /// The address to connect from is none of the family of `remote`:
  /// `begin_connect` says that it cannot be assigned.
  bool lacks_local_address = false;
};

/// What `host`, a name or an address without brackets, stands for, in the order
/// that the system prefers, or why it stands for nothing. `bind_address`, a
/// name or an address, says where to connect from; empty: from anywhere. Of
/// several families those are left out that it has no address of. Blocks while
/// it asks name servers: not for a loop.
checked<std::vector<endpoint_candidate>>
resolve(const std::string& host, uint16_t port,
        const std::string& bind_address = {});

/// The place of a unix socket, or why there can be none.
checked<endpoint_candidate> unix_candidate(const std::string& path);

/// "192.0.2.1:1883", "[2001:db8::1]:1883", "/run/broker.sock", and where it
/// connects from, if that is said: "192.0.2.1:1883 from 192.0.2.7".
std::string to_string(const endpoint_candidate& candidate);

/// How a connection is to behave. Of no meaning for unix sockets.
struct connect_options {
  /// Small packets are sent at once.
  bool tcp_nodelay = true;
  /// Seconds of silence after which the kernel probes, seconds between probes,
  /// and probes without an answer that end it; each 0: the system's; all 0: no
  /// probes.
  uint32_t keepalive_idle = 0;
  uint32_t keepalive_interval = 0;
  uint32_t keepalive_count = 0;
  /// Milliseconds that sent data may stay unacknowledged; 0: the system's.
  uint32_t user_timeout = 0;
};

/// Begins to connect: a non-blocking socket that closes on exec, to be polled
/// for writing. Once it is writable (or has an error) `finish_connect` tells
/// the outcome. Never blocks. Why not: the system's words ("Connection
/// refused"); the caller adds `to_string(to)`.
checked<socket> begin_connect(const endpoint_candidate& to,
                              const connect_options& options = {});

/// Empty: it is connected; else why not, in the system's words. REQUIRES: the
/// socket is writable since `begin_connect`.
std::string finish_connect(const socket& connecting);

} // namespace troupe::net
