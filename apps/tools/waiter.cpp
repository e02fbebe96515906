#include "apps/tools/waiter.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace troupe::tools {
namespace {

volatile sig_atomic_t signal_came = 0;

void note_signal(int) {
  signal_came = 1;
}

} // namespace

waiter::waiter(bool stop_on_signals) {
  sigset_t held_back;
  sigemptyset(&held_back);
  if (stop_on_signals) {
    struct sigaction action {};
    action.sa_handler = note_signal;
    for (auto number : {SIGINT, SIGTERM}) {
      sigaddset(&held_back, number);
      sigaction(number, &action, nullptr);
    }
  }
  sigprocmask(SIG_BLOCK, &held_back, &while_waiting_);
}

void waiter::wait(std::span<pollfd> descriptors, time_point deadline) {
  using namespace std::chrono;
  std::timespec left{};
  if (deadline != never) {
    auto nanos = duration_cast<nanoseconds>(
        std::max(deadline - clock::now(), duration::zero()));
    left.tv_sec = static_cast<std::time_t>(nanos.count() / 1'000'000'000);
    left.tv_nsec = static_cast<long>(nanos.count() % 1'000'000'000);
  }
  for (auto& descriptor : descriptors)
    descriptor.revents = 0;
  auto ready = ppoll(descriptors.data(), descriptors.size(),
                     deadline == never ? nullptr : &left, &while_waiting_);
  if (ready < 0)
    for (auto& descriptor : descriptors)
      descriptor.revents = 0;
}

bool waiter::stop_requested() const noexcept {
  return signal_came != 0;
}

} // namespace troupe::tools
