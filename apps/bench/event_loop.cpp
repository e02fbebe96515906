#include "apps/bench/event_loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace troupe::bench {

namespace {

constexpr size_t scratch_size = 256 * 1024;
constexpr size_t max_events = 256;

void control(int epoll, int operation, int fd, event_handler& handler,
             bool wants_to_write) {
  epoll_event event{};
  event.events = EPOLLIN | (wants_to_write ? EPOLLOUT : 0U);
  event.data.ptr = &handler;
  epoll_ctl(epoll, operation, fd, &event);
}

/// Waits to the nanosecond where the kernel can: an open loop is as exact as
/// its clock. Elsewhere it wakes early rather than late.
int wait(int epoll, std::span<epoll_event> events, duration longest) {
  longest = std::max(longest, duration::zero());
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(longest);
  timespec timeout{seconds.count(), (longest - seconds).count()};
  auto count = static_cast<int>(events.size());
  auto got = epoll_pwait2(epoll, events.data(), count, &timeout, nullptr);
  if (got < 0 && errno == ENOSYS) {
    auto rounded =
        std::chrono::duration_cast<std::chrono::milliseconds>(longest);
    got = epoll_wait(epoll, events.data(), count,
                     static_cast<int>(rounded.count()));
  }
  return got;
}

} // namespace

event_loop::event_loop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), scratch_(scratch_size) {}

event_loop::~event_loop() {
  if (epoll_ >= 0)
    close(epoll_);
}

void event_loop::add(int fd, event_handler& handler, bool wants_to_write) {
  control(epoll_, EPOLL_CTL_ADD, fd, handler, wants_to_write);
}

void event_loop::set_wants_to_write(int fd, event_handler& handler,
                                    bool value) {
  control(epoll_, EPOLL_CTL_MOD, fd, handler, value);
}

void event_loop::remove(int fd, event_handler& handler) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  auto* leaving = &handler;
  event_handler* nobody = nullptr;
  std::replace(current_.begin(), current_.end(), leaving, nobody);
  std::replace(to_flush_.begin(), to_flush_.end(), leaving, nobody);
}

size_t event_loop::poll(time_point deadline, size_t limit) {
  std::array<epoll_event, max_events> events;
  auto got =
      wait(epoll_, std::span{events}.first(std::min(limit, max_events)),
           std::min<duration>(deadline - clock::now(), std::chrono::hours{1}));
  auto count = static_cast<size_t>(std::max(got, 0));
  current_.clear();
  for (size_t i = 0; i < count; ++i)
    current_.push_back(static_cast<event_handler*>(events[i].data.ptr));
  for (size_t i = 0; i < count; ++i) {
    if (current_[i] && (events[i].events & EPOLLOUT) != 0)
      current_[i]->on_writable();
    if (current_[i] && (events[i].events & ~uint32_t{EPOLLOUT}) != 0)
      current_[i]->on_readable();
  }
  return count;
}

void event_loop::flush() {
  // Handlers may leave the loop or ask again while they are written.
  for (size_t i = 0; i < to_flush_.size(); ++i)
    if (to_flush_[i])
      to_flush_[i]->on_flush();
  to_flush_.clear();
}

} // namespace troupe::bench
