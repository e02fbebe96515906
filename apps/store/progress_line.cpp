#include "apps/store/progress_line.hpp"

#include "apps/store/interrupt.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace troupe::store_tool {

namespace {

constexpr std::chrono::milliseconds show_interval{200};
/// To the first column, and clear what was there.
constexpr const char* start_over = "\r\033[K";

} // namespace

progress_line::progress_line(std::string what)
    : what_(std::move(what)), is_terminal_(isatty(STDERR_FILENO) == 1) {
  interrupt::watch();
}

progress_line::~progress_line() {
  if (is_shown_)
    std::fputs(start_over, stderr);
}

storage::progress progress_line::teller() {
  return [this](uint64_t done, uint64_t total) { return tell(done, total); };
}

bool progress_line::tell(uint64_t done, uint64_t total) {
  if (interrupt::signal() != 0)
    return false;
  if (!is_terminal_)
    return true;
  auto now = std::chrono::steady_clock::now();
  if (is_shown_ && now - shown_at_ < show_interval)
    return true;
  auto part = total == 0 ? 1.0
                         : static_cast<double>(std::min(done, total))
                               / static_cast<double>(total);
  std::fprintf(stderr, "%s%s %3.0f %%", start_over, what_.c_str(), part * 100);
  std::fflush(stderr);
  shown_at_ = now;
  is_shown_ = true;
  return true;
}

} // namespace troupe::store_tool
