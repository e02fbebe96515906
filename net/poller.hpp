#pragma once

#include "core/result.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

struct epoll_event;

namespace troupe::net {

/// What a file descriptor is polled for.
enum class interest : uint8_t { none = 0, read = 1, write = 2, both = 3 };

constexpr interest operator|(interest x, interest y) noexcept {
  return static_cast<interest>(static_cast<uint8_t>(x)
                               | static_cast<uint8_t>(y));
}

/// Who is told that a file descriptor is ready.
class poll_target {
public:
  /// `readable` also means hang-up and error: the next read tells which.
  virtual void on_ready(bool readable, bool writable) noexcept = 0;

protected:
  ~poll_target() = default;
};

/// Level-triggered readiness of many file descriptors for one thread: the one
/// place that knows epoll. Only `wake` may be called from other threads.
class poller {
public:
  poller() noexcept;
  ~poller();
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;

  /// Opens the kernel objects. Must succeed before anything else is called.
  result<bool> open();

  /// Changes what `fd` is polled for from `before` to `after`. With `none` the
  /// kernel does not know the descriptor, so that a hang-up does not wake a
  /// loop that does not want to read. A target may be destroyed after a change
  /// to `none`: an event already fetched for it is not delivered. Several
  /// pollers may share a listening socket with `exclusive`. False if the kernel
  /// refused.
  bool change(int fd, poll_target* target, interest before, interest after,
              bool exclusive = false) noexcept;

  /// The descriptor of `target` is about to be closed, upon which the kernel
  /// forgets it by itself: `target` may be destroyed.
  void forget(poll_target* target) noexcept;

  /// Waits until something is ready, `wake` was called or `timeout` passed
  /// (negative: no limit).
  void wait(std::chrono::milliseconds timeout) noexcept;

  /// Tells the targets what the last `wait` found. Apart from it so that the
  /// caller can read the clock in between.
  void dispatch();

  /// Ends a `wait` under way or the next one. Thread-safe.
  void wake() noexcept;

private:
  int epoll_ = -1;
  int wake_fd_ = -1;
  std::vector<epoll_event> events_;
  // The events of the last `wait` that were not delivered yet.
  size_t next_ = 0;
  size_t fetched_ = 0;
};

} // namespace troupe::net
