#include "actors/journaling.hpp"
#include "broker/offline_sessions.hpp"
#include "store_fixture.hpp"

#include <memory>
#include <new>

using namespace troupe;
using namespace troupe::actors;
using namespace troupe::actors::store_test;

namespace {

using broker::publication_batch;
using fixture = store_fixture<test::failing_store>;

/// Another node sent it over a bridge.
broker::publication_ptr foreign(uint64_t sequence, qos level) {
  protocol::message message;
  message.topic = "t";
  message.payload = "f";
  message.qos = level;
  return broker::with_path(
      *broker::publication::make(message, broker::test_start),
      broker::to_string({9, 5, 0, sequence}));
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(store_tests, fixture)

CAF_TEST(what comes in one turn is written as one group) {
  auto queue = make_queue(7);
  append(1, "a", queue);
  append(2, "b", queue);
  change(1, "x");
  CAF_CHECK_EQUAL(owner.take(), "");
  turn();
  CAF_CHECK_EQUAL(database->commits(), 1u);
  CAF_CHECK_EQUAL(owner.take(), "1:stored 2:stored");
  CAF_CHECK_EQUAL(take(), "ticket1");
  CAF_CHECK_EQUAL(queue_of(7), "1=a,2=b,");
}

CAF_TEST(a batch is let go only when it is written) {
  auto batch = make_batch(1, "a");
  auto part = add_part(*batch, make_queue(7));
  commit(std::move(batch));
  CAF_CHECK_EQUAL(owner.take(), "");
  CAF_CHECK(!part->is_settled());
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:stored");
  CAF_CHECK(part->is_settled());
  CAF_CHECK_EQUAL((*part)[0].sequence, 1u);
}

CAF_TEST(one message for several sessions is in the queue of each) {
  auto batch = make_batch(1, "a");
  add_part(*batch, make_queue(7));
  add_part(*batch, make_queue(8));
  commit(std::move(batch));
  turn();
  CAF_CHECK_EQUAL(queue_of(7), "1=a,");
  CAF_CHECK_EQUAL(queue_of(8), "1=a,");
}

CAF_TEST(notice of a part is given to those who asked) {
  auto batch = make_batch(1, "a");
  add_part(*batch, make_queue(7), true);
  add_part(*batch, make_queue(8));
  commit(std::move(batch));
  turn();
  CAF_CHECK_EQUAL(take(), "part-stored");
}

CAF_TEST(what was acknowledged before is not written) {
  auto batch = make_batch(1, "a");
  auto part = add_part(*batch, make_queue(7));
  commit(std::move(batch));
  CAF_CHECK(part->cancel(0));
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:stored");
  CAF_CHECK_EQUAL(queue_of(7), "");
}

CAF_TEST(identifiers of QoS 2 are written with their batch) {
  auto batch = make_batch(1, "a");
  batch->remembers_ids = true;
  batch->items[0].packet_id = 5;
  commit(std::move(batch));
  turn();
  auto found = database->load(publisher_key, instant::now());
  CAF_REQUIRE_EQUAL(found.incoming_ids.size(), 1u);
  CAF_CHECK_EQUAL(found.incoming_ids[0], 5u);
}

CAF_TEST(nothing is written for a session that was erased before) {
  auto queue = make_queue(7);
  append(1, "a", queue);
  turn();
  remember end;
  end.key = 7;
  end.erases_session = true;
  end.ended_queue = queue;
  tell(actor, std::move(end));
  append(2, "b", queue);
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:stored 2:stored");
  CAF_CHECK_EQUAL(queue_of(7), "");
}

// -- the order of a queue
// ------------------------------------------------------

CAF_TEST(a batch waits for what its session took before) {
  auto queue = make_queue(7);
  auto first = make_batch(1, "a");
  add_part(*first, queue);
  auto second = make_batch(2, "b");
  add_part(*second, queue, true);
  commit(std::move(second));
  turn();
  CAF_CHECK_EQUAL(owner.take() + take(), "");
  CAF_CHECK_EQUAL(queue_of(7), "");
  commit(std::move(first));
  turn();
  CAF_CHECK_EQUAL(queue_of(7), "1=a,2=b,");
  CAF_CHECK_EQUAL(take(), "part-stored");
}

CAF_TEST(a batch does not wait for ever) {
  auto lost = lose_one_before("b");
  turn();
  CAF_CHECK_EQUAL(queue_of(7), "");
  for (auto passed = 0; passed < 4; ++passed)
    turn(seconds{1});
  CAF_CHECK_EQUAL(queue_of(7), "1=b,");
  CAF_CHECK_EQUAL(owner.take(), "2:stored");
}

CAF_TEST(at the end a batch waits for nothing) {
  auto lost = lose_one_before("b");
  tell(actor, stop_node{});
  turn();
  CAF_CHECK_EQUAL(queue_of(7), "1=b,");
}

CAF_TEST(with routed nothing waits) {
  node.settings.acknowledge_after = config::acknowledge_after::routed;
  auto lost = lose_one_before("b");
  turn();
  CAF_CHECK_EQUAL(queue_of(7), "1=b,");
}

// -- messages of other nodes --------------------------------------------------

CAF_TEST(what another node sent is remembered with what it brings) {
  auto batch = make_batch(1, "a");
  for (uint64_t sequence : {1, 2, 3, 4})
    batch->add(foreign(sequence,
                       sequence == 3 ? qos::at_most_once : qos::at_least_once));
  batch->items[2].is_repeat = true;
  add_part(*batch, make_queue(7));
  commit(std::move(batch));
  database->fail(1);
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:failed");
  CAF_CHECK_EQUAL(database->seen().lanes(), 0u);
  auto again = make_batch(2, "a");
  for (uint64_t sequence : {1, 2, 3, 4})
    again->add(foreign(sequence,
                       sequence == 3 ? qos::at_most_once : qos::at_least_once));
  again->items[2].is_repeat = true;
  add_part(*again, make_queue(7));
  commit(std::move(again));
  turn();
  auto seen = database->seen();
  for (uint64_t sequence : {1, 2, 3, 4})
    CAF_CHECK_EQUAL(seen.contains({9, 5, 0, sequence}),
                    sequence == 1 || sequence == 4);
}

CAF_TEST(it is remembered too when it brings nothing else) {
  publication_batch batch{nullptr, 1, publisher_key};
  batch.add(foreign(1, qos::at_least_once));
  remember_origins(actor, batch);
  turn();
  CAF_CHECK(database->seen().contains({9, 5, 0, 1}));
}

// -- failures -----------------------------------------------------------------

CAF_TEST(batches of a group that cannot be written fail) {
  auto queue = make_queue(7);
  database->fail(1);
  auto batch = make_batch(1, "a");
  auto part = add_part(*batch, queue, true);
  commit(std::move(batch));
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:failed");
  CAF_CHECK_EQUAL(take(), "part-failed");
  CAF_CHECK(part->has_failed());
  CAF_CHECK(!part->cancel(0));
  CAF_CHECK_EQUAL(queue_of(7), "");
  CAF_CHECK(node.store_is_failing);
  append(2, "b", queue);
  turn();
  CAF_CHECK_EQUAL(owner.take(), "2:stored");
  CAF_CHECK(!node.store_is_failing);
  CAF_CHECK_EQUAL(queue_of(7), "2=b,");
}

CAF_TEST(changes of sessions wait until they can be written) {
  database->fail(1, true);
  change(1, "x");
  change(2, "y");
  turn();
  CAF_CHECK_EQUAL(take(), "");
  turn(milliseconds{600});
  CAF_CHECK_EQUAL(take(), "");
  database->fail(0);
  change(3, "z");
  turn(milliseconds{600});
  CAF_CHECK_EQUAL(take(), "ticket1 ticket2 ticket3");
  CAF_CHECK_EQUAL(database->load(7, instant::now()).subscriptions.size(), 3u);
}

CAF_TEST(changes are tried again without new mail) {
  database->fail(1);
  change(1, "x");
  turn();
  CAF_CHECK_EQUAL(take(), "");
  turn(milliseconds{600});
  CAF_CHECK_EQUAL(take(), "ticket1");
  CAF_CHECK(!node.store_is_failing);
}

CAF_TEST(a later change does not pass one that waits) {
  database->fail(1);
  change(1, "x");
  turn();
  remember what;
  what.key = 7;
  what.unsubscribed.push_back("x");
  tell(actor, std::move(what));
  turn();
  CAF_CHECK(database->load(7, instant::now()).subscriptions.empty());
}

CAF_TEST(a retained message that cannot be written flaws its batch) {
  database->fail(1);
  remember_retained what;
  what.batch = make_batch(1, "a");
  what.messages.push_back({what.batch->items[0].message, nullptr});
  tell(actor, std::move(what));
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:flawed");
  CAF_CHECK(database->committed().retained.empty());
}

CAF_TEST(a retained message is written before its batch is let go) {
  remember_retained what;
  what.batch = make_batch(1, "a");
  what.messages.push_back({what.batch->items[0].message, nullptr});
  tell(actor, std::move(what));
  CAF_CHECK_EQUAL(owner.take(), "");
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:routed");
  CAF_CHECK_EQUAL(database->committed().retained.size(), 1u);
  remember_retained removed;
  removed.messages.push_back({broker::make_publication("", "t"), nullptr});
  tell(actor, std::move(removed));
  turn();
  CAF_CHECK(database->committed().retained.empty());
}

// -- reading ------------------------------------------------------------------

CAF_TEST(who reads sees what was sent before) {
  auto queue = make_queue(7);
  append(1, "a", queue);
  change(1, "x");
  tell(actor, load_session{7, caf::actor_cast<load_sink>(sink)});
  append(2, "b", queue);
  read();
  append(3, "c", queue);
  turn();
  CAF_CHECK_EQUAL(take(), "ticket1 loaded(x,) 1=a, slice(1=a,2=b,)");
  CAF_CHECK_EQUAL(owner.take(), "1:stored 2:stored 3:stored");
}

CAF_TEST(who reads sees what could not be written yet) {
  auto queue = make_queue(7);
  append(1, "a", queue);
  append(2, "b", queue);
  change(1, "x");
  turn();
  take();
  database->fail(1, true);
  remember what;
  what.key = 7;
  what.erased.push_back({1, 1, 0});
  what.unsubscribed.push_back("x");
  tell(actor, std::move(what));
  change(2, "y");
  change(3, "z", 8);
  turn();
  tell(actor, load_session{7, caf::actor_cast<load_sink>(sink)});
  read();
  turn();
  CAF_CHECK_EQUAL(take(), "loaded(y,) 2=b, slice(2=b,)");
}

CAF_TEST(who shrinks a queue hears what went beyond) {
  auto queue = make_queue(7);
  append(1, "aaa", queue);
  append(2, "bbb", queue);
  append(3, "ccc", queue);
  shrink_queue request;
  request.key = 7;
  request.oldest = 1;
  request.bytes = 4;
  request.answer_to = node.appenders[0];
  tell(actor, std::move(request));
  turn();
  CAF_CHECK_EQUAL(take(), "shrunk1/2");
  CAF_CHECK_EQUAL(queue_of(7), "3=ccc,");
}

CAF_TEST(who has expired messages removed hears when to ask again) {
  auto queue = make_queue(7);
  auto batch = make_batch(1, "a");
  batch->items[0].message =
      broker::make_publication("a", "t", 1000, clock::now());
  add_part(*batch, queue);
  commit(std::move(batch));
  turn();
  shrink_queue request;
  request.key = 7;
  request.expired = true;
  request.answer_to = node.appenders[0];
  tell(actor, std::move(request));
  turn();
  CAF_CHECK_EQUAL(take(), "shrunk0/0");
  CAF_CHECK(earliest_expiry > clock::now());
  CAF_CHECK(earliest_expiry <= clock::now() + seconds{1001});
}

// -- every write fails once ---------------------------------------------------

CAF_TEST(whichever write fails what was acknowledged is there once) {
  constexpr uint64_t batches = 6;
  for (uint64_t nth = 1; nth <= 2 * batches; ++nth) {
    auto first = make_queue(100 + nth);
    auto second = make_queue(200 + nth);
    std::string expected;
    database->fail(nth);
    for (uint64_t number = 1; number <= batches; ++number) {
      auto payload = std::to_string(number);
      // A publisher sends again what it was not told is safe.
      for (int attempt = 0; attempt < 3; ++attempt) {
        auto batch = make_batch(number, payload);
        add_part(*batch, first);
        add_part(*batch, second);
        commit(std::move(batch));
        change(number, payload, first->key());
        turn();
        if (owner.take() == payload + ":stored")
          break;
      }
    }
    for (auto key : {first->key(), second->key()}) {
      auto slice = database->read_queue(key, 1, 1000, 1 << 20, instant::now());
      CAF_REQUIRE_EQUAL(slice.entries.size(), batches);
      for (uint64_t i = 0; i < batches; ++i)
        CAF_CHECK_EQUAL(slice.entries[i].message->payload(),
                        std::to_string(i + 1));
    }
    auto found = database->load(first->key(), instant::now());
    CAF_CHECK_EQUAL(found.subscriptions.size(), batches);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

struct forgetful_fixture : store_fixture<test::forgetful_store> {
  void publish() {
    auto queue = make_queue(7);
    for (uint64_t number = 1; number <= 3; ++number) {
      append(number, std::to_string(number), queue);
      change(number, std::to_string(number));
      turn();
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(forgetful_store_tests, forgetful_fixture)

CAF_TEST(with synced a loss of power takes nothing that was acknowledged) {
  node.settings.acknowledge_after = config::acknowledge_after::synced;
  publish();
  CAF_CHECK_EQUAL(owner.take(), "1:stored 2:stored 3:stored");
  CAF_CHECK_EQUAL(take(), "ticket1 ticket2 ticket3");
  database->crash();
  CAF_CHECK_EQUAL(queue_of(7), "1=1,2=2,3=3,");
  CAF_CHECK_EQUAL(database->load(7, instant::now()).subscriptions.size(), 3u);
}

CAF_TEST(with written a loss of power takes what was not synced) {
  publish();
  CAF_CHECK_EQUAL(owner.take(), "1:stored 2:stored 3:stored");
  database->crash();
  CAF_CHECK_EQUAL(queue_of(7), "");
}

CAF_TEST(the end is synced whatever the setting) {
  publish();
  tell(actor, stop_node{});
  turn();
  database->crash();
  CAF_CHECK_EQUAL(queue_of(7), "1=1,2=2,3=3,");
}

CAF_TEST_FIXTURE_SCOPE_END()

// -- a store that runs out of memory
// ---------------------------------------------

namespace {

struct throwing_store : test::memory_store {
  void append(const broker::publication& message,
              std::span<const broker::queue_target> targets,
              const instant& now) override {
    if (throws != 0 && --throws == 0)
      throw std::bad_alloc{};
    memory_store::append(message, targets, now);
  }
  int throws = 0; // the n-th append from now on; 0: none
};

using throwing_fixture = store_fixture<throwing_store>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(throwing_store_tests, throwing_fixture)

CAF_TEST(a batch whose write threw is not said to be stored) {
  database->throws = 1;
  append(1, "a", make_queue(7));
  tell(actor, load_session{7, caf::actor_cast<load_sink>(sink)});
  turn();
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:failed");
  CAF_CHECK_EQUAL(queue_of(7), "");
}

CAF_TEST(a batch that failed because a write threw is not on disk later) {
  database->throws = 2;
  auto queue = make_queue(7);
  append(1, "a", queue);
  append(2, "b", queue);
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:failed 2:failed");
  append(3, "c", queue);
  turn();
  CAF_CHECK_EQUAL(owner.take(), "3:stored");
  CAF_CHECK_EQUAL(queue_of(7), "3=c,");
}

CAF_TEST_FIXTURE_SCOPE_END()
