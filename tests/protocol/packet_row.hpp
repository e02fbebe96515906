#pragma once

#include "protocol/decoder.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace troupe::test {

using namespace protocol;

/// One packet and what it means. The whole list is in packet_table.hpp.
struct packet_row {
  const char* name;
  protocol::version version;
  /// The bytes, in the notation of notation.hpp.
  std::string bytes;
  /// What decoding them gives.
  std::variant<packet, ec> expected;
  /// What encoding that gives, if it is not `bytes`.
  std::string canonical = {};
};

inline constexpr auto v31 = version::v31;
inline constexpr auto v311 = version::v311;
inline constexpr auto v5 = version::v5;

/// A `T` as `change` leaves it.
template <class T, class Change>
T made(Change change) {
  T value;
  change(value);
  return value;
}

/// Properties as `change` leaves them.
template <class Change>
properties with(Change change) {
  return made<properties>(change);
}

/// The bytes of a literal that may hold zeros.
template <size_t N>
constexpr std::string_view raw(const char (&literal)[N]) noexcept {
  return {literal, N - 1};
}

} // namespace troupe::test
