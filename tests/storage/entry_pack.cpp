#include "storage/entry_pack.hpp"

#include "stores.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

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

/// Entries of which all but the first are differences.
pack_writer similar() {
  pack_writer result;
  for (const auto* each : {"celsius 21.53, ok", "celsius 22.54, ok",
                           "celsius 22.54, ok", "celsius 22.54, no"})
    result.add(*make(spec_of(each)), at_least_once());
  return result;
}

std::string compressed(pack_writer pack) {
  pack_compressor by;
  return std::string{by.compress(pack.value())};
}

} // namespace

CAF_TEST(what was packed comes out as it was) {
  auto pack = varied();
  CAF_CHECK_EQUAL(pack.count(), 4u);
  pack_reader reader;
  CAF_REQUIRE(reader.read(pack.value()));
  const auto& found = reader.entries();
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
  pack.add(*make(spec_of("yz")), {});
  auto two = pack.value().size();
  pack.add(*make(spec_of("yz", "b/topic")), {});
  CAF_CHECK_EQUAL(two - one, 5u + 2);
  CAF_CHECK_EQUAL(pack.value().size() - two, 5u + 2 + 2 + 7);
}

CAF_TEST(of a message like the one before only the difference is said) {
  auto size_with = [](std::string payload, const entry_options& options) {
    pack_writer pack;
    pack.add(*make(spec_of("celsius 21.53, ok")), at_least_once());
    auto one = pack.value().size();
    pack.add(*make(spec_of(std::move(payload))), options);
    return pack.value().size() - one;
  };
  CAF_CHECK_EQUAL(size_with("celsius 21.53, ok", at_least_once()), 2u);
  CAF_CHECK_EQUAL(size_with("celsius 22.54, ok", at_least_once()), 6u);
  CAF_CHECK_EQUAL(size_with("fahrenheit 70, ok", at_least_once()), 5u + 17);
  CAF_CHECK_EQUAL(size_with("celsius 21.53, k", at_least_once()), 5u + 16);
  CAF_CHECK_EQUAL(size_with("celsius 21.53, ok", {}), 5u + 17);
  CAF_CHECK_EQUAL(size_with("celsius 21.53, ok", at_most_once()), 5u + 4 + 17);
}

CAF_TEST(messages that differ little come out as they were) {
  auto with = [](std::string payload, std::string properties) {
    auto result = spec_of(std::move(payload));
    result.properties = std::move(properties);
    return make(result);
  };
  std::string binary{"\x01\x00", 2};
  std::string text{"\x01\x01", 2};
  // The third differs in its properties, the fifth follows one of other sizes.
  std::vector<publication_ptr> messages{with("celsius 21.53, ok", binary),
                                        with("celsius 21.54, ok", binary),
                                        with("celsius 21.54, ok", text),
                                        with("", {}),
                                        with("celsius 21.54, ok", text),
                                        with("celsius 19.01, ok", text),
                                        with("", {}),
                                        with("", {})};
  pack_writer pack;
  for (const auto& each : messages)
    pack.add(*each, at_most_once());
  pack_reader reader;
  for (const auto& value :
       {std::string{pack.value()}, compressed(std::move(pack))}) {
    CAF_REQUIRE(reader.read(value));
    CAF_REQUIRE_EQUAL(reader.entries().size(), messages.size());
    for (size_t i = 0; i < messages.size(); ++i) {
      const auto& found = reader.entries()[i];
      CAF_CHECK_EQUAL(found.message.payload, messages[i]->payload());
      CAF_CHECK_EQUAL(found.message.properties, messages[i]->properties());
      CAF_CHECK_EQUAL(found.message.topic, "a/topic");
      CAF_CHECK(found.header.options == at_most_once());
      CAF_CHECK_EQUAL(found.header.payload_size, messages[i]->payload().size());
    }
  }
}

CAF_TEST(a pack in which all messages are whole is one) {
  // As databases of format 3 have them.
  std::string_view value{"\3\2"
                         "\x09\0\2\0\0\0\1"
                         "a12"
                         "\x49\0\2\0\0"
                         "13",
                         2 + 10 + 7};
  pack_reader reader;
  CAF_REQUIRE(reader.read(value));
  CAF_REQUIRE_EQUAL(reader.entries().size(), 2u);
  CAF_CHECK_EQUAL(reader.entries()[1].message.topic, "a");
  CAF_CHECK_EQUAL(reader.entries()[1].message.payload, "13");
}

CAF_TEST(the first entry of a pack differs from none) {
  pack_reader reader;
  CAF_CHECK(!reader.read({"\x03\x01\x03\0", 4}));
}

CAF_TEST(what a pack says in differences has a bound) {
  pack_writer pack;
  auto message = make(spec_of(std::string(400, 'x')));
  while (!pack.is_full())
    pack.add(*message, {});
  CAF_CHECK_EQUAL(pack.count(), 11u);
  // One that says more was written by nobody.
  auto more = std::string{pack.value()};
  for (int i = 0; i < 10; ++i)
    more.append("\x03\0", 2);
  more[1] = 21;
  pack_reader reader;
  CAF_CHECK(!reader.read(more));
}

CAF_TEST(a writer makes one pack after the other) {
  pack_writer pack = varied();
  pack.clear();
  CAF_CHECK(pack.is_empty());
  pack.add(*make(spec_of("again", "another")), {});
  pack_reader reader;
  CAF_REQUIRE(reader.read(pack.value()));
  CAF_REQUIRE_EQUAL(reader.entries().size(), 1u);
  CAF_CHECK_EQUAL(reader.entries()[0].message.topic, "another");
}

