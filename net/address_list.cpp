#include "net/address_list.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::net {

namespace {

constexpr unsigned all_bits = 128;
constexpr unsigned bits_before_ipv4 = 96;

/// `address` with all but its first `bits` bits cleared.
ip_address cut(ip_address address, unsigned bits) noexcept {
  for (unsigned i = 0; i < address.size(); ++i) {
    auto kept = std::min(8U, bits > 8 * i ? bits - 8 * i : 0);
    address[i] &= static_cast<uint8_t>(0xff00U >> kept);
  }
  return address;
}

/// The number behind the slash; nothing if it is none up to `most`.
std::optional<unsigned> parse_prefix(std::string_view text, unsigned most) {
  unsigned value = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most)
    return std::nullopt;
  return value;
}

} // namespace

checked<address_list>
address_list::parse(std::span<const std::string> entries) {
  address_list result;
  for (const auto& entry : entries)
    if (auto error = result.add(entry); !error.empty())
      return explanation{std::move(error)};
  return result;
}

/// Returns why not.
std::string address_list::add(const std::string& entry) {
  if (entry == "unix") {
    has_unix_ = true;
    return {};
  }
  auto slash = entry.find('/');
  auto base = parse_ip_address(entry.substr(0, slash));
  if (!base)
    return '"' + entry
           + "\" is neither an IP address (192.0.2.1, ::1) nor a network "
             "(10.0.0.0/8, fd00::/8) nor unix";
  // A mapped address stands for IPv4, but its prefix counts from the left.
  auto before = entry.find(':') == entry.npos ? bits_before_ipv4 : 0;
  auto bits = all_bits;
  if (slash != entry.npos) {
    auto prefix = parse_prefix(std::string_view{entry}.substr(slash + 1),
                               all_bits - before);
    if (!prefix)
      return '"' + entry + "\" needs a number from 0 to "
             + std::to_string(all_bits - before) + " behind its slash";
    bits = before + *prefix;
  }
  auto network = cut(*base, bits);
  if (network != *base)
    return '"' + entry + "\" has bits set behind its prefix: the network is "
           + to_string(network) + entry.substr(slash);
  networks_.push_back({network, bits});
  return {};
}

bool address_list::contains(std::string_view peer) const noexcept {
  if (peer == "unix")
    return has_unix_;
  auto address = address_of(peer);
  if (!address)
    return false;
  return std::any_of(
      networks_.begin(), networks_.end(), [&address](const network& each) {
        // ::/0 is every IPv6 address and no IPv4 one.
        auto is_same_family =
            is_ipv4(*address)
            == (is_ipv4(each.base) && each.bits >= bits_before_ipv4);
        return is_same_family && cut(*address, each.bits) == each.base;
      });
}

std::optional<ip_address> address_of(std::string_view peer) noexcept {
  if (peer.starts_with('[')) {
    auto end = peer.find(']');
    return end == peer.npos ? std::nullopt
                            : parse_ip_address(peer.substr(1, end - 1));
  }
  auto colon = peer.find(':');
  if (colon != peer.npos && colon == peer.rfind(':'))
    peer = peer.substr(0, colon);
  return parse_ip_address(peer);
}

} // namespace troupe::net
