#include "protocol/encoder.hpp"

#include "tests/protocol/notation.hpp"

#include <caf/test/unit_test.hpp>

#include <string>

using namespace troupe;
using namespace troupe::protocol;
using namespace troupe::test;

namespace {

bytes content(const byte_buffer& out) {
  return {out.bytes().begin(), out.bytes().end()};
}

template <class... Args>
bytes encoded(const Args&... args) {
  byte_buffer out;
  encode(out, args...);
  return content(out);
}

bytes acknowledged(packet_type type, reason code, version v) {
  byte_buffer out;
  encode_acknowledgement(out, type, 10, code, v);
  return content(out);
}

publish full_message() {
  publish message;
  message.topic = "a";
  message.payload = "x";
  message.qos = qos::at_least_once;
  message.packet_id = 1;
  message.topic_alias = 2;
  message.subscription_ids = {3};
  message.message_expiry_interval = 4;
  message.forwarded_properties = "\x01\x01";
  return message;
}

} // namespace

CAF_TEST(encoding appends to what is there) {
  byte_buffer out;
  out.append("before");
  encode(out, pingreq{}, version::v311);
  encode(out, pingresp{}, version::v311);
  CAF_CHECK(content(out) == notation::parse("'before' c0 00 d0 00"));
}

CAF_TEST(properties are left out where the version has none) {
  CAF_CHECK(encoded(full_message(), version::v311)
            == notation::parse(R"(32 {"a" 0001 'x'})"));
  disconnect bye;
  bye.reason = reason::server_shutting_down;
  bye.properties.reason_string = "why";
  CAF_CHECK(encoded(bye, version::v311) == notation::parse("e0 00"));
  acknowledgement ack;
  ack.packet_id = 10;
  ack.reason = reason::not_authorized;
  CAF_CHECK(encoded(ack, version::v31) == notation::parse("40 02 000a"));
  connack answer;
  answer.properties.maximum_qos = 1;
  CAF_CHECK(encoded(answer, version::v311) == notation::parse("20 02 00 00"));
  subscribe wish{10, {{"a", {}}}, {}};
  wish.subscriptions[0].options.no_local = true;
  CAF_CHECK(encoded(wish, version::v311)
            == notation::parse(R"(82 {000a "a" 00})"));
}

CAF_TEST(properties are left out where they may not stand) {
  disconnect bye;
  bye.properties.maximum_qos = 1;
  CAF_CHECK(encoded(bye, version::v5) == notation::parse("e0 00"));
}

CAF_TEST(codes that 3.x does not know become 0x80 in SUBACK) {
  suback answer{10,
                {reason::granted_qos_2, reason::not_authorized,
                 reason::topic_filter_invalid},
                {}};
  CAF_CHECK(encoded(answer, version::v311)
            == notation::parse("90 {000a 02 80 80}"));
  CAF_CHECK(encoded(answer, version::v5)
            == notation::parse("90 {000a {} 02 87 8f}"));
}

CAF_TEST(the codes of UNSUBACK are for 5.0 only) {
  unsuback answer{10, {reason::no_subscription_existed}, {}};
  CAF_CHECK(encoded(answer, version::v311) == notation::parse("b0 02 000a"));
  CAF_CHECK(encoded(answer, version::v5) == notation::parse("b0 {000a {} 11}"));
}

CAF_TEST(a session is never present in 3.1) {
  CAF_CHECK(encoded(connack{true, 0, {}}, version::v31)
            == notation::parse("20 02 00 00"));
}

CAF_TEST(a PUBLISH with QoS 0 never has DUP) {
  publish message;
  message.topic = "a";
  message.dup = true;
  CAF_CHECK(encoded(message, version::v311) == notation::parse(R"(30 {"a"})"));
}

CAF_TEST(the short acknowledgement is the long one) {
  using enum packet_type;
  for (auto v : {version::v31, version::v311, version::v5})
    for (auto type : {puback, pubrec, pubrel, pubcomp})
      for (auto code : {reason::success, reason::not_authorized})
        CAF_CHECK(acknowledged(type, code, v)
                  == encoded(acknowledgement{type, 10, code, {}}, v));
  CAF_CHECK(acknowledged(pubrel, reason::success, version::v5)
            == notation::parse("62 02 000a"));
}

CAF_TEST(the size of a PUBLISH is known before it is written) {
  for (auto v : {version::v31, version::v311, version::v5})
    for (size_t size : {0, 100, 120, 127, 128, 16'383, 16'384, 2'097'152}) {
      auto message = full_message();
      std::string payload(size, 'x');
      message.payload = payload;
      CAF_CHECK_EQUAL(encoded_size(message, v), encoded(message, v).size());
    }
}

CAF_TEST(properties can be written one by one) {
  byte_buffer out;
  append_payload_format(out, 1);
  append_content_type(out, "text/plain");
  append_response_topic(out, "r");
  append_correlation_data(out, std::string_view{"\0d", 2});
  append_user_property(out, "key", "");
  CAF_CHECK(content(out)
            == notation::parse(
                R"(01 01 03 "text/plain" 08 "r" 09 0002 00 'd' 26 "key" "")"));
}
