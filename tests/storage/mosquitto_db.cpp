#include "storage/mosquitto_db.hpp"

#include "mosquitto_file.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace std::string_view_literals;
using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

/// Everything a file says.
struct contents {
  std::vector<mosquitto_message> messages;
  std::vector<mosquitto_client> clients;
  std::vector<mosquitto_entry> entries;
  std::vector<mosquitto_subscription> subscriptions;
  std::vector<mosquitto_retained> retained;
  /// `OFFSET: TEXT` of each failure.
  std::vector<std::string> failures;

  void take(mosquitto_message&& in) { messages.push_back(std::move(in)); }
  void take(mosquitto_client&& in) { clients.push_back(in); }
  void take(mosquitto_entry&& in) { entries.push_back(in); }
  void take(mosquitto_subscription&& in) { subscriptions.push_back(in); }
  void take(mosquitto_retained&& in) { retained.push_back(in); }
  size_t records() const {
    return messages.size() + clients.size() + entries.size()
           + subscriptions.size() + retained.size();
  }
};

contents read_all(std::span<const uint8_t> bytes) {
  contents out;
  auto file = mosquitto_db::open(bytes);
  if (!file) {
    out.failures.emplace_back(file.error().text);
    return out;
  }
  for (;;) {
    auto next = file->next();
    if (!next)
      out.failures.push_back(std::to_string(file->offset()) + ": "
                             + std::string{next.error().text});
    else if (*next)
      std::visit([&](auto& what) { out.take(std::move(what)); }, **next);
    else
      return out;
  }
}

std::string from_hex(std::string_view text) {
  std::string out;
  auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t at = 0; at + 1 < text.size(); at += 2)
    out += static_cast<char>(digit(text[at]) << 4 | digit(text[at + 1]));
  return out;
}

// What Debian's mosquitto 2.0.11 wrote when v5c (MQTT 5, expiry 3600) and old
// (3.1.1) had subscribed and left and p had published to a/b.
const auto written_by_mosquitto =
    from_hex("00b5006d6f7371756974746f206462000000000000000600000001000000"
             "1035000000000000000108000000000000000000020000003e3500000000"
             "00000070d7016b00000000000000050001000100000003557b020170612f"
             "6268656c6c6f1403000a746578742f706c61696e2600016b000176000000"
             "060000001b8ce3016b0000000000000e1000010003557b00000000000076"
             "35630000000300000016350000000000000000010003020b000176356302"
             "0b4d000000060000001b0000000000000000ffffffff00010003557b0000"
             "000000006f6c640000000300000013350000000000000000010003010b00"
             "016f6c6400000005000000120000004d0003000302000000763563612f2b"
             "00000005000000120000000000030003010000006f6c64612f2300000004"
             "000000083500000000000000");

mosquitto_file example(uint32_t format) {
  mosquitto_file file{format};
  file.message(1, "a/b", "one").message(2, "a/c", "two", {2, true, 77, {}});
  file.client("c1").entry("c1", 1, {1, 1, 3}).entry("c1", 2, {});
  file.client("c2", 60, 1700).entry("c2", 2, {9, 2, 7, false, true});
  file.subscription("c1", "a/#", 1).subscription("c2", "a/+", 2, 0x0c, 300);
  file.retained(2);
  return file;
}

} // namespace

