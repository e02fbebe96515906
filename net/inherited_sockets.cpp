#include "net/inherited_sockets.hpp"

#include "net/environment.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace troupe::net {

namespace {

/// More than any unit has, and few enough to try them all.
constexpr int most_sockets = 4096;

int option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool prepare(int fd) {
  auto flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0
         && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/// Fills in where `into` listens; false: of no family that we know.
bool describe(inherited_socket& into) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(into.listening.fd(), reinterpret_cast<sockaddr*>(&address),
                  &size)
      != 0)
    return false;
  if (auto tcp = to_endpoint(address)) {
    into.address = tcp->address;
    into.port = tcp->port;
    return true;
  }
  if (address.ss_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path))
    return false;
  const auto& local = reinterpret_cast<sockaddr_un&>(address);
  into.path.assign(local.sun_path, size - offsetof(sockaddr_un, sun_path));
  if (into.path[0] == '\0') // abstract; written with an @, as systemd does
    into.path[0] = '@';
  else
    into.path.resize(std::min(into.path.find('\0'), into.path.size()));
  return true;
}

/// The name at position `index` of a list separated by colons.
std::string name_at(std::string_view names, int index) {
  for (; index > 0 && !names.empty(); --index)
    names.remove_prefix(std::min(names.find(':'), names.size() - 1) + 1);
  return std::string{names.substr(0, names.find(':'))};
}

std::string describe_descriptor(int fd, const std::string& name) {
  return "file descriptor " + std::to_string(fd)
         + (name.empty() ? "" : " (" + name + ')');
}

/// Takes over one descriptor.
checked<inherited_socket> adopt_one(int fd, std::string name) {
  inherited_socket result;
  auto what = describe_descriptor(fd, name);
  if (fcntl(fd, F_GETFD) < 0)
    return explanation{"the service manager announced " + what
                       + ", which is not open"};
  result.listening = socket{fd};
  result.name = std::move(name);
  if (option(fd, SO_TYPE) != SOCK_STREAM || option(fd, SO_ACCEPTCONN) != 1)
    return explanation{what
                       + ", passed by the service manager, is no stream "
                         "socket that listens: its unit needs ListenStream= "
                         "and Accept=no"};
  if (!describe(result))
    return explanation{what
                       + ", passed by the service manager, is neither a TCP "
                         "nor a unix socket with a name"};
  if (!prepare(fd))
    return explanation{what + " cannot be made non-blocking"};
  return result;
}

bool is_loopback(const ip_address& address) {
  return address == parse_ip_address("127.0.0.1")
         || address == parse_ip_address("::1");
}

/// A socket for every address must not stand in for a listener that is to be
/// reached at one of them only.
bool is_for(const inherited_socket& candidate, const std::string& host,
            address_family family) {
  auto is_v4 = is_ipv4(candidate.address);
  if ((family == address_family::ipv4 && !is_v4)
      || (family == address_family::ipv6 && is_v4))
    return false;
  if (host.empty())
    return true;
  if (host == "localhost")
    return is_loopback(candidate.address);
  auto wanted = parse_ip_address(host);
  return wanted == candidate.address;
}

/// Moves out of `from` what `is_wanted`.
template <class Predicate>
std::vector<inherited_socket> extract(std::vector<inherited_socket>& from,
                                      Predicate is_wanted) {
  std::vector<inherited_socket> found;
  std::vector<inherited_socket> others;
  for (auto& each : from)
    (is_wanted(each) ? found : others).push_back(std::move(each));
  from = std::move(others);
  return found;
}

} // namespace

listen_environment take_listen_environment() {
  unsetenv("LISTEN_PIDFDID");
  return {take_variable("LISTEN_PID"), take_variable("LISTEN_FDS"),
          take_variable("LISTEN_FDNAMES")};
}

std::string inherited_socket::where() const {
  return path.empty() ? endpoint_text(address, port) : path;
}

checked<inherited_sockets>
inherited_sockets::adopt(const listen_environment& from, pid_t self,
                         int first) {
  inherited_sockets result;
  if (parse_number<pid_t>(from.process) != self)
    return result;
  auto count = parse_number<int>(from.count);
  if (!count || *count < 0 || *count > most_sockets)
    return explanation{"LISTEN_FDS must be a number of sockets, not \""
                       + from.count + '"'};
  for (int i = 0; i < *count; ++i) {
    auto taken = adopt_one(first + i, name_at(from.names, i));
    if (!taken)
      return taken.error();
    result.rest_.push_back(std::move(*taken));
  }
  return result;
}

std::vector<inherited_socket>
inherited_sockets::claim_tcp(const std::string& host, uint16_t port,
                             address_family family) {
  return extract(rest_, [&](const inherited_socket& each) {
    return each.path.empty() && each.port == port && is_for(each, host, family);
  });
}

std::vector<inherited_socket>
inherited_sockets::claim_unix(const std::string& path) {
  return extract(rest_, [&path](const inherited_socket& each) {
    return !path.empty() && each.path == path;
  });
}

} // namespace troupe::net
