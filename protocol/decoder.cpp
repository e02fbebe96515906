#include "protocol/decoder.hpp"

#include "protocol/decode_parts.hpp"
#include "protocol/writer.hpp"

namespace troupe::protocol {

namespace {

/// True if the type exists and its flags are the ones it must have
/// [MQTT-2.1.3-1]. Those of PUBLISH are read with it.
bool is_first_byte(uint8_t byte) noexcept {
  auto type = static_cast<packet_type>(byte >> 4);
  if (type == packet_type::publish)
    return true;
  return type >= packet_type::connect && byte == first_byte_of(type);
}

/// The remaining length and how many bytes it took; `size` 0: there is more.
struct length_field {
  uint32_t value = 0;
  size_t size = 0;
};

/// Longer than need be is fine here: clients that write a packet in one pass
/// leave four bytes for its length, and Mosquitto takes that.
result<length_field> read_length(std::span<const uint8_t> bytes) noexcept {
  length_field field;
  for (size_t i = 0; i < 4; ++i) {
    if (i == bytes.size())
      return length_field{};
    field.value |= static_cast<uint32_t>(bytes[i] & 0x7f) << (7 * i);
    if ((bytes[i] & 0x80) == 0) {
      field.size = i + 1;
      return field;
    }
  }
  return failure{ec::malformed_packet, "remaining length of five bytes"};
}

template <class T>
result<packet> to_packet(result<T>&& in) {
  return in ? result<packet>{packet{std::move(*in)}}
            : result<packet>{in.error()};
}

template <class T>
result<packet> decode_empty(const frame& in) {
  if (!in.body.empty())
    return failure{ec::malformed_packet, "PINGREQ or PINGRESP with a body"};
  return packet{T{}};
}

} // namespace

result<std::optional<frame>> next_frame(std::span<const uint8_t> bytes,
                                        uint32_t max_packet_size) noexcept {
  if (bytes.empty())
    return std::optional<frame>{};
  if (!is_first_byte(bytes[0]))
    return failure{ec::malformed_packet, "reserved packet type or flags"};
  auto length = read_length(bytes.subspan(1));
  if (!length)
    return length.error();
  if (length->size == 0)
    return std::optional<frame>{};
  // As Mosquitto counts: the length field itself is not part of it.
  if (length->value + 1 > max_packet_size)
    return failure{ec::packet_too_large, "packet is too large"};
  auto header = 1 + length->size;
  if (bytes.size() - header < length->value)
    return std::optional<frame>{};
  return std::optional<frame>{frame{
      bytes[0], bytes.subspan(header, length->value), header + length->value}};
}

result<packet> decode(const frame& in, version v) {
  switch (in.type()) {
  case packet_type::connect:
    return to_packet(decode_connect(in));
  case packet_type::connack:
    return to_packet(decode_connack(in, v));
  case packet_type::publish:
    return to_packet(decode_publish(in, v));
  case packet_type::puback:
  case packet_type::pubrec:
  case packet_type::pubrel:
  case packet_type::pubcomp:
    return to_packet(decode_acknowledgement(in, v));
  case packet_type::subscribe:
    return to_packet(decode_subscribe(in, v));
  case packet_type::suback:
    return to_packet(decode_suback(in, v));
  case packet_type::unsubscribe:
    return to_packet(decode_unsubscribe(in, v));
  case packet_type::unsuback:
    return to_packet(decode_unsuback(in, v));
  case packet_type::pingreq:
    return decode_empty<pingreq>(in);
  case packet_type::pingresp:
    return decode_empty<pingresp>(in);
  case packet_type::disconnect:
    return to_packet(decode_disconnect(in, v));
  case packet_type::auth:
    return to_packet(decode_auth(in, v));
  }
  return failure{ec::malformed_packet, "reserved packet type"};
}

void decoder::feed(std::span<const uint8_t> bytes) {
  buffer_.consume(std::exchange(consumed_, 0));
  buffer_.append(bytes);
}

result<std::optional<packet>> decoder::next() {
  if (failed_)
    return *failed_;
  buffer_.consume(std::exchange(consumed_, 0));
  auto found = next_frame(buffer_.bytes(), max_packet_size_);
  if (!found) {
    failed_ = found.error();
    return *failed_;
  }
  if (!*found)
    return std::optional<packet>{};
  auto decoded = decode(**found, version_);
  if (!decoded) {
    failed_ = decoded.error();
    return *failed_;
  }
  consumed_ = (*found)->size;
  if (const auto* opening = std::get_if<connect>(&*decoded))
    version_ = opening->version;
  return std::optional<packet>{std::move(*decoded)};
}

} // namespace troupe::protocol
