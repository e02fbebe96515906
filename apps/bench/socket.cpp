#include "apps/bench/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

namespace troupe::bench {

namespace {

constexpr uint32_t source_addresses = 250;

bool is_first_loopback(const endpoint& to) {
  if (to.address.ss_family != AF_INET)
    return false;
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(to.address);
  return v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

// The port is chosen by connect, when the whole pair of addresses is known:
// otherwise 127.0.0.2 to port A would take a port from 127.0.0.2 to port B.
void bind_source(int fd, uint32_t source) {
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + source % source_addresses);
  int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from);
}

} // namespace

std::optional<endpoint> make_endpoint(const std::string& host, uint16_t port) {
  endpoint made;
  auto& v4 = reinterpret_cast<sockaddr_in&>(made.address);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    made.size = sizeof(sockaddr_in);
    return made;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(made.address);
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    made.size = sizeof(sockaddr_in6);
    return made;
  }
  return std::nullopt;
}

int start_connect(const endpoint& to, uint32_t source) {
  auto fd = socket(to.address.ss_family,
                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (source != 0 && is_first_loopback(to))
    bind_source(fd, source);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to.address), to.size) == 0
      || errno == EINPROGRESS)
    return fd;
  auto why = errno;
  close(fd);
  errno = why;
  return -1;
}

int connect_error(int fd) {
  int why = 0;
  socklen_t size = sizeof why;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0)
    return errno;
  return why;
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace troupe::bench
