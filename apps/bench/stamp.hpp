#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::bench {

/// What every payload says about itself, so that whoever receives it can check
/// it without knowing who sent it.
struct stamp {
  /// Which stream of messages it belongs to.
  uint32_t stream = 0;
  /// Its number in that stream, from 0.
  uint32_t sequence = 0;
  /// When it was to be sent.
  time_point due;

  friend bool operator==(const stamp&, const stamp&) = default;
};

/// Makes and checks payloads of one size: a stamp and a known filler.
class payload_form {
public:
  /// The bytes of a stamp: no payload is smaller.
  static constexpr size_t minimum = 16;

  /// REQUIRES: size >= minimum.
  explicit payload_form(size_t size);

  /// The payload for `value`; valid until the next call.
  std::string_view write(const stamp& value);
  /// The stamp of a payload that is whole: nothing if its size or its filler
  /// is not what `write` makes.
  std::optional<stamp> read(std::string_view payload) const;

private:
  std::string text_;
};

} // namespace troupe::bench
