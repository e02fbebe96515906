#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::tools {

/// The whole number that `text` is, if it is one between `least` and `most`.
inline std::optional<int64_t> to_number(std::string_view text, int64_t least,
                                        int64_t most) noexcept {
  int64_t value = 0;
  const auto* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || value < least || value > most)
    return std::nullopt;
  return value;
}

} // namespace troupe::tools
