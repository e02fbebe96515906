#include "apps/tools/message_json.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace troupe;

namespace {

constexpr tools::wall_time now{1795270489, 979'458'123};

tools::received_message message_of(std::string_view topic,
                                   std::string_view payload) {
  tools::received_message result;
  result.topic = topic;
  result.payload = payload;
  return result;
}

std::string json(const tools::received_message& message, bool pretty = false) {
  setenv("TZ", "UTC", 1);
  std::string out;
  tools::append_json(out, message, now, pretty);
  return out;
}

std::string quoted(std::string_view text) {
  std::string out;
  tools::append_json_string(out, text);
  return out;
}

/// The payload as it stands in the object.
std::string payload_of(std::string_view payload, bool pretty = false) {
  std::string out;
  if (!tools::append_json_with_json_payload(out, message_of("", payload), now,
                                            pretty))
    return "refused" + out;
  auto name = pretty ? std::string_view{"\"payload\":\t"} : "\"payload\":";
  auto begin = out.find(name) + name.size();
  return out.substr(begin, out.size() - begin - (pretty ? 2 : 1));
}

} // namespace

CAF_TEST(a message is one object with time topic flags and payload) {
  CAF_CHECK_EQUAL(json(message_of("f/t", "hello")),
                  R"({"tst":"2026-11-21T14:14:49.979458+0000","topic":"f/t",)"
                  R"("qos":0,"retain":false,"payloadlen":5,)"
                  R"("payload":"hello"})");
}

CAF_TEST(an identifier and properties stand in the object if there are any) {
  auto message = message_of("t", "p");
  message.qos = protocol::qos::exactly_once;
  message.retain = true;
  message.packet_id = 9;
  message.topic_alias = 4;
  message.subscription_ids = {42};
  message.user_properties = {{"k", "v"}, {"k", "w"}};
  message.content_type = "text/x";
  message.response_topic = "r";
  message.correlation_data = "c\x02";
  message.payload_format = 1;
  message.message_expiry_interval = 77;
  auto text = json(message);
  CAF_CHECK_EQUAL(text.substr(text.find("\"topic\"")),
                  R"("topic":"t","qos":2,"retain":true,"payloadlen":1,)"
                  R"("mid":9,"properties":{"topic-alias":4,)"
                  R"("subscription-identifier":42,)"
                  R"("user-properties":{"k":"v","k":"w"},)"
                  R"("content-type":"text/x","response-topic":"r",)"
                  R"("correlation-data":"c\u0002",)"
                  R"("payload-format-indicator":1,)"
                  R"("message-expiry-interval":77},"payload":"p"})");
}

CAF_TEST(an empty payload is null) {
  CAF_CHECK(json({}).ends_with(R"("payloadlen":0,"payload":null})"));
  CAF_CHECK_EQUAL(payload_of(""), "null");
}

CAF_TEST(strings are escaped) {
  CAF_CHECK_EQUAL(quoted("a\\b/c\t\n\r\b\f\"\x7f"),
                  "\"a\\\\b/c\\t\\n\\r\\b\\f\\\"\x7f\"");
  CAF_CHECK_EQUAL(quoted(std::string_view{"\0\x1f", 2}), "\"\\u0000\\u001f\"");
  CAF_CHECK_EQUAL(quoted("\xc3\xa9 \xf0\x9f\x98\x80"),
                  "\"\xc3\xa9 \xf0\x9f\x98\x80\"");
}

CAF_TEST(bytes that are no text become replacement characters) {
  CAF_CHECK_EQUAL(quoted("a\xff\xfe"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
  CAF_CHECK_EQUAL(quoted("\xc3"), "\"\xef\xbf\xbd\"");
  // A surrogate: three bytes of no character.
  CAF_CHECK_EQUAL(quoted("\xed\xa0\x80"),
                  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

CAF_TEST(a JSON payload keeps order digits and names given twice) {
  CAF_CHECK_EQUAL(
      payload_of(R"({"b": [1, -2.50, null, true], "a": "x\u00e9",)"
                 R"( "a": 12345678901234567890})"),
      R"({"b":[1,-2.50,null,true],"a":"xé","a":12345678901234567890})");
  CAF_CHECK_EQUAL(payload_of("12.5"), "12.5");
  CAF_CHECK_EQUAL(payload_of("\"s\""), "\"s\"");
  CAF_CHECK_EQUAL(payload_of("[{},[],{\"a\":{}}]"), "[{},[],{\"a\":{}}]");
}

CAF_TEST(a payload that is no JSON is refused and leaves nothing behind) {
  for (auto text : {"hello", "{bad", "{} x", "[1,]", "\"\xff\"", "nul"})
    CAF_CHECK_EQUAL(payload_of(text), "refused");
}

CAF_TEST(pretty JSON has a member per line behind tabs) {
  auto text = json(message_of("t", "p"), true);
  CAF_CHECK_EQUAL(text, "{\n\t\"tst\":\t\"2026-11-21T14:14:49.979458+0000\","
                        "\n\t\"topic\":\t\"t\",\n\t\"qos\":\t0,"
                        "\n\t\"retain\":\tfalse,\n\t\"payloadlen\":\t1,"
                        "\n\t\"payload\":\t\"p\"\n}");
  CAF_CHECK_EQUAL(payload_of(R"({"b":[1,2],"c":{}})", true),
                  "{\n\t\t\"b\":\t[1, 2],\n\t\t\"c\":\t{}\n\t}");
}

CAF_TEST(deeply nested JSON does not exhaust the stack) {
  std::string nested(100'000, '[');
  CAF_CHECK_EQUAL(payload_of(nested), "refused");
  nested.append(100'000, ']');
  CAF_CHECK_EQUAL(payload_of(nested), nested);
}
