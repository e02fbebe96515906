// What every store promises, the one on disk and the one in memory that other
// tests use. Queues: queue_contract.cpp.
#include "stores.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

using strings = std::vector<std::string>;

stored_subscription make_subscription(std::string filter) {
  stored_subscription result;
  result.filter = std::move(filter);
  result.options = {protocol::qos::exactly_once, true, true,
                    protocol::retain_handling::no_retained};
  result.identifier = 268'435'455;
  result.shared = 7;
  return result;
}

stored_will make_will() {
  stored_will result;
  message_spec spec;
  spec.topic = "will/topic";
  spec.payload = "gone";
  spec.qos = protocol::qos::exactly_once;
  spec.retain = true;
  spec.properties = std::string{"\x01\x01", 2};
  result.message = make(spec);
  result.expiry_interval = 77;
  result.delay = 11;
  result.due_at = test_now.wall + 5;
  return result;
}

} // namespace

CAF_TEST(a session is found again with all that it is) {
  with_each_store([](test_subject& on) {
    auto record = make_session(4711);
    record.client_id = std::string{"caf\xc3\xa9 \0 nul", 11};
    record.expiry_interval = 0xffffffff;
    record.ends_at = test_now.wall + 1000;
    record.is_connected = true;
    on->put_session(record);
    on->put_subscription(4711, make_subscription("a/+/#"));
    on->put_subscription(4711, make_subscription("$share/g/b"));
    on->put_will(4711, make_will(), test_now);
    CAF_REQUIRE(is_done(on->commit(true)));
    on.reopen();
    auto found = sessions_of(*on);
    CAF_REQUIRE_EQUAL(found.size(), 1u);
    CAF_CHECK(found[0].record == record);
    CAF_REQUIRE_EQUAL(found[0].subscriptions.size(), 2u);
    CAF_CHECK(found[0].subscriptions[0] == make_subscription("$share/g/b"));
    CAF_CHECK(found[0].subscriptions[1] == make_subscription("a/+/#"));
    CAF_REQUIRE(found[0].will);
    const auto& will = *found[0].will;
    CAF_CHECK_EQUAL(will.message->topic(), "will/topic");
    CAF_CHECK_EQUAL(will.message->payload(), "gone");
    CAF_CHECK(will.message->properties() == make_will().message->properties());
    CAF_CHECK(will.message->qos() == protocol::qos::exactly_once);
    CAF_CHECK(will.message->retain());
    CAF_CHECK(will.expiry_interval == 77u);
    CAF_CHECK_EQUAL(will.delay, 11u);
    CAF_CHECK_EQUAL(will.due_at, test_now.wall + 5);
    CAF_CHECK_EQUAL(found[0].queue.last_sequence, 0u);
  });
}

CAF_TEST(nothing is seen before it is committed) {
  with_each_store([](test_subject& on) {
    queue_target target{1, 1, {}};
    on->put_session(make_session(1));
    on->append(*make("x"), {&target, 1}, test_now);
    on->put_retained({make("r"), nullptr}, test_now);
    on->put_incoming_id(1, 5);
    CAF_CHECK(sessions_of(*on).empty());
    CAF_CHECK(payloads(*on, 1).empty());
    CAF_CHECK(retained_of(*on).empty());
    CAF_CHECK(on->load(1, test_now).incoming_ids.empty());
    CAF_REQUIRE(is_done(on->commit(false)));
    CAF_CHECK_EQUAL(sessions_of(*on).size(), 1u);
    CAF_CHECK_EQUAL(payloads(*on, 1), strings{"x"});
    CAF_CHECK_EQUAL(retained_of(*on).size(), 1u);
    CAF_CHECK_EQUAL(on->load(1, test_now).incoming_ids.size(), 1u);
  });
}

CAF_TEST(nothing gathered outlives the end of the process) {
  rocks_subject on;
  on->put_session(make_session(1));
  on.reopen();
  CAF_CHECK(sessions_of(*on).empty());
}

