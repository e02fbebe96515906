#pragma once

#include "net/socket.hpp"

#include <caf/test/unit_test.hpp>

#include <sys/socket.h>

#include <utility>

namespace troupe::net {

/// Two connected stream sockets; the first has as small a send buffer as the
/// kernel allows if `small` is set.
inline std::pair<socket, socket> make_pair(bool small = false) {
  int both[2] = {-1, -1};
  CAF_REQUIRE_EQUAL(::socketpair(AF_UNIX,
                                 SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                                 both),
                    0);
  if (small) {
    int size = 1;
    ::setsockopt(both[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
  }
  return {socket{both[0]}, socket{both[1]}};
}

} // namespace troupe::net
