#pragma once

#include <string_view>

namespace troupe {

/// How C and JSON both write a line feed, a carriage return or a tab; empty for
/// any other character.
constexpr std::string_view short_escape(char letter) noexcept {
  switch (letter) {
  case '\n':
    return "\\n";
  case '\r':
    return "\\r";
  case '\t':
    return "\\t";
  default:
    return {};
  }
}

} // namespace troupe
