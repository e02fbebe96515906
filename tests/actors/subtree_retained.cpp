// How a subtree keeps and replays retained messages.
#include "subtree_fixture.hpp"

#include <malloc.h>

#include <algorithm>
#include <functional>
#include <map>

using namespace troupe;
using namespace troupe::actors;
using namespace troupe::actors::subtree_test;
using protocol::retain_handling;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

/// Bytes this process has allocated; 0 under AddressSanitizer.
size_t bytes_in_use() {
  auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(subtree_retained_tests, subtree_fixture)

// [MQTT-3.3.1-12], [MQTT-3.3.1-13]
CAF_TEST(live messages carry the retain flag only as published) {
  auto as_published = want("a");
  as_published.options.retain_as_published = true;
  subscribe(anna, as_published);
  subscribe(bert, want("a"));
  retain("a", "x");
  publish("a", "y");
  CAF_CHECK_EQUAL(anna.take(), "xR y");
  CAF_CHECK_EQUAL(bert.take(), "x y");
}

CAF_TEST(the last retained message of a topic is replayed) {
  retain("a", "old");
  retain("a", "new", qos2);
  publish("a", "not kept");
  subscribe(anna, want("+", qos1, 4));
  CAF_CHECK_EQUAL(anna.take(), "new@1#4R~");
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 1u);
  CAF_CHECK(stats.retained_bytes.value() > 0);
}

// [MQTT-3.3.1-6]
CAF_TEST(an empty payload removes the retained message and is passed on) {
  retain("a", "x");
  subscribe(bert, want("b"));
  subscribe(anna, want("a"));
  anna.take();
  retain("a", "");
  CAF_CHECK_EQUAL(anna.values.size(), 2u);
  subscribe(bert, want("a"));
  CAF_CHECK_EQUAL(bert.take(), "");
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 0u);
}

// [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11]
CAF_TEST(retain handling says when retained messages are replayed) {
  retain("a", "x");
  auto ask = [this](retain_handling how, bool is_new) {
    auto request = want("a");
    request.options.retain_handling = how;
    request.is_new = is_new;
    subscribe(anna, request);
    return anna.take();
  };
  CAF_CHECK_EQUAL(ask(retain_handling::always, true), "xR~");
  CAF_CHECK_EQUAL(ask(retain_handling::always, false), "xR~");
  CAF_CHECK_EQUAL(ask(retain_handling::if_new, true), "xR~");
  CAF_CHECK_EQUAL(ask(retain_handling::if_new, false), "");
  CAF_CHECK_EQUAL(ask(retain_handling::no_retained, true), "");
}

CAF_TEST(shared subscriptions get no retained messages) {
  retain("a", "x");
  subscribe(anna, want("$share/g/a"));
  CAF_CHECK_EQUAL(anna.take(), "");
}

CAF_TEST(an expired retained message is neither replayed nor kept) {
  protocol::message source;
  source.topic = "a";
  source.payload = "x";
  source.retain = true;
  source.message_expiry_interval = 1;
  publish(
      batch_of({broker::publication::make(source, clock::now() - seconds{2})}));
  subscribe(anna, want("a"));
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 1u);
  tell(actor, housekeeping{});
  consume_messages();
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 0u);
}

CAF_TEST(every retained message is replayed once and in chunks) {
  retain_many(1000);
  subscribe(anna, want("many/#"));
  CAF_CHECK_EQUAL(anna.values.size(), 1000u);
  CAF_CHECK(anna.batches >= 4);
  std::sort(anna.values.begin(), anna.values.end());
  auto end = std::unique(anna.values.begin(), anna.values.end());
  CAF_CHECK_EQUAL(end - anna.values.begin(), 1000);
}

CAF_TEST(the next chunk waits until the last one was taken) {
  retain_many(1000);
  anna.keep = true;
  subscribe(anna, want("many/#"));
  CAF_CHECK_EQUAL(anna.values.size(), 256u);
  anna.kept.clear();
  consume_messages();
  CAF_CHECK_EQUAL(anna.values.size(), 512u);
}

