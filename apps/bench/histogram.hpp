#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::bench {

/// Counts values in buckets whose width grows with the value: every percentile
/// is right to within one part in 128, in memory that does not grow.
class histogram {
public:
  histogram() : counts_(bucket_count) {}

  /// Values below 0 count as 0, those above 2^40 as 2^40.
  void record(int64_t value) noexcept;

  uint64_t count() const noexcept { return count_; }
  /// The exact extremes; 0 while nothing was recorded.
  int64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  int64_t max() const noexcept { return count_ == 0 ? 0 : max_; }

  /// The smallest recorded bucket that `percent` of all values do not exceed,
  /// given by its upper end, never above `max()`; 0 while nothing was recorded.
  int64_t percentile(double percent) const noexcept;

private:
  static constexpr int sub_bits = 7;
  static constexpr int largest_bits = 40;
  static constexpr size_t bucket_count =
      (static_cast<size_t>(largest_bits - sub_bits) + 2) << sub_bits;

  static size_t bucket_of(uint64_t value) noexcept;
  static int64_t upper_end(size_t bucket) noexcept;

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  int64_t min_ = INT64_MAX;
  int64_t max_ = 0;
};

} // namespace troupe::bench
