#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::bench {

/// A socket that an `event_loop` watches.
class event_handler {
public:
  virtual ~event_handler() = default;
  /// There is something to read, or an error to find out by reading.
  virtual void on_readable() = 0;
  /// There is room to write again. Comes only while asked for.
  virtual void on_writable() = 0;
  /// Write what has gathered; once per `want_flush`.
  virtual void on_flush() = 0;
};

/// One epoll set, one thread. Output is gathered: a handler says that it has
/// some, and is told to write once per turn.
class event_loop {
public:
  event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;
  ~event_loop();

  void add(int fd, event_handler& handler, bool wants_to_write);
  void set_wants_to_write(int fd, event_handler& handler, bool value);
  /// Forgets a handler, its pending events and its wish to flush.
  void remove(int fd, event_handler& handler);

  void want_flush(event_handler& handler) { to_flush_.push_back(&handler); }

  /// Waits until `deadline` for events and handles at most `limit` of them.
  /// Returns how many.
  size_t poll(time_point deadline, size_t limit);
  /// Lets all handlers write that asked for it.
  void flush();

  /// Where handlers read to; its contents last until the next event.
  std::span<uint8_t> scratch() noexcept { return scratch_; }

private:
  int epoll_ = -1;
  std::vector<uint8_t> scratch_;
  std::vector<event_handler*> to_flush_;
  /// What the events being handled are for; null once removed.
  std::vector<event_handler*> current_;
};

} // namespace troupe::bench
