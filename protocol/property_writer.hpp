#pragma once

#include "protocol/packet.hpp"
#include "protocol/property.hpp"
#include "protocol/writer.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::protocol {

/// Writes the properties of one packet, leaving out what may not stand in it.
template <class Sink>
class property_writer {
public:
  property_writer(Sink& out, packet_type place) noexcept
      : out_(out), place_(place) {}

  void put(property id, uint8_t value) {
    out_.u8(static_cast<uint8_t>(id));
    out_.u8(value);
  }
  void put(property id, uint16_t value) {
    out_.u8(static_cast<uint8_t>(id));
    out_.u16(value);
  }
  void put(property id, uint32_t value) {
    out_.u8(static_cast<uint8_t>(id));
    if (id == property::subscription_identifier)
      out_.variable(value);
    else
      out_.u32(value);
  }
  void put(property id, std::string_view value) {
    out_.u8(static_cast<uint8_t>(id));
    out_.text(value);
  }
  void put(const user_property& value) {
    put(property::user_property, value.first);
    out_.text(value.second);
  }
  template <class T>
  void put(property id, const std::optional<T>& value) {
    if (value && may_stand_in(id, place_))
      put(id, *value);
  }

private:
  Sink& out_;
  packet_type place_;
};

/// Writes the entries of a property block without the length in front.
template <class Sink>
void put_property_entries(Sink& sink, const properties& in, packet_type place) {
  using p = property;
  property_writer out{sink, place};
  out.put(p::session_expiry_interval, in.session_expiry_interval);
  out.put(p::assigned_client_id, in.assigned_client_id);
  out.put(p::server_keep_alive, in.server_keep_alive);
  out.put(p::authentication_method, in.authentication_method);
  out.put(p::authentication_data, in.authentication_data);
  out.put(p::request_problem_information, in.request_problem_information);
  out.put(p::request_response_information, in.request_response_information);
  out.put(p::response_information, in.response_information);
  out.put(p::server_reference, in.server_reference);
  out.put(p::reason_string, in.reason_string);
  // This order of the limits is the one of Mosquitto's CONNACK.
  out.put(p::topic_alias_maximum, in.topic_alias_maximum);
  out.put(p::maximum_packet_size, in.maximum_packet_size);
  out.put(p::receive_maximum, in.receive_maximum);
  out.put(p::maximum_qos, in.maximum_qos);
  out.put(p::retain_available, in.retain_available);
  out.put(p::wildcard_subscription_available,
          in.wildcard_subscription_available);
  out.put(p::subscription_identifier_available,
          in.subscription_identifier_available);
  out.put(p::shared_subscription_available, in.shared_subscription_available);
  out.put(p::subscription_identifier, in.subscription_identifier);
  for (const auto& entry : in.user_properties)
    out.put(entry);
}

/// Bytes of the entries of a property block without the length in front.
inline uint32_t property_entries_size(const properties& in,
                                      packet_type place) noexcept {
  byte_counter counter;
  put_property_entries(counter, in, place);
  return static_cast<uint32_t>(counter.size());
}

/// Writes a property block: its length and its entries.
template <class Sink>
void put_properties(Sink& sink, const properties& in, packet_type place) {
  sink.variable(property_entries_size(in, place));
  put_property_entries(sink, in, place);
}

} // namespace troupe::protocol
