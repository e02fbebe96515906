#pragma once

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::net {

/// The value of an environment variable, which is removed; empty: it is not
/// set. REQUIRES: no other thread runs yet.
inline std::string take_variable(const char* name) {
  auto* value = getenv(name);
  std::string text = value == nullptr ? "" : value;
  unsetenv(name);
  return text;
}

/// A whole decimal number; nothing: `text` is none that fits.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  auto* end = text.data() + text.size();
  auto [last, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || last != end)
    return std::nullopt;
  return value;
}

} // namespace troupe::net
