#include "net/interfaces.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace troupe::net {

namespace {

/// "eth0, lo", for whoever misspelt one.
std::string existing_interfaces() {
  std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> all{
      if_nameindex(), &if_freenameindex};
  std::string names;
  for (auto* each = all.get(); each != nullptr && each->if_index != 0; ++each)
    names.append(names.empty() ? "" : ", ").append(each->if_name);
  return names.empty() ? "none" : names;
}

size_t size_of(const sockaddr& address) {
  return address.sa_family == AF_INET    ? sizeof(sockaddr_in)
         : address.sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                                         : 0;
}

bool is_same(const sockaddr_storage& x, const sockaddr_storage& y) {
  return std::memcmp(&x, &y, sizeof(x)) == 0;
}

bool is_wildcard(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET)
    return reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr
           == htonl(INADDR_ANY);
  return IN6_IS_ADDR_UNSPECIFIED(
      &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

bool is_same_host(const sockaddr_storage& x, const sockaddr_storage& y) {
  if (x.ss_family == AF_INET)
    return reinterpret_cast<const sockaddr_in&>(x).sin_addr.s_addr
           == reinterpret_cast<const sockaddr_in&>(y).sin_addr.s_addr;
  return IN6_ARE_ADDR_EQUAL(
      &reinterpret_cast<const sockaddr_in6&>(x).sin6_addr,
      &reinterpret_cast<const sockaddr_in6&>(y).sin6_addr);
}

} // namespace

checked<std::vector<sockaddr_storage>>
interface_addresses(const std::string& interface) {
  if (if_nametoindex(interface.c_str()) == 0)
    return explanation{"there is no network interface \""
                       + interface + "\"; those that exist: "
                       + existing_interfaces()};
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0)
    return explanation{"cannot list the addresses of " + interface + ": "
                       + std::strerror(errno)};
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all{first, &freeifaddrs};
  std::vector<sockaddr_storage> found;
  for (auto* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || interface != each->ifa_name)
      continue;
    sockaddr_storage address{};
    std::memcpy(&address, each->ifa_addr, size_of(*each->ifa_addr));
    auto is_known =
        std::any_of(found.begin(), found.end(), [&address](const auto& other) {
          return is_same(address, other);
        });
    if (address.ss_family != AF_UNSPEC && !is_known)
      found.push_back(address);
  }
  return found;
}

std::vector<sockaddr_storage>
matching_addresses(const sockaddr_storage& wanted,
                   std::span<const sockaddr_storage> addresses) {
  std::vector<sockaddr_storage> result;
  for (auto address : addresses) {
    if (address.ss_family != wanted.ss_family
        || !(is_wildcard(wanted) || is_same_host(wanted, address)))
      continue;
    // Both families have the port at the same place.
    reinterpret_cast<sockaddr_in&>(address).sin_port =
        reinterpret_cast<const sockaddr_in&>(wanted).sin_port;
    result.push_back(address);
  }
  return result;
}

bool bind_to_interface(int fd, const std::string& interface) noexcept {
  return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                    static_cast<socklen_t>(interface.size() + 1))
         == 0;
}

} // namespace troupe::net
