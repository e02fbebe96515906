#include "broker/limits.hpp"

#include <algorithm>

namespace troupe::broker {

const char* to_string(drop_reason why) noexcept {
  switch (why) {
  case drop_reason::queue_full:
    return "queue full";
  case drop_reason::slow_reader:
    return "slow reader";
  case drop_reason::client_offline:
    return "client offline";
  case drop_reason::packet_too_large:
    return "packet too large";
  case drop_reason::expired:
    return "expired";
  case drop_reason::memory_limit:
    return "memory limit";
  }
  return "unknown";
}

bool has_room_for(const session_limits& limits, size_t messages, size_t bytes,
                  size_t payload) noexcept {
  return (limits.max_queued_messages == 0
          || messages < limits.max_queued_messages)
         && (limits.max_queued_bytes == 0
             || bytes + payload <= limits.max_queued_bytes);
}

time_point end_of_wait(const session_limits& limits, time_point now) noexcept {
  return limits.max_queued_age.count() != 0 ? now + limits.max_queued_age
                                            : never;
}

size_t excess_bytes(const session_limits& limits, size_t bytes,
                    size_t payload) noexcept {
  auto most = limits.max_queued_bytes;
  return most != 0 && bytes + payload > most
             ? std::min(bytes, bytes + payload - most)
             : 0;
}

} // namespace troupe::broker
