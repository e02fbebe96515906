#pragma once

#include <chrono>

namespace troupe {

/// Monotonic time, for deadlines and intervals. Pure code never reads a clock:
/// it is handed a `time_point`.
using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = clock::duration;

/// The deadline that never comes.
inline constexpr time_point never = time_point::max();

} // namespace troupe
