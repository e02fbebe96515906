#pragma once

#include "security/failure_brake.hpp"

#include <mutex>
#include <string_view>

namespace troupe::actors {

/// The brake on guessing passwords that all loops share. Thread-safe.
class brake {
public:
  /// `is_on` false: nobody ever waits.
  void set_limits(const security::brake_limits& limits, bool is_on) {
    std::lock_guard guard{mutex_};
    brake_ = security::failure_brake{limits};
    is_on_ = is_on;
  }
  time_point allowed_at(std::string_view address, time_point now) const {
    std::lock_guard guard{mutex_};
    return is_on_ ? brake_.allowed_at(address, now) : now;
  }
  void on_failure(std::string_view address, time_point now) {
    std::lock_guard guard{mutex_};
    brake_.on_failure(address, now);
  }
  void on_success(std::string_view address) {
    std::lock_guard guard{mutex_};
    brake_.on_success(address);
  }

private:
  mutable std::mutex mutex_;
  security::failure_brake brake_;
  bool is_on_ = true;
};

} // namespace troupe::actors