CAF_TEST(a replay never brings an older value behind a newer one) {
  retain_many(1000);
  anna.keep = true;
  subscribe(anna, want("many/#"));
  // While the first chunk is on its way each topic gets a new value.
  for (int i = 0; i < 1000; i += 3)
    retain("many/" + std::to_string(i), "new");
  retain("many/500", "");
  anna.keep = false;
  anna.kept.clear();
  consume_messages();
  std::map<std::string, std::string> last;
  for (const auto& [topic, payload] : anna.values) {
    CAF_CHECK(last[topic] != "new" || payload != "old");
    last[topic] = payload;
  }
  CAF_CHECK_EQUAL(last.size(), 1000u);
  CAF_CHECK_EQUAL(last["many/0"], "new");
  CAF_CHECK_EQUAL(last["many/999"], "new");
  CAF_CHECK_EQUAL(last["many/998"], "old");
}

// [MQTT-3.10.4-2]
CAF_TEST(unsubscribing ends a replay under way) {
  retain_many(1000);
  anna.keep = true;
  subscribe(anna, want("many/#"));
  subscribe(anna, want("other"));
  unsubscribe(anna, "many/#");
  anna.keep = false;
  anna.kept.clear();
  consume_messages();
  CAF_CHECK_EQUAL(anna.values.size(), 256u);
}

CAF_TEST(subscribing again begins the replay anew) {
  retain_many(1000);
  anna.keep = true;
  for (int i = 0; i < 5; ++i)
    subscribe(anna, want("many/#"));
  anna.keep = false;
  anna.kept.clear();
  consume_messages();
  CAF_CHECK_EQUAL(anna.values.size(), 4 * 256 + 1000u);
}

CAF_TEST(a session that begins anew does not get the replays of the old one) {
  retain_many(1000);
  anna.keep = true;
  subscribe(anna, want("many/#"));
  leave(anna, {"many/#"});
  subscribe(anna, want("other"));
  anna.keep = false;
  anna.kept.clear();
  consume_messages();
  CAF_CHECK_EQUAL(anna.values.size(), 256u);
}

CAF_TEST(a replay of little among much lets others pass) {
  for (int i = 0; i < 10'000; ++i)
    retain("many/" + std::to_string(i) + "/x", "x");
  retain("many/last/y", "wanted");
  subscribe(bert, want("live"));
  subscribe_filters request;
  request.session = anna.handle;
  request.subscriber = caf::actor_cast<subscriber_actor>(anna.handle);
  request.key = anna.key;
  request.filters.push_back(want("many/+/y"));
  tell(actor, std::move(request));
  tell(actor, route{batch_of({message("live", "x")})});
  while (bert.text.empty())
    CAF_REQUIRE(consume_message());
  CAF_CHECK_EQUAL(anna.take(), "");
  consume_messages();
  CAF_CHECK_EQUAL(anna.take(), "wantedR~");
}

CAF_TEST(retained messages go after retain_expiry_interval) {
  // The subtree reads the loop's clock, so the loop's turns are the time.
  loop home{sys, 0};
  CAF_REQUIRE_EQUAL(home.open(), "");
  start({false, seconds{60}, {}});
  auto at = clock::now();
  auto turn = [&](seconds passed, std::function<void()> what) {
    run_on(home, std::move(what));
    home.run_one_turn(at + passed);
    consume_messages();
  };
  turn(seconds{0}, [&] {
    tell(actor, route{batch_of({message("a", "1", qos1, true),
                                message("b", "2", qos1, true)})});
  });
  turn(seconds{50},
       [&] { tell(actor, route{batch_of({message("a", "3", qos1, true)})}); });
  turn(seconds{61}, [&] { tell(actor, housekeeping{}); });
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 1u);
  turn(seconds{109}, [&] { tell(actor, housekeeping{}); });
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 1u);
  turn(seconds{110}, [&] { tell(actor, housekeeping{}); });
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 0u);
}

CAF_TEST(a topic that is set often does not keep its old values) {
  start({false, hours{1}, {}});
  std::string payload(100'000, 'x');
  retain("a", payload);
  auto before = bytes_in_use();
  for (int i = 0; i < 1000; ++i)
    retain("a", payload);
  CAF_CHECK(bytes_in_use() < before + 50 * payload.size());
}

CAF_TEST_FIXTURE_SCOPE_END()
