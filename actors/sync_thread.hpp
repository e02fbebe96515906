#pragma once

#include "broker/store.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace troupe::actors {

/// Has a store sync what it committed, every so often and on a thread of its
/// own: a disk may take its time.
class sync_thread {
public:
  /// `database` outlives the thread.
  sync_thread(broker::store& database, std::chrono::seconds interval);
  /// Syncs what is left.
  ~sync_thread();
  sync_thread(const sync_thread&) = delete;
  sync_thread& operator=(const sync_thread&) = delete;

  /// Something was committed.
  void wanted();

private:
  void run();

  broker::store& database_;
  std::chrono::seconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_wanted_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

} // namespace troupe::actors
