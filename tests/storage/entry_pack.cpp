#include "storage/entry_pack.hpp"

#include "stores.hpp"

#include <caf/test/unit_test.hpp>

#include <random>

using namespace troupe;
using namespace troupe::test;
using namespace troupe::storage;
using protocol::qos;

namespace {

message_spec spec_of(std::string payload, std::string topic = "a/topic") {
  message_spec result;
  result.payload = std::move(payload);
  result.topic = std::move(topic);
  return result;
}

entry_options at_most_once() {
  entry_options result;
  result.subscription_id = 268'435'455;
  return result;
}

entry_options at_least_once() {
  entry_options result;
  result.qos = qos::at_least_once;
  result.retain = true;
  return result;
}

/// Four entries that have something of everything.
pack_writer varied() {
  pack_writer result;
  auto first = spec_of("one");
  first.retain = true;
  result.add(*make(first), at_most_once());
  result.add(*make(spec_of("")), at_least_once());
  auto third = spec_of("three", "another");
  third.qos = qos::exactly_once;
  third.properties = std::string{"\x01\x01", 2};
  result.add(*make(third), {});
  result.add(*make(spec_of("four", "another")), {});
  return result;
}

} // namespace

CAF_TEST(what was packed comes out as it was) {
  auto pack = varied();
  CAF_CHECK_EQUAL(pack.count(), 4u);
  std::vector<entry_view> found;
  CAF_REQUIRE(decode_pack(pack.value(), found));
  CAF_REQUIRE_EQUAL(found.size(), 4u);
  CAF_CHECK(found[0].header.options == at_most_once());
  CAF_CHECK(found[1].header.options == at_least_once());
  CAF_CHECK(found[2].header.options == entry_options{});
  CAF_CHECK_EQUAL(found[0].message.topic, "a/topic");
  CAF_CHECK_EQUAL(found[1].message.topic, "a/topic");
  CAF_CHECK_EQUAL(found[2].message.topic, "another");
  CAF_CHECK_EQUAL(found[3].message.topic, "another");
  CAF_CHECK_EQUAL(found[0].message.payload, "one");
  CAF_CHECK_EQUAL(found[1].message.payload, "");
  CAF_CHECK_EQUAL(found[3].message.payload, "four");
  CAF_CHECK(found[0].message.retain);
  CAF_CHECK(!found[1].message.retain);
  CAF_CHECK(found[1].message.qos == qos::at_least_once);
  CAF_CHECK(found[2].message.qos == qos::exactly_once);
  CAF_CHECK_EQUAL(found[2].message.properties, (std::string{"\x01\x01", 2}));
  CAF_CHECK_EQUAL(found[3].message.properties, "");
  for (const auto& each : found) {
    CAF_CHECK_EQUAL(each.header.payload_size, each.message.payload.size());
    CAF_CHECK(each.header.kind == entry_kind::whole);
    CAF_CHECK_EQUAL(each.header.expires_at, 0);
  }
}

CAF_TEST(a topic is said once as long as it stays the same) {
  pack_writer pack;
  pack.add(*make(spec_of("x")), {});
  auto one = pack.value().size();
  pack.add(*make(spec_of("x")), {});
  auto two = pack.value().size();
  pack.add(*make(spec_of("x", "b/topic")), {});
  CAF_CHECK_EQUAL(two - one, 6u);
  CAF_CHECK_EQUAL(pack.value().size() - two, 6u + 2 + 7);
}

CAF_TEST(a writer makes one pack after the other) {
  pack_writer pack = varied();
  pack.clear();
  CAF_CHECK(pack.is_empty());
  pack.add(*make(spec_of("again", "another")), {});
  std::vector<entry_view> found;
  CAF_REQUIRE(decode_pack(pack.value(), found));
  CAF_REQUIRE_EQUAL(found.size(), 1u);
  CAF_CHECK_EQUAL(found[0].message.topic, "another");
}

CAF_TEST(a pack is full at some size and at some number of entries) {
  for (size_t size : {1u, 500u}) {
    pack_writer pack;
    auto message = make(spec_of(std::string(size, 'x')));
    while (!pack.is_full())
      pack.add(*message, {});
    std::vector<entry_view> found;
    CAF_REQUIRE(decode_pack(pack.value(), found));
    CAF_CHECK_EQUAL(found.size(), pack.count());
    CAF_CHECK_EQUAL(pack.count(), size == 1 ? 255u : 9u);
  }
}

CAF_TEST(a pack that was cut off is damaged) {
  auto pack = varied();
  auto whole = std::string{pack.value()};
  std::vector<entry_view> found;
  for (size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that a sanitizer sees what is read behind it.
    std::vector<char> cut(whole.data(), whole.data() + size);
    CAF_CHECK(!decode_pack({cut.data(), size}, found));
  }
  CAF_CHECK(!decode_pack(whole + "x", found));
}

CAF_TEST(nothing in a pack is trusted) {
  auto pack = varied();
  auto whole = std::string{pack.value()};
  std::mt19937 random{7};
  for (int i = 0; i < 100'000; ++i) {
    std::vector<char> bytes(whole.begin(), whole.end());
    for (auto changes = 1 + random() % 3; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    std::vector<entry_view> found;
    if (!decode_pack({bytes.data(), bytes.size()}, found))
      continue;
    auto count = pack_count({bytes.data(), bytes.size()});
    CAF_REQUIRE(count);
    CAF_REQUIRE_EQUAL(found.size(), *count);
    for (const auto& each : found) {
      CAF_REQUIRE(!each.message.topic.empty());
      CAF_REQUIRE_EQUAL(each.header.payload_size, each.message.payload.size());
    }
  }
}

CAF_TEST(only small messages that nobody changes are packed) {
  auto message = make(spec_of("x"));
  CAF_CHECK(is_packed(*message, at_most_once(), {}));
  CAF_CHECK(is_packed(*message, at_least_once(), {}));
  entry_options options;
  options.qos = qos::exactly_once;
  CAF_CHECK(!is_packed(*message, options, {}));
  options = {};
  options.packet_id = 1;
  CAF_CHECK(!is_packed(*message, options, {}));
  options = {};
  options.shared = 1;
  CAF_CHECK(!is_packed(*message, options, {}));
  CAF_CHECK(!is_packed(*message, {}, {1, 0}));
  CAF_CHECK(!is_packed(*message, {}, {0, 1}));
  auto topic = message->topic().size();
  auto most = std::string(store::shared_body_size - topic - 1, 'x');
  CAF_CHECK(is_packed(*make(spec_of(most)), {}, {}));
  CAF_CHECK(!is_packed(*make(spec_of(most + "x")), {}, {}));
}
