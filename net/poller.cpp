#include "net/poller.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace troupe::net {

namespace {

constexpr size_t events_per_wait = 512;

uint32_t to_epoll(interest what) noexcept {
  uint32_t events = 0;
  if (static_cast<uint8_t>(what) & static_cast<uint8_t>(interest::read))
    events |= EPOLLIN;
  if (static_cast<uint8_t>(what) & static_cast<uint8_t>(interest::write))
    events |= EPOLLOUT;
  return events;
}

} // namespace

poller::poller() noexcept = default;

poller::~poller() {
  if (wake_fd_ >= 0)
    close(wake_fd_);
  if (epoll_ >= 0)
    close(epoll_);
}

result<bool> poller::open() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (epoll_ < 0 || wake_fd_ < 0)
    return failure{ec::system_failure, "epoll_create1 or eventfd failed"};
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr; // the one descriptor without a target
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_fd_, &event) != 0)
    return failure{ec::system_failure, "epoll_ctl failed for the eventfd"};
  events_.resize(events_per_wait);
  return true;
}

bool poller::change(int fd, poll_target* target, interest before,
                    interest after, bool exclusive) noexcept {
  if (before == after)
    return true;
  epoll_event event{};
  event.events = to_epoll(after) | (exclusive ? uint32_t{EPOLLEXCLUSIVE} : 0u);
  event.data.ptr = target;
  if (after == interest::none) {
    forget(target);
    return epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, &event) == 0;
  }
  auto operation = before == interest::none ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  return epoll_ctl(epoll_, operation, fd, &event) == 0;
}

void poller::forget(poll_target* target) noexcept {
  for (auto i = next_; i < fetched_; ++i)
    if (events_[i].data.ptr == target)
      events_[i].events = 0;
}

void poller::wait(std::chrono::milliseconds timeout) noexcept {
  // A deadline may be months away; whoever is woken before it waits again.
  constexpr int64_t longest = std::numeric_limits<int>::max();
  auto limit = static_cast<int>(
      std::clamp<int64_t>(timeout.count(), int64_t{-1}, longest));
  auto count = epoll_wait(epoll_, events_.data(),
                          static_cast<int>(events_.size()), limit);
  next_ = 0;
  fetched_ = count > 0 ? static_cast<size_t>(count) : 0;
}

void poller::dispatch() {
  while (next_ < fetched_) {
    auto event = events_[next_++];
    if (event.events == 0)
      continue;
    if (event.data.ptr == nullptr) {
      uint64_t ignored;
      [[maybe_unused]] auto n = read(wake_fd_, &ignored, sizeof(ignored));
      continue;
    }
    static_cast<poll_target*>(event.data.ptr)
        ->on_ready((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0,
                   (event.events & EPOLLOUT) != 0);
  }
}

void poller::wake() noexcept {
  uint64_t one = 1;
  [[maybe_unused]] auto n = write(wake_fd_, &one, sizeof(one));
}

} // namespace troupe::net
