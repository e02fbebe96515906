#include "core/hex.hpp"

#include <cstdint>

namespace troupe {

namespace {

/// Above 15: it is no digit.
constexpr uint8_t value_of(char digit) noexcept {
  if (digit >= '0' && digit <= '9')
    return static_cast<uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f')
    return static_cast<uint8_t>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F')
    return static_cast<uint8_t>(digit - 'A' + 10);
  return UINT8_MAX;
}

} // namespace

std::optional<std::string> from_hex(std::string_view digits) {
  for (auto each : digits)
    if (value_of(each) > 15)
      return std::nullopt;
  std::string bytes((digits.size() + 1) / 2, '\0');
  auto at = digits.size() % 2; // of half bytes
  for (auto each : digits) {
    auto& byte = bytes[at++ / 2];
    byte = static_cast<char>(static_cast<uint8_t>(byte) << 4 | value_of(each));
  }
  return bytes;
}

} // namespace troupe
