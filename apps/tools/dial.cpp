#include "apps/tools/dial.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace troupe::tools {
namespace {

constexpr const char* lookup_failed = "Unable to connect (Lookup error.).";

struct address_deleter {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};
using address_list = std::unique_ptr<addrinfo, address_deleter>;

address_list look_up(const std::string& host, int family, int flags,
                     const char* service) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  if (host.empty() || getaddrinfo(host.c_str(), service, &hints, &found) != 0)
    return nullptr;
  return address_list{found};
}

std::string system_error(int error) {
  return std::string{"Error: "} + std::strerror(error);
}

/// Connects one socket and waits for the outcome: 0 or the reason.
int connect_and_wait(int socket, const sockaddr* address, socklen_t size,
                     waiter& wait) {
  if (::connect(socket, address, size) == 0)
    return 0;
  if (errno != EINPROGRESS)
    return errno;
  pollfd done{socket, POLLOUT, 0};
  do {
    wait.wait({&done, 1}, never);
    if (wait.stop_requested())
      return EINTR;
  } while (done.revents == 0);
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

int new_socket(int family) {
  return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

std::string dial_unix(const std::string& path, waiter& wait, int& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return system_error(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  socket = new_socket(AF_UNIX);
  if (socket < 0)
    return system_error(errno);
  auto error =
      connect_and_wait(socket, reinterpret_cast<const sockaddr*>(&address),
                       sizeof address, wait);
  return error == 0 ? std::string{} : system_error(error);
}

/// Binds to the local address of the family; 0 or the reason.
int bind_to(int socket, const std::string& host, int family) {
  auto local = look_up(host, family, AI_PASSIVE, nullptr);
  if (local == nullptr)
    return EADDRNOTAVAIL;
  return ::bind(socket, local->ai_addr, local->ai_addrlen) == 0 ? 0 : errno;
}

int dial_address(const client_options& options, const addrinfo& address,
                 waiter& wait, int& socket) {
  socket = new_socket(address.ai_family);
  if (socket < 0)
    return errno;
  if (options.tcp_nodelay) {
    int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  auto error = options.bind_address.empty()
                   ? 0
                   : bind_to(socket, options.bind_address, address.ai_family);
  if (error == 0)
    error = connect_and_wait(socket, address.ai_addr, address.ai_addrlen, wait);
  if (error != 0) {
    ::close(socket);
    socket = -1;
  }
  return error;
}

} // namespace

std::string dial(const client_options& options, waiter& wait, int& socket) {
  if (!options.unix_path.empty())
    return dial_unix(options.unix_path, wait, socket);
  if (!options.bind_address.empty()
      && look_up(options.bind_address, AF_UNSPEC, AI_PASSIVE, nullptr)
             == nullptr)
    return lookup_failed;
  auto service = std::to_string(options.port);
  auto addresses = look_up(options.host, AF_UNSPEC, 0, service.c_str());
  if (addresses == nullptr)
    return lookup_failed;
  auto error = 0;
  for (auto* at = addresses.get(); at != nullptr; at = at->ai_next) {
    error = dial_address(options, *at, wait, socket);
    if (error == 0 || wait.stop_requested())
      break;
  }
  return error == 0 ? std::string{} : system_error(error);
}

} // namespace troupe::tools
