#include "net/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cassert>

namespace troupe::net {

namespace {

constexpr std::array<uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0,    0,
                                                   0, 0, 0, 0, 0xff, 0xff};

/// An address as the kernel gives it, in bytes.
template <class Address>
std::span<const uint8_t> bytes_of(const Address& address) noexcept {
  return {reinterpret_cast<const uint8_t*>(&address), sizeof(address)};
}

} // namespace

ip_address to_ip_address(std::span<const uint8_t> bytes) noexcept {
  assert(bytes.size() == 4 || bytes.size() == 16);
  ip_address result{};
  std::copy(mapped_prefix.begin(), mapped_prefix.end(), result.begin());
  std::copy(bytes.begin(), bytes.end(), result.end() - bytes.size());
  return result;
}

std::optional<ip_address> parse_ip_address(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> copy{}; // inet_pton wants a zero behind it
  if (text.size() >= copy.size() || text.find('\0') != text.npos)
    return std::nullopt;
  std::copy(text.begin(), text.end(), copy.begin());
  std::array<uint8_t, 16> bytes;
  if (inet_pton(AF_INET, copy.data(), bytes.data()) == 1)
    return to_ip_address(std::span{bytes}.first(4));
  if (inet_pton(AF_INET6, copy.data(), bytes.data()) == 1)
    return bytes;
  return std::nullopt;
}

bool is_ipv4(const ip_address& address) noexcept {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(),
                    address.begin());
}

std::string to_string(const ip_address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_ipv4(address))
    inet_ntop(AF_INET, address.data() + mapped_prefix.size(), text.data(),
              text.size());
  else
    inet_ntop(AF_INET6, address.data(), text.data(), text.size());
  return text.data();
}

std::optional<endpoint> to_endpoint(const sockaddr_storage& from) noexcept {
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    return endpoint{to_ip_address(bytes_of(v4.sin_addr)), ntohs(v4.sin_port)};
  }
  if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    return endpoint{to_ip_address(bytes_of(v6.sin6_addr)), ntohs(v6.sin6_port)};
  }
  return std::nullopt;
}

std::string endpoint_text(const ip_address& address, uint16_t port) {
  auto text = to_string(address);
  if (!is_ipv4(address))
    text = '[' + text + ']';
  return text + ':' + std::to_string(port);
}

} // namespace troupe::net
