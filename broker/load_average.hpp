#pragma once

#include "core/clock.hpp"

#include <array>
#include <cmath>
#include <cstdint>

namespace troupe::broker {

/// How many of something happen per minute, as exponentially weighted averages
/// over 1, 5 and 15 minutes: what $SYS/broker/load/ shows.
class load_average {
public:
  /// `total` has been counted so far and `elapsed` seconds passed since the
  /// last update. REQUIRES: elapsed > 0 and totals that never fall.
  void update(uint64_t total, double elapsed) {
    auto per_minute = static_cast<double>(total - last_) * 60.0 / elapsed;
    last_ = total;
    constexpr std::array<double, 3> minutes{1, 5, 15};
    for (size_t i = 0; i < minutes.size(); ++i) {
      auto weight = std::exp(-elapsed / (60.0 * minutes[i]));
      values_[i] = per_minute + weight * (values_[i] - per_minute);
    }
  }

  /// Per minute, over 1, 5 and 15 minutes.
  const std::array<double, 3>& values() const noexcept { return values_; }

private:
  uint64_t last_ = 0;
  std::array<double, 3> values_{};
};

} // namespace troupe::broker
