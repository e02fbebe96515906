#include "protocol/encoder.hpp"
#include "protocol/property_writer.hpp"
#include "protocol/writer.hpp"

namespace troupe::protocol {

namespace {

uint8_t level_byte(const connect& in) noexcept {
  auto level = static_cast<unsigned>(in.version);
  return static_cast<uint8_t>(in.is_bridge ? level | 0x80U : level);
}

uint8_t flags_byte(const connect& in) noexcept {
  auto bits = in.clean_start ? 0x02U : 0U;
  if (in.will)
    bits |= 0x04U | static_cast<unsigned>(in.will->qos) << 3
            | (in.will->retain ? 0x20U : 0U);
  bits |= (in.password ? 0x40U : 0U) | (in.user_name ? 0x80U : 0U);
  return static_cast<uint8_t>(bits);
}

template <class Sink>
void put_will_entries(Sink& sink, const will& in) {
  property_writer out{sink, in_will};
  if (in.delay_interval != 0)
    out.put(property::will_delay_interval, in.delay_interval);
  out.put(property::message_expiry_interval, in.message_expiry_interval);
  sink.raw(in.forwarded_properties);
}

template <class Sink>
void put_will(Sink& sink, const will& in, version v) {
  if (v == version::v5) {
    byte_counter entries;
    put_will_entries(entries, in);
    sink.variable(static_cast<uint32_t>(entries.size()));
    put_will_entries(sink, in);
  }
  sink.text(in.topic);
  sink.text(in.payload);
}

} // namespace

void encode(byte_buffer& out, const connect& packet) {
  append_packet(out, first_byte_of(packet_type::connect), [&](auto& sink) {
    sink.text(packet.version == version::v31 ? "MQIsdp" : "MQTT");
    sink.u8(level_byte(packet));
    sink.u8(flags_byte(packet));
    sink.u16(packet.keep_alive);
    if (packet.version == version::v5)
      put_properties(sink, packet.properties, packet_type::connect);
    sink.text(packet.client_id);
    if (packet.will)
      put_will(sink, *packet.will, packet.version);
    if (packet.user_name)
      sink.text(*packet.user_name);
    if (packet.password)
      sink.text(*packet.password);
  });
}

} // namespace troupe::protocol
