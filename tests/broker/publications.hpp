#pragma once

#include "broker/batch.hpp"
#include "core/clock.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::broker {

/// The time at which tests begin.
inline constexpr time_point test_start{std::chrono::hours{1}};

inline publication_ptr
make_publication(std::string_view payload, std::string_view topic = "t",
                 std::optional<uint32_t> expiry = std::nullopt,
                 time_point now = test_start) {
  protocol::message message;
  message.topic = topic;
  message.payload = payload;
  message.message_expiry_interval = expiry;
  return publication::make(message, now);
}

} // namespace troupe::broker
