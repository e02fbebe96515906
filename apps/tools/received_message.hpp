#pragma once

#include "protocol/packet.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::tools {

/// A message as it is printed: all of its properties taken apart. The views
/// point into the packet that it was read from.
struct received_message {
  std::string_view topic;
  std::string_view payload;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
  /// 0 if the QoS is 0.
  uint16_t packet_id = 0;
  std::optional<uint16_t> topic_alias;
  std::optional<uint8_t> payload_format;
  std::optional<uint32_t> message_expiry_interval;
  std::optional<std::string_view> content_type;
  std::optional<std::string_view> response_topic;
  std::optional<std::string_view> correlation_data;
  std::vector<uint32_t> subscription_ids;
  std::vector<protocol::user_property> user_properties;

  bool has_properties() const noexcept;
};

/// Takes apart what the decoder has checked.
received_message read_message(const protocol::publish& packet);

} // namespace troupe::tools
