// What every store promises, the one on disk and the one in memory that other
// tests use.
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

CAF_TEST(a queued message is found as it was) {
  with_each_store([](test_subject& on) {
    message_spec spec;
    spec.payload = std::string{"\0binary\xff", 8};
    spec.properties = std::string{"\x01\x01", 2};
    spec.qos = protocol::qos::exactly_once;
    spec.retain = true;
    spec.expiry = 60;
    entry_options options;
    options.subscription_id = 99;
    options.shared = 3;
    options.packet_id = 65'535;
    options.qos = protocol::qos::at_least_once;
    options.retain = true;
    CAF_REQUIRE(append(*on, 5, 17, make(spec), options));
    on.reopen();
    auto found = on->read_queue(5, 1, 10, 1000, later(std::chrono::seconds{1}));
    CAF_REQUIRE_EQUAL(found.entries.size(), 1u);
    CAF_CHECK(found.at_end);
    CAF_CHECK_EQUAL(found.next, 18u);
    CAF_CHECK_EQUAL(found.entries[0].sequence, 17u);
    CAF_CHECK(found.entries[0].options == options);
    const auto& message = *found.entries[0].message;
    CAF_CHECK_EQUAL(message.topic(), "a/topic");
    CAF_CHECK_EQUAL(message.payload(), spec.payload);
    CAF_CHECK_EQUAL(message.properties(), spec.properties);
    CAF_CHECK(message.qos() == spec.qos);
    CAF_CHECK(message.retain());
    CAF_CHECK(message.expires_at()
              == test_now.steady + std::chrono::seconds{60});
  });
}

CAF_TEST(queues are in order and do not mix) {
  with_each_store([](test_subject& on) {
    for (uint64_t sequence : {1, 2, 255, 256, 65'536}) {
      CAF_REQUIRE(append(*on, 7, sequence, make(std::to_string(sequence))));
      CAF_REQUIRE(append(*on, 6, sequence, make("6")));
      CAF_REQUIRE(append(*on, 8, sequence, make("8")));
    }
    CAF_REQUIRE(append(*on, ~uint64_t{0}, 1, make("last")));
    CAF_CHECK_EQUAL(payloads(*on, 7),
                    (strings{"1", "2", "255", "256", "65536"}));
    CAF_CHECK_EQUAL(payloads(*on, ~uint64_t{0}), strings{"last"});
    CAF_CHECK(payloads(*on, 9).empty());
  });
}

CAF_TEST(a queue is read in slices bounded by count and bytes) {
  with_each_store([](test_subject& on) {
    for (uint64_t i = 1; i <= 10; ++i)
      CAF_REQUIRE(append(*on, 1, i, make(std::string(100, 'x'))));
    auto slice = on->read_queue(1, 1, 4, 1 << 20, test_now);
    CAF_CHECK_EQUAL(slice.entries.size(), 4u);
    CAF_CHECK(!slice.at_end);
    CAF_CHECK_EQUAL(slice.next, 5u);
    slice = on->read_queue(1, slice.next, 100, 150, test_now);
    CAF_CHECK_EQUAL(slice.entries.size(), 2u);
    CAF_CHECK_EQUAL(slice.entries[0].sequence, 5u);
    slice = on->read_queue(1, slice.next, 4, 1 << 20, test_now);
    CAF_CHECK_EQUAL(slice.entries.size(), 4u);
    CAF_CHECK(slice.at_end);
    slice = on->read_queue(1, 11, 4, 1 << 20, test_now);
    CAF_CHECK(slice.entries.empty());
    CAF_CHECK(slice.at_end);
    CAF_CHECK_EQUAL(slice.next, 11u);
  });
}

CAF_TEST(an entry is released and then erased) {
  with_each_store([](test_subject& on) {
    entry_options exactly_once;
    exactly_once.qos = protocol::qos::exactly_once;
    CAF_REQUIRE(append(*on, 1, 1, make("one"), exactly_once));
    CAF_REQUIRE(append(*on, 1, 2, make("two")));
    on->put_released(1, 1, 500, 3);
    CAF_REQUIRE(is_done(on->commit(false)));
    on.reopen();
    auto found = on->read_queue(1, 1, 10, 1000, test_now);
    CAF_REQUIRE_EQUAL(found.entries.size(), 2u);
    CAF_CHECK(!found.entries[0].message);
    CAF_CHECK_EQUAL(found.entries[0].options.packet_id, 500u);
    CAF_CHECK(found.entries[0].options.qos == protocol::qos::exactly_once);
    on->erase_released(1, 1);
    on->erase_entry(1, 99, 0);
    CAF_REQUIRE(is_done(on->commit(false)));
    on.reopen();
    CAF_CHECK_EQUAL(payloads(*on, 1), strings{"two"});
  });
}

CAF_TEST(an entry may be erased by the commit that appends it) {
  with_each_store([](test_subject& on) {
    queue_target target{1, 1, {}};
    on->append(*make("x"), {&target, 1}, test_now);
    on->erase_entry(1, 1, 0);
    CAF_REQUIRE(is_done(on->commit(false)));
    CAF_CHECK(payloads(*on, 1).empty());
  });
}

CAF_TEST(entries may be erased up to one of them) {
  with_each_store([](test_subject& on) {
    on->put_session(make_session(1));
    for (uint64_t i = 1; i <= 5; ++i)
      CAF_REQUIRE(append(*on, 1, i, make(std::to_string(i))));
    CAF_REQUIRE(append(*on, 2, 1, make("other")));
    on->erase_until(1, 3);
    CAF_CHECK_EQUAL(payloads(*on, 1).size(), 5u);
    on->discard();
    CAF_REQUIRE(is_done(on->commit(false)));
    CAF_CHECK_EQUAL(payloads(*on, 1).size(), 5u);
    on->erase_until(1, 3);
    CAF_REQUIRE(is_done(on->commit(false)));
    CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"4", "5"}));
    on->erase_until(1, 2); // it stays so
    CAF_REQUIRE(is_done(on->commit(false)));
    on->housekeep(test_now);
    on.reopen();
    CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"4", "5"}));
    CAF_CHECK_EQUAL(payloads(*on, 2), strings{"other"});
    auto found = sessions_of(*on);
    CAF_CHECK_EQUAL(found.at(0).queue.messages, 2u);
    on->erase_until(1, 5);
    CAF_REQUIRE(append(*on, 1, 6, make("6")));
    CAF_CHECK_EQUAL(payloads(*on, 1), strings{"6"});
  });
}

