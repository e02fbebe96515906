#include "protocol/decode_parts.hpp"

namespace troupe::protocol {

namespace {

/// The connect flags [MQTT 3.1.2.3].
struct connect_flags {
  uint8_t bits;

  bool reserved() const noexcept { return (bits & 0x01) != 0; }
  bool clean_start() const noexcept { return (bits & 0x02) != 0; }
  bool will() const noexcept { return (bits & 0x04) != 0; }
  uint8_t will_qos() const noexcept { return (bits >> 3) & 0x03; }
  bool will_retain() const noexcept { return (bits & 0x20) != 0; }
  bool password() const noexcept { return (bits & 0x40) != 0; }
  bool user_name() const noexcept { return (bits & 0x80) != 0; }
};

void read_protocol(reader& in, connect& out) noexcept {
  constexpr uint8_t bridge_bit = 0x80;
  auto name = in.binary();
  auto byte = in.u8();
  auto level = static_cast<uint8_t>(byte & ~bridge_bit);
  auto is_known = (name == "MQTT" && (level == 4 || level == 5))
                  || (name == "MQIsdp" && level == 3);
  if (!is_known) // [MQTT-3.1.2-1], [MQTT-3.1.2-2]
    return in.fail(ec::unsupported_protocol_version,
                   "unknown protocol name or level");
  out.version = static_cast<version>(level);
  out.is_bridge = (byte & bridge_bit) != 0;
}

void check_flags(reader& in, connect_flags flags, version v) noexcept {
  if (flags.will() && flags.will_qos() == 3) // [MQTT-3.1.2-12]
    return in.fail(ec::malformed_packet, "will with QoS 3");
  if (v == version::v31) // had no use for what follows, and said so
    return;
  if (flags.reserved()) // [MQTT-3.1.2-3]
    return in.fail(ec::malformed_packet, "reserved connect flag is set");
  // [MQTT-3.1.2-11], [MQTT-3.1.2-13]
  if (!flags.will() && (flags.will_qos() != 0 || flags.will_retain()))
    return in.fail(ec::malformed_packet, "flags of a will without a will");
}

void check_password(reader& in, connect_flags flags, version v) noexcept {
  // 5.0 allows it: a token, for one, is a password without a user.
  if (v != version::v5 && flags.password() && !flags.user_name())
    in.fail(ec::protocol_error, "password without a user name");
}

void read_client_id(reader& in, connect& out) noexcept {
  out.client_id = in.binary();
  if (is_plain_text(out.client_id))
    return;
  // Only 5.0 has a code for it that Mosquitto sends; 3.x is closed in silence.
  in.fail(out.version == version::v5 ? ec::client_identifier_not_valid
                                     : ec::malformed_packet,
          "client identifier is not plain UTF-8 text");
}

void read_will(reader& in, connect_flags flags, connect& out) {
  auto& will = out.will.emplace();
  will.qos = static_cast<qos>(flags.will_qos());
  will.retain = flags.will_retain();
  if (out.version == version::v5)
    read_message_properties(in, in_will, will,
                            [&](const property_value& value) {
                              will.delay_interval = value.number;
                            });
  will.topic = in.binary();
  check_topic_name(in, will.topic);
  will.payload = in.binary();
}

void read_credentials(reader& in, connect_flags flags, connect& out) noexcept {
  // Clients of the very first MQTT set the flags and send nothing: 3.1 asks
  // servers to let the remaining length decide.
  auto is_there = [&](bool flag) {
    return flag && !(out.version == version::v31 && in.at_end());
  };
  if (is_there(flags.user_name()))
    out.user_name = in.text();
  if (is_there(flags.password()))
    out.password = in.binary();
}

/// CONNACK of a server that knows only 3.1.1 and was asked for 5.0.
bool is_refusal_of_version_5(reader& in, uint8_t code) noexcept {
  return in.at_end() && code == 1;
}

void check_connack(reader& in, uint8_t flags, connack& out,
                   version v) noexcept {
  constexpr uint8_t last_return_code = 5;
  out.session_present = v != version::v31 && (flags & 0x01) != 0;
  if (v != version::v31 && flags > 1) // [MQTT 3.2.2.1]
    return in.fail(ec::malformed_packet, "reserved flags in CONNACK");
  auto is_known = v == version::v5 ? may_stand_in(static_cast<reason>(out.code),
                                                  packet_type::connack)
                                   : out.code <= last_return_code;
  if (!is_known)
    return in.fail(ec::protocol_error, "unknown code in CONNACK");
  if (out.session_present && out.code != 0) // [MQTT-3.2.2-6]
    in.fail(ec::protocol_error, "session present in a refusal");
}

} // namespace

result<connect> decode_connect(const frame& in) {
  return decode_body<connect>(in, [](reader& body, connect& out) {
    read_protocol(body, out);
    connect_flags flags{body.u8()};
    check_flags(body, flags, out.version);
    check_password(body, flags, out.version);
    out.clean_start = flags.clean_start();
    out.keep_alive = body.u16();
    if (out.version == version::v5)
      read_properties(body, packet_type::connect, out.properties);
    read_client_id(body, out);
    if (flags.will())
      read_will(body, flags, out);
    read_credentials(body, flags, out);
    body.expect_end();
  });
}

result<connack> decode_connack(const frame& in, version v) {
  return decode_body<connack>(in, [&](reader& body, connack& out) {
    auto flags = body.u8();
    out.code = body.u8();
    if (v == version::v5) {
      if (is_refusal_of_version_5(body, out.code)) {
        out.code = static_cast<uint8_t>(reason::unsupported_protocol_version);
        return;
      }
      read_properties(body, packet_type::connack, out.properties);
    }
    check_connack(body, flags, out, v);
    body.expect_end();
  });
}

} // namespace troupe::protocol
