#include "apps/bench/credit.hpp"

#include <limits>

namespace troupe::bench {

credit::credit(uint32_t window, uint32_t copies)
    : window_(window), copies_(copies), to_come_(copies > 1 ? window : 0) {}

uint32_t credit::available() const noexcept {
  if (window_ == 0)
    return std::numeric_limits<uint32_t>::max();
  return window_ - outstanding();
}

void credit::published() noexcept {
  if (!to_come_.empty())
    to_come_[sent_ % window_] = copies_;
  ++sent_;
}

void credit::delivered(uint32_t sequence) noexcept {
  if (to_come_.empty()) {
    if (done_ != sent_)
      ++done_;
    return;
  }
  // Unsigned distance: what was given up on lies before `done_`.
  if (sequence - done_ >= outstanding())
    return;
  auto& left = to_come_[sequence % window_];
  if (left != 0)
    --left;
  while (done_ != sent_ && to_come_[done_ % window_] == 0)
    ++done_;
}

void credit::reset() noexcept {
  done_ = sent_;
}

} // namespace troupe::bench
