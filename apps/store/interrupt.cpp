#include "apps/store/interrupt.hpp"

#include <signal.h>

namespace troupe::store_tool::interrupt {

namespace {

volatile sig_atomic_t got = 0;

void note(int number) {
  got = number;
}

} // namespace

void watch() {
  struct sigaction action {};
  action.sa_handler = note;
  // No SA_RESTART: waiting for the broker ends.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int signal() noexcept {
  return got;
}

int exit_status() noexcept {
  constexpr int killed_by = 128;
  return killed_by + got;
}

} // namespace troupe::store_tool::interrupt
