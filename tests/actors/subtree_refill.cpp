// A subtree in the place of one that failed.
#include "actors/refilling.hpp"
#include "subtree_fixture.hpp"

#include <memory>

using namespace troupe;
using namespace troupe::actors;
using namespace troupe::actors::subtree_test;

namespace {

struct fixture : subtree_fixture {
  fixture() {
    subtree_options options;
    options.awaits_refill = true;
    start(options);
  }

  /// As a session says it, or the store for it.
  void know(client& who, std::string filter,
            readiness state = readiness::can_keep) {
    subscribe_filters one;
    one.subscriber = caf::actor_cast<subscriber_actor>(who.handle);
    one.key = who.key;
    one.state = state;
    one.filters.push_back(want(std::move(filter), qos1));
    refill known;
    known.subscribers.push_back(std::move(one));
    tell(actor, std::move(known));
    consume_messages();
  }
  void know_retained(std::string_view topic, std::string_view payload) {
    refill known;
    known.retained.push_back({message(topic, payload, qos1, true), nullptr});
    tell(actor, std::move(known));
    consume_messages();
  }
  void serve() {
    tell(actor, refilled{});
    consume_messages();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(subtree_refill_tests, fixture)

CAF_TEST(what is published waits until everybody has subscribed again) {
  know(anna, "a");
  publish("a", "1", qos1);
  publish("a", "2", qos1);
  know(bert, "a");
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(owner.completed, 0);
  serve();
  CAF_CHECK_EQUAL(anna.take(), "1@1 2@1");
  CAF_CHECK_EQUAL(bert.take(), "1@1 2@1");
  CAF_CHECK_EQUAL(owner.completed, 2);
  publish("a", "3", qos1);
  CAF_CHECK_EQUAL(anna.take(), "3@1");
}

CAF_TEST(whoever subscribes meanwhile gets the retained message once) {
  subscribe(anna, want("a", qos1), readiness::ready, 5);
  know_retained("a", "kept");
  CAF_CHECK_EQUAL(anna.take(), "");
  serve();
  CAF_CHECK_EQUAL(anna.take(), "ok5 kept@1R~");
}

CAF_TEST(whoever had subscribed before gets no retained message again) {
  know(anna, "a");
  know_retained("a", "kept");
  serve();
  CAF_CHECK_EQUAL(anna.take(), "");
}

CAF_TEST(a retained message set meanwhile replaces that of the disk) {
  retain("a", "new", qos1);
  know_retained("a", "old");
  serve();
  subscribe(anna, want("a", qos1));
  CAF_CHECK_EQUAL(anna.take(), "new@1R~");
}

CAF_TEST(who leaves meanwhile is gone) {
  unsubscribe(anna, "a");
  leave(bert, {"a"});
  know(anna, "a");
  know(bert, "a");
  serve();
  CAF_CHECK_EQUAL(anna.take(), "ok1");
  publish("a", "x", qos1);
  CAF_CHECK_EQUAL(anna.take() + bert.take(), "");
}

CAF_TEST(a session knows better than the disk whether it can take messages) {
  for (auto disk_is_first : {true, false}) {
    subtree_options options;
    options.awaits_refill = true;
    start(options);
    know(bert, "$share/g/a");
    if (disk_is_first)
      know(anna, "$share/g/a");
    know(anna, "$share/g/a", readiness::ready);
    if (!disk_is_first)
      know(anna, "$share/g/a");
    serve();
    publish("a", "1", qos1);
    publish("a", "2", qos1);
    CAF_CHECK_EQUAL(anna.take(), "1@1$ 2@1$");
    CAF_CHECK_EQUAL(bert.take(), "");
  }
}

CAF_TEST(it serves when the last one that had something to say has let go) {
  auto one = std::make_shared<refilling>(actor);
  auto other = one;
  know(anna, "a");
  publish("a", "x", qos1);
  one.reset();
  consume_messages();
  CAF_CHECK_EQUAL(anna.take(), "");
  other.reset();
  consume_messages();
  CAF_CHECK_EQUAL(anna.take(), "x@1");
}

CAF_TEST(a batch that was not routed does not say so) {
  auto batch = batch_of({message("a", "x", qos1)});
  publish(batch);
  CAF_CHECK(!batch->is_routed);
  serve();
  CAF_CHECK(batch->is_routed);
}

CAF_TEST_FIXTURE_SCOPE_END()