CAF_TEST(a connected client returns to what its session knew) {
  with_each_store([](test_subject& on) {
    on->put_session(make_session(3));
    std::vector<launch_run> window{{1, 65'530, 6}, {70, 1, 2}};
    on->put_window(3, window);
    for (uint16_t id : {1, 300, 65'535})
      on->put_incoming_id(3, id);
    on->put_incoming_id(4, 9);
    CAF_REQUIRE(is_done(on->commit(false)));
    on.reopen();
    auto found = on->load(3, test_now);
    CAF_CHECK(found.window == window);
    CAF_CHECK_EQUAL(found.incoming_ids,
                    (std::vector<uint16_t>{1, 300, 65'535}));
    CAF_CHECK(!found.will);
    on->put_window(3, {});
    on->erase_incoming_id(3, 300);
    CAF_REQUIRE(is_done(on->commit(false)));
    found = on->load(3, test_now);
    CAF_CHECK(found.window.empty());
    CAF_CHECK_EQUAL(found.incoming_ids, (std::vector<uint16_t>{1, 65'535}));
  });
}

CAF_TEST(a subscription is replaced and erased) {
  with_each_store([](test_subject& on) {
    on->put_subscription(1, make_subscription("a"));
    on->put_subscription(1, make_subscription("ab"));
    CAF_REQUIRE(is_done(on->commit(false)));
    auto changed = make_subscription("a");
    changed.options.qos = protocol::qos::at_most_once;
    on->put_subscription(1, changed);
    on->erase_subscription(1, "ab");
    CAF_REQUIRE(is_done(on->commit(false)));
    auto found = on->load(1, test_now).subscriptions;
    CAF_REQUIRE_EQUAL(found.size(), 1u);
    CAF_CHECK(found[0] == changed);
  });
}

CAF_TEST(a will is replaced and erased) {
  with_each_store([](test_subject& on) {
    on->put_will(1, make_will(), test_now);
    auto other = make_will();
    other.expiry_interval.reset();
    other.due_at = 0;
    on->put_will(1, other, test_now);
    CAF_REQUIRE(is_done(on->commit(false)));
    auto found = on->load(1, test_now).will;
    CAF_REQUIRE(found);
    CAF_CHECK(!found->expiry_interval);
    CAF_CHECK_EQUAL(found->due_at, 0);
    on->erase_will(1);
    CAF_REQUIRE(is_done(on->commit(false)));
    CAF_CHECK(!on->load(1, test_now).will);
  });
}

CAF_TEST(an erased session takes everything along and spares its neighbours) {
  with_each_store([](test_subject& on) {
    for (session_key key : {1, 2, 3}) {
      on->put_session(make_session(key));
      on->put_subscription(key, make_subscription("a"));
      on->put_will(key, make_will(), test_now);
      on->put_incoming_id(key, 1);
      on->put_window(key, std::vector<launch_run>{{1, 1, 1}});
      CAF_REQUIRE(append(*on, key, 1, make("m")));
    }
    on->erase_session(2);
    CAF_REQUIRE(is_done(on->commit(false)));
    CAF_CHECK(payloads(*on, 2).empty());
    on.reopen();
    auto found = sessions_of(*on);
    CAF_REQUIRE_EQUAL(found.size(), 2u);
    for (const auto& each : found) {
      CAF_CHECK_EQUAL(each.subscriptions.size(), 1u);
      CAF_CHECK(each.will);
      CAF_CHECK_EQUAL(each.queue.messages, 1u);
    }
    auto gone = on->load(2, test_now);
    CAF_CHECK(gone.subscriptions.empty());
    CAF_CHECK(gone.incoming_ids.empty());
    CAF_CHECK(gone.window.empty());
    CAF_CHECK(!gone.will);
    CAF_CHECK(payloads(*on, 2).empty());
    while (on->housekeep(test_now))
      ;
    CAF_CHECK(payloads(*on, 2).empty());
    CAF_CHECK_EQUAL(payloads(*on, 1), strings{"m"});
    CAF_CHECK_EQUAL(payloads(*on, 3), strings{"m"});
  });
}

CAF_TEST(what one commit puts and erases is gone) {
  with_each_store([](test_subject& on) {
    on->put_session(make_session(1));
    on->put_subscription(1, make_subscription("a"));
    on->put_incoming_id(1, 1);
    queue_target target{1, 1, {}};
    on->append(*make("m"), {&target, 1}, test_now);
    on->erase_session(1);
    CAF_REQUIRE(is_done(on->commit(false)));
    CAF_CHECK(sessions_of(*on).empty());
    CAF_CHECK(on->load(1, test_now).subscriptions.empty());
    CAF_CHECK(on->load(1, test_now).incoming_ids.empty());
    CAF_CHECK(payloads(*on, 1).empty());
  });
}

CAF_TEST(what is put for the key of an erased session stays) {
  for (uint64_t first : {uint64_t{1}, uint64_t{4}})
    with_each_store([first](test_subject& on) {
      for (uint64_t i = 1; i <= 3; ++i)
        CAF_REQUIRE(append(*on, 1, i, make("old")));
      on->put_subscription(1, make_subscription("old"));
      on->erase_session(1);
      on->put_session(make_session(1));
      on->put_subscription(1, make_subscription("new"));
      CAF_REQUIRE(append(*on, 1, first, make("new")));
      CAF_CHECK_EQUAL(payloads(*on, 1), strings{"new"});
      on.reopen();
      CAF_CHECK(sessions_of(*on)[0].queue.messages == 1);
      while (on->housekeep(test_now))
        ;
      CAF_CHECK_EQUAL(payloads(*on, 1), strings{"new"});
      CAF_REQUIRE_EQUAL(on->load(1, test_now).subscriptions.size(), 1u);
      on.reopen();
      CAF_CHECK_EQUAL(payloads(*on, 1), strings{"new"});
    });
}

CAF_TEST(retained messages are kept until they expire) {
  with_each_store([](test_subject& on) {
    message_spec spec;
    spec.topic = "b";
    spec.payload = "first";
    spec.properties = std::string{"\x01\x01", 2};
    spec.retain = true;
    on->put_retained({make(spec), nullptr}, test_now);
    spec.payload = "second";
    on->put_retained({make(spec), nullptr}, test_now);
    spec.topic = "a";
    spec.expiry = 10;
    on->put_retained({make(spec), nullptr}, test_now);
    spec.topic = "c";
    on->put_retained({make(spec), nullptr}, test_now);
    on->erase_retained("c");
    on->erase_retained("never there");
    CAF_REQUIRE(is_done(on->commit(false)));
    on.reopen();
    auto found = retained_of(*on, later(std::chrono::seconds{4}));
    CAF_REQUIRE_EQUAL(found.size(), 2u);
    CAF_CHECK_EQUAL(found[0]->topic(), "a");
    CAF_CHECK(found[0]->expires_at()
              == test_now.steady + std::chrono::seconds{10});
    CAF_CHECK_EQUAL(found[1]->payload(), "second");
    CAF_CHECK_EQUAL(found[1]->properties(), spec.properties);
    CAF_CHECK(found[1]->retain());
    CAF_CHECK_EQUAL(retained_of(*on, later(std::chrono::seconds{10})).size(),
                    1u);
  });
}

CAF_TEST(who published a retained message or left a will is kept) {
  with_each_store([](test_subject& on) {
    auto by = author::make("id", "anna", "1883 on ::1");
    auto will = make_will();
    will.by = author::make("", std::nullopt, "");
    on->put_session(make_session(1));
    on->put_will(1, will, test_now);
    message_spec spec;
    for (const auto* topic : {"a", "b"}) {
      spec.topic = topic;
      on->put_retained({make(spec), by}, test_now);
    }
    spec.topic = "c";
    on->put_retained({make(spec), nullptr}, test_now);
    CAF_REQUIRE(is_done(on->commit(false)));
    on.reopen();
    std::vector<author_ptr> found;
    on->for_each_retained(
        [&](retained_message&& each) { found.push_back(each.by); }, test_now);
    CAF_REQUIRE_EQUAL(found.size(), 3u);
    CAF_REQUIRE(found[0]);
    CAF_CHECK(*found[0] == *by);
    CAF_CHECK(found[0] == found[1]);
    CAF_CHECK(!found[2]);
    auto left = on->load(1, test_now).will;
    CAF_REQUIRE(left);
    CAF_REQUIRE(left->by);
    CAF_CHECK(*left->by == *will.by);
    CAF_CHECK_EQUAL(left->message->payload(), "gone");
    CAF_CHECK_EQUAL(left->message->topic(), "will/topic");
  });
}

CAF_TEST(the last sign of life is known) {
  with_each_store([](test_subject& on) {
    CAF_CHECK_EQUAL(on->alive_at(), 0);
    on->put_alive(test_now.wall);
    CAF_REQUIRE(is_done(on->commit(false)));
    CAF_CHECK(is_done(on->sync()));
    on.reopen();
    CAF_CHECK_EQUAL(on->alive_at(), test_now.wall);
  });
}

CAF_TEST(a message keeps its path wherever it lies) {
  with_each_store([](test_subject& on) {
    message_spec spec;
    spec.properties = std::string{"\x01\x01", 2};
    spec.path = "9f86d081884c7d65/18c2f3a4b5d.0/1f2 0a1b2c3d4e5f6071";
    std::vector<publication_ptr> kept;
    append(*on, 1, 1, make(spec));
    spec.payload = large('x');
    std::vector<queue_target> targets{{1, 2, {}}, {2, 1, {}}};
    on->append(*make(spec), targets, test_now);
    spec.retain = true;
    on->put_retained({make(spec), nullptr}, test_now);
    on->put_session(make_session(3));
    stored_will will;
    will.message = make(spec);
    on->put_will(3, will, test_now);
    CAF_REQUIRE(is_done(on->commit(false)));
    on.reopen();
    for (session_key key : {1, 2})
      for (auto& each : on->read_queue(key, 1, 10, 1 << 20, test_now).entries)
        kept.push_back(each.message);
    CAF_REQUIRE_EQUAL(kept.size(), 3u);
    for (auto& each : retained_of(*on))
      kept.push_back(each);
    kept.push_back(on->load(3, test_now).will->message);
    CAF_REQUIRE_EQUAL(kept.size(), 5u);
    for (const auto& each : kept) {
      CAF_CHECK_EQUAL(each->path(), spec.path);
      CAF_CHECK_EQUAL(each->properties(), spec.properties);
    }
  });
}

CAF_TEST(the subscription of a peer remains one) {
  with_each_store([](test_subject& on) {
    auto ordinary = make_subscription("a");
    auto wanted = make_subscription("b");
    wanted.options.is_peer = true;
    on->put_session(make_session(1));
    on->put_subscription(1, ordinary);
    on->put_subscription(1, wanted);
    CAF_REQUIRE(is_done(on->commit(false)));
    on.reopen();
    auto found = on->load(1, test_now).subscriptions;
    CAF_REQUIRE_EQUAL(found.size(), 2u);
    CAF_CHECK(found[0] == ordinary);
    CAF_CHECK(found[1] == wanted);
  });
}

CAF_TEST(the node is known by its name) {
  with_each_store([](test_subject& on) {
    CAF_CHECK(!on->node());
    on->put_node(0x9f86d081884c7d65);
    CAF_REQUIRE(is_done(on->commit(false)));
    on.reopen();
    CAF_CHECK(on->node() == 0x9f86d081884c7d65);
  });
}

CAF_TEST(what was seen of other nodes stays seen) {
  with_each_store([](test_subject& on) {
    CAF_CHECK_EQUAL(on->seen().lanes(), 0u);
    for (uint64_t i : {1, 2, 300})
      on->put_seen({7, 1, 0, i});
    on->put_seen({7, 2, 3, 1});
    CAF_REQUIRE(is_done(on->commit(false)));
    on->put_seen({7, 1, 0, 3});
    CAF_REQUIRE(is_done(on->commit(false)));
    on->put_seen({7, 1, 0, 4}); // never committed
    on->discard();
    CAF_REQUIRE(is_done(on->commit(false)));
    for (auto round : {"open", "reopened"}) {
      CAF_MESSAGE(round);
      auto seen = on->seen();
      CAF_CHECK_EQUAL(seen.lanes(), 2u);
      for (uint64_t i = 1; i <= 512; ++i)
        CAF_CHECK_EQUAL(seen.contains({7, 1, 0, i}), i <= 3 || i == 300);
      CAF_CHECK(seen.contains({7, 2, 3, 1}));
      on.reopen();
    }
  });
}
