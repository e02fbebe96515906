#include "actors/appender.hpp"

#include "../broker/publications.hpp"
#include "fixture.hpp"

#include <memory>
#include <string>

using namespace troupe;
using namespace troupe::actors;
using broker::disk_queue_ptr;
using protocol::qos;
using std::chrono::seconds;

namespace {

constexpr broker::session_key key = 7;

/// An appender on a loop that only tests turn; a store, a subtree and two
/// session actors of one client write down what they are told.
struct fixture : caf_fixture {
  fixture() : home(sys, 0) {
    CAF_REQUIRE_EQUAL(home.open(), "");
    at = home.now();
    node.store = record<store_actor>(
        sys, [this](const mail& message) { on_store(message); });
    std::vector<subtree_actor> subtrees{record<subtree_actor>(
        sys, [this](const mail& message) { on_subtree(message); })};
    home.set_routes(std::make_shared<const route_table>(std::move(subtrees)));
    anna = record<session_actor>(
        sys, [this](const mail& message) { on_session("anna", message); });
    next_anna = record<session_actor>(
        sys, [this](const mail& message) { on_session("next", message); });
    actor = spawn_light<appender>(sys, node, home);
  }

  ~fixture() {
    actor = appender_actor{};
    node.store = store_actor{};
    home.run_one_turn(at);
    home.set_routes(
        std::make_shared<const route_table>(std::vector<subtree_actor>{}));
    home.discard_mail();
  }

  void on_session(const std::string& who, const mail& message) {
    log += who + ":";
    if (auto* found = message.get_if<claimed>()) {
      log += found->record ? "claimed" : "nothing";
      if (found->record) {
        log += std::to_string(found->record->backlog.messages);
        lent = found->record;
      }
    } else if (message.get_if<parking_begun>()) {
      log += "parking";
    } else if (auto* messages = message.get_if<deliver>()) {
      log += messages->batch->items[0].message->payload();
    } else if (auto* settled = message.get_if<parts_settled>()) {
      log += "settled" + std::to_string(settled->parts.size());
    } else if (auto* shrunk = message.get_if<queue_shrunk>()) {
      log += "shrunk" + std::to_string(shrunk->messages);
    }
    log += " ";
  }

  void on_store(const mail& message) {
    if (auto* shrink = message.get_if<shrink_queue>()) {
      log += shrink->expired ? "drop-expired " : "";
      if (shrink->oldest != 0)
        log += "drop" + std::to_string(shrink->oldest) + "/"
               + std::to_string(shrink->bytes) + " ";
    } else if (message.get_if<load_session>()) {
      log += "load ";
    } else if (auto* wanted = message.get_if<reload>()) {
      log += "reload" + std::to_string(wanted->change.lost) + "/"
             + std::to_string(wanted->keys.size()) + " ";
    } else if (auto* changes = message.get_if<remember>()) {
      log += changes->erases_session ? "erase " : "";
      log += changes->will && !changes->will->will ? "no-will " : "";
    }
  }

  void on_subtree(const mail& message) {
    if (auto* will = message.get_if<route>())
      log += "route(" + std::string{will->batch->items[0].message->payload()}
             + ") ";
    else if (auto* left = message.get_if<session_left>())
      log += "left(" + left->filters.front() + ") ";
  }

  void turn(seconds passed = seconds{0}) {
    at += passed;
    home.run_one_turn(at);
  }
  template <class Message>
  std::string send(Message&& message) {
    tell(actor, std::forward<Message>(message));
    turn();
    return take();
  }
  std::string take() {
    auto result = std::exchange(log, {});
    if (!result.empty())
      result.pop_back();
    return result;
  }

  broker::offline_session make_record() {
    broker::offline_session record;
    record.client_id = "anna";
    record.queue = queue;
    record.expiry_interval = 100;
    return record;
  }
  void adopt(broker::offline_session&& record) {
    object_of<appender>(actor)->adopt(std::move(record));
  }
  std::string enroll_anna() { return send(enroll{"anna", queue, anna}); }
  std::string park_anna(size_t messages = 0) {
    auto begun = send(park{key});
    auto record = std::make_shared<broker::offline_session>(make_record());
    record->backlog.messages = record->backlog.bytes = messages;
    return begun + " " + send(parked{key, std::move(record)});
  }
  std::string deliver_one(std::string_view payload,
                          std::optional<uint32_t> expiry = std::nullopt) {
    batch =
        broker::batch_ptr{new broker::publication_batch(nullptr, 1, 0), false};
    batch->add(broker::make_publication(payload, "t", expiry, at));
    broker::delivery what;
    what.qos = qos::at_least_once;
    return send(deliver{key, batch, {what}});
  }
  /// What waits, as whoever claims it hears.
  std::string claim_by_next() { return send(claim{"anna", next_anna}); }
  /// The part of the batch delivered last is written, or is not.
  std::string settle(broker::journal_part_ptr part, bool failed = false) {
    part->settle(failed);
    parts_settled notice;
    notice.parts.push_back(std::move(part));
    return send(std::move(notice));
  }
  broker::journal_part_ptr take_part() { return batch->take_journal().pop(); }

