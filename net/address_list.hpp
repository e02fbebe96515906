#pragma once

#include "core/checked.hpp"
#include "net/address.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net {

/// A set of networks, such as those whose proxies are believed.
class address_list {
public:
  /// Each entry is an address ("::1"), a network ("10.0.0.0/8") or "unix". A
  /// network must not have bits set behind its prefix: whoever writes
  /// "10.1.2.3/8" may have meant something else. The error names the entry.
  static checked<address_list> parse(std::span<const std::string> entries);

  /// Whether `peer` is in it, written as `socket::peer` does, with a port, or
  /// without one. What is neither an address nor "unix" is in no list.
  bool contains(std::string_view peer) const noexcept;

  bool empty() const noexcept { return networks_.empty() && !has_unix_; }

private:
  struct network {
    ip_address base;
    unsigned bits; // of `ip_address`: 96 more than written for IPv4
  };

  std::string add(const std::string& entry);

  std::vector<network> networks_;
  bool has_unix_ = false;
};

/// The address in "192.0.2.1:40000", "[2001:db8::1]:40000" or either without
/// its port.
std::optional<ip_address> address_of(std::string_view peer) noexcept;

} // namespace troupe::net
