#include "broker/delivery_encoder.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace troupe::broker {

namespace {

using protocol::version;

constexpr uint8_t publish_type = 0x30;
constexpr uint8_t message_expiry_property = 0x02;
constexpr uint8_t subscription_id_property = 0x0b;
constexpr uint8_t topic_alias_property = 0x23;

size_t variable_integer_size(size_t value) noexcept {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

/// Writes into room that was reserved for the whole packet.
struct pen {
  uint8_t* at;

  void byte(uint8_t value) noexcept { *at++ = value; }
  void u16(uint16_t value) noexcept {
    byte(static_cast<uint8_t>(value >> 8));
    byte(static_cast<uint8_t>(value));
  }
  void u32(uint32_t value) noexcept {
    u16(static_cast<uint16_t>(value >> 16));
    u16(static_cast<uint16_t>(value));
  }
  void variable_integer(size_t value) noexcept {
    while (value >= 128) {
      byte(static_cast<uint8_t>(value | 128));
      value >>= 7;
    }
    byte(static_cast<uint8_t>(value));
  }
  void text(std::string_view value) noexcept {
    if (value.empty()) // perhaps a null pointer, which memcpy must not be given
      return;
    std::memcpy(at, value.data(), value.size());
    at += value.size();
  }
};

std::string_view sent_properties(const publication& message,
                                 const delivery_header& header) noexcept {
  return header.with_path ? message.properties_and_path()
                          : message.properties();
}

size_t properties_size(const publication& message,
                       const delivery_header& header) noexcept {
  auto size = sent_properties(message, header).size();
  if (message.expires_at() != never)
    size += 5;
  if (header.topic_alias != 0)
    size += 3;
  if (header.subscription_id != 0)
    size += 1 + variable_integer_size(header.subscription_id);
  return size;
}

/// What the client sees of the topic, behind what is added to it.
std::string_view seen_topic(const publication& message,
                            const delivery_header& header) noexcept {
  return message.topic().substr(header.hidden_prefix);
}

size_t seen_size(const publication& message,
                 const delivery_header& header) noexcept {
  return header.added_prefix.size() + seen_topic(message, header).size();
}

size_t remaining_length(const publication& message,
                        const delivery_header& header, version v,
                        size_t properties) noexcept {
  auto omits_topic = header.omit_topic && v == version::v5;
  auto size = message.payload().size() + 2
              + (omits_topic ? 0 : seen_size(message, header));
  if (header.qos != protocol::qos::at_most_once)
    size += 2;
  if (v == version::v5)
    size += variable_integer_size(properties) + properties;
  return size;
}

uint32_t seconds_left(time_point expires_at, time_point now) noexcept {
  using std::chrono::seconds;
  // To the nearest: the loops of sender and receiver read their clocks at
  // slightly different times, and an interval must not grow.
  auto left = std::chrono::round<seconds>(expires_at - now).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(left, 1, UINT32_MAX));
}

void write_properties(pen& out, const publication& message,
                      const delivery_header& header, size_t size,
                      time_point now) noexcept {
  out.variable_integer(size);
  if (message.expires_at() != never) {
    out.byte(message_expiry_property);
    out.u32(seconds_left(message.expires_at(), now));
  }
  if (header.topic_alias != 0) {
    out.byte(topic_alias_property);
    out.u16(header.topic_alias);
  }
  if (header.subscription_id != 0) {
    out.byte(subscription_id_property);
    out.variable_integer(header.subscription_id);
  }
  out.text(sent_properties(message, header));
}

uint8_t first_byte(const delivery_header& header) noexcept {
  // [MQTT-3.3.1-2]
  auto dup = header.dup && header.qos != protocol::qos::at_most_once;
  return static_cast<uint8_t>(publish_type | (dup ? 8 : 0)
                              | (static_cast<uint8_t>(header.qos) << 1)
                              | (header.retain ? 1 : 0));
}

} // namespace

void encode_delivery(byte_buffer& out, const publication& message,
                     const delivery_header& header, version v, time_point now) {
  auto is_v5 = v == version::v5;
  auto properties = is_v5 ? properties_size(message, header) : 0;
  auto length = remaining_length(message, header, v, properties);
  auto* start = out.reserve(length + 5);
  pen to{start};
  to.byte(first_byte(header));
  to.variable_integer(length);
  if (!is_v5 && header.qos == protocol::qos::at_most_once
      && header.hidden_prefix == 0 && header.added_prefix.empty()) {
    to.text(message.encoded_topic_and_payload());
  } else {
    auto omits_topic = is_v5 && header.omit_topic;
    to.u16(static_cast<uint16_t>(omits_topic ? 0 : seen_size(message, header)));
    if (!omits_topic) {
      to.text(header.added_prefix);
      to.text(seen_topic(message, header));
    }
    if (header.qos != protocol::qos::at_most_once)
      to.u16(header.packet_id);
    if (is_v5)
      write_properties(to, message, header, properties, now);
    to.text(message.payload());
  }
  out.commit(static_cast<size_t>(to.at - start));
}

size_t delivery_size(const publication& message, const delivery_header& header,
                     version v) noexcept {
  auto properties = v == version::v5 ? properties_size(message, header) : 0;
  auto length = remaining_length(message, header, v, properties);
  return 1 + variable_integer_size(length) + length;
}

} // namespace troupe::broker
