#include "net/kernel_tls.hpp"

#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace troupe::net {

bool kernel_has_tls() noexcept {
  socket unconnected{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  constexpr char name[] = "tls";
  // Where there is TLS it wants a connection; elsewhere nobody knows the name.
  return ::setsockopt(unconnected.fd(), IPPROTO_TCP, TCP_ULP, name, sizeof name)
             != 0
         && errno == ENOTCONN;
}

} // namespace troupe::net