CAF_TEST(a file that Mosquitto wrote is read whole) {
  auto got = read_all(as_bytes(written_by_mosquitto));
  CAF_CHECK_EQUAL(got.failures.size(), 0u);
  CAF_REQUIRE_EQUAL(got.messages.size(), 1u);
  const auto& message = got.messages[0];
  CAF_CHECK_EQUAL(message.id, 0x35u);
  CAF_CHECK_EQUAL(message.topic, "a/b");
  CAF_CHECK_EQUAL(message.payload, "hello");
  CAF_CHECK(message.qos == protocol::qos::exactly_once);
  CAF_CHECK(message.retain);
  CAF_CHECK_EQUAL(message.expires_at, 0x6b01d770);
  CAF_CHECK_EQUAL(message.properties, "\x03\0\x0atext/plain&\0\x01k\0\x01v"sv);
  CAF_REQUIRE_EQUAL(got.clients.size(), 2u);
  CAF_CHECK_EQUAL(got.clients[0].id, "v5c");
  CAF_CHECK_EQUAL(got.clients[0].expiry_interval, 3600u);
  CAF_CHECK_EQUAL(got.clients[0].expires_at, 0x6b01e38c);
  CAF_CHECK_EQUAL(got.clients[1].id, "old");
  CAF_CHECK_EQUAL(got.clients[1].expiry_interval, 0xffff'ffffu);
  CAF_CHECK_EQUAL(got.clients[1].expires_at, 0);
  CAF_REQUIRE_EQUAL(got.entries.size(), 2u);
  CAF_CHECK_EQUAL(got.entries[0].client_id, "v5c");
  CAF_CHECK_EQUAL(got.entries[0].message_id, 0x35u);
  CAF_CHECK_EQUAL(got.entries[0].packet_id, 1u);
  CAF_CHECK(got.entries[0].stage == mosquitto_stage::queued);
  CAF_CHECK(!got.entries[0].is_incoming);
  CAF_CHECK_EQUAL(got.entries[0].subscription_id, 77u);
  CAF_CHECK_EQUAL(got.entries[1].client_id, "old");
  CAF_CHECK(got.entries[1].qos == protocol::qos::at_least_once);
  CAF_REQUIRE_EQUAL(got.subscriptions.size(), 2u);
  CAF_CHECK_EQUAL(got.subscriptions[0].client_id, "v5c");
  CAF_CHECK_EQUAL(got.subscriptions[0].filter, "a/+");
  CAF_CHECK_EQUAL(got.subscriptions[0].identifier, 77u);
  CAF_CHECK_EQUAL(got.subscriptions[1].filter, "a/#");
  CAF_REQUIRE_EQUAL(got.retained.size(), 1u);
  CAF_CHECK_EQUAL(got.retained[0].message_id, 0x35u);
}

CAF_TEST(formats 5 and 6 say the same) {
  for (uint32_t format : {5, 6}) {
    auto file = example(format);
    auto got = read_all(file.bytes());
    CAF_CHECK_EQUAL(got.failures.size(), 0u);
    CAF_CHECK_EQUAL(got.records(), 10u);
    CAF_REQUIRE_EQUAL(got.clients.size(), 2u);
    CAF_CHECK_EQUAL(got.clients[1].id, "c2");
    CAF_CHECK_EQUAL(got.clients[1].expiry_interval, 60u);
    CAF_CHECK_EQUAL(got.clients[1].expires_at, 1700);
    CAF_REQUIRE_EQUAL(got.entries.size(), 3u);
    CAF_CHECK(got.entries[0].stage == mosquitto_stage::under_way);
    CAF_CHECK(got.entries[2].is_incoming);
    CAF_CHECK_EQUAL(got.entries[2].packet_id, 9u);
    CAF_REQUIRE_EQUAL(got.subscriptions.size(), 2u);
    CAF_CHECK(got.subscriptions[1].options.no_local);
    CAF_CHECK(got.subscriptions[1].options.retain_as_published);
    CAF_CHECK_EQUAL(got.subscriptions[1].identifier, 300u);
  }
}

CAF_TEST(formats 2 to 4 are read too) {
  for (uint16_t format : {2, 3, 4}) {
    mosquitto_bytes message;
    message.memory_u64(5).text("publisher");
    if (format == 4)
      message.text("").u16(1883);
    message.u16(1).u16(2).text("t").u8(1).u8(1).u32(2).raw("hi");
    mosquitto_bytes client;
    client.text("c").u16(9);
    if (format > 2)
      client.memory_u64(1234);
    auto file =
        mosquitto_header(format)
        + old_mosquitto_chunk(1, mosquitto_bytes{}.u8(1).u8(8).memory_u64(5))
        + old_mosquitto_chunk(2, message) + old_mosquitto_chunk(6, client)
        + old_mosquitto_chunk(
            3, mosquitto_bytes{}.text("c").memory_u64(5).u16(3).u8(1).raw(
                   "\1\1\x0b\0"sv))
        + old_mosquitto_chunk(5, mosquitto_bytes{}.text("c").text("t/#").u8(2))
        + old_mosquitto_chunk(4, mosquitto_bytes{}.memory_u64(5));
    auto got = read_all(as_bytes(file));
    CAF_CHECK_EQUAL(got.failures.size(), 0u);
    CAF_REQUIRE_EQUAL(got.records(), 5u);
    CAF_CHECK_EQUAL(got.messages[0].payload, "hi");
    CAF_CHECK(got.messages[0].retain);
    CAF_CHECK_EQUAL(got.clients[0].expiry_interval, 0xffff'ffffu);
    CAF_CHECK_EQUAL(got.entries[0].packet_id, 3u);
    CAF_CHECK(got.entries[0].retain);
    CAF_CHECK(got.entries[0].stage == mosquitto_stage::queued);
    CAF_CHECK_EQUAL(got.subscriptions[0].filter, "t/#");
  }
}

CAF_TEST(what is behind the client id of a client is not looked at) {
  mosquitto_bytes body;
  body.memory_u64(0).u32(60).u16(1).u16(2).u16(1883).u16(5).u32(0);
  body.raw("id").raw(std::string(1280, '\xee'));
  mosquitto_file file;
  file.add(6, body).client("next");
  auto got = read_all(file.bytes());
  CAF_CHECK_EQUAL(got.failures.size(), 0u);
  CAF_REQUIRE_EQUAL(got.clients.size(), 2u);
  CAF_CHECK_EQUAL(got.clients[0].id, "id");
  CAF_CHECK_EQUAL(got.clients[1].id, "next");
}

CAF_TEST(clients of a 32 - bit x86 build have a shorter head) {
  auto file =
      mosquitto_header(6)
      + mosquitto_chunk(1, mosquitto_bytes{}.memory_u64(9).u8(1).u8(8).u16(0))
      + mosquitto_chunk(6, mosquitto_bytes{}
                               .memory_u64(0)
                               .u32(60)
                               .u16(1)
                               .u16(2)
                               .u16(1883)
                               .u16(0)
                               .raw("id"));
  auto got = read_all(as_bytes(file));
  CAF_CHECK_EQUAL(got.failures.size(), 0u);
  CAF_REQUIRE_EQUAL(got.clients.size(), 1u);
  CAF_CHECK_EQUAL(got.clients[0].id, "id");
}

CAF_TEST(the stages of a message follow from its state and direction) {
  auto stage = [](unsigned state, bool is_incoming) {
    mosquitto_file file;
    file.entry("c", 1, {1, 2, state, false, is_incoming});
    auto got = read_all(file.bytes());
    CAF_REQUIRE_EQUAL(got.entries.size(), 1u);
    return got.entries[0].stage;
  };
  for (unsigned state : {2, 3, 4, 5})
    CAF_CHECK(stage(state, false) == mosquitto_stage::under_way);
  for (unsigned state : {6, 9})
    CAF_CHECK(stage(state, false) == mosquitto_stage::released);
  CAF_CHECK(stage(7, true) == mosquitto_stage::under_way);
  CAF_CHECK(stage(11, true) == mosquitto_stage::queued);
  CAF_CHECK(stage(11, false) == mosquitto_stage::queued);
}

CAF_TEST(of a message only the properties are kept that are passed on) {
  mosquitto_file file;
  file.message(1, "t", "p",
               {1, false, 0, "\x0a\x01\x01\x02\0\0\0\x09\x23\0\x01"sv});
  auto got = read_all(file.bytes());
  CAF_REQUIRE_EQUAL(got.messages.size(), 1u);
  CAF_CHECK_EQUAL(got.messages[0].properties, "\x01\x01"sv);
}

CAF_TEST(what is no database of Mosquitto is refused) {
  auto refusal = [](std::string_view text) {
    auto file = mosquitto_db::open(as_bytes(text));
    CAF_REQUIRE(!file);
    return std::string{file.error().text};
  };
  CAF_CHECK(refusal("").find("no database") != std::string::npos);
  CAF_CHECK(refusal("{\"a\": 1}").find("no database") != std::string::npos);
  CAF_CHECK(refusal("SQLite format 3\0abc"sv).find("SQLite")
            != std::string::npos);
  CAF_CHECK(refusal(mosquitto_header(7)).find("format") != std::string::npos);
  CAF_CHECK(refusal(mosquitto_header(1)).find("format") != std::string::npos);
  auto whole = mosquitto_header(6);
  for (size_t size = 0; size < whole.size(); ++size)
    CAF_CHECK(!mosquitto_db::open(as_bytes(whole.substr(0, size))));
}

CAF_TEST(a file cut anywhere gives what came before and one failure) {
  auto text = example(6).str();
  auto whole = read_all(as_bytes(text)).records();
  size_t before = 0;
  for (auto size = mosquitto_header(6).size(); size < text.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read past its end.
    std::vector<uint8_t> part(text.begin(),
                              text.begin() + static_cast<std::ptrdiff_t>(size));
    auto got = read_all(part);
    CAF_CHECK(got.failures.size() <= 1);
    CAF_CHECK(got.records() >= before && got.records() < whole);
    before = got.records();
    if (!got.failures.empty())
      CAF_CHECK(got.failures[0].find("ends within a record")
                != std::string::npos);
  }
  CAF_CHECK_EQUAL(before, whole - 1);
}

CAF_TEST(a damaged record is told with its place and the next one is read) {
  mosquitto_file file;
  auto place = file.str().size();
  // A topic longer than its record.
  file.add(2, mosquitto_bytes{}
                  .memory_u64(1)
                  .memory_u64(0)
                  .u32(0)
                  .u16(0)
                  .u16(0)
                  .u16(0)
                  .u16(999)
                  .u16(0)
                  .u16(0)
                  .raw("t"));
  file.message(2, "t", "p");
  auto got = read_all(file.bytes());
  CAF_REQUIRE_EQUAL(got.failures.size(), 1u);
  CAF_CHECK_EQUAL(got.failures[0], std::to_string(place)
                                       + ": a field is longer than its record");
  CAF_REQUIRE_EQUAL(got.messages.size(), 1u);
  CAF_CHECK_EQUAL(got.messages[0].id, 2u);
}

CAF_TEST(values that Mosquitto never writes are damage) {
  auto first_failure = [](const mosquitto_file& file) {
    auto got = read_all(file.bytes());
    CAF_REQUIRE_EQUAL(got.failures.size(), 1u);
    CAF_CHECK_EQUAL(got.records(), 0u);
    return got.failures[0];
  };
  auto tells = [&](const mosquitto_file& file, std::string_view what) {
    CAF_CHECK(first_failure(file).find(what) != std::string::npos);
  };
  tells(mosquitto_file{}.message(1, "a/+", ""), "not a topic name");
  tells(mosquitto_file{}.message(1, "", ""), "not a topic name");
  tells(mosquitto_file{}.message(1, "t", "", {3}), "QoS");
  tells(mosquitto_file{}.message(1, "t", "", {1, false, 0, "\x02\x77\x00"sv}),
        "property");
  tells(mosquitto_file{}.client(""), "client id");
  tells(mosquitto_file{}.client("\xff"), "client id");
  tells(mosquitto_file{}.entry("c", 1, {1, 1, 12}), "state");
  tells(mosquitto_file{}.entry("", 1, {}), "client id");
  tells(mosquitto_file{}.subscription("c", "a/#/b", 0), "filter");
  tells(mosquitto_file{}.subscription("c", "a", 3), "QoS");
  tells(mosquitto_file{}.add(99, {}), "unknown kind");
  tells(mosquitto_file{}.add(4, mosquitto_bytes{}.u8(0)), "longer");
}

CAF_TEST(a message can be read once more) {
  mosquitto_file file;
  file.message(1, "a", "one").message(2, "b", "two");
  auto db = mosquitto_db::open(file.bytes());
  CAF_REQUIRE(db.has_value());
  CAF_REQUIRE(db->next().has_value());
  auto first = db->offset();
  CAF_REQUIRE(db->next().has_value());
  auto second = db->offset();
  CAF_CHECK_EQUAL(db->done(), db->size());
  CAF_CHECK(db->message_at(first)->payload == "one");
  CAF_CHECK(db->message_at(second)->topic == "b");
}
