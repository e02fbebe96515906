#include "protocol/decode_parts.hpp"

namespace troupe::protocol {

namespace {

// Flags in the first byte [MQTT 3.3.1].
constexpr uint8_t dup_flag = 0x08;
constexpr uint8_t qos_bits = 0x06;
constexpr uint8_t retain_flag = 0x01;

void read_flags(reader& in, uint8_t first_byte, publish& out) noexcept {
  auto level = (first_byte & qos_bits) >> 1;
  if (level == 3) // [MQTT-3.3.1-4]
    return in.fail(ec::malformed_packet, "PUBLISH with QoS 3");
  out.qos = static_cast<qos>(level);
  out.dup = (first_byte & dup_flag) != 0;
  out.retain = (first_byte & retain_flag) != 0;
  if (out.dup && level == 0) // [MQTT-3.3.1-2]
    in.fail(ec::malformed_packet, "PUBLISH with QoS 0 and DUP");
}

void read_publish_properties(reader& in, publish& out) {
  read_message_properties(
      in, packet_type::publish, out, [&](const property_value& value) {
        if (value.id == property::subscription_identifier)
          return out.subscription_ids.push_back(value.number);
        out.topic_alias = static_cast<uint16_t>(value.number);
        if (out.topic_alias == 0) // [MQTT-3.3.2-8]
          in.fail(ec::topic_alias_invalid, "topic alias is 0");
      });
}

} // namespace

void check_topic_name(reader& in, std::string_view topic) noexcept {
  if (is_topic_name(topic)) [[likely]]
    return;
  if (!is_utf8_string(topic))
    in.fail(ec::malformed_packet, "topic name is not well-formed UTF-8");
  else if (topic.find_first_of("+#") != topic.npos) // [MQTT-3.3.2-2]
    in.fail(ec::topic_name_invalid, "topic name with a wildcard");
  else
    in.fail(ec::protocol_error, "topic name is empty or has too many levels");
}

void forwarded_properties::add(std::string_view encoded) {
  if (gathered_) {
    gathered_->append(encoded);
  } else if (view_.empty()) {
    view_ = encoded;
  } else if (view_.data() + view_.size() == encoded.data()) {
    view_ = {view_.data(), view_.size() + encoded.size()};
  } else {
    gathered_ = std::make_shared<std::string>(view_);
    gathered_->append(encoded);
  }
}

void forwarded_properties::move_to(message& out) noexcept {
  if (gathered_)
    view_ = *gathered_;
  out.forwarded_properties = view_;
  out.gathered_properties = std::move(gathered_);
}

result<publish> decode_publish(const frame& in, version v) {
  return decode_body<publish>(in, [&](reader& body, publish& out) {
    read_flags(body, in.first_byte, out);
    out.topic = body.binary();
    if (out.qos != qos::at_most_once)
      out.packet_id = read_packet_id(body);
    if (v == version::v5)
      read_publish_properties(body, out);
    if (!out.topic.empty() || out.topic_alias == 0)
      check_topic_name(body, out.topic);
    out.payload = body.rest();
  });
}

} // namespace troupe::protocol
