#pragma once

#include "core/clock.hpp"

#include <cstdint>

namespace troupe::bench {

/// The timetable of an open loop: message n is due at a moment that no broker
/// can move, so a broker that stalls is charged for what waited meanwhile.
class pace {
public:
  /// `rate`: messages per second. REQUIRES: rate > 0.
  pace(time_point start, double rate) noexcept
      : start_(start), nanoseconds_each_(1e9 / rate) {}

  /// When message `index` is due; the first has index 0.
  time_point due(uint64_t index) const noexcept {
    auto after = static_cast<double>(index) * nanoseconds_each_;
    return start_ + std::chrono::nanoseconds{static_cast<int64_t>(after)};
  }

private:
  time_point start_;
  double nanoseconds_each_;
};

} // namespace troupe::bench
