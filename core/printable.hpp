#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe {

/// How many bytes the character at the front of `text` takes, or 0 if it is a
/// control character or not UTF-8. REQUIRES: !text.empty().
constexpr size_t printable_length(std::string_view text) noexcept {
  auto at = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  auto first = at(0);
  if (first < 0x80)
    return first >= 0x20 && first != 0x7f ? 1 : 0;
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length)
    return 0;
  uint32_t code = first & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (at(i) & 0x3fU);
  }
  // Longer forms of shorter codes, surrogates, and the second block of control
  // characters are as unfit for a terminal as the first.
  constexpr uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};
  bool ok = code >= least[length] && code <= 0x10ffff
            && (code < 0xd800 || code > 0xdfff);
  return ok ? length : 0;
}

/// Whether `text` is UTF-8 without control characters.
constexpr bool is_printable(std::string_view text) noexcept {
  while (!text.empty()) {
    auto length = printable_length(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

} // namespace troupe
