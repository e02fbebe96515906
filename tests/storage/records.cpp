// Encoding is tested through the store; here is what decoding makes of bytes
// that nobody wrote.
#include "storage/records.hpp"

#include "storage/entry_pack.hpp"
#include "storage/inspect.hpp"
#include "storage/keys.hpp"
#include "storage/meta.hpp"
#include "stores.hpp"

#include <caf/test/unit_test.hpp>

#include <random>

using namespace troupe;
using namespace troupe::test;
using namespace troupe::storage;

namespace {

struct record {
  family where;
  std::string key;
  std::string value;
};

template <size_t Size>
std::string joined(const value_parts<Size>& from) {
  std::string result;
  for (int i = 0; i < from.count; ++i)
    result += from.parts[static_cast<size_t>(i)].ToString();
  return result;
}

author_ptr make_author() {
  return author::make("client", "user", "1883");
}

// What is encoded refers to the message and to who wrote it.
std::string retained_record(const retained_message& what,
                            wall_time expires_at) {
  retained_parts parts;
  encode_retained(parts, what, expires_at);
  return joined(parts);
}

// One record of every form.
std::vector<record> all_records() {
  std::vector<record> result;
  message_spec spec;
  spec.properties = std::string{"\x01\x01", 2};
  spec.expiry = 60;
  auto message = make(spec);
  std::string session{session_id{1}.view()};
  std::string entry{entry_id{1, 2}.view()};
  result.push_back(
      {family::sessions, session, encode_session(make_session(1))});
  auto of_bridge = make_session(1);
  of_bridge.is_bridge = true;
  result.push_back({family::sessions, session, encode_session(of_bridge)});
  stored_subscription filter;
  filter.filter = "a/#";
  subscription_value subscription;
  result.push_back({family::subscriptions, subscription_key(1, "a/#"),
                    std::string{encode_subscription(subscription, filter)}});
  entry_parts whole;
  encode_entry(whole, *message, {}, {5, 0});
  result.push_back({family::queue, entry, joined(whole)});
  encode_entry(whole, *message, {}, {5, 3});
  result.push_back({family::queue, entry, joined(whole)});
  small_entry small;
  result.push_back(
      {family::queue, entry,
       std::string{encode_shared(small, *message, {}, {0, 7}, 7)}});
  result.push_back({family::queue, entry,
                    std::string{encode_shared(small, *message, {}, {}, 7)}});
  result.push_back(
      {family::queue, entry, std::string{encode_released(small, 9)}});
  pack_writer pack;
  pack.add(*make(message_spec{}), {});
  pack.add(*make(spec), {});
  result.push_back({family::queue, std::string{pack_at({1, 2}).view()},
                    std::string{pack.value()}});
  while (pack.count() < 100)
    pack.add(*make(message_spec{}), {});
  pack_compressor compressor;
  result.push_back({family::queue, std::string{pack_at({1, 200}).view()},
                    std::string{compressor.compress(pack.value())}});
  result.push_back({family::queue, std::string{gap_at({1, 2}).view()},
                    std::string{gap_value}});
  body_parts body;
  encode_body(body, *message, 3);
  result.push_back(
      {family::bodies, std::string{body_key{7}.view()}, joined(body)});
  result.push_back({family::incoming, std::string{packet_key{1, 2}.view()},
                    std::string{incoming_value}});
  result.push_back({family::windows, session,
                    encode_window(std::vector<launch_run>{{1, 2, 3}})});
  result.push_back(
      {family::retained, "a/topic", retained_record({message, nullptr}, 5)});
  result.push_back({family::retained, "a/topic",
                    retained_record({message, make_author()}, 5)});
  stored_will will;
  will.message = message;
  will_parts parts;
  encode_will(parts, will, test_now);
  result.push_back({family::wills, session, joined(parts)});
  will.by = make_author();
  encode_will(parts, will, test_now);
  result.push_back({family::wills, session, joined(parts)});
  seen_value seen;
  result.push_back({family::seen, std::string{key_of({1, 2, 3}, 4).view()},
                    std::string{encode_seen(seen, {1, 2, 3, 4})}});
  meta_value number;
  result.push_back({family::meta, std::string{format_key},
                    std::string{encode_meta(number, 1)}});
  return result;
}

} // namespace

CAF_TEST(what was encoded is sound) {
  for (const auto& each : all_records())
    CAF_CHECK(is_sound(each.where, each.key, each.value));
}

CAF_TEST(a record of another format is not sound) {
  for (auto each : all_records()) {
    each.value[0] = 9;
    CAF_CHECK(!is_sound(each.where, each.key, each.value));
  }
}

CAF_TEST(a record that was cut off is read no further than it goes) {
  for (const auto& each : all_records())
    for (size_t size = 0; size < each.value.size(); ++size) {
      // A copy of its own, so that a sanitizer sees what is read behind it.
      std::vector<char> cut(each.value.data(), each.value.data() + size);
      std::string_view value{cut.data(), size};
      // What ends in text of any length, or is a list, may be shorter.
      if (size < 8 && each.where != family::windows)
        CAF_CHECK(!is_sound(each.where, each.key, value));
      else
        is_sound(each.where, each.key, value);
    }
}

