#pragma once

#include "core/clock.hpp"

#include <poll.h>
#include <signal.h>

#include <span>

namespace troupe::tools {

/// Waits for descriptors, a deadline, or a signal to stop. There may be one in
/// a process.
class waiter {
public:
  /// With `stop_on_signals` SIGINT and SIGTERM end the waiting instead of the
  /// process.
  explicit waiter(bool stop_on_signals);
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  /// Returns when a descriptor is ready, at `deadline`, or when told to stop.
  /// Sets `revents`.
  void wait(std::span<pollfd> descriptors, time_point deadline);

  /// True once SIGINT or SIGTERM came.
  bool stop_requested() const noexcept;

private:
  /// What is blocked while waiting; else the signals are held back, so that
  /// none is lost between a look and the wait.
  sigset_t while_waiting_{};
};

} // namespace troupe::tools
