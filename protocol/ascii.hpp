#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Most text in MQTT is plain ASCII: these look at eight bytes at a time.
namespace troupe::protocol::ascii {

/// Eight bytes of text, in no particular order.
using word = uint64_t;

constexpr word each(uint8_t byte) noexcept {
  return word{byte} * 0x0101'0101'0101'0101;
}

/// Not 0 if one of the bytes is 0.
constexpr word zeros(word value) noexcept {
  return (value - each(0x01)) & ~value & each(0x80);
}

/// Not 0 if one of the bytes is U+0000 or no ASCII.
constexpr word unusual(word value) noexcept {
  return (value & each(0x80)) | zeros(value);
}

/// Not 0 if one of the bytes is `#` (0x23) or `+` (0x2b), which differ in one
/// bit.
constexpr word wildcards(word value) noexcept {
  return zeros((value | each(0x08)) ^ each(0x2b));
}

template <class T>
T load(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// The last, at most seven, bytes of a text, filled up with letters.
inline word load_tail(const char* from, size_t count) noexcept {
  auto value = each('x');
  if ((count & 4) != 0) {
    value = value << 32 | load<uint32_t>(from);
    from += 4;
  }
  if ((count & 2) != 0) {
    value = value << 16 | load<uint16_t>(from);
    from += 2;
  }
  if ((count & 1) != 0)
    value = value << 8 | static_cast<uint8_t>(*from);
  return value;
}

/// True if `is_bad` is 0 for all of `text`.
template <class Predicate>
bool none(std::string_view text, Predicate is_bad) noexcept {
  const auto* at = text.data();
  auto left = text.size();
  for (; left >= sizeof(word); at += sizeof(word), left -= sizeof(word))
    if (is_bad(load<word>(at)) != 0)
      return false;
  return is_bad(load_tail(at, left)) == 0;
}

} // namespace troupe::protocol::ascii
