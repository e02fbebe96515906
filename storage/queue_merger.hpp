#pragma once

#include "storage/database.hpp"

#include <atomic>
#include <thread>

namespace troupe::storage {

/// Has the tables of queues merged, so that what has been dealt with leaves the
/// disk. Waits for that in a thread of its own.
class queue_merger {
public:
  queue_merger() = default;
  queue_merger(const queue_merger&) = delete;
  queue_merger& operator=(const queue_merger&) = delete;
  ~queue_merger() { stop(); }

  bool is_running() const noexcept { return is_running_; }
  /// `stop` must come before `db` is closed. REQUIRES: !is_running().
  void start(database& db);
  /// What is not merged yet stays as it is.
  void stop();

private:
  std::thread thread_;
  std::atomic<bool> is_running_{false};
  std::atomic<bool> is_cancelled_{false};
};

} // namespace troupe::storage
