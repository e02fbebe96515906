#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::net {

/// Tells the service manager that started this process how it is, in the
/// protocol of sd_notify(3). Where there is none every call does nothing.
class service_manager {
public:
  service_manager() noexcept = default;

  /// `address`: a path, or an abstract socket as "@name"; others are ignored.
  explicit service_manager(std::string address) noexcept
      : address_(std::move(address)) {}

  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them, so
  /// that no child process speaks for this one. REQUIRES: no other thread runs
  /// yet.
  static service_manager from_environment(pid_t self);

  bool is_present() const noexcept { return !address_.empty(); }

  /// How often `alive` must be called at least; 0: nobody waits for it. Half
  /// of it is a good interval.
  std::chrono::microseconds watchdog() const noexcept { return watchdog_; }

  /// Everything listens.
  void ready() const noexcept;
  /// SIGHUP came. `ready` must follow, whatever becomes of it. `now` is of the
  /// monotonic clock, as Type=notify-reload wants it.
  void reloading(std::chrono::steady_clock::time_point now) const noexcept;
  void stopping() const noexcept;
  void alive() const noexcept;
  /// One line for `systemctl status`; what follows a line feed is dropped.
  void status(std::string_view text) const noexcept;

private:
  void send(std::string_view message) const noexcept;

  std::string address_;
  std::chrono::microseconds watchdog_{0};
};

} // namespace troupe::net
