// What every store promises of the queues of sessions, the one on disk and the
// one in memory that other tests use.
#include "stores.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

using strings = std::vector<std::string>;

} // namespace

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
