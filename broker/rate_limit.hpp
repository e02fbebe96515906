#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace troupe::broker {

/// How much of something may happen per second, with room for what came to be
/// allowed during the last second: a token bucket. Pure.
class rate_limit {
public:
  /// `per_second` 0: no limit.
  explicit rate_limit(uint64_t per_second, time_point now) noexcept
      : per_second_(static_cast<double>(per_second)), left_(per_second_),
        counted_until_(now) {}

  /// Takes `amount` if there is that much; else nothing, and says false. More
  /// than a second's share passes if nothing was taken for a second.
  bool take(uint64_t amount, time_point now) noexcept {
    if (per_second_ == 0)
      return true;
    refill(now);
    auto wanted = std::min(static_cast<double>(amount), per_second_);
    if (left_ < wanted)
      return false;
    left_ -= wanted;
    return true;
  }

  /// Whether a second has passed in which nothing was taken or little enough.
  bool is_full(time_point now) noexcept {
    refill(now);
    return left_ >= per_second_;
  }

private:
  void refill(time_point now) noexcept {
    if (now <= counted_until_)
      return;
    std::chrono::duration<double> passed = now - counted_until_;
    left_ = std::min(per_second_, left_ + passed.count() * per_second_);
    counted_until_ = now;
  }

  double per_second_;
  double left_;
  time_point counted_until_;
};

} // namespace troupe::broker
