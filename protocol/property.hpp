#pragma once

#include "protocol/packet.hpp"
#include "protocol/reader.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::protocol {

/// The identifiers of MQTT 5.0's properties [MQTT 2.2.2.2].
enum class property : uint8_t {
  payload_format = 0x01,
  message_expiry_interval = 0x02,
  content_type = 0x03,
  response_topic = 0x08,
  correlation_data = 0x09,
  subscription_identifier = 0x0b,
  session_expiry_interval = 0x11,
  assigned_client_id = 0x12,
  server_keep_alive = 0x13,
  authentication_method = 0x15,
  authentication_data = 0x16,
  request_problem_information = 0x17,
  will_delay_interval = 0x18,
  request_response_information = 0x19,
  response_information = 0x1a,
  server_reference = 0x1c,
  reason_string = 0x1f,
  receive_maximum = 0x21,
  topic_alias_maximum = 0x22,
  topic_alias = 0x23,
  maximum_qos = 0x24,
  retain_available = 0x25,
  user_property = 0x26,
  maximum_packet_size = 0x27,
  wildcard_subscription_available = 0x28,
  subscription_identifier_available = 0x29,
  shared_subscription_available = 0x2a,
};

/// The properties of a will stand in CONNECT, but in a block of their own.
inline constexpr auto in_will = static_cast<packet_type>(0);

/// True if the specification allows `id` in packets of type `place`.
bool may_stand_in(property id, packet_type place) noexcept;

/// One property as read. The field that its type asks for is set.
struct property_value {
  property id{};
  uint32_t number = 0;
  /// Text, binary data, or the name of a user property.
  std::string_view text;
  /// The value of a user property.
  std::string_view second_text;
  /// All of its bytes, identifier included.
  std::string_view encoded;
};

/// Walks the property block at the front of `in`. Each property is checked: its
/// identifier, whether it may stand in `place`, its type and range, and whether
/// it was there before. What is wrong makes `in` fail.
class property_reader {
public:
  property_reader(reader& in, packet_type place) noexcept;

  /// Reads the next property. False at the end and after a failure.
  bool next(property_value& out) noexcept;

private:
  bool check(property id) noexcept;
  void read_value(property_value& out) noexcept;

  reader& in_;
  reader block_;
  packet_type place_;
  uint64_t seen_ = 0;
};

/// Reads the property block of a packet without a message.
void read_properties(reader& in, packet_type place, properties& out);

} // namespace troupe::protocol
