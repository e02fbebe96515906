#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::bench {

/// Where the broker listens, and from where clients connect to it.
struct endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};

/// Nothing if `host` is not a numeric IPv4 or IPv6 address.
std::optional<endpoint> make_endpoint(const std::string& host, uint16_t port);

/// Starts a non-blocking connect, without Nagle's delay. On 127.0.0.1 the
/// client's address is 127.0.0.(1 + `source`), up to .250: one address has too
/// few ports for many connections. Returns the socket or -1 (see `errno`).
int start_connect(const endpoint& to, uint32_t source);

/// The error of a connect that has ended; 0: none.
int connect_error(int fd);

/// Allows this process as many open files as the system lets it.
void raise_file_limit();

} // namespace troupe::bench
