#pragma once

#include <chrono>
#include <cstdint>

namespace troupe {

/// Monotonic time, for deadlines and intervals. Pure code never reads a clock:
/// it is handed a `time_point`.
using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = clock::duration;

/// The deadline that never comes.
inline constexpr time_point never = time_point::max();

/// Milliseconds since 1970 in UTC: the only time that another process, after a
/// restart say, understands. 0 stands for "never".
using wall_time = int64_t;

/// One moment in both times, to turn the one into the other.
struct instant {
  time_point steady;
  wall_time wall = 0;

  /// Reads both clocks.
  static instant now() noexcept {
    using namespace std::chrono;
    return {clock::now(),
            duration_cast<milliseconds>(system_clock::now().time_since_epoch())
                .count()};
  }

  wall_time to_wall(time_point when) const noexcept {
    using namespace std::chrono;
    return when == never
               ? 0
               : wall + duration_cast<milliseconds>(when - steady).count();
  }
  /// The past stays in the past, as far as a monotonic clock reaches back.
  time_point to_steady(wall_time when) const noexcept {
    return when == 0 ? never : steady + std::chrono::milliseconds{when - wall};
  }
};

} // namespace troupe
