#include "apps/bench/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace troupe::bench {

void histogram::record(int64_t value) noexcept {
  auto kept = std::clamp<int64_t>(value, 0, int64_t{1} << largest_bits);
  ++counts_[bucket_of(static_cast<uint64_t>(kept))];
  ++count_;
  min_ = std::min(min_, kept);
  max_ = std::max(max_, kept);
}

int64_t histogram::percentile(double percent) const noexcept {
  if (count_ == 0)
    return 0;
  auto wanted = static_cast<uint64_t>(
      std::ceil(percent / 100.0 * static_cast<double>(count_)));
  wanted = std::clamp<uint64_t>(wanted, 1, count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted)
      return std::clamp(upper_end(bucket), min_, max_);
  }
  return max_;
}

// Values up to 2^sub_bits have a bucket each. Above, every power of two is cut
// into 2^sub_bits buckets: `shift` low bits no longer matter.
size_t histogram::bucket_of(uint64_t value) noexcept {
  auto shift =
      std::max(0, static_cast<int>(std::bit_width(value)) - 1 - sub_bits);
  return (static_cast<size_t>(shift) << sub_bits)
         + static_cast<size_t>(value >> shift);
}

int64_t histogram::upper_end(size_t bucket) noexcept {
  constexpr size_t per_power = size_t{1} << sub_bits;
  if (bucket < 2 * per_power)
    return static_cast<int64_t>(bucket);
  auto shift = (bucket >> sub_bits) - 1;
  auto head = (bucket & (per_power - 1)) + per_power;
  return static_cast<int64_t>(((head + 1) << shift) - 1);
}

} // namespace troupe::bench
