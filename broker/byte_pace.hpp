#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace troupe::broker {

/// So many bytes per second: whoever has moved some waits until they are
/// within the rate. Pure.
class byte_pace {
public:
  /// `per_second` 0: no limit.
  explicit byte_pace(uint64_t per_second) noexcept : per_second_(per_second) {}

  /// Bytes were moved at `now`.
  void spend(size_t bytes, time_point now) noexcept {
    if (per_second_ == 0)
      return;
    auto took = std::chrono::duration<double>(
        static_cast<double>(bytes) / static_cast<double>(per_second_));
    free_at_ =
        std::max(free_at_, now) + std::chrono::duration_cast<duration>(took);
  }

  /// How much to move at a time: a tenth of a second's worth. So what shall go
  /// soon, a ping say, is not held up for long.
  size_t portion() const noexcept {
    constexpr uint64_t least = 64;
    return per_second_ == 0 ? SIZE_MAX : std::max(per_second_ / 10, least);
  }

  bool is_free(time_point now) const noexcept { return now >= free_at_; }
  /// When the next bytes may be moved.
  time_point free_at() const noexcept { return free_at_; }

private:
  uint64_t per_second_;
  time_point free_at_{};
};

} // namespace troupe::broker
