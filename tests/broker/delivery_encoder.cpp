#include "broker/delivery_encoder.hpp"

#include "protocol/decoder.hpp"
#include "protocol/encoder.hpp"
#include "publications.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::broker;
using protocol::qos;
using protocol::version;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr version all_versions[] = {version::v31, version::v311, version::v5};

/// What a client reads back; the bytes stay alive with it.
struct received {
  byte_buffer bytes;
  protocol::publish packet;
};

received receive(const publication& message, const delivery_header& header,
                 version v, time_point now = test_start) {
  received result;
  encode_delivery(result.bytes, message, header, v, now);
  CAF_CHECK_EQUAL(delivery_size(message, header, v), result.bytes.size());
  auto frame = protocol::next_frame(result.bytes.bytes(),
                                    protocol::max_remaining_length);
  CAF_REQUIRE(frame && frame->has_value());
  CAF_CHECK_EQUAL((*frame)->size, result.bytes.size());
  auto packet = protocol::decode_publish(**frame, v);
  CAF_REQUIRE(packet);
  result.packet = *packet;
  return result;
}

publication_ptr with_properties(std::string_view topic,
                                std::string_view payload,
                                std::optional<uint32_t> expiry) {
  byte_buffer properties;
  protocol::append_content_type(properties, "text/plain");
  protocol::append_user_property(properties, "name", "value");
  protocol::message source;
  source.topic = topic;
  source.payload = payload;
  source.forwarded_properties = properties.view();
  source.message_expiry_interval = expiry;
  return publication::make(source, test_start);
}

/// Every combination of flags that the specification allows.
std::vector<delivery_header> all_headers() {
  std::vector<delivery_header> result;
  for (auto level : {0, 1, 2})
    for (auto flags = 0; flags < 4; ++flags) {
      delivery_header header;
      header.qos = static_cast<qos>(level);
      header.packet_id = level == 0 ? 0 : 0xabcd;
      header.retain = (flags & 1) != 0;
      header.dup = (flags & 2) != 0 && level != 0;
      result.push_back(header);
    }
  return result;
}

uint32_t expiry_after(duration passed, uint32_t interval) {
  auto message = make_publication("x", "t", interval);
  auto out = receive(*message, {}, version::v5, test_start + passed);
  return out.packet.message_expiry_interval.value_or(0);
}

} // namespace

CAF_TEST(what the codec reads is what was delivered) {
  for (auto size : {0, 1, 117, 118, 16'000, 16'384, 2'097'152}) {
    auto message = with_properties("a/topic", std::string(size, 'x'), 60);
    for (auto v : all_versions)
      for (const auto& header : all_headers()) {
        auto [bytes, packet] = receive(*message, header, v);
        CAF_CHECK_EQUAL(packet.topic, "a/topic");
        CAF_CHECK(packet.payload == message->payload());
        CAF_CHECK(packet.qos == header.qos);
        CAF_CHECK_EQUAL(packet.packet_id, header.packet_id);
        CAF_CHECK_EQUAL(packet.retain, header.retain);
        CAF_CHECK_EQUAL(packet.dup, header.dup);
        auto is_v5 = v == version::v5;
        CAF_CHECK(packet.forwarded_properties
                  == (is_v5 ? message->properties() : std::string_view{}));
        CAF_CHECK_EQUAL(packet.message_expiry_interval.value_or(0),
                        is_v5 ? 60u : 0u);
      }
  }
}

CAF_TEST(the bytes are those of the codec) {
  auto message = with_properties("a", "payload", std::nullopt);
  protocol::publish packet;
  packet.topic = message->topic();
  packet.payload = message->payload();
  packet.forwarded_properties = message->properties();
  for (auto v : all_versions)
    for (auto header : all_headers()) {
      packet.qos = header.qos;
      packet.packet_id = header.packet_id;
      packet.retain = header.retain;
      packet.dup = header.dup;
      if (v == version::v5) {
        header.subscription_id = 200;
        packet.subscription_ids = {200};
      }
      byte_buffer expected;
      protocol::encode(expected, packet, v);
      CAF_CHECK(receive(*message, header, v).bytes.view() == expected.view());
    }
}

CAF_TEST(subscription identifiers of every length arrive) {
  auto message = make_publication("x");
  for (uint32_t id : {1, 127, 128, 16'383, 16'384, 2'097'152, 268'435'455}) {
    delivery_header header;
    header.subscription_id = id;
    auto out = receive(*message, header, version::v5);
    CAF_REQUIRE_EQUAL(out.packet.subscription_ids.size(), 1u);
    CAF_CHECK_EQUAL(out.packet.subscription_ids.front(), id);
  }
}

CAF_TEST(an alias comes with the topic or in its place) {
  auto message = make_publication("x", "a/b");
  delivery_header header;
  header.topic_alias = 0x1234;
  auto first = receive(*message, header, version::v5);
  CAF_CHECK_EQUAL(first.packet.topic_alias, 0x1234);
  CAF_CHECK_EQUAL(first.packet.topic, "a/b");
  header.omit_topic = true;
  auto second = receive(*message, header, version::v5);
  CAF_CHECK_EQUAL(second.packet.topic_alias, 0x1234);
  CAF_CHECK_EQUAL(second.packet.topic, "");
  CAF_CHECK_EQUAL(second.packet.payload, "x");
}