CAF_TEST(a session may end with entries erased up to one of them) {
  with_each_store([](test_subject& on) {
    for (uint64_t i = 1; i <= 3; ++i)
      CAF_REQUIRE(append(*on, 1, i, make(std::to_string(i))));
    on->erase_until(1, 1);
    CAF_REQUIRE(is_done(on->commit(false)));
    on->erase_until(1, 2);
    on->erase_session(1);
    on->erase_until(1, 3); // too late to matter
    CAF_REQUIRE(is_done(on->commit(false)));
    CAF_CHECK(payloads(*on, 1).empty());
    on.reopen();
    CAF_CHECK(payloads(*on, 1).empty());
    CAF_REQUIRE(append(*on, 1, 4, make("new")));
    CAF_CHECK_EQUAL(payloads(*on, 1), strings{"new"});
  });
}

CAF_TEST(an entry may wait for less than its message lives) {
  with_each_store([](test_subject& on) {
    message_spec mortal;
    mortal.payload = "mortal";
    mortal.expiry = 60;
    std::vector<std::string> bodies{"small", std::string(600, 'x')};
    for (const auto& body : bodies) {
      mortal.payload = body;
      std::vector<queue_target> targets{{1, 1, {}}, {2, 1, {}}};
      targets[0].options.waits_until =
          test_now.steady + std::chrono::seconds{5};
      auto message = make(mortal);
      on->append(*message, targets, test_now);
      CAF_REQUIRE(is_done(on->commit(false)));
      auto found = on->read_queue(1, 1, 10, 10'000, test_now);
      CAF_REQUIRE_EQUAL(found.entries.size(), 1u);
      const auto& entry = found.entries.front();
      CAF_CHECK(entry.options == targets[0].options);
      CAF_CHECK(entry.message->expires_at() == message->expires_at());
      CAF_CHECK_EQUAL(entry.message->payload(), body);
      auto now = later(std::chrono::seconds{5});
      CAF_CHECK_EQUAL(on->read_queue(1, 1, 10, 10'000, now).expired, 1u);
      CAF_CHECK_EQUAL(on->read_queue(2, 1, 10, 10'000, now).entries.size(), 1u);
      on->erase_entry(2, 1, 0);
      CAF_REQUIRE(is_done(on->commit(false)));
    }
  });
}

CAF_TEST(what has expired is passed over and counted once) {
  with_each_store([](test_subject& on) {
    message_spec mortal;
    mortal.payload = "mortal";
    mortal.expiry = 10;
    CAF_REQUIRE(append(*on, 1, 1, make(mortal)));
    CAF_REQUIRE(append(*on, 1, 2, make("eternal")));
    CAF_CHECK_EQUAL(payloads(*on, 1, later(std::chrono::milliseconds{9999})),
                    (strings{"mortal", "eternal"}));
    auto now = later(std::chrono::seconds{10});
    auto found = on->read_queue(1, 1, 10, 1000, now);
    CAF_CHECK_EQUAL(found.entries.size(), 1u);
    CAF_CHECK_EQUAL(found.expired, 1u);
    CAF_CHECK_EQUAL(found.expired_bytes, 6u);
    found = on->read_queue(1, 1, 10, 1000, now);
    CAF_CHECK_EQUAL(found.expired, 0u);
    CAF_CHECK_EQUAL(found.entries.size(), 1u);
  });
}

CAF_TEST(what has been launched is read however old it is) {
  with_each_store([](test_subject& on) {
    message_spec mortal;
    mortal.expiry = 1;
    entry_options sent;
    sent.qos = protocol::qos::exactly_once;
    for (uint64_t i = 1; i <= 4; ++i) {
      sent.packet_id = i == 1 ? 9 : 0;
      CAF_REQUIRE(append(*on, 1, i, make(mortal), sent));
    }
    on->put_window(1, std::vector<launch_run>{{2, 10, 2}});
    CAF_REQUIRE(is_done(on->commit(false)));
    auto now = later(std::chrono::seconds{5});
    for (auto expired : {1u, 0u}) {
      auto found = on->read_queue(1, 1, 10, 1000, now);
      CAF_CHECK_EQUAL(found.expired, expired);
      CAF_REQUIRE_EQUAL(found.entries.size(), 3u);
      CAF_CHECK(found.entries.front().message);
      CAF_CHECK_EQUAL(found.entries.back().sequence, 3u);
      on.reopen();
    }
  });
}

CAF_TEST(a restart counts what queues hold) {
  with_each_store([](test_subject& on) {
    on->put_session(make_session(1));
    on->put_session(make_session(2));
    message_spec mortal;
    mortal.payload = "four";
    mortal.expiry = 20;
    CAF_REQUIRE(append(*on, 1, 5, make(mortal)));
    mortal.expiry = 10;
    CAF_REQUIRE(append(*on, 1, 6, make(mortal)));
    CAF_REQUIRE(append(*on, 1, 9, make(large('x'))));
    on->put_released(1, 5, 1, 4);
    CAF_REQUIRE(is_done(on->commit(false)));
    on.reopen();
    auto found = sessions_of(*on);
    CAF_REQUIRE_EQUAL(found.size(), 2u);
    CAF_CHECK_EQUAL(found[0].queue.messages, 2u);
    CAF_CHECK_EQUAL(found[0].queue.bytes, 4u + store::shared_body_size);
    CAF_CHECK_EQUAL(found[0].queue.last_sequence, 9u);
    CAF_CHECK_EQUAL(found[0].queue.earliest_expiry, test_now.wall + 10'000);
    CAF_CHECK_EQUAL(found[1].queue.messages, 0u);
    CAF_CHECK_EQUAL(found[1].queue.last_sequence, 0u);
  });
}

CAF_TEST(the oldest messages are dropped unless they have been launched) {
  with_each_store([](test_subject& on) {
    for (uint64_t i = 1; i <= 6; ++i)
      CAF_REQUIRE(append(*on, 1, i, make(std::string(i, 'x'))));
    auto gone = on->drop_oldest(1, 3, 2);
    CAF_CHECK_EQUAL(gone.messages, 2u);
    CAF_CHECK_EQUAL(gone.bytes, 7u);
    CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"x", "xx", "xxxxx", "xxxxxx"}));
    gone = on->drop_oldest(1, 3, 100);
    CAF_CHECK_EQUAL(gone.messages, 2u);
    CAF_CHECK_EQUAL(on->drop_oldest(1, 3, 100).messages, 0u);
  });
}

CAF_TEST(what has been launched is not dropped however old it is) {
  with_each_store([](test_subject& on) {
    message_spec mortal;
    mortal.expiry = 1;
    entry_options sent;
    sent.qos = protocol::qos::exactly_once;
    for (uint64_t i = 1; i <= 6; ++i) {
      sent.packet_id = i == 1 ? 9 : 0;
      CAF_REQUIRE(append(*on, 1, i, make(mortal), sent));
    }
    on->put_released(1, 2, 10, 0);
    std::vector<launch_run> window{{3, 11, 2}};
    on->put_window(1, window);
    CAF_REQUIRE(is_done(on->commit(false)));
    CAF_CHECK_EQUAL(on->drop_oldest(1, 1, 1).messages, 1u);
    auto gone = on->drop_expired(1, later(std::chrono::seconds{5}));
    CAF_CHECK_EQUAL(gone.messages, 1u);
    CAF_CHECK_EQUAL(gone.earliest_expiry, 0);
    CAF_CHECK_EQUAL(on->drop_oldest(1, 1, 100).messages, 0u);
    auto left = on->read_queue(1, 1, 10, 1000, test_now).entries;
    CAF_REQUIRE_EQUAL(left.size(), 4u);
    CAF_CHECK_EQUAL(left.back().sequence, 4u);
  });
}

CAF_TEST(expired messages are dropped wherever they wait) {
  with_each_store([](test_subject& on) {
    for (uint64_t i = 1; i <= 9; ++i) {
      message_spec spec;
      if (i % 3 != 0)
        spec.expiry = static_cast<uint32_t>(i);
      CAF_REQUIRE(append(*on, 1, i, make(spec)));
    }
    auto gone = on->drop_expired(1, later(std::chrono::seconds{5}));
    CAF_CHECK_EQUAL(gone.messages, 4u);
    CAF_CHECK_EQUAL(gone.bytes, 28u);
    CAF_CHECK_EQUAL(gone.earliest_expiry, test_now.wall + 7000);
    CAF_CHECK_EQUAL(payloads(*on, 1).size(), 5u);
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
