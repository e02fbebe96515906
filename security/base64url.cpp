#include "security/base64url.hpp"

#include <cstdint>

namespace troupe::security {

namespace {

constexpr uint32_t no_digit = 64;

constexpr uint32_t digit(char c) noexcept {
  if (c >= 'A' && c <= 'Z')
    return static_cast<uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z')
    return static_cast<uint32_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9')
    return static_cast<uint32_t>(c - '0' + 52);
  return c == '-' ? 62 : c == '_' ? 63 : no_digit;
}

} // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
  // A single digit over has six bits: too few for a byte.
  if (text.size() % 4 == 1)
    return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int count = 0;
  for (auto c : text) {
    auto value = digit(c);
    if (value == no_digit)
      return std::nullopt;
    bits = (bits << 6 | value) & 0xffffU;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xffU);
    }
  }
  auto left = bits & ((1U << count) - 1);
  if (left != 0)
    return std::nullopt;
  return bytes;
}

} // namespace troupe::security