CAF_TEST(a pack is full at some size and at some number of entries) {
  for (size_t size : {1u, 500u}) {
    pack_writer pack;
    auto message = make(spec_of(std::string(size, 'x')));
    while (!pack.is_full())
      pack.add(*message, {});
    pack_reader reader;
    CAF_REQUIRE(reader.read(pack.value()));
    CAF_CHECK_EQUAL(reader.entries().size(), pack.count());
    CAF_CHECK_EQUAL(pack.count(), size == 1 ? 255u : 9u);
  }
}

// -- compression --------------------------------------------------------------

namespace {

/// A pack of messages like those of a sensor. Each has another length than the
/// one before, so that all are whole.
pack_writer telemetry(size_t count) {
  pack_writer result;
  for (size_t i = 0; i < count; ++i)
    result.add(*make(spec_of(R"({"sensor":"boiler-7","celsius":)"
                                 + std::to_string(i % 2 == 0 ? 170 + i : 70 + i)
                                 + R"(,"state":"ok"})",
                             "plant/hall-3/boiler-7")),
               at_least_once());
  return result;
}

} // namespace

CAF_TEST(a compressed pack says what it said before) {
  auto pack = telemetry(20);
  auto small = compressed(telemetry(20));
  CAF_CHECK(small.size() * 4 < pack.value().size());
  CAF_CHECK_EQUAL(pack_count(small).value_or(0), 20u);
  pack_reader reader;
  CAF_REQUIRE(reader.read(small));
  CAF_REQUIRE_EQUAL(reader.entries().size(), 20u);
  CAF_CHECK_EQUAL(reader.entries()[19].message.topic, "plant/hall-3/boiler-7");
  CAF_CHECK_EQUAL(reader.entries()[19].message.payload,
                  R"({"sensor":"boiler-7","celsius":89,"state":"ok"})");
}

CAF_TEST(packs are compressed independently) {
  pack_compressor by;
  std::vector<std::string> made;
  for (size_t i = 1; i <= 20; ++i) {
    auto pack = telemetry(i);
    made.emplace_back(by.compress(pack.value()));
  }
  pack_reader reader;
  for (size_t i = 20; i > 0; --i) {
    CAF_REQUIRE(reader.read(made[i - 1]));
    CAF_CHECK_EQUAL(reader.entries().size(), i);
    CAF_CHECK_EQUAL(made[i - 1], compressed(telemetry(i)));
  }
}

CAF_TEST(what hardly becomes smaller is not compressed) {
  std::mt19937 random{5};
  pack_writer pack;
  while (!pack.is_full()) {
    std::string noise(400, '\0');
    std::generate(noise.begin(), noise.end(), std::ref(random));
    pack.add(*make(spec_of(noise)), {});
  }
  pack_compressor by;
  CAF_CHECK_EQUAL(by.compress(pack.value()), pack.value());
  pack_writer tiny;
  tiny.add(*make(spec_of("", "a")), {});
  CAF_CHECK_EQUAL(by.compress(tiny.value()), tiny.value());
}

CAF_TEST(the largest pack is compressed too) {
  pack_writer pack;
  auto message =
      make(spec_of(std::string(store::shared_body_size - 1 - 7, 'x')));
  while (!pack.is_full())
    pack.add(*message, at_most_once());
  pack_compressor by;
  auto small = std::string{by.compress(pack.value())};
  CAF_CHECK(small.size() < 200);
  pack_reader reader;
  CAF_REQUIRE(reader.read(small));
  CAF_CHECK_EQUAL(reader.entries().size(), pack.count());
}

// -- damage -------------------------------------------------------------------

CAF_TEST(a pack that was cut off is damaged) {
  auto pack = varied();
  auto alike = similar();
  for (const auto& whole :
       {std::string{pack.value()}, std::string{alike.value()},
        compressed(telemetry(5))}) {
    pack_reader reader;
    for (size_t size = 0; size < whole.size(); ++size) {
      // A copy of its own, so that a sanitizer sees what is read behind it.
      std::vector<char> cut(whole.data(), whole.data() + size);
      CAF_CHECK(!reader.read({cut.data(), size}));
      CAF_CHECK(reader.is_empty());
    }
    CAF_CHECK(!reader.read(whole + "x"));
  }
}

CAF_TEST(nothing in a pack is trusted) {
  auto pack = varied();
  auto alike = similar();
  std::mt19937 random{7};
  for (const auto& whole :
       {std::string{pack.value()}, std::string{alike.value()},
        compressed(telemetry(5))})
    for (int i = 0; i < 5'000; ++i) {
      std::vector<char> bytes(whole.begin(), whole.end());
      for (auto changes = 1 + random() % 3; changes > 0; --changes)
        bytes[random() % bytes.size()] = static_cast<char>(random());
      std::string_view value{bytes.data(), bytes.size()};
      pack_reader reader;
      if (!reader.read(value))
        continue;
      CAF_REQUIRE_EQUAL(reader.entries().size(), pack_count(value).value_or(0));
      for (const auto& each : reader.entries()) {
        CAF_REQUIRE(!each.message.topic.empty());
        CAF_REQUIRE_EQUAL(each.header.payload_size,
                          each.message.payload.size());
      }
    }
}

// -- what is packed -----------------------------------------------------------

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
