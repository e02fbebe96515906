#include "core/work_pool.hpp"

#include "core/log.hpp"

#include <fmt/format.h>

#include <pthread.h>

#include <csignal>
#include <exception>
#include <system_error>

namespace troupe {

namespace {

/// Signals belong to the thread that waits for them: threads started while this
/// lives take none.
class signals_blocked {
public:
  signals_blocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

private:
  sigset_t before_{};
};

/// For ps and gdb; Linux has room for 15 bytes.
void set_name(std::thread& of, const std::string& name, size_t number) {
  auto text = fmt::format("{:.13}{}", name, number);
  pthread_setname_np(of.native_handle(), text.substr(0, 15).c_str());
}

void perform(job what) {
  try {
    what();
  } catch (const std::exception& thrown) {
    log::write(log::level::error, "A job in the background failed: {}",
               thrown.what());
  }
}

} // namespace

checked<std::unique_ptr<work_pool>> work_pool::start(options wanted) {
  std::unique_ptr<work_pool> made{new work_pool{wanted.most_waiting}};
  signals_blocked meanwhile;
  try {
    for (size_t number = 1; number <= wanted.threads; ++number) {
      made->threads_.emplace_back([pool = made.get()] { pool->run(); });
      set_name(made->threads_.back(), wanted.name, number);
    }
  } catch (const std::system_error& failed) {
    return explanation{fmt::format("cannot start thread {} of {}: {}",
                                   made->threads_.size() + 1, wanted.threads,
                                   failed.what())};
  }
  return made;
}

work_pool::~work_pool() {
  stop();
}

bool work_pool::post(job what) {
  {
    std::lock_guard guard{mutex_};
    if (is_stopping_ || waiting_.size() >= most_waiting_)
      return false;
    waiting_.push_back(std::move(what));
  }
  changed_.notify_one();
  return true;
}

size_t work_pool::waiting() const {
  std::lock_guard guard{mutex_};
  return waiting_.size();
}

void work_pool::stop() {
  std::deque<job> undone;
  {
    std::lock_guard guard{mutex_};
    is_stopping_ = true;
    undone.swap(waiting_);
  }
  changed_.notify_all();
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
}

void work_pool::run() {
  std::unique_lock guard{mutex_};
  for (;;) {
    changed_.wait(guard, [this] { return is_stopping_ || !waiting_.empty(); });
    if (is_stopping_)
      return;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    guard.unlock();
    perform(std::move(next));
    guard.lock();
  }
}

} // namespace troupe