CAF_TEST(a key that was cut off is not sound) {
  for (const auto& each : all_records())
    for (size_t size = 0; size < each.key.size(); ++size)
      if (each.where != family::retained || size == 0)
        CAF_CHECK(
            (each.where == family::subscriptions && size > 8)
            || !is_sound(each.where, each.key.substr(0, size), each.value));
}

CAF_TEST(whatever the bytes are decoding ends well) {
  std::mt19937 random{7};
  for (auto each : all_records())
    for (int round = 0; round < 3000; ++round) {
      auto value = each.value;
      for (auto changes = 1 + random() % 4; changes > 0; --changes)
        value[random() % value.size()] = static_cast<char>(random());
      is_sound(each.where, each.key, value);
      value = "\x01";
      for (auto more = random() % 80; more > 0; --more)
        value += static_cast<char>(random());
      is_sound(each.where, each.key, value);
    }
}

CAF_TEST(times and flags that cannot be are refused) {
  entry_parts parts;
  auto message = make("x");
  encode_entry(parts, *message, {}, {latest_time, 0});
  auto value = joined(parts);
  CAF_CHECK(decode_entry(value));
  value[expiry_offset] = '\x7f';
  CAF_CHECK(!decode_entry(value));
  value = joined(parts);
  value[1] = 3;
  CAF_CHECK(!decode_entry(value));
  value = joined(parts);
  value[22] = 3;
  CAF_CHECK(!decode_entry(value));
  value = joined(parts) + "x";
  CAF_CHECK(decode_entry(value)); // properties
  small_entry small;
  CAF_CHECK(!decode_entry(std::string{encode_released(small, 1)} + "x"));
}

// -- what older programs have written -----------------------------------------

CAF_TEST(records of ordinary messages and clients are what they always were) {
  using namespace std::string_view_literals;
  stored_subscription filter;
  filter.filter = "a";
  filter.options = {protocol::qos::at_least_once, true, true,
                    protocol::retain_handling::no_retained};
  subscription_value value;
  CAF_CHECK(encode_subscription(value, filter) == "\x01\x2d\0\0\0\0\0\0"sv);
  CAF_CHECK(decode_subscription("a", "\x01\x2d\0\0\0\0\0\0"sv) == filter);
  message_spec spec;
  spec.topic = "t";
  spec.payload = "p";
  spec.properties = std::string{"\x01\x01", 2};
  CAF_CHECK(retained_record({make(spec), nullptr}, 0)
            == "\x01\x01\0\0\0\0\0\0\0\0\0\0\0\x01p\x01\x01"sv);
}

CAF_TEST(older programs do not take the subscription of a peer for another) {
  stored_subscription filter;
  filter.filter = "a";
  filter.options.is_peer = true;
  subscription_value value;
  std::string bytes{encode_subscription(value, filter)};
  CAF_CHECK_EQUAL(bytes[0], 2);
  CAF_CHECK(decode_subscription("a", bytes) == filter);
  bytes[0] = 1;
  CAF_CHECK(!decode_subscription("a", bytes));
  bytes[0] = 3;
  CAF_CHECK(!decode_subscription("a", bytes));
  bytes[0] = 2;
  bytes[1] = static_cast<char>(0x80);
  CAF_CHECK(!decode_subscription("a", bytes));
}

CAF_TEST(the session of a client is what it always was) {
  auto session = make_session(1);
  session.is_connected = true;
  auto of_client = encode_session(session);
  CAF_CHECK_EQUAL(of_client.substr(0, 2), "\x01\x01");
  session.is_bridge = true;
  auto of_bridge = encode_session(session);
  CAF_CHECK_EQUAL(of_bridge.substr(0, 2), "\x02\x03");
  CAF_CHECK_EQUAL(of_bridge.substr(2), of_client.substr(2));
  CAF_CHECK(decode_session(1, of_bridge) == session);
  // The format and the flag are one thing, said twice.
  of_client[0] = 2;
  of_bridge[0] = 1;
  CAF_CHECK(!decode_session(1, of_client));
  CAF_CHECK(!decode_session(1, of_bridge));
}

CAF_TEST(what only looks like a path is a property as before) {
  std::string value(most_path_bytes + 1, 'x');
  std::string properties{"\x26\0\x0btroupe-path", 14};
  properties += static_cast<char>(value.size() >> 8);
  properties += static_cast<char>(value.size() & 0xff);
  properties += value;
  message_view view;
  view.topic = "t";
  view.properties = properties;
  auto message = to_publication(view, 0, test_now);
  CAF_CHECK(message->path().empty());
  CAF_CHECK_EQUAL(message->properties(), properties);
}
