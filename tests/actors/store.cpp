#include "actors/store.hpp"

#include "../broker/publications.hpp"
#include "../support/memory_store.hpp"
#include "actors/journaling.hpp"
#include "broker/offline_sessions.hpp"
#include "fixture.hpp"

#include <memory>
#include <new>
#include <string>

using namespace troupe;
using namespace troupe::actors;
using broker::disk_queue_ptr;
using broker::journal_part;
using broker::journal_part_ptr;
using protocol::qos;
using std::chrono::milliseconds;
using std::chrono::seconds;
using stage = broker::publication_batch::stage;

namespace {

/// A publisher: writes down what became of its batches, "1:stored" say.
struct publisher final : broker::batch_owner {
  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    text += (text.empty() ? "" : " ") + std::to_string(batch->number());
    text += batch->has_failed                  ? ":flawed"
            : batch->progress == stage::stored ? ":stored"
            : batch->progress == stage::failed ? ":failed"
                                               : ":routed";
    delete batch;
  }
  std::string take() { return std::exchange(text, {}); }

  std::string text;
};

disk_queue_ptr make_queue(broker::session_key key) {
  return disk_queue_ptr{new broker::disk_queue(key, 1), false};
}

/// A store actor over `Database`, on a loop that only tests turn.
template <class Database>
struct store_fixture : caf_fixture {
  store_fixture() : home(sys, 0) {
    CAF_REQUIRE_EQUAL(home.open(), "");
    node.settings.sync_interval = seconds{0};
    node.appenders.push_back(record<appender_actor>(
        sys, [this](const mail& message) { on_appender(message); }));
    sink = record<session_actor>(
        sys, [this](const mail& message) { on_session(message); });
    start();
  }

  ~store_fixture() {
    actor = store_actor{};
    node.appenders.clear();
    sink = session_actor{};
    home.run_one_turn(at);
    home.discard_mail();
  }

  void start() {
    auto made = std::make_unique<Database>();
    database = made.get();
    actor = spawn_light<store>(sys, node, home, std::move(made));
    at = home.now();
  }

  void on_appender(const mail& message) {
    if (auto* settled = message.get_if<parts_settled>())
      for (const auto& part : settled->parts)
        log += part->has_failed() ? "part-failed " : "part-stored ";
    else if (auto* shrunk = message.get_if<queue_shrunk>())
      log += "shrunk" + std::to_string(shrunk->messages) + "/"
             + std::to_string(shrunk->bytes) + " ";
  }

  void on_session(const mail& message) {
    if (auto* done = message.get_if<stored>()) {
      log += "ticket" + std::to_string(done->ticket) + " ";
    } else if (auto* loaded = message.get_if<session_loaded>()) {
      log += "loaded(";
      for (const auto& each : loaded->content->subscriptions)
        log += each.filter + ",";
      log += ") " + show(*loaded->queue) + " ";
    } else if (auto* slice = message.get_if<queue_read>()) {
      log += "slice(" + show(*slice->slice) + ") ";
    }
  }

  static std::string show(const broker::queue_slice& slice) {
    std::string result;
    for (const auto& entry : slice.entries)
      result += std::to_string(entry.sequence) + "="
                + std::string{entry.message->payload()} + ",";
    return result;
  }

  /// Answers are handled in the turn after the one that sent them.
  void turn(milliseconds passed = {}) {
    at += passed;
    home.run_one_turn(at);
    home.run_one_turn(at);
  }
  std::string take() {
    auto result = std::exchange(log, {});
    if (!result.empty())
      result.pop_back();
    return result;
  }

