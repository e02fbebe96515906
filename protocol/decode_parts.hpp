#pragma once

#include "core/result.hpp"
#include "protocol/decoder.hpp"
#include "protocol/property.hpp"
#include "protocol/reader.hpp"

// How the packets' decode functions share their work; no public header.
namespace troupe::protocol {

/// Makes a `T` by letting `read` fill it in place from the body of `in`: the
/// fields are never copied on their way into the result.
template <class T, class Read>
result<T> decode_body(const frame& in, const Read& read) {
  result<T> out{T{}};
  reader body{in.body};
  read(body, *out);
  if (body.failed()) [[unlikely]]
    out = body.error();
  return out;
}

/// Reads a packet identifier; 0 fails [MQTT-2.2.1-3].
inline uint16_t read_packet_id(reader& in) noexcept {
  auto id = in.u16();
  if (id == 0)
    in.fail(ec::protocol_error, "packet identifier is 0");
  return id;
}

/// Makes `in` fail if `topic`, which is not empty, may not be published to.
void check_topic_name(reader& in, std::string_view topic) noexcept;

/// Joins the properties of a message that are passed on: a view of the block
/// itself as long as they lie side by side, a copy if others stand in between.
class forwarded_properties {
public:
  void add(std::string_view encoded);
  void move_to(message& out) noexcept;

private:
  std::string_view view_;
  std::shared_ptr<std::string> gathered_;
};

/// Reads the property block of a message. What is neither passed on nor the
/// expiry interval goes to `read_other`.
template <class ReadOther>
void read_message_properties(reader& in, packet_type place, message& out,
                             const ReadOther& read_other) {
  property_reader block{in, place};
  property_value value;
  forwarded_properties forwarded;
  while (block.next(value))
    switch (value.id) {
    case property::payload_format:
    case property::content_type:
    case property::response_topic:
    case property::correlation_data:
    case property::user_property:
      forwarded.add(value.encoded);
      break;
    case property::message_expiry_interval:
      out.message_expiry_interval = value.number;
      break;
    default:
      read_other(value);
    }
  forwarded.move_to(out);
}

// One per packet type; the version of CONNECT stands in the packet.
result<connack> decode_connack(const frame& in, version v);
result<subscribe> decode_subscribe(const frame& in, version v);
result<suback> decode_suback(const frame& in, version v);
result<unsubscribe> decode_unsubscribe(const frame& in, version v);
result<unsuback> decode_unsuback(const frame& in, version v);
result<disconnect> decode_disconnect(const frame& in, version v);
result<auth> decode_auth(const frame& in, version v);

} // namespace troupe::protocol
