#include "broker/limits.hpp"

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

} // namespace troupe::broker
