#pragma once

#include "core/clock.hpp"

namespace troupe::bench {

inline duration seconds(double value) {
  return std::chrono::duration_cast<duration>(
      std::chrono::duration<double>{value});
}

inline double in_seconds(duration value) {
  return std::chrono::duration<double>{value}.count();
}

} // namespace troupe::bench
