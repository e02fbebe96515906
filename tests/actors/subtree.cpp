#include "subtree_fixture.hpp"

#include <memory>

using namespace troupe;
using namespace troupe::actors;
using namespace troupe::actors::subtree_test;
using std::chrono::seconds;

CAF_TEST_FIXTURE_SCOPE(subtree_tests, subtree_fixture)

// -- subscribing --------------------------------------------------------------

CAF_TEST(a subscription is confirmed before its first message) {
  retain("a", "kept");
  subscribe(anna, want("a"), readiness::ready, 7);
  publish("a", "live");
  CAF_CHECK_EQUAL(anna.take(), "ok7 keptR~ live");
}

CAF_TEST(request zero wants no confirmation) {
  subscribe(anna, want("a"));
  CAF_CHECK_EQUAL(anna.take(), "");
}

CAF_TEST(messages go to exact and wildcard filters that match) {
  subscribe(anna, want("a/b"));
  subscribe(bert, want("a/+"));
  subscribe(cleo, want("#"));
  publish("a/b", "1");
  publish("a/c", "2");
  publish("a", "3");
  publish("$SYS/a", "4");
  CAF_CHECK_EQUAL(anna.take(), "1");
  CAF_CHECK_EQUAL(bert.take(), "1 2");
  CAF_CHECK_EQUAL(cleo.take(), "1 2 3");
}

CAF_TEST(overlapping subscriptions bring one copy each) {
  subscribe(anna, want("a/b", qos1, 5));
  subscribe(anna, want("a/#", qos2, 6));
  subscribe(anna, want("+/b", qos1));
  publish("a/b", "x", qos2);
  auto text = anna.take();
  CAF_CHECK_EQUAL(anna.values.size(), 3u);
  CAF_CHECK_EQUAL(anna.batches, 1u);
  CAF_CHECK(text.find("x@1#5") != std::string::npos);
  CAF_CHECK(text.find("x@2#6") != std::string::npos);
}

CAF_TEST(subscribing again replaces the subscription) {
  subscribe(anna, want("a", qos1, 5));
  subscribe(anna, want("a", qos2, 6));
  publish("a", "x", qos2);
  CAF_CHECK_EQUAL(anna.take(), "x@2#6");
  unsubscribe(anna, "a");
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "ok1");
}

CAF_TEST(one message to a session holds all of its deliveries of a batch) {
  subscribe(anna, want("a"));
  subscribe(bert, want("b"));
  publish(batch_of({message("a", "1"), message("b", "2"), message("a", "3"),
                    message("a", "4")}));
  CAF_CHECK_EQUAL(anna.take(), "1 3 4");
  CAF_CHECK_EQUAL(anna.batches, 1u);
  CAF_CHECK_EQUAL(bert.take(), "2");
}

// [MQTT-3.8.3-3]
CAF_TEST(no local keeps messages from their publisher only) {
  auto own = want("a");
  own.options.no_local = true;
  subscribe(anna, own);
  subscribe(bert, own);
  publish(batch_of({message("a", "x")}, anna.key));
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(bert.take(), "x");
  subscribe(anna, want("#"));
  publish(batch_of({message("a", "y")}, anna.key));
  CAF_CHECK_EQUAL(anna.take(), "y");
}

CAF_TEST(a batch without echo does not come back to its publisher) {
  subscribe(anna, want("a"));
  subscribe(bert, want("a"));
  auto batch = batch_of({message("a", "x")}, anna.key);
  batch->suppress_echo = true;
  publish(std::move(batch));
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(bert.take(), "x");
}

CAF_TEST(a message is delivered at the lower of both QoS) {
  subscribe(anna, want("a", qos1));
  publish("a", "0");
  publish("a", "1", qos1);
  publish("a", "2", qos2);
  CAF_CHECK_EQUAL(anna.take(), "0 1@1 2@1");
}

CAF_TEST(with upgrade_outgoing_qos the subscription decides) {
  start({true, seconds{0}, {}});
  subscribe(anna, want("a", qos2));
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "x@2");
}

// [MQTT-3.10.4-2]
CAF_TEST(unsubscribing is confirmed and ends the messages) {
  subscribe(anna, want("a"));
  unsubscribe(anna, "a", 9);
  unsubscribe(anna, "never/had", 10);
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "ok9 ok10");
}

CAF_TEST(who comes after a session that left does not get its messages) {
  subscribe(anna, want("a"));
  subscribe(anna, want("#"));
  leave(anna, {"a", "#"});
  subscribe(bert, want("b"));
  publish("a", "x");
  publish("b", "y");
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(bert.take(), "y");
}

CAF_TEST(a subtree that ends lets go of its sessions) {
  auto token = std::make_shared<int>();
  std::weak_ptr<int> session_lives = token;
  auto session =
      record<session_actor>(sys, [token = std::move(token)](const mail&) {});
  subscribe_filters message;
  message.subscriber = caf::actor_cast<subscriber_actor>(session);
  message.key = 9;
  message.filters.push_back(want("a"));
  tell(actor, std::move(message));
  session = session_actor{};
  consume_messages();
  CAF_CHECK(!session_lives.expired());
  object_of<subtree>(actor)->end();
  CAF_CHECK(session_lives.expired());
}

CAF_TEST(a session that keeps a filter stays) {
  subscribe(anna, want("a"));
  subscribe(anna, want("b"));
  leave(anna, {"a", "unknown"});
  publish("b", "x");
  CAF_CHECK_EQUAL(anna.take(), "x");
}

// -- what the publisher learns ------------------------------------------------

CAF_TEST(the publisher learns when the last delivery was dropped) {
  anna.keep = bert.keep = true;
  subscribe(anna, want("a"));
  subscribe(bert, want("a"));
  publish("a", "x");
  CAF_CHECK_EQUAL(owner.completed, 0);
  anna.kept.clear();
  CAF_CHECK_EQUAL(owner.completed, 0);
  bert.kept.clear();
  CAF_CHECK_EQUAL(owner.completed, 1);
}

CAF_TEST(the publisher learns whether anybody subscribed) {
  publish("a", "x");
  CAF_CHECK_EQUAL(owner.completed, 1);
  CAF_CHECK(!owner.matched);
  subscribe(anna, want("+"));
  publish("a", "x");
  CAF_CHECK_EQUAL(owner.completed, 2);
  CAF_CHECK(owner.matched);
}

CAF_TEST(a session that is no more does not hold a batch) {
  subscribe(anna, want("a"));
  deref<recorder<session_actor>>(anna.handle).quit();
  publish("a", "x");
  CAF_CHECK_EQUAL(owner.completed, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
