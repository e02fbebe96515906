#pragma once

#include "core/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe {

/// One deadline of somebody, part of a `timer_queue` while it is armed. The
/// owner keeps it at a fixed address and disarms it before it is destroyed.
class timer {
public:
  /// Called by `timer_queue::fire`; the timer is no longer armed then.
  virtual void on_timer(time_point now) noexcept = 0;

  bool is_armed() const noexcept { return slot_ != unarmed; }
  time_point deadline() const noexcept { return deadline_; }

protected:
  timer() = default;
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  ~timer() = default;

private:
  friend class timer_queue;
  static constexpr uint32_t unarmed = 0xffff'ffff;

  time_point deadline_ = never;
  uint32_t slot_ = unarmed;
};

/// The armed timers of one thread, soonest first: a binary heap whose entries
/// know their place, so that re-arming needs no search and no allocation.
class timer_queue {
public:
  /// Arms `which` for `deadline`; replaces an earlier deadline. `never`
  /// disarms.
  void arm(timer& which, time_point deadline);
  void disarm(timer& which) noexcept;

  /// When the next timer is due; `never` if none is armed.
  time_point next() const noexcept {
    return heap_.empty() ? never : heap_.front()->deadline_;
  }

  /// Calls `on_timer` of every timer that is due, soonest first.
  void fire(time_point now);

  size_t size() const noexcept { return heap_.size(); }

private:
  void place(size_t slot, timer* which) noexcept;
  void rise(size_t slot) noexcept;
  void sink(size_t slot) noexcept;

  std::vector<timer*> heap_;
};

} // namespace troupe