  node_context node;
  loop home;
  time_point at;
  disk_queue_ptr queue{new broker::disk_queue(key, 1), false};
  appender_actor actor;
  session_actor anna;
  session_actor next_anna;
  broker::batch_ptr batch;
  lent_offline_session lent;
  std::string log;

  /// Messages that wait for her while she is away.
  uint32_t waiting_for_anna() {
    auto backlog = object_of<appender>(actor)->backlog_of("anna");
    return backlog ? backlog->messages : UINT32_MAX;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(appender_tests, fixture)

// -- a subtree is started anew ------------------------------------------------

CAF_TEST(the filters of all its sessions are brought to a new subtree) {
  enroll_anna();
  auto bert = make_record();
  bert.client_id = "bert";
  bert.queue = disk_queue_ptr{new broker::disk_queue(key + 1, 1), false};
  adopt(std::move(bert));
  CAF_CHECK_EQUAL(send(routes_changed{nullptr, 3, nullptr}), "reload3/2");
}

// -- limits of its own --------------------------------------------------------

CAF_TEST(one session can have limits of its own) {
  auto own = std::make_shared<broker::session_limits>();
  own->max_queued_messages = 1;
  object_of<appender>(actor)->set_limits("anna", own);
  adopt(make_record());
  deliver_one("a");
  deliver_one("b");
  CAF_CHECK_EQUAL(waiting_for_anna(), 1u);
  object_of<appender>(actor)->set_limits("anna", nullptr);
  deliver_one("c");
  CAF_CHECK_EQUAL(waiting_for_anna(), 2u);
}

CAF_TEST(what waits is known of who is away and of nobody else) {
  CAF_CHECK(!object_of<appender>(actor)->backlog_of("anna"));
  enroll_anna();
  CAF_CHECK(!object_of<appender>(actor)->backlog_of("anna"));
  park_anna(3);
  CAF_CHECK_EQUAL(waiting_for_anna(), 3u);
}

CAF_TEST(what has waited for longer than allowed leaves the disk) {
  auto own = std::make_shared<broker::session_limits>();
  own->max_queued_age = seconds{10};
  object_of<appender>(actor)->set_limits("anna", own);
  adopt(make_record());
  deliver_one("a");
  CAF_CHECK((*take_part())[0].options.waits_until == home.now() + seconds{10});
  CAF_CHECK_EQUAL(send(housekeeping{}), "");
  at += seconds{10};
  home.run_one_turn(at);
  CAF_CHECK_EQUAL(send(housekeeping{}), "drop-expired");
  queue_shrunk gone;
  gone.key = key;
  gone.messages = gone.expired = 1;
  send(std::move(gone));
  CAF_CHECK_EQUAL(waiting_for_anna(), 0u);
  CAF_CHECK_EQUAL(send(housekeeping{}), "");
  using enum broker::drop_reason;
  CAF_CHECK_EQUAL(home.stats().dropped[static_cast<size_t>(expired)].value(),
                  1u);
}

CAF_TEST(what expires later is looked for later) {
  auto record = make_record();
  record.backlog.messages = 2;
  record.backlog.earliest_expiry = home.now();
  adopt(std::move(record));
  CAF_CHECK_EQUAL(send(housekeeping{}), "drop-expired");
  queue_shrunk gone;
  gone.key = key;
  gone.messages = gone.expired = 1;
  gone.earliest_expiry = home.now() + seconds{10};
  send(std::move(gone));
  CAF_CHECK_EQUAL(send(housekeeping{}), "");
  at += seconds{10};
  home.run_one_turn(at);
  CAF_CHECK_EQUAL(send(housekeeping{}), "drop-expired");
}

// -- claims -------------------------------------------------------------------

CAF_TEST(who claims an unknown client gets nothing) {
  CAF_CHECK_EQUAL(claim_by_next(), "next:nothing");
}

CAF_TEST(who claims an offline session gets it) {
  auto record = make_record();
  record.backlog.messages = 3;
  adopt(std::move(record));
  CAF_CHECK_EQUAL(home.stats().sessions.value(), 1u);
  CAF_CHECK_EQUAL(home.stats().stored_messages.value(), 3u);
  CAF_CHECK_EQUAL(claim_by_next(), "next:claimed3");
  CAF_CHECK(lent->queue == queue);
  CAF_CHECK_EQUAL(lent->expiry_interval, 100u);
  CAF_CHECK_EQUAL(home.stats().sessions.value(), 0u);
  CAF_CHECK_EQUAL(home.stats().stored_messages.value(), 0u);
  CAF_CHECK_EQUAL(deliver_one("a"), "next:a");
}

CAF_TEST(who claims an online session waits until it has parked) {
  enroll_anna();
  CAF_CHECK_EQUAL(claim_by_next(), "");
  CAF_CHECK_EQUAL(park_anna(2), "anna:parking next:claimed2");
  CAF_CHECK_EQUAL(deliver_one("a"), "next:a");
}

CAF_TEST(who claims a session that is parking gets what came meanwhile too) {
  enroll_anna();
  CAF_CHECK_EQUAL(send(park{key}), "anna:parking");
  CAF_CHECK_EQUAL(claim_by_next(), "");
  CAF_CHECK_EQUAL(deliver_one("a"), "");
  auto record = std::make_shared<broker::offline_session>(make_record());
  record->backlog.messages = 2;
  CAF_CHECK_EQUAL(send(parked{key, std::move(record)}), "next:claimed3");
  CAF_CHECK_EQUAL(lent->backlog.unsettled, 1u);
}

CAF_TEST(who claims a session that is withdrawn gets nothing) {
  enroll_anna();
  CAF_CHECK_EQUAL(claim_by_next(), "");
  CAF_CHECK_EQUAL(send(withdraw{key}), "next:nothing");
  CAF_CHECK_EQUAL(deliver_one("a"), "");
  CAF_CHECK(!batch->has_journal());
  CAF_CHECK_EQUAL(claim_by_next(), "next:nothing");
}

CAF_TEST(a session that was enrolled anew is the one that is claimed) {
  enroll_anna();
  disk_queue_ptr fresh{new broker::disk_queue(key + 1, 1), false};
  send(withdraw{key});
  send(enroll{"anna", fresh, anna});
  send(park{key + 1});
  auto record = std::make_shared<broker::offline_session>(make_record());
  record->queue = fresh;
  send(parked{key + 1, std::move(record)});
  CAF_CHECK_EQUAL(claim_by_next(), "next:claimed0");
  CAF_CHECK(lent->queue == fresh);
}

CAF_TEST(what is parked for a session that is over is forgotten) {
  enroll_anna();
  send(withdraw{key});
  auto record = std::make_shared<broker::offline_session>(make_record());
  CAF_CHECK_EQUAL(send(park{key}), "");
  CAF_CHECK_EQUAL(send(parked{key, std::move(record)}), "");
  CAF_CHECK_EQUAL(object_of<appender>(actor)->size(), 0u);
}

// -- messages -----------------------------------------------------------------

CAF_TEST(messages for a client that is there are passed on) {
  enroll_anna();
  CAF_CHECK_EQUAL(deliver_one("a"), "anna:a");
  CAF_CHECK(!batch->has_journal());
}

CAF_TEST(messages for a client that is away become parts of their batch) {
  enroll_anna();
  park_anna();
  CAF_CHECK_EQUAL(deliver_one("a"), "");
  auto part = take_part();
  CAF_REQUIRE(part);
  CAF_CHECK(part->is_from_appender);
  CAF_CHECK(&part->queue() == queue.get());
  CAF_CHECK_EQUAL(home.stats().stored_messages.value(), 1u);
  CAF_CHECK_EQUAL(settle(part), "");
  CAF_CHECK_EQUAL(claim_by_next(), "next:claimed1");
  CAF_CHECK_EQUAL(lent->backlog.unsettled, 0u);
}

CAF_TEST(a message that could not be written does not wait) {
  enroll_anna();
  park_anna();
  deliver_one("a");
  settle(take_part(), true);
  CAF_CHECK_EQUAL(home.stats().stored_messages.value(), 0u);
  CAF_CHECK_EQUAL(claim_by_next(), "next:claimed0");
}

CAF_TEST(a part settled after its session was claimed goes to who has it) {
  enroll_anna();
  park_anna();
  deliver_one("a");
  CAF_CHECK_EQUAL(claim_by_next(), "next:claimed1");
  CAF_CHECK_EQUAL(settle(take_part()), "next:settled1");
}

CAF_TEST(while a session parks each part goes to who made it) {
  enroll_anna();
  send(park{key});
  deliver_one("a");
  auto theirs = broker::journal_part::make(queue, 1);
  theirs->add(0, {0, 0, 5, qos::at_least_once, false}, 1);
  CAF_CHECK_EQUAL(settle(theirs), "anna:settled1");
  CAF_CHECK_EQUAL(settle(take_part()), "");
  auto record = std::make_shared<broker::offline_session>(make_record());
  send(parked{key, std::move(record)});
  CAF_CHECK_EQUAL(claim_by_next(), "next:claimed1");
  CAF_CHECK_EQUAL(lent->backlog.unsettled, 0u);
}

CAF_TEST(a full queue drops what comes or makes room) {
  config::settings limited;
  limited.max_queued_messages = 1;
  home.set_policy(make_policy(limited));
  enroll_anna();
  park_anna();
  deliver_one("a");
  CAF_CHECK_EQUAL(deliver_one("b"), "");
  CAF_CHECK(!batch->has_journal());
  limited.when_queue_full = config::queue_full_policy::drop_oldest;
  home.set_policy(make_policy(limited));
  CAF_CHECK_EQUAL(deliver_one("c"), "drop1/0");
  CAF_CHECK(batch->has_journal());
  auto reason = static_cast<size_t>(broker::drop_reason::queue_full);
  CAF_CHECK_EQUAL(home.stats().dropped[reason].value(), 2u);
  CAF_CHECK_EQUAL(claim_by_next(), "next:claimed1");
}

CAF_TEST(what went beyond is told to who has the session) {
  auto record = make_record();
  record.backlog.messages = 3;
  adopt(std::move(record));
  CAF_CHECK_EQUAL(send(queue_shrunk{key, 1, 0}), "");
  CAF_CHECK_EQUAL(home.stats().stored_messages.value(), 2u);
  CAF_CHECK_EQUAL(claim_by_next(), "next:claimed2");
  CAF_CHECK_EQUAL(send(queue_shrunk{key, 1, 0}), "next:shrunk1");
}

CAF_TEST(expired messages leave the disk once) {
  enroll_anna();
  park_anna();
  deliver_one("a", 1);
  CAF_CHECK_EQUAL(send(housekeeping{}), "");
  turn(seconds{2});
  CAF_CHECK_EQUAL(send(housekeeping{}), "drop-expired");
  CAF_CHECK_EQUAL(send(housekeeping{}), "");
}

// -- wills and ends -----------------------------------------------------------

CAF_TEST(an offline session ends in its time) {
  auto record = make_record();
  record.ends_at = at + seconds{10};
  adopt(std::move(record));
  node.sessions = 1;
  turn(seconds{9});
  CAF_CHECK_EQUAL(take(), "");
  turn(seconds{1});
  turn();
  CAF_CHECK_EQUAL(take(), "load");
  session_loaded loaded;
  loaded.key = key;
  loaded.content = std::make_shared<broker::stored_session>();
  loaded.content->subscriptions.push_back({"x/+", {}, 0, 0});
  // The store passes on what other members of its groups shall have.
  CAF_CHECK_EQUAL(send(std::move(loaded)), "left(x/+) erase");
  CAF_CHECK_EQUAL(object_of<appender>(actor)->size(), 0u);
  CAF_CHECK_EQUAL(node.sessions.load(), 0);
  CAF_CHECK_EQUAL(home.stats().sessions_expired.value(), 1u);
}

CAF_TEST(a session whose client came back in the last moment lives on) {
  auto record = make_record();
  record.ends_at = at + seconds{10};
  adopt(std::move(record));
  turn(seconds{10});
  turn();
  CAF_CHECK_EQUAL(take(), "load");
  CAF_CHECK_EQUAL(claim_by_next(), "next:claimed0");
  session_loaded loaded;
  loaded.key = key;
  loaded.content = std::make_shared<broker::stored_session>();
  CAF_CHECK_EQUAL(send(std::move(loaded)), "");
  CAF_CHECK_EQUAL(object_of<appender>(actor)->size(), 1u);
}

CAF_TEST(a claimed session does not end) {
  auto record = make_record();
  record.ends_at = at + seconds{10};
  adopt(std::move(record));
  claim_by_next();
  turn(seconds{100});
  turn();
  CAF_CHECK_EQUAL(take(), "");
}

CAF_TEST(the will of an offline session is published when it is due) {
  auto record = make_record();
  record.will = std::make_unique<broker::stored_will>();
  record.will->message = broker::make_publication("gone", "will");
  record.will->due_at = instant::now().wall - 1000;
  adopt(std::move(record));
  turn(seconds{1});
  turn();
  CAF_CHECK_EQUAL(take(), "route(gone) no-will");
  turn(seconds{100});
  turn();
  CAF_CHECK_EQUAL(take(), "");
  CAF_CHECK_EQUAL(claim_by_next(), "next:claimed0");
  CAF_CHECK(!lent->will);
}

CAF_TEST_FIXTURE_SCOPE_END()
