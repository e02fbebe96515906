#include "net/listener.hpp"

#include "net/interfaces.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace troupe::net {

namespace {

constexpr int backlog = 4096;

std::string describe(const std::string& host, uint16_t port) {
  return (host.empty() ? std::string{"*"} : host) + ':' + std::to_string(port);
}

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/// Where to listen: an address, on an interface only if one is named.
struct place {
  sockaddr_storage address{};
  socklen_t size = 0;
  std::string interface;
  bool shares_port = false;
};

/// A listening socket there; errno says why not.
socket listen_at(const place& where) {
  auto family = where.address.ss_family;
  socket result{
      ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!result.is_open())
    return result;
  set_option(result.fd(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (where.shares_port)
    set_option(result.fd(), SOL_SOCKET, SO_REUSEPORT, 1);
  // Each family has a socket of its own, so `::` must not take IPv4 too.
  if (family == AF_INET6)
    set_option(result.fd(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  auto is_bound =
      (where.interface.empty()
       || bind_to_interface(result.fd(), where.interface))
      && bind(result.fd(), reinterpret_cast<const sockaddr*>(&where.address),
              where.size)
             == 0;
  if (!is_bound || listen(result.fd(), backlog) != 0) {
    auto why = errno;
    result.close();
    errno = why;
  } else if (where.shares_port) {
    set_option(result.fd(), SOL_SOCKET, SO_REUSEPORT, 0);
  }
  return result;
}

int to_af(address_family family) {
  switch (family) {
  case address_family::ipv4:
    return AF_INET;
  case address_family::ipv6:
    return AF_INET6;
  case address_family::any:
    break;
  }
  return AF_UNSPEC;
}

/// True if nobody listens at this path any more. One whose backlog is full, or
/// that we may not connect to, is alive.
bool is_stale(const sockaddr_un& address) {
  socket probe{
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  return connect(probe.fd(), reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address))
             != 0
         && errno == ECONNREFUSED;
}

} // namespace

namespace {

/// What `host` stands for. Returns why nothing.
std::string resolve(const std::string& host, uint16_t port,
                    address_family family, std::vector<place>& into) {
  addrinfo hints{};
  hints.ai_family = to_af(family);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  auto status = getaddrinfo(host.empty() ? nullptr : host.c_str(),
                            std::to_string(port).c_str(), &hints, &found);
  if (status != 0)
    return gai_strerror(status);
  for (auto* each = found; each != nullptr; each = each->ai_next) {
    place where;
    std::memcpy(&where.address, each->ai_addr, each->ai_addrlen);
    where.size = each->ai_addrlen;
    into.push_back(where);
  }
  freeaddrinfo(found);
  return {};
}

bool may_bind_to(const std::string& interface) {
  socket probe{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return bind_to_interface(probe.fd(), interface);
}

/// Ties `places` to `interface`. Returns why not.
std::string tie(std::vector<place>& places, const std::string& interface) {
  auto addresses = interface_addresses(interface);
  if (!addresses)
    return addresses.error().text;
  for (auto& each : places)
    each.interface = interface;
  if (may_bind_to(interface))
    return {};
  std::vector<place> replacements;
  for (const auto& each : places)
    for (const auto& address : matching_addresses(each.address, *addresses))
      replacements.push_back({address, each.size, {}, each.shares_port});
  places = std::move(replacements);
  return places.empty() ? interface + " has no such address" : std::string{};
}

/// Listens at all places, but for families that the machine does not have.
/// Returns why not.
std::string listen_at_all(const std::vector<place>& places,
                          std::vector<socket>& into) {
  int why = 0;
  for (const auto& each : places) {
    auto listening = listen_at(each);
    auto is_lacking = errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL;
    if (listening.is_open())
      into.push_back(std::move(listening));
    else if (!is_lacking || why == 0)
      why = errno;
  }
  // A machine without IPv6 still listens on IPv4; an address in use is final.
  if (!into.empty() && why != EADDRINUSE && why != EACCES)
    return {};
  into.clear();
  return std::strerror(why);
}

} // namespace

listen_result listen_tcp(const std::string& host, uint16_t port,
                         address_family family, const std::string& interface,
                         bool shares_port) {
  listen_result result;
  std::vector<place> places;
  auto why = resolve(host, port, family, places);
  for (auto& each : places)
    each.shares_port = shares_port;
  if (why.empty() && !interface.empty())
    why = tie(places, interface);
  if (why.empty())
    why = listen_at_all(places, result.sockets);
  if (!why.empty())
    result.error = "cannot listen on " + describe(host, port) + ": " + why;
  return result;
}

port_sharing::port_sharing(const socket& listening) noexcept
    : fd_(listening.fd()) {
  set_option(fd_, SOL_SOCKET, SO_REUSEPORT, 1);
}

port_sharing::port_sharing(port_sharing&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

port_sharing::~port_sharing() {
  if (fd_ >= 0)
    set_option(fd_, SOL_SOCKET, SO_REUSEPORT, 0);
}

listen_result listen_unix(const std::string& path, std::optional<mode_t> mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return {{},
            "cannot listen on " + path
                + ": the path of a unix socket may "
                  "have at most "
                + std::to_string(sizeof(address.sun_path) - 1) + " bytes"};
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)
      && is_stale(address))
    unlink(path.c_str());
  socket listening{
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!listening.is_open()
      || bind(listening.fd(), reinterpret_cast<sockaddr*>(&address),
              sizeof(address))
             != 0
      || (mode && chmod(path.c_str(), *mode) != 0)
      || listen(listening.fd(), backlog) != 0)
    return {{}, "cannot listen on " + path + ": " + std::strerror(errno)};
  listen_result result;
  result.sockets.push_back(std::move(listening));
  return result;
}

namespace {

/// Without a descriptor to spare accept4 does not even look.
bool is_somebody_waiting(const socket& listener) noexcept {
  pollfd what{listener.fd(), POLLIN, 0};
  return poll(&what, 1, 0) > 0;
}

} // namespace

accepted accept_from(const socket& listener) noexcept {
  auto fd =
      accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    int one = 1; // fails for unix sockets, which do not need it
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return {accepted::kind::connection, socket{fd}};
  }
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
    return {is_somebody_waiting(listener) ? accepted::kind::no_descriptors
                                          : accepted::kind::none,
            {}};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
      || errno == ECONNABORTED)
    return {accepted::kind::none, {}};
  return {accepted::kind::failed, {}};
}

} // namespace troupe::net
