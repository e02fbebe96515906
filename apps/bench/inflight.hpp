#pragma once

#include "protocol/types.hpp"

#include <cstdint>
#include <vector>

namespace troupe::bench {

/// The packet identifiers of one publisher's unacknowledged messages.
class inflight {
public:
  /// REQUIRES: limit > 0.
  explicit inflight(uint16_t limit) : limit_(limit) {}

  /// Lowers the limit to what the broker's receive maximum allows.
  void lower_limit(uint16_t limit) noexcept;

  bool has_room() const noexcept { return in_use_ < limit_; }
  uint16_t in_use() const noexcept { return in_use_; }

  /// An identifier for a message of QoS 1 or 2. REQUIRES: has_room().
  uint16_t take(protocol::qos qos);
  /// Takes note of a PUBACK, PUBREC or PUBCOMP; false if nothing waits for it.
  /// `ends`: the broker refused the message with this PUBREC.
  bool acknowledge(uint16_t id, protocol::packet_type type, bool ends);

private:
  void release(uint16_t id);

  uint16_t limit_;
  uint16_t in_use_ = 0;
  /// What each identifier waits for (connect: nothing), by identifier - 1.
  std::vector<protocol::packet_type> awaited_;
  std::vector<uint16_t> free_;
};

} // namespace troupe::bench
