#include "net/connector.hpp"

#include "net/address.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace troupe::net {

namespace {

struct list_deleter {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

checked<std::vector<socket_address>> look_up(const std::string& host,
                                             const char* service, int flags) {
  if (host.empty())
    return explanation{"no host is named: give a name or an address"};
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  auto status = getaddrinfo(host.c_str(), service, &hints, &found);
  std::unique_ptr<addrinfo, list_deleter> list{found};
  if (status != 0)
    return explanation{
        "cannot find the address of " + host + ": "
        + (status == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(status))};
  std::vector<socket_address> result;
  for (auto* each = list.get(); each != nullptr; each = each->ai_next) {
    auto& added = result.emplace_back();
    std::memcpy(&added.storage, each->ai_addr, each->ai_addrlen);
    added.size = each->ai_addrlen;
  }
  return result;
}

const sockaddr* generic(const socket_address& address) noexcept {
  return reinterpret_cast<const sockaddr*>(&address.storage);
}

/// Says where each one connects from: the first of `locals` of its family.
void bind_all(std::vector<endpoint_candidate>& candidates,
              const std::vector<socket_address>& locals) {
  for (auto& each : candidates) {
    auto family = each.remote.storage.ss_family;
    auto local =
        std::find_if(locals.begin(), locals.end(), [&](const auto& address) {
          return address.storage.ss_family == family;
        });
    each.lacks_local_address = local == locals.end();
    if (!each.lacks_local_address)
      each.local = *local;
  }
  auto lacks = [](const auto& each) { return each.lacks_local_address; };
  if (!std::all_of(candidates.begin(), candidates.end(), lacks))
    std::erase_if(candidates, lacks);
}

bool set_option(const socket& of, int level, int name, int value) noexcept {
  return setsockopt(of.fd(), level, name, &value, sizeof(value)) == 0;
}

/// Empty, or which option is wrong and why.
std::string set_options(const socket& of, const connect_options& options) {
  struct option {
    const char* text;
    int name;
    uint32_t value;
  };
  const option all[] = {
      {"seconds before keep alive probes", TCP_KEEPIDLE,
       options.keepalive_idle},
      {"seconds between keep alive probes", TCP_KEEPINTVL,
       options.keepalive_interval},
      {"keep alive probes", TCP_KEEPCNT, options.keepalive_count},
      {"milliseconds of user timeout", TCP_USER_TIMEOUT, options.user_timeout},
  };
  for (const auto& each : all)
    if (each.value != 0
        && !set_option(of, IPPROTO_TCP, each.name,
                       static_cast<int>(each.value)))
      return "the system does not take " + std::to_string(each.value) + ' '
             + each.text + ": " + std::strerror(errno);
  auto probes = options.keepalive_idle != 0 || options.keepalive_interval != 0
                || options.keepalive_count != 0;
  if (probes)
    set_option(of, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (options.tcp_nodelay)
    set_option(of, IPPROTO_TCP, TCP_NODELAY, 1);
  return {};
}

explanation system_error(int error) {
  return {std::strerror(error)};
}

} // namespace

checked<std::vector<endpoint_candidate>>
resolve(const std::string& host, uint16_t port,
        const std::string& bind_address) {
  std::vector<socket_address> locals;
  if (!bind_address.empty()) {
    auto found = look_up(bind_address, nullptr, AI_PASSIVE);
    if (!found)
      return found.error();
    locals = std::move(*found);
  }
  auto remotes = look_up(host, std::to_string(port).c_str(), 0);
  if (!remotes)
    return remotes.error();
  std::vector<endpoint_candidate> result;
  for (const auto& each : *remotes)
    result.push_back({each, {}, false});
  if (!bind_address.empty())
    bind_all(result, locals);
  return result;
}

checked<endpoint_candidate> unix_candidate(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return system_error(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  endpoint_candidate result;
  std::memcpy(&result.remote.storage, &address, sizeof(address));
  result.remote.size = sizeof(address);
  return result;
}

std::string to_string(const endpoint_candidate& candidate) {
  const auto& remote = candidate.remote.storage;
  auto tcp = to_endpoint(remote);
  if (!tcp)
    return reinterpret_cast<const sockaddr_un&>(remote).sun_path;
  auto result = endpoint_text(tcp->address, tcp->port);
  if (auto local = to_endpoint(candidate.local.storage))
    result += " from " + to_string(local->address);
  return result;
}

checked<socket> begin_connect(const endpoint_candidate& to,
                              const connect_options& options) {
  if (to.lacks_local_address)
    return system_error(EADDRNOTAVAIL);
  auto family = to.remote.storage.ss_family;
  socket result{
      ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!result.is_open())
    return system_error(errno);
  if (family != AF_UNIX)
    if (auto wrong = set_options(result, options); !wrong.empty())
      return explanation{wrong};
  if (to.local.size != 0
      && ::bind(result.fd(), generic(to.local), to.local.size) != 0)
    return system_error(errno);
  // Interrupted it goes on by itself.
  if (::connect(result.fd(), generic(to.remote), to.remote.size) != 0
      && errno != EINPROGRESS && errno != EINTR)
    return system_error(errno);
  return result;
}

std::string finish_connect(const socket& connecting) {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(connecting.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
    error = errno;
  return error == 0 ? std::string{} : std::strerror(error);
}

} // namespace troupe::net
