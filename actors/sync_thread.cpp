#include "actors/sync_thread.hpp"

#include "core/log.hpp"

namespace troupe::actors {

sync_thread::sync_thread(broker::store& database, std::chrono::seconds interval)
    : database_(database), interval_(interval), thread_([this] { run(); }) {}

sync_thread::~sync_thread() {
  {
    std::lock_guard guard{mutex_};
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void sync_thread::wanted() {
  std::lock_guard guard{mutex_};
  if (!std::exchange(is_wanted_, true))
    changed_.notify_one();
}

void sync_thread::run() {
  std::unique_lock guard{mutex_};
  while (!is_ending_ || is_wanted_) {
    changed_.wait(guard, [this] { return is_wanted_ || is_ending_; });
    // What comes within the interval is synced with what asked first.
    changed_.wait_for(guard, interval_, [this] { return is_ending_; });
    if (!std::exchange(is_wanted_, false))
      continue;
    guard.unlock();
    if (auto status = database_.sync(); !status)
      log::write(log::level::error, "The database cannot be synced: {}",
                 status.text);
    guard.lock();
  }
}

} // namespace troupe::actors
