#pragma once

#include "core/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::broker {

/// Tells messages apart that a bridge has sent and that may come back.
uint64_t echo_fingerprint(std::string_view topic,
                          std::string_view payload) noexcept;

/// What was sent lately, to know it when it comes back. What was sent twice may
/// come back twice. Every call takes a time that depends neither on how much is
/// remembered nor on how often the same thing was sent. 50 to 90 bytes per
/// entry in use at the busiest moment so far, and nothing before the first.
class echo_memory {
public:
  /// Remembers at most `max_entries` (0: none), for at most `max_age`.
  echo_memory(uint32_t max_entries, duration max_age) noexcept
      : max_entries_(max_entries), max_age_(max_age) {}

  /// REQUIRES: `now` is not before that of the last call, as in `take`. Throws
  /// std::bad_alloc.
  void sent(uint64_t fingerprint, time_point now);

  /// Whether this was sent and is still remembered; it is forgotten then, the
  /// oldest of equals first.
  bool take(uint64_t fingerprint, time_point now) noexcept;

  /// Forgets everything and gives the memory back.
  void clear() noexcept;

  /// Entries remembered; old ones are forgotten when `sent` or `take` is
  /// called.
  uint32_t size() const noexcept { return size_; }

private:
  using index = uint32_t;
  static constexpr index none = UINT32_MAX;

  /// Equal entries are a list whose head, the oldest, stands for them in the
  /// chain of a bucket.
  struct entry {
    uint64_t fingerprint = 0;
    time_point when;
    index older = none;
    index younger = none; // of unused entries: the next unused one
    index next_equal = none;
    index last_equal = none; // of the head only
    index next_in_chain = none;
  };

  index& bucket(uint64_t fingerprint) noexcept;
  /// What points to the head of the equal entries, or `none` where it would be.
  index& find(uint64_t fingerprint) noexcept;
  index new_entry();
  void grow_buckets();
  void forget_old(time_point now) noexcept;
  void forget(index& head) noexcept;

  uint32_t max_entries_;
  duration max_age_;
  uint32_t size_ = 0;
  index oldest_ = none;
  index newest_ = none;
  index unused_ = none;
  std::vector<entry> entries_;
  std::vector<index> buckets_; // a power of two, at least as many as entries
};

} // namespace troupe::broker
