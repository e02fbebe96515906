#include "protocol/ascii.hpp"
#include "protocol/topic.hpp"

#include <cstdint>

namespace troupe::protocol {

namespace {

/// Code points of a text, one after the other.
class code_points {
public:
  explicit code_points(std::string_view text) noexcept
      : at_(text.data()), end_(text.data() + text.size()) {}

  bool at_end() const noexcept { return at_ == end_; }

  /// The next code point, or 0 (which may not stand in MQTT's text anyway) if
  /// the bytes are not well-formed [Unicode, table 3-7].
  uint32_t next() noexcept {
    auto lead = static_cast<uint8_t>(*at_++);
    if (lead < 0x80)
      return lead;
    if (lead < 0xc2) // a continuation byte, or an overlong form
      return 0;
    if (lead < 0xe0)
      return rest(lead & 0x1f, 1, 0x80);
    if (lead < 0xf0)
      return rest(lead & 0x0f, 2, 0x800);
    return lead < 0xf5 ? rest(lead & 0x07, 3, 0x1'0000) : 0;
  }

  void skip_plain_words() noexcept {
    while (end_ - at_ >= 8
           && ascii::unusual(ascii::load<ascii::word>(at_)) == 0)
      at_ += 8;
  }

private:
  uint32_t rest(uint32_t value, int count, uint32_t smallest) noexcept {
    if (end_ - at_ < count)
      return 0;
    for (; count > 0; --count) {
      auto byte = static_cast<uint8_t>(*at_++);
      if ((byte & 0xc0) != 0x80)
        return 0;
      value = value << 6 | (byte & 0x3f);
    }
    auto is_surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < smallest || value > 0x10'ffff || is_surrogate ? 0 : value;
  }

  const char* at_;
  const char* end_;
};

bool is_control_character(uint32_t value) noexcept {
  return value < 0x20 || (value >= 0x7f && value < 0xa0);
}

bool is_noncharacter(uint32_t value) noexcept {
  return (value & 0xfffe) == 0xfffe || (value >= 0xfdd0 && value <= 0xfdef);
}

} // namespace

bool is_utf8_string(std::string_view text) noexcept {
  if (ascii::none(text, ascii::unusual)) [[likely]]
    return true;
  code_points points{text};
  while (!points.at_end()) {
    if (points.next() == 0)
      return false;
    points.skip_plain_words();
  }
  return true;
}

bool is_plain_text(std::string_view text) noexcept {
  code_points points{text};
  while (!points.at_end()) {
    auto value = points.next();
    if (is_control_character(value) || is_noncharacter(value))
      return false;
  }
  return true;
}

} // namespace troupe::protocol
