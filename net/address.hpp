#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::net {

/// An IP address in 16 bytes; IPv4 is mapped (::ffff:192.0.2.1, RFC 4291,
/// section 2.5.5.2), so that a client is the same whichever socket it came by.
using ip_address = std::array<uint8_t, 16>;

/// From 4 or 16 bytes in network order. REQUIRES: one of the two sizes.
ip_address to_ip_address(std::span<const uint8_t> bytes) noexcept;

/// From "192.0.2.1" or "2001:db8::1"; nothing else is taken.
std::optional<ip_address> parse_ip_address(std::string_view text) noexcept;

bool is_ipv4(const ip_address& address) noexcept;

/// "192.0.2.1" or "2001:db8::1".
std::string to_string(const ip_address& address);

/// Where a TCP socket is.
struct endpoint {
  ip_address address{};
  uint16_t port = 0;
};

/// From what the kernel says; nothing: that is no IP address.
std::optional<endpoint> to_endpoint(const sockaddr_storage& from) noexcept;

/// "192.0.2.1:40000" or "[2001:db8::1]:40000".
std::string endpoint_text(const ip_address& address, uint16_t port);

} // namespace troupe::net
