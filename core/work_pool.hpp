#pragma once

#include "core/checked.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace troupe {

/// Work to be done once. Unlike a std::function it can own what only moves.
class job {
public:
  /// `what` is called once, without arguments.
  template <class F>
  job(F what) : what_(std::make_unique<holder<F>>(std::move(what))) {}
  job(job&&) noexcept = default;
  job& operator=(job&&) noexcept = default;

  /// Does the work. REQUIRES: neither moved from nor done.
  void operator()() { std::exchange(what_, nullptr)->run(); }

private:
  struct work {
    virtual ~work() = default;
    virtual void run() = 0;
  };
  template <class F>
  struct holder final : work {
    explicit holder(F&& given) : what(std::move(given)) {}
    void run() override { what(); }
    F what;
  };

  std::unique_ptr<work> what_;
};

/// A few threads for what takes too long on a loop, such as hashing passwords.
/// Jobs begin in the order in which they were posted. How a job tells its
/// result is its own affair. A job that throws is lost, which is logged.
class work_pool {
public:
  struct options {
    /// What the threads are called, of at most 13 bytes; a number follows.
    std::string name;
    /// Default: 1
    size_t threads = 1;
    /// How many jobs may wait for a thread. Default: 1024
    size_t most_waiting = 1024;
  };

  /// The explanation says why there are no threads.
  static checked<std::unique_ptr<work_pool>> start(options wanted);
  ~work_pool();
  work_pool(const work_pool&) = delete;
  work_pool& operator=(const work_pool&) = delete;

  /// Has a thread do `what`, unless too many jobs wait already or the pool was
  /// stopped: then it returns false and `what` is destroyed, not done.
  [[nodiscard]] bool post(job what);

  /// How many jobs wait for a thread.
  size_t waiting() const;

  /// Waits for the jobs that have begun. Those that wait are destroyed, not
  /// done. May be called twice, but not by a job.
  void stop();

private:
  explicit work_pool(size_t most_waiting) : most_waiting_(most_waiting) {}

  void run();

  size_t most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> waiting_;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

} // namespace troupe
