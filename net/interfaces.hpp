#pragma once

#include "core/checked.hpp"

#include <sys/socket.h>

#include <span>
#include <string>
#include <vector>

namespace troupe::net {

/// The IP addresses of a network interface, none twice. An error names the
/// interface and those that exist; none: the interface has no address.
checked<std::vector<sockaddr_storage>>
interface_addresses(const std::string& interface);

/// Those of `addresses` at which whoever wants to listen at `wanted` may, with
/// its port: of its family, and the same unless `wanted` is every address.
std::vector<sockaddr_storage>
matching_addresses(const sockaddr_storage& wanted,
                   std::span<const sockaddr_storage> addresses);

/// Whether the kernel lets `fd` take traffic of `interface` only; errno says
/// why not. Old kernels ask for CAP_NET_RAW.
bool bind_to_interface(int fd, const std::string& interface) noexcept;

} // namespace troupe::net
