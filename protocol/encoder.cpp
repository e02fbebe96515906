#include "protocol/encoder.hpp"

#include "protocol/property_writer.hpp"
#include "protocol/writer.hpp"

namespace troupe::protocol {

namespace {

/// What may be left out of an acknowledgement, a DISCONNECT or an AUTH does:
/// first the properties, then the reason [MQTT-3.4.2.1].
template <class Sink>
void put_reason(Sink& sink, reason code, const properties& in,
                packet_type type) {
  auto size = property_entries_size(in, type);
  if (size == 0 && code == reason::success)
    return;
  sink.u8(static_cast<uint8_t>(code));
  // Only AUTH may not end behind its reason [MQTT 3.15.2.1].
  if (size == 0 && type != packet_type::auth)
    return;
  sink.variable(size);
  put_property_entries(sink, in, type);
}

template <class Sink, class Packet>
void put_head(Sink& sink, const Packet& in, packet_type type, version v) {
  sink.u16(in.packet_id);
  if (v == version::v5)
    put_properties(sink, in.properties, type);
}

uint8_t options_byte(const subscription_options& in, version v) noexcept {
  auto byte = static_cast<unsigned>(in.qos);
  if (v == version::v5)
    byte |= (in.no_local ? 0x04U : 0U) | (in.retain_as_published ? 0x08U : 0U)
            | static_cast<unsigned>(in.retain_handling) << 4;
  return static_cast<uint8_t>(byte);
}

uint8_t suback_byte(reason code, version v) noexcept {
  auto is_known = v == version::v5 || code <= reason::granted_qos_2;
  return static_cast<uint8_t>(is_known ? code : reason::unspecified_error);
}

void append_empty(byte_buffer& out, packet_type type) {
  append_packet(out, first_byte_of(type), [](auto&) {});
}

} // namespace

void encode(byte_buffer& out, const connack& packet, version v) {
  append_packet(out, first_byte_of(packet_type::connack), [&](auto& sink) {
    auto has_flag = v != version::v31 && packet.session_present;
    sink.u8(has_flag ? 1 : 0);
    sink.u8(packet.code);
    if (v == version::v5)
      put_properties(sink, packet.properties, packet_type::connack);
  });
}

void encode(byte_buffer& out, const acknowledgement& packet, version v) {
  append_packet(out, first_byte_of(packet.type), [&](auto& sink) {
    sink.u16(packet.packet_id);
    if (v == version::v5)
      put_reason(sink, packet.reason, packet.properties, packet.type);
  });
}

void encode_acknowledgement(byte_buffer& out, packet_type type,
                            uint16_t packet_id, reason code, version v) {
  auto has_reason = v == version::v5 && code != reason::success;
  uint8_t remaining_length = has_reason ? 3 : 2;
  byte_writer writer{out.reserve(5)};
  writer.u8(first_byte_of(type));
  writer.u8(remaining_length);
  writer.u16(packet_id);
  if (has_reason)
    writer.u8(static_cast<uint8_t>(code));
  out.commit(size_t{2} + remaining_length);
}

void encode(byte_buffer& out, const subscribe& packet, version v) {
  append_packet(out, first_byte_of(packet_type::subscribe), [&](auto& sink) {
    put_head(sink, packet, packet_type::subscribe, v);
    for (const auto& entry : packet.subscriptions) {
      sink.text(entry.filter);
      sink.u8(options_byte(entry.options, v));
    }
  });
}

void encode(byte_buffer& out, const suback& packet, version v) {
  append_packet(out, first_byte_of(packet_type::suback), [&](auto& sink) {
    put_head(sink, packet, packet_type::suback, v);
    for (auto code : packet.codes)
      sink.u8(suback_byte(code, v));
  });
}

void encode(byte_buffer& out, const unsubscribe& packet, version v) {
  append_packet(out, first_byte_of(packet_type::unsubscribe), [&](auto& sink) {
    put_head(sink, packet, packet_type::unsubscribe, v);
    for (auto filter : packet.filters)
      sink.text(filter);
  });
}

void encode(byte_buffer& out, const unsuback& packet, version v) {
  append_packet(out, first_byte_of(packet_type::unsuback), [&](auto& sink) {
    put_head(sink, packet, packet_type::unsuback, v);
    if (v == version::v5)
      for (auto code : packet.codes)
        sink.u8(static_cast<uint8_t>(code));
  });
}

void encode(byte_buffer& out, const pingreq&, version) {
  append_empty(out, packet_type::pingreq);
}

void encode(byte_buffer& out, const pingresp&, version) {
  append_empty(out, packet_type::pingresp);
}

void encode(byte_buffer& out, const disconnect& packet, version v) {
  constexpr auto type = packet_type::disconnect;
  append_packet(out, first_byte_of(type), [&](auto& sink) {
    if (v == version::v5)
      put_reason(sink, packet.reason, packet.properties, type);
  });
}

void encode(byte_buffer& out, const auth& packet, version) {
  append_packet(out, first_byte_of(packet_type::auth), [&](auto& sink) {
    put_reason(sink, packet.reason, packet.properties, packet_type::auth);
  });
}

void encode(byte_buffer& out, const packet& packet, version v) {
  std::visit(
      [&](const auto& content) {
        if constexpr (std::is_same_v<decltype(content), const connect&>)
          encode(out, content);
        else
          encode(out, content, v);
      },
      packet);
}

} // namespace troupe::protocol
