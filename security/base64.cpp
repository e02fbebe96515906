#include "security/base64.hpp"

#include <array>

namespace troupe::security {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t no_digit = 64;

constexpr auto make_values() {
  std::array<uint8_t, 256> values{};
  values.fill(no_digit);
  for (size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<uint8_t>(alphabet[i])] = static_cast<uint8_t>(i);
  return values;
}

constexpr auto values = make_values();

/// Without its padding; nothing if there is too much or too little of it.
std::optional<std::string_view> strip(std::string_view text, padding form) {
  if (form == padding::none)
    return text;
  if (text.size() % 4 != 0)
    return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i)
    text.remove_suffix(1);
  return text;
}

} // namespace

std::string to_base64(std::string_view bytes, padding form) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  unsigned count = 0;
  for (auto each : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(each);
    for (count += 8; count >= 6; count -= 6)
      text += alphabet[bits >> (count - 6) & 63];
  }
  if (count > 0)
    text += alphabet[bits << (6 - count) & 63];
  while (form == padding::required && text.size() % 4 != 0)
    text += '=';
  return text;
}

std::optional<std::string> from_base64(std::string_view text, padding form) {
  auto digits = strip(text, form);
  if (!digits || digits->size() % 4 == 1)
    return std::nullopt;
  std::string bytes;
  bytes.reserve(digits->size() * 3 / 4);
  uint32_t bits = 0;
  unsigned count = 0;
  for (auto each : *digits) {
    auto value = values[static_cast<uint8_t>(each)];
    if (value == no_digit)
      return std::nullopt;
    bits = bits << 6 | value;
    count += 6;
    if (count >= 8)
      bytes += static_cast<char>(bits >> (count -= 8) & 255);
  }
  bool is_rest_zero = (bits & ((1U << count) - 1)) == 0;
  return is_rest_zero ? std::optional{std::move(bytes)} : std::nullopt;
}

} // namespace troupe::security