  broker::batch_ptr make_batch(uint64_t number, std::string_view payload) {
    broker::batch_ptr batch{
        new broker::publication_batch(&owner, number, publisher_key), false};
    batch->add(broker::make_publication(payload, "t"));
    return batch;
  }
  journal_part_ptr add_part(broker::publication_batch& batch,
                            const disk_queue_ptr& queue, bool notify = false) {
    auto part = journal_part::make(queue, 1);
    part->add(0, {0, 0, 0, qos::at_least_once, false}, 1);
    if (notify)
      part->ask_for_notice();
    batch.add_journal(part);
    return part;
  }
  /// As somebody who holds nothing else of it.
  void commit(broker::batch_ptr&& batch) {
    tell(actor, commit_batch{std::move(batch)});
  }
  void append(uint64_t number, std::string_view payload,
              const disk_queue_ptr& queue) {
    auto batch = make_batch(number, payload);
    add_part(*batch, queue);
    commit(std::move(batch));
  }
  void change(uint64_t ticket, std::string filter,
              broker::session_key key = 7) {
    remember what;
    what.key = key;
    what.subscribed.push_back({std::move(filter), {}, 0, 0});
    what.answer_to = caf::actor_cast<stored_sink>(sink);
    what.ticket = ticket;
    tell(actor, std::move(what));
  }
  void read(uint64_t from = 1, broker::session_key key = 7) {
    tell(actor, read_queue{key, from, sink});
  }
  std::string queue_of(broker::session_key key) {
    return show(database->read_queue(key, 1, 1000, 1 << 20, instant::now()));
  }

  static constexpr broker::session_key publisher_key = 3;

  node_context node;
  loop home;
  publisher owner;
  Database* database = nullptr;
  store_actor actor;
  session_actor sink;
  time_point at;
  std::string log;
};

using fixture = store_fixture<test::failing_store>;

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
  what.messages.push_back(what.batch->items[0].message);
  tell(actor, std::move(what));
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:flawed");
  CAF_CHECK(database->committed().retained.empty());
}

CAF_TEST(a retained message is written before its batch is let go) {
  remember_retained what;
  what.batch = make_batch(1, "a");
  what.messages.push_back(what.batch->items[0].message);
  tell(actor, std::move(what));
  CAF_CHECK_EQUAL(owner.take(), "");
  turn();
  CAF_CHECK_EQUAL(owner.take(), "1:routed");
  CAF_CHECK_EQUAL(database->committed().retained.size(), 1u);
  remember_retained removed;
  removed.messages.push_back(broker::make_publication("", "t"));
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

// -- the end of the node
// ----------------------------------------------------------

namespace {

/// Hands its batches to the store, as connections do, and counts how often they
/// come back.
struct handing_owner final : broker::batch_owner {
  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    ++times;
    if (hand_to_store(store, *batch))
      return;
    is_stored = batch->progress == stage::stored;
    delete batch;
  }
  store_actor store;
  int times = 0;
  bool is_stored = false;
};

struct closing_store : test::memory_store {
  ~closing_store() override { ++closed; }
  static inline int closed = 0;
};

} // namespace

CAF_TEST(a store that ends closes its database whoever still has a handle) {
  auto before = closing_store::closed;
  auto other =
      spawn_light<store>(sys, node, home, std::make_unique<closing_store>());
  auto batch = make_batch(1, "a");
  add_part(*batch, make_queue(7));
  tell(other, commit_batch{std::move(batch)});
  object_of<store>(other)->end();
  CAF_CHECK_EQUAL(closing_store::closed, before + 1);
  CAF_CHECK_EQUAL(owner.take(), "1:routed");
}

CAF_TEST(a batch for a store that has ended is handed over once and fails) {
  object_of<store>(actor)->end();
  handing_owner hands;
  hands.store = actor;
  broker::batch_ptr batch{new broker::publication_batch(&hands, 1, 0), false};
  batch->add(broker::make_publication("a", "t"));
  add_part(*batch, make_queue(7));
  batch.reset();
  CAF_CHECK_EQUAL(hands.times, 2);
  CAF_CHECK(!hands.is_stored);
}

CAF_TEST(what nobody waits for does not keep a store that has ended) {
  auto other =
      spawn_light<store>(sys, node, home, std::make_unique<closing_store>());
  auto watched = caf::actor_cast<caf::weak_actor_ptr>(other);
  auto batch = make_unowned_batch(other, 0);
  batch->add(broker::make_publication("a", "t"));
  add_part(*batch, make_queue(7));
  object_of<store>(other)->end();
  batch.reset();
  other = store_actor{};
  CAF_CHECK(watched.lock() == nullptr);
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
