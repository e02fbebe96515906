#include "protocol/decoder.hpp"

#include "protocol/encoder.hpp"
#include "tests/protocol/notation.hpp"

#include <caf/test/unit_test.hpp>

#include <string>

using namespace troupe;
using namespace troupe::protocol;
using namespace troupe::test;

namespace {

std::string outcome(std::string_view text, uint32_t max_packet_size) {
  auto found = next_frame(notation::parse(text), max_packet_size);
  if (!found)
    return std::string{to_string(found.error().code)};
  return *found ? "frame" : "need more";
}

void feed(decoder& in, std::string_view text) {
  in.feed(notation::parse(text));
}

/// The type of the next packet, or why there is none.
std::string next(decoder& in) {
  auto got = in.next();
  if (!got)
    return std::string{to_string(got.error().code)};
  return *got ? to_string(type_of(**got)) : "need more";
}

publish decode_message(const bytes& from) {
  auto found = next_frame(from, max_remaining_length + 1);
  auto decoded = decode_publish(**found, version::v5);
  return std::move(*decoded);
}

} // namespace

CAF_TEST(the maximum packet size counts the remaining length and one) {
  CAF_CHECK_EQUAL(outcome("30 {61*99}", 100), "frame");
  CAF_CHECK_EQUAL(outcome("30 {61*100}", 100), "packet_too_large");
  CAF_CHECK_EQUAL(outcome("c0 00", 1), "frame");
}

CAF_TEST(a packet too large is refused before its body arrives) {
  CAF_CHECK_EQUAL(outcome("30 ffffff7f", 2'000'000), "packet_too_large");
  CAF_CHECK_EQUAL(outcome("30 64", 100), "packet_too_large");
  CAF_CHECK_EQUAL(outcome("30 ffffff7f", max_remaining_length + 1),
                  "need more");
}

CAF_TEST(a bad first byte is refused without waiting for the second) {
  CAF_CHECK_EQUAL(outcome("00", 100), "malformed_packet");
  CAF_CHECK_EQUAL(outcome("c1", 100), "malformed_packet");
  CAF_CHECK_EQUAL(outcome("80", 100), "malformed_packet");
  CAF_CHECK_EQUAL(outcome("82", 100), "need more");
}

CAF_TEST(a remaining length of five bytes is refused at its fourth) {
  CAF_CHECK_EQUAL(outcome("30 808080", 100), "need more");
  CAF_CHECK_EQUAL(outcome("30 80808080", 100), "malformed_packet");
}

CAF_TEST(a frame tells where the next one begins) {
  auto two = notation::parse(R"(30 {"a" 'x'} c0 00)");
  auto first = next_frame(two, 100);
  CAF_REQUIRE(first.has_value() && first->has_value());
  CAF_CHECK_EQUAL((*first)->size, 6u);
  CAF_CHECK_EQUAL((*first)->body.size(), 4u);
  CAF_CHECK((*first)->type() == packet_type::publish);
}

CAF_TEST(a decoder gives out what it was fed in order) {
  decoder in;
  feed(in, R"(10 {"MQTT" 05 02 003c {} "c"} c0 00 e0 01)");
  CAF_CHECK_EQUAL(next(in), "CONNECT");
  CAF_CHECK_EQUAL(next(in), "PINGREQ");
  CAF_CHECK_EQUAL(next(in), "need more");
  feed(in, "04");
  CAF_CHECK_EQUAL(next(in), "DISCONNECT");
  CAF_CHECK_EQUAL(next(in), "need more");
}

CAF_TEST(a decoder reads what follows CONNECT in its version) {
  decoder in;
  CAF_CHECK(in.current_version() == version::v311);
  feed(in, R"(10 {"MQTT" 05 02 003c {} "c"} f0 00)");
  CAF_CHECK_EQUAL(next(in), "CONNECT");
  CAF_CHECK(in.current_version() == version::v5);
  CAF_CHECK_EQUAL(next(in), "AUTH");
}

CAF_TEST(a decoder that failed stays failed) {
  decoder in;
  feed(in, "c0 01 00");
  CAF_CHECK_EQUAL(next(in), "malformed_packet");
  feed(in, "c0 00");
  CAF_CHECK_EQUAL(next(in), "malformed_packet");
}

CAF_TEST(a decoder refuses packets above its limit) {
  decoder in{10};
  feed(in, R"(30 {"a" 'xxxxxx'} 30 {"a" 'xxxxxxx'})");
  CAF_CHECK_EQUAL(next(in), "PUBLISH");
  CAF_CHECK_EQUAL(next(in), "packet_too_large");
}

CAF_TEST(properties side by side are a view of the packet) {
  auto from = notation::parse(R"(30 {"a" {02 00000001 01 01 26 "k" "v"} 'x'})");
  auto message = decode_message(from);
  CAF_CHECK(message.gathered_properties == nullptr);
  const auto* begin = reinterpret_cast<const char*>(from.data());
  CAF_CHECK(message.forwarded_properties.data() > begin);
  CAF_CHECK(message.forwarded_properties.data() < begin + from.size());
}

CAF_TEST(gathered properties outlive the message they were decoded into) {
  auto from =
      notation::parse(R"(30 {"a" {26 "a" "1" 23 0001 26 "b" "2"} 'x'})");
  publish copy;
  {
    auto message = decode_message(from);
    CAF_CHECK(message.gathered_properties != nullptr);
    copy = message;
  }
  auto expected = notation::parse(R"(26 "a" "1" 26 "b" "2")");
  CAF_CHECK(std::string(copy.forwarded_properties)
            == std::string(expected.begin(), expected.end()));
}

CAF_TEST(messages are equal wherever their properties lie) {
  auto scattered =
      notation::parse(R"(30 {"a" {26 "a" "1" 23 0001 26 "b" "2"} 'x'})");
  auto joined =
      notation::parse(R"(30 {"a" {23 0001 26 "a" "1" 26 "b" "2"} 'x'})");
  CAF_CHECK(decode_message(scattered) == decode_message(joined));
}