CAF_TEST(what only MQTT 5 knows is not sent to others) {
  auto message = with_properties("a/b", "x", 5);
  for (auto v : {version::v31, version::v311})
    for (auto header : all_headers()) {
      header.topic_alias = 1;
      header.omit_topic = true;
      header.subscription_id = 9;
      auto out = receive(*message, header, v);
      CAF_CHECK_EQUAL(out.packet.topic, "a/b");
      CAF_CHECK_EQUAL(out.packet.payload, "x");
    }
}

// [MQTT-3.3.1-2]
CAF_TEST(a message of QoS 0 is never a duplicate) {
  delivery_header header;
  header.dup = true;
  auto message = make_publication("x");
  for (auto v : all_versions)
    CAF_CHECK(!receive(*message, header, v).packet.dup);
}

// [MQTT-3.3.2-6]
CAF_TEST(the message expiry interval counts down to one) {
  CAF_CHECK_EQUAL(expiry_after(seconds{0}, 10), 10u);
  CAF_CHECK_EQUAL(expiry_after(seconds{3}, 10), 7u);
  CAF_CHECK_EQUAL(expiry_after(milliseconds{9900}, 10), 1u);
  CAF_CHECK_EQUAL(expiry_after(seconds{11}, 10), 1u);
}

// The loop of the receiver may have read its clock before that of the sender.
CAF_TEST(the message expiry interval never grows) {
  CAF_CHECK_EQUAL(expiry_after(milliseconds{-20}, 10), 10u);
  CAF_CHECK_EQUAL(expiry_after(milliseconds{-20}, UINT32_MAX), UINT32_MAX);
}

CAF_TEST(deliveries are appended) {
  auto message = make_publication("x", "t");
  byte_buffer out;
  encode_delivery(out, *message, {}, version::v311, test_start);
  encode_delivery(out, *message, {}, version::v311, test_start);
  CAF_CHECK_EQUAL(out.size(), 2 * delivery_size(*message, {}, version::v311));
}

CAF_TEST(a client does not see what is in front of its mount point) {
  auto message = with_properties("site/a/b", "x", std::nullopt);
  delivery_header header;
  header.hidden_prefix = 5;
  for (auto v : all_versions) {
    auto got = receive(*message, header, v);
    CAF_CHECK_EQUAL(got.packet.topic, "a/b");
    CAF_CHECK_EQUAL(got.packet.payload, "x");
  }
}

CAF_TEST(a client sees another front of the topic) {
  auto message = with_properties("site/a/b", "x", std::nullopt);
  struct {
    uint16_t hidden;
    std::string_view added;
    std::string_view seen;
  } rows[] = {{0, "far/", "far/site/a/b"},
              {5, "far/", "far/a/b"},
              {5, "", "a/b"},
              {8, "lamp", "lamp"},
              {0, "", "site/a/b"}};
  for (const auto& row : rows)
    for (auto v : all_versions)
      for (auto header : all_headers()) {
        header.hidden_prefix = row.hidden;
        header.added_prefix = row.added;
        auto got = receive(*message, header, v);
        CAF_CHECK_EQUAL(got.packet.topic, row.seen);
        CAF_CHECK_EQUAL(got.packet.payload, "x");
        CAF_CHECK_EQUAL(got.packet.packet_id, header.packet_id);
      }
}

CAF_TEST(an alias takes the place of the changed topic as well) {
  auto message = make_publication("x", "site/a");
  delivery_header header;
  header.hidden_prefix = 5;
  header.added_prefix = "far/";
  header.topic_alias = 3;
  CAF_CHECK_EQUAL(receive(*message, header, version::v5).packet.topic, "far/a");
  header.omit_topic = true;
  auto got = receive(*message, header, version::v5);
  CAF_CHECK_EQUAL(got.packet.topic, "");
  CAF_CHECK_EQUAL(got.packet.topic_alias, 3);
  CAF_CHECK_EQUAL(got.packet.payload, "x");
  CAF_CHECK_EQUAL(receive(*message, header, version::v311).packet.topic,
                  "far/a");
}

CAF_TEST(a changed topic may be as long as topics can be) {
  auto message = make_publication("x", "a/" + std::string(60'000, 'b'));
  delivery_header header;
  header.hidden_prefix = 2;
  std::string added(5535, 'c');
  header.added_prefix = added;
  for (auto v : all_versions)
    CAF_CHECK_EQUAL(receive(*message, header, v).packet.topic.size(), 65'535u);
}

CAF_TEST(only peers are sent the path) {
  constexpr std::string_view path = "9f86d081884c7d65/18c2f3a4b5d.0/1f2";
  auto plain = with_properties("a/topic", "body", 60);
  auto message = with_path(*plain, path);
  for (auto v : all_versions)
    for (auto header : all_headers()) {
      auto ordinary = receive(*message, header, v);
      CAF_CHECK(ordinary.bytes.view()
                == receive(*plain, header, v).bytes.view());
      header.with_path = true;
      auto got = receive(*message, header, v);
      if (v != version::v5) {
        CAF_CHECK(got.bytes.view() == ordinary.bytes.view());
        continue;
      }
      CAF_CHECK_EQUAL(got.packet.payload, "body");
      CAF_CHECK_EQUAL(take_path(got.packet), path);
      CAF_CHECK_EQUAL(got.packet.forwarded_properties, plain->properties());
      // What has none is sent as it is.
      CAF_CHECK(receive(*plain, header, v).bytes.view()
                == ordinary.bytes.view());
    }
}
