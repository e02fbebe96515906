#pragma once

#include "broker/ring.hpp"
#include "core/clock.hpp"

#include <cstdint>

namespace troupe::broker {

/// How old the oldest message in a queue is, told from counters that are looked
/// at from time to time: nothing is kept per message. REQUIRES: what came first
/// leaves first. Pure.
///
/// Never too old, and too young by less than the time between two samples; once
/// the messages waiting came in more than 256 samples, by less than that and a
/// 64th of the longest time that the queue has covered since it was empty.
class queue_age {
public:
  /// Points in time remembered: 8 KiB at most, nothing before the first
  /// message.
  static constexpr uint32_t most_points = 512;

  /// At `now` so many messages have ever been queued, and ever left.
  /// REQUIRES: nothing of the three is less than the last time, and
  /// `left` <= `queued`. Throws std::bad_alloc.
  void sample(time_point now, uint64_t queued, uint64_t left) {
    while (!points_.empty() && points_.front().queued <= left)
      points_.pop_front();
    if (queued > left && (points_.empty() || points_.back().queued < queued))
      add({now, queued});
  }

  /// Age of what was the oldest message at the last sample; 0: there was none.
  duration age(time_point now) const noexcept {
    return points_.empty() ? duration{0} : now - points_[0].when;
  }

  /// Points in time remembered now.
  uint32_t points() const noexcept { return points_.size(); }

private:
  /// All messages until the `queued`-th had come at `when`, and those behind
  /// the point before no sooner than that one.
  struct point {
    time_point when;
    uint64_t queued = 0;
  };

  void add(point newest) {
    if (is_close(newest)) {
      points_.back() = newest;
      return;
    }
    if (points_.size() == most_points)
      halve();
    points_.push_back(newest);
  }

  /// Whether the last point may move up to `newest`, because the one before is
  /// near. The distance asked for grows with the time covered: until there are
  /// too many points again after halving, that has more than doubled. So
  /// distances stay in proportion to it however often they are doubled.
  bool is_close(point newest) const noexcept {
    auto size = points_.size();
    return size >= most_points / 2
           && newest.when - points_[size - 2].when
                  < (newest.when - points_[0].when) / (most_points / 4);
  }

  /// Forgets every second point but neither the first, which makes the age
  /// exact while nothing leaves, nor the last.
  void halve() {
    for (uint32_t i = 0; i < most_points; ++i) {
      auto each = points_.pop_front();
      if (i % 2 == 0 || i + 1 == most_points)
        points_.push_back(each);
    }
  }

  ring<point> points_;
};

} // namespace troupe::broker
