#include "apps/bench/flow_check.hpp"

namespace troupe::bench {

arrival flow_check::delivered(uint32_t sequence) {
  if (sequence < next_)
    return delivered_late(sequence);
  ++received_;
  auto expected = next_;
  next_ = sequence + 1;
  if (sequence == expected)
    return arrival::in_order;
  missing_.emplace(expected, sequence);
  return arrival::after_gap;
}

arrival flow_check::delivered_late(uint32_t sequence) {
  auto gap = missing_.upper_bound(sequence);
  if (gap == missing_.begin() || (--gap)->second <= sequence) {
    ++duplicates_;
    return arrival::duplicate;
  }
  auto [first, end] = *gap;
  missing_.erase(gap);
  if (first < sequence)
    missing_.emplace(first, sequence);
  if (sequence + 1 < end)
    missing_.emplace(sequence + 1, end);
  ++received_;
  ++misordered_;
  return arrival::late;
}

} // namespace troupe::bench
