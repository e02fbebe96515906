#include "protocol/reason.hpp"

#include <array>
#include <initializer_list>

namespace troupe::protocol {

namespace {

/// One row of the table in [MQTT 2.4].
struct reason_row {
  reason code;
  std::string_view name;
  /// One bit per packet type.
  uint16_t places;
};

constexpr uint16_t in(std::initializer_list<packet_type> types) noexcept {
  unsigned places = 0;
  for (auto type : types)
    places |= 1U << static_cast<unsigned>(type);
  return static_cast<uint16_t>(places);
}

using enum packet_type;

constexpr auto every_answer =
    in({connack, puback, pubrec, suback, unsuback, disconnect});
constexpr auto connection = in({connack, disconnect});

constexpr std::array rows{
    reason_row{reason::success, "Success",
               in({connack, puback, pubrec, pubrel, pubcomp, suback, unsuback,
                   disconnect, auth})},
    reason_row{reason::granted_qos_1, "Granted QoS 1", in({suback})},
    reason_row{reason::granted_qos_2, "Granted QoS 2", in({suback})},
    reason_row{reason::disconnect_with_will, "Disconnect with Will Message",
               in({disconnect})},
    reason_row{reason::no_matching_subscribers, "No matching subscribers",
               in({puback, pubrec})},
    reason_row{reason::no_subscription_existed, "No subscription existed",
               in({unsuback})},
    reason_row{reason::continue_authentication, "Continue authentication",
               in({auth})},
    reason_row{reason::reauthenticate, "Re-authenticate", in({auth})},
    reason_row{reason::unspecified_error, "Unspecified error", every_answer},
    reason_row{reason::malformed_packet, "Malformed Packet", connection},
    reason_row{reason::protocol_error, "Protocol Error", connection},
    reason_row{reason::implementation_specific_error,
               "Implementation specific error", every_answer},
    reason_row{reason::unsupported_protocol_version,
               "Unsupported Protocol Version", in({connack})},
    reason_row{reason::client_identifier_not_valid,
               "Client Identifier not valid", in({connack})},
    reason_row{reason::bad_user_name_or_password, "Bad User Name or Password",
               in({connack})},
    reason_row{reason::not_authorized, "Not authorized", every_answer},
    reason_row{reason::server_unavailable, "Server unavailable", in({connack})},
    reason_row{reason::server_busy, "Server busy", connection},
    reason_row{reason::banned, "Banned", in({connack})},
    reason_row{reason::server_shutting_down, "Server shutting down",
               in({disconnect})},
    reason_row{reason::bad_authentication_method, "Bad authentication method",
               connection},
    reason_row{reason::keep_alive_timeout, "Keep Alive timeout",
               in({disconnect})},
    reason_row{reason::session_taken_over, "Session taken over",
               in({disconnect})},
    reason_row{reason::topic_filter_invalid, "Topic Filter invalid",
               in({suback, unsuback, disconnect})},
    reason_row{reason::topic_name_invalid, "Topic Name invalid",
               in({connack, puback, pubrec, disconnect})},
    reason_row{reason::packet_identifier_in_use, "Packet Identifier in use",
               in({puback, pubrec, suback, unsuback})},
    reason_row{reason::packet_identifier_not_found,
               "Packet Identifier not found", in({pubrel, pubcomp})},
    reason_row{reason::receive_maximum_exceeded, "Receive Maximum exceeded",
               in({disconnect})},
    reason_row{reason::topic_alias_invalid, "Topic Alias invalid",
               in({disconnect})},
    reason_row{reason::packet_too_large, "Packet too large", connection},
    reason_row{reason::message_rate_too_high, "Message rate too high",
               in({disconnect})},
    reason_row{reason::quota_exceeded, "Quota exceeded",
               in({connack, puback, pubrec, suback, disconnect})},
    reason_row{reason::administrative_action, "Administrative action",
               in({disconnect})},
    reason_row{reason::payload_format_invalid, "Payload format invalid",
               in({connack, puback, pubrec, disconnect})},
    reason_row{reason::retain_not_supported, "Retain not supported",
               connection},
    reason_row{reason::qos_not_supported, "QoS not supported", connection},
    reason_row{reason::use_another_server, "Use another server", connection},
    reason_row{reason::server_moved, "Server moved", connection},
    reason_row{reason::shared_subscriptions_not_supported,
               "Shared Subscriptions not supported", in({suback, disconnect})},
    reason_row{reason::connection_rate_exceeded, "Connection rate exceeded",
               connection},
    reason_row{reason::maximum_connect_time, "Maximum connect time",
               in({disconnect})},
    reason_row{reason::subscription_identifiers_not_supported,
               "Subscription Identifiers not supported",
               in({suback, disconnect})},
    reason_row{reason::wildcard_subscriptions_not_supported,
               "Wildcard Subscriptions not supported",
               in({suback, disconnect})},
};

const reason_row* find(reason code) noexcept {
  for (const auto& row : rows)
    if (row.code == code)
      return &row;
  return nullptr;
}

} // namespace

std::string_view to_string(reason code, packet_type type) noexcept {
  if (code == reason::success && type == packet_type::disconnect)
    return "Normal disconnection";
  if (code == reason::success && type == packet_type::suback)
    return "Granted QoS 0";
  const auto* row = find(code);
  return row != nullptr ? row->name : "Unknown reason";
}

bool may_stand_in(reason code, packet_type type) noexcept {
  const auto* row = find(code);
  return row != nullptr && (row->places & in({type})) != 0;
}

reason reason_for(ec why) noexcept {
  switch (why) {
  case ec::malformed_packet:
    return reason::malformed_packet;
  case ec::protocol_error:
    return reason::protocol_error;
  case ec::packet_too_large:
    return reason::packet_too_large;
  case ec::unsupported_protocol_version:
    return reason::unsupported_protocol_version;
  case ec::topic_name_invalid:
    return reason::topic_name_invalid;
  case ec::topic_filter_invalid:
    return reason::topic_filter_invalid;
  case ec::client_identifier_not_valid:
    return reason::client_identifier_not_valid;
  case ec::topic_alias_invalid:
    return reason::topic_alias_invalid;
  case ec::bad_configuration:
  case ec::system_failure:
    break;
  }
  return reason::unspecified_error;
}

uint8_t connect_return_code(reason code) noexcept {
  switch (code) {
  case reason::success:
    return 0;
  case reason::unsupported_protocol_version:
    return 1;
  case reason::client_identifier_not_valid:
    return 2;
  case reason::server_unavailable:
  case reason::server_busy:
  case reason::server_shutting_down:
  case reason::unspecified_error:
  case reason::implementation_specific_error:
  case reason::quota_exceeded:
  case reason::use_another_server:
  case reason::server_moved:
  case reason::connection_rate_exceeded:
    return 3;
  // Mosquitto never answers 4, not even to a wrong password.
  default:
    return 5;
  }
}

} // namespace troupe::protocol
