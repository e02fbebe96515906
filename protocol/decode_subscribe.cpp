#include "protocol/decode_parts.hpp"

namespace troupe::protocol {

namespace {

template <class Packet>
void read_head(reader& in, packet_type type, version v, Packet& out) {
  out.packet_id = read_packet_id(in);
  if (v == version::v5)
    read_properties(in, type, out.properties);
}

/// Later versions forbid an empty list [MQTT-3.8.3-2], [MQTT-3.10.3-2]; in 3.1
/// it is answered like any other.
void check_not_empty(reader& in, version v) noexcept {
  if (v != version::v31 && in.at_end())
    in.fail(ec::protocol_error, "packet without a single entry");
}

/// Grammar is the business of who answers: it has a code for each filter.
std::string_view read_filter(reader& in) noexcept {
  auto filter = in.text();
  if (filter.empty()) // [MQTT-4.7.3-1]
    in.fail(ec::malformed_packet, "topic filter is empty");
  return filter;
}

/// The byte behind a filter [MQTT 3.8.3.1].
subscription_options read_options(reader& in, version v) noexcept {
  auto byte = in.u8();
  uint8_t reserved = v == version::v5 ? 0xc0 : 0xfc;
  if ((byte & reserved) != 0) // [MQTT-3.8.3-5]
    in.fail(ec::malformed_packet, "reserved subscription options are set");
  auto level = byte & 0x03;
  auto handling = (byte >> 4) & 0x03;
  if (level == 3) {
    in.fail(v == version::v5 ? ec::protocol_error : ec::malformed_packet,
            "subscription with QoS 3");
    level = 0;
  }
  if (handling == 3) {
    in.fail(ec::protocol_error, "subscription with retain handling 3");
    handling = 0;
  }
  return {.qos = static_cast<qos>(level),
          .no_local = (byte & 0x04) != 0,
          .retain_as_published = (byte & 0x08) != 0,
          .retain_handling = static_cast<retain_handling>(handling)};
}

bool is_return_code(reason code) noexcept {
  return code <= reason::granted_qos_2 || code == reason::unspecified_error;
}

std::vector<reason> read_codes(reader& in, packet_type type, version v) {
  check_not_empty(in, v);
  std::vector<reason> codes;
  codes.reserve(in.left());
  while (!in.at_end()) {
    auto code = static_cast<reason>(in.u8());
    auto is_known =
        v == version::v5 ? may_stand_in(code, type) : is_return_code(code);
    if (!is_known)
      in.fail(ec::protocol_error, "unknown code in SUBACK or UNSUBACK");
    codes.push_back(code);
  }
  return codes;
}

} // namespace

result<subscribe> decode_subscribe(const frame& in, version v) {
  return decode_body<subscribe>(in, [&](reader& body, subscribe& out) {
    read_head(body, packet_type::subscribe, v, out);
    check_not_empty(body, v);
    while (!body.at_end()) {
      auto filter = read_filter(body);
      out.subscriptions.push_back({filter, read_options(body, v)});
    }
  });
}

result<suback> decode_suback(const frame& in, version v) {
  return decode_body<suback>(in, [&](reader& body, suback& out) {
    read_head(body, packet_type::suback, v, out);
    out.codes = read_codes(body, packet_type::suback, v);
  });
}

result<unsubscribe> decode_unsubscribe(const frame& in, version v) {
  return decode_body<unsubscribe>(in, [&](reader& body, unsubscribe& out) {
    read_head(body, packet_type::unsubscribe, v, out);
    check_not_empty(body, v);
    while (!body.at_end())
      out.filters.push_back(read_filter(body));
  });
}

result<unsuback> decode_unsuback(const frame& in, version v) {
  return decode_body<unsuback>(in, [&](reader& body, unsuback& out) {
    read_head(body, packet_type::unsuback, v, out);
    if (v == version::v5)
      out.codes = read_codes(body, packet_type::unsuback, v);
    body.expect_end();
  });
}

} // namespace troupe::protocol
