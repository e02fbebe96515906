#pragma once

#include "core/checked.hpp"

#include <sys/socket.h>

#include <string>
#include <vector>

namespace troupe::net {

/// The IP addresses of a network interface, none twice. An error names the
/// interface and those that exist; none: the interface has no address.
checked<std::vector<sockaddr_storage>>
interface_addresses(const std::string& interface);

/// Whether the kernel lets `fd` take traffic of `interface` only; errno says
/// why not. Old kernels ask for CAP_NET_RAW.
bool bind_to_interface(int fd, const std::string& interface) noexcept;

} // namespace troupe::net
