#pragma once

#include "core/result.hpp"
#include "protocol/topic.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace troupe::protocol {

/// Takes MQTT's data types off the front of a range of bytes and never reads
/// past its end. The first failure sticks: from then on there is nothing left
/// and every read gives zero or an empty view, so a decoder reads field after
/// field and looks once whether that went well.
class reader {
public:
  explicit reader(std::span<const uint8_t> bytes) noexcept
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool at_end() const noexcept { return at_ == end_; }
  size_t left() const noexcept { return static_cast<size_t>(end_ - at_); }
  /// Where the next byte lies.
  const char* position() const noexcept {
    return reinterpret_cast<const char*>(at_);
  }

  bool failed() const noexcept { return failure_.code != ec{}; }
  /// Why reading ended. REQUIRES: failed().
  const failure& error() const noexcept { return failure_; }
  /// Ends reading. Only the first failure counts.
  void fail(ec code, std::string_view text) noexcept {
    if (!failed())
      failure_ = {code, text};
    at_ = end_;
  }

  uint8_t u8() noexcept { return has(1) ? *at_++ : uint8_t{0}; }
  uint16_t u16() noexcept {
    if (!has(2))
      return 0;
    auto value = static_cast<uint16_t>(at_[0] << 8 | at_[1]);
    at_ += 2;
    return value;
  }
  uint32_t u32() noexcept {
    auto upper = uint32_t{u16()};
    return upper << 16 | u16();
  }

  /// A variable byte integer; one that is longer than it need be fails
  /// [MQTT-1.5.5-1].
  uint32_t variable() noexcept {
    uint32_t value = 0;
    for (int shift = 0; shift < 28; shift += 7) {
      auto byte = u8();
      value |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        if (byte == 0 && shift != 0)
          fail(ec::malformed_packet, "variable byte integer is too long");
        return value;
      }
    }
    fail(ec::malformed_packet, "variable byte integer is too long");
    return 0;
  }

  /// The next `count` bytes.
  std::string_view take(size_t count) noexcept {
    if (!has(count))
      return {};
    std::string_view result{position(), count};
    at_ += count;
    return result;
  }
  std::string_view rest() noexcept { return take(left()); }

  /// Bytes with two bytes of length in front.
  std::string_view binary() noexcept { return take(u16()); }

  /// A UTF-8 encoded string; anything else fails [MQTT-1.5.4-1].
  std::string_view text() noexcept {
    auto result = binary();
    if (!is_utf8_string(result)) {
      fail(ec::malformed_packet, "text is not well-formed UTF-8");
      return {};
    }
    return result;
  }

  /// Fails if bytes are left over.
  void expect_end() noexcept {
    if (!at_end())
      fail(ec::malformed_packet, "bytes behind the end of the packet");
  }

private:
  bool has(size_t count) noexcept {
    if (left() >= count) [[likely]]
      return true;
    fail(ec::malformed_packet, "packet ends too early");
    return false;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  failure failure_{ec{}, {}};
};

} // namespace troupe::protocol
