#include "protocol/encoder.hpp"
#include "protocol/property_writer.hpp"
#include "protocol/writer.hpp"

namespace troupe::protocol {

namespace {

/// The lengths that a PUBLISH carries.
struct publish_sizes {
  uint32_t properties = 0;
  uint32_t remaining = 0;

  size_t packet() const noexcept {
    return size_t{1} + variable_size(remaining) + remaining;
  }
};

uint32_t properties_size(const publish& in) noexcept {
  auto size = in.forwarded_properties.size();
  if (in.message_expiry_interval)
    size += 5;
  if (in.topic_alias != 0)
    size += 3;
  for (auto id : in.subscription_ids)
    size += 1 + variable_size(id);
  return static_cast<uint32_t>(size);
}

publish_sizes sizes_of(const publish& in, version v) noexcept {
  publish_sizes sizes;
  auto remaining = 2 + in.topic.size() + in.payload.size();
  if (in.qos != qos::at_most_once)
    remaining += 2;
  if (v == version::v5) {
    sizes.properties = properties_size(in);
    remaining += variable_size(sizes.properties) + sizes.properties;
  }
  sizes.remaining = static_cast<uint32_t>(remaining);
  return sizes;
}

uint8_t first_byte(const publish& in) noexcept {
  auto byte = static_cast<unsigned>(packet_type::publish) << 4
              | static_cast<unsigned>(in.qos) << 1 | (in.retain ? 1U : 0U);
  if (in.dup && in.qos != qos::at_most_once) // [MQTT-3.3.1-2]
    byte |= 0x08U;
  return static_cast<uint8_t>(byte);
}

void put_publish_entries(byte_writer& writer, const publish& in) {
  property_writer out{writer, packet_type::publish};
  out.put(property::message_expiry_interval, in.message_expiry_interval);
  if (in.topic_alias != 0)
    out.put(property::topic_alias, in.topic_alias);
  for (auto id : in.subscription_ids)
    out.put(property::subscription_identifier, id);
  writer.raw(in.forwarded_properties);
}

void append(byte_buffer& out, property id, std::string_view value) {
  byte_writer writer{out.reserve(3 + value.size())};
  property_writer{writer, packet_type::publish}.put(id, value);
  out.commit(3 + value.size());
}

} // namespace

size_t encoded_size(const publish& packet, version v) noexcept {
  return sizes_of(packet, v).packet();
}

void encode(byte_buffer& out, const publish& packet, version v) {
  auto sizes = sizes_of(packet, v);
  auto* begin = out.reserve(sizes.packet());
  byte_writer writer{begin};
  writer.u8(first_byte(packet));
  writer.variable(sizes.remaining);
  writer.text(packet.topic);
  if (packet.qos != qos::at_most_once)
    writer.u16(packet.packet_id);
  if (v == version::v5) {
    writer.variable(sizes.properties);
    put_publish_entries(writer, packet);
  }
  writer.raw(packet.payload);
  assert(writer.position() == begin + sizes.packet());
  out.commit(sizes.packet());
}

void append_payload_format(byte_buffer& out, uint8_t value) {
  out.push_back(static_cast<uint8_t>(property::payload_format));
  out.push_back(value);
}

void append_content_type(byte_buffer& out, std::string_view value) {
  append(out, property::content_type, value);
}

void append_response_topic(byte_buffer& out, std::string_view value) {
  append(out, property::response_topic, value);
}

void append_correlation_data(byte_buffer& out, std::string_view value) {
  append(out, property::correlation_data, value);
}

void append_user_property(byte_buffer& out, std::string_view name,
                          std::string_view value) {
  auto size = 5 + name.size() + value.size();
  byte_writer writer{out.reserve(size)};
  property_writer{writer, packet_type::publish}.put(user_property{name, value});
  out.commit(size);
}

} // namespace troupe::protocol
