#pragma once

#include <cstdint>
#include <map>

namespace troupe::bench {

/// What one delivery is, seen against those before it.
enum class arrival : uint8_t { in_order, after_gap, late, duplicate };

/// Follows one publisher's messages to one subscriber. Memory grows with the
/// number of gaps that are open, not with the number of messages.
class flow_check {
public:
  /// Counts and judges the delivery of message `sequence`; the first is 0.
  arrival delivered(uint32_t sequence);

  /// Messages that arrived at least once.
  uint64_t received() const noexcept { return received_; }
  uint64_t duplicates() const noexcept { return duplicates_; }
  /// Messages that arrived after a later one.
  uint64_t misordered() const noexcept { return misordered_; }
  /// Messages of the first `sent` that have not arrived.
  uint64_t lost(uint64_t sent) const noexcept {
    return sent > received_ ? sent - received_ : 0;
  }

private:
  arrival delivered_late(uint32_t sequence);

  uint32_t next_ = 0;
  uint64_t received_ = 0;
  uint64_t duplicates_ = 0;
  uint64_t misordered_ = 0;
  /// Gaps: first missing sequence -> one behind the last missing.
  std::map<uint32_t, uint32_t> missing_;
};

} // namespace troupe::bench
