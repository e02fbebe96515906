#pragma once

#include "protocol/topic.hpp"

#include <string_view>

namespace troupe::broker {

/// Whether only the broker itself publishes there: `$SYS` but for what bridges
/// of others say of themselves, which rights decide as for any other topic.
inline bool is_reserved_topic(std::string_view topic) noexcept {
  return protocol::first_level(topic) == "$SYS"
         && !protocol::matches("$SYS/broker/connection/+/state", topic);
}

} // namespace troupe::broker
