#pragma once

#include "core/clock.hpp"
#include "protocol/types.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace troupe::broker {

/// Why a message was not handed on. Counted per session and in total.
enum class drop_reason : uint8_t {
  /// The session's queue held its maximum of messages or bytes.
  queue_full,
  /// QoS 0 for a client whose output limit was reached.
  slow_reader,
  /// QoS 0 for a client that is away.
  client_offline,
  /// The client announced a smaller maximum packet size.
  packet_too_large,
  /// Its message expiry interval ran out.
  expired,
  /// QoS 0 while the broker is above its memory limit.
  memory_limit,
};
inline constexpr size_t drop_reason_count = 6;

/// "queue full" and so on, for logs.
const char* to_string(drop_reason why) noexcept;

/// What bounds one session towards its client. 0 is "no limit" throughout.
struct session_limits {
  /// QoS 1 and 2 messages in flight, also bounded by the client's receive
  /// maximum. Default: 20.
  uint16_t max_inflight_messages = 20;
  /// Payload bytes in flight. Default: 0.
  size_t max_inflight_bytes = 0;
  /// Messages waiting. Default: 1000.
  size_t max_queued_messages = 1000;
  /// Payload bytes waiting. Default: 0.
  size_t max_queued_bytes = 0;
  /// Queue QoS 0 messages for a durable session that is away. Default: false.
  bool queue_qos0_messages = false;
  /// What waits longer than this is dropped as if it had expired.
  /// Default: 0.
  std::chrono::seconds max_queued_age{0};
  /// Make room in a full queue by dropping what has waited longest, instead of
  /// dropping what comes. Default: false.
  bool drop_oldest = false;

  friend bool operator==(const session_limits&,
                         const session_limits&) = default;
};

/// Whether a message of `payload` bytes fits into a queue that holds `messages`
/// and `bytes`.
bool has_room_for(const session_limits& limits, size_t messages, size_t bytes,
                  size_t payload) noexcept;

/// Until when a message that begins to wait now may do so.
time_point end_of_wait(const session_limits& limits, time_point now) noexcept;

/// How many of the `bytes` must go so that a message of `payload` bytes fits.
size_t excess_bytes(const session_limits& limits, size_t bytes,
                    size_t payload) noexcept;

} // namespace troupe::broker
