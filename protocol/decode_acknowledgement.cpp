#include "protocol/decode_parts.hpp"

namespace troupe::protocol {

namespace {

bool is_known(reason code, packet_type type) noexcept {
  if (may_stand_in(code, type))
    return true;
  // Mosquitto's answer to a payload above its message_size_limit.
  return code == reason::packet_too_large
         && (type == packet_type::puback || type == packet_type::pubrec);
}

reason read_reason(reader& in, packet_type type) noexcept {
  auto code = static_cast<reason>(in.u8());
  if (!is_known(code, type))
    in.fail(ec::protocol_error, "reason code not allowed in this packet");
  return code;
}

void expect_version_5(reader& in, version v) noexcept {
  if (v != version::v5)
    in.fail(ec::malformed_packet, "packet of a later protocol version");
}

} // namespace

result<acknowledgement> decode_acknowledgement(const frame& in, version v) {
  return decode_body<acknowledgement>(
      in, [&](reader& body, acknowledgement& out) {
        out.type = in.type();
        out.packet_id = read_packet_id(body);
        if (v == version::v5 && !body.at_end()) {
          out.reason = read_reason(body, out.type);
          if (!body.at_end()) // the properties can be left out, too
            read_properties(body, out.type, out.properties);
        }
        body.expect_end();
      });
}

result<disconnect> decode_disconnect(const frame& in, version v) {
  return decode_body<disconnect>(in, [&](reader& body, disconnect& out) {
    if (body.at_end()) // [MQTT 3.14.2.1]
      return;
    expect_version_5(body, v);
    out.reason = read_reason(body, packet_type::disconnect);
    if (!body.at_end()) // [MQTT 3.14.2.2.1]
      read_properties(body, packet_type::disconnect, out.properties);
    body.expect_end();
  });
}

result<auth> decode_auth(const frame& in, version v) {
  return decode_body<auth>(in, [&](reader& body, auth& out) {
    expect_version_5(body, v);
    if (body.at_end()) // [MQTT 3.15.2.1]
      return;
    out.reason = read_reason(body, packet_type::auth);
    read_properties(body, packet_type::auth, out.properties);
    if (!out.properties.authentication_method) // [MQTT 3.15.2.2.2]
      body.fail(ec::protocol_error, "AUTH without a method");
    body.expect_end();
  });
}

} // namespace troupe::protocol
