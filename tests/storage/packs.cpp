// Queues whose entries lie in packs.
#include "raw_database.hpp"
#include "storage/entry_pack.hpp"
#include "storage/meta.hpp"
#include "stores.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using storage::family;

namespace {

using strings = std::vector<std::string>;
using numbers = std::vector<uint64_t>;

struct fixture {
  rocks_subject on;

  fixture() {
    on->put_session(make_session(1));
    CAF_REQUIRE(is_done(on->commit(false)));
  }

  /// Entries that say their number, by one commit.
  bool fill(const numbers& sequences, session_key key = 1) {
    for (auto each : sequences) {
      queue_target target{key, each, {}};
      on->append(*make(std::to_string(each)), {&target, 1}, test_now);
    }
    return commit();
  }
  bool commit() { return is_done(on->commit(false)); }

  std::string directory() const { return on.directory().database(); }

  /// What the queue consists of: "3" an entry, "-3" a gap, "3+" a pack that
  /// ends there.
  strings records() {
    on.close();
    strings result;
    for (const auto& [key, value] :
         raw_database{directory()}.all(family::queue))
      result.push_back(name_of(*storage::place_of(key)));
    on.reopen();
    return result;
  }
  static std::string name_of(storage::queue_place place) {
    auto number = std::to_string(place.sequence);
    switch (place.what) {
    case storage::queue_record::entry:
      break;
    case storage::queue_record::gap:
      return "-" + number;
    case storage::queue_record::pack:
      return number + "+";
    }
    return number;
  }

  bool has_mark() {
    on.close();
    auto found = raw_database{directory()}
                     .all(family::meta)
                     .count(storage::ended_key(1));
    on.reopen();
    return found != 0;
  }

  strings payloads_from(uint64_t from) {
    strings result;
    for (const auto& each :
         on->read_queue(1, from, 100, 1 << 20, test_now).entries)
      result.emplace_back(each.message->payload());
    return result;
  }

  queue_totals totals() { return sessions_of(*on).at(0).queue; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tests, fixture)

CAF_TEST(what a commit appends to a queue is one record) {
  CAF_REQUIRE(fill({1, 2, 3}));
  CAF_REQUIRE(fill({4}));
  CAF_CHECK_EQUAL(records(), (strings{"3+", "4+"}));
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"1", "2", "3", "4"}));
  CAF_CHECK_EQUAL(totals().messages, 4u);
  CAF_CHECK_EQUAL(totals().bytes, 4u);
  CAF_CHECK_EQUAL(totals().last_sequence, 4u);
}

CAF_TEST(a pack has no holes) {
  CAF_REQUIRE(fill({1, 2, 4, 5}));
  CAF_CHECK_EQUAL(records(), (strings{"2+", "5+"}));
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"1", "2", "4", "5"}));
}

CAF_TEST(entries of other kinds lie between packs) {
  entry_options exactly_once;
  exactly_once.qos = protocol::qos::exactly_once;
  for (uint64_t i = 1; i <= 5; ++i) {
    queue_target target{1, i, i == 3 ? exactly_once : entry_options{}};
    on->append(*make(std::to_string(i)), {&target, 1}, test_now);
  }
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(records(), (strings{"2+", "3", "5+"}));
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"1", "2", "3", "4", "5"}));
}

CAF_TEST(packs of many queues are written by one commit) {
  std::vector<queue_target> targets;
  for (session_key key = 1; key <= 300; ++key)
    targets.push_back({key, 1, {}});
  on->append(*make("first"), targets, test_now);
  for (auto& each : targets)
    each.sequence = 2;
  on->append(*make("second"), targets, test_now);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(records().size(), 300u);
  for (session_key key = 1; key <= 300; ++key)
    CAF_CHECK_EQUAL(payloads(*on, key), (strings{"first", "second"}));
}

CAF_TEST(a long commit makes several packs) {
  numbers all;
  for (uint64_t i = 1; i <= 1000; ++i)
    all.push_back(i);
  CAF_REQUIRE(fill(all));
  CAF_CHECK_EQUAL(records(), (strings{"255+", "510+", "765+", "1000+"}));
  auto found = payloads(*on, 1);
  CAF_REQUIRE_EQUAL(found.size(), 1000u);
  for (size_t i = 0; i < found.size(); ++i)
    CAF_REQUIRE_EQUAL(found[i], std::to_string(i + 1));
}

CAF_TEST(reading begins and stops anywhere in a pack) {
  CAF_REQUIRE(fill({1, 2, 3, 4, 5, 6}));
  CAF_CHECK_EQUAL(payloads_from(4), (strings{"4", "5", "6"}));
  auto slice = on->read_queue(1, 2, 2, 1 << 20, test_now);
  CAF_CHECK_EQUAL(slice.entries.size(), 2u);
  CAF_CHECK_EQUAL(slice.next, 4u);
  CAF_CHECK(!slice.at_end);
  CAF_CHECK_EQUAL(payloads_from(7), strings{});
}

CAF_TEST(what a commit discards is not packed by the next) {
  queue_target target{1, 1, {}};
  on->append(*make("lost"), {&target, 1}, test_now);
  on->discard();
  CAF_REQUIRE(fill({2}));
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"2"});
  CAF_CHECK_EQUAL(totals().messages, 1u);
}

// -- gaps ---------------------------------------------------------------------

CAF_TEST(an entry in a pack is erased by itself) {
  CAF_REQUIRE(fill({1, 2, 3, 4}));
  on->erase_entry(1, 2, 8);
  on->erase_entry(1, 4, 8);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(records(), (strings{"-2", "-4", "4+"}));
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"1", "3"}));
  CAF_CHECK_EQUAL(payloads_from(2), strings{"3"});
  CAF_CHECK_EQUAL(payloads_from(4), strings{});
  CAF_CHECK_EQUAL(totals().messages, 2u);
  CAF_CHECK_EQUAL(totals().bytes, 2u);
}

CAF_TEST(an entry is erased by the commit that packs it) {
  for (uint64_t i = 1; i <= 3; ++i) {
    queue_target target{1, i, {}};
    on->append(*make(std::to_string(i)), {&target, 1}, test_now);
  }
  on->erase_entry(1, 2, 8);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"1", "3"}));
}

CAF_TEST(the number of a gap is not given again) {
  CAF_REQUIRE(fill({1, 2, 3}));
  on->erase_entry(1, 3, 8);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(totals().last_sequence, 3u);
  on->erase_entry(1, 1, 8);
  on->erase_entry(1, 2, 8);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(totals().last_sequence, 3u);
  CAF_CHECK_EQUAL(totals().messages, 0u);
}

CAF_TEST(a gap does not reach beyond its pack) {
  CAF_REQUIRE(fill({1, 2}));
  CAF_REQUIRE(fill({3, 4}));
  on->erase_entry(1, 1, 8);
  on->erase_entry(1, 2, 8);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"3", "4"}));
}

// -- limits -------------------------------------------------------------------

CAF_TEST(the front of a queue is dropped by a mark) {
  CAF_REQUIRE(fill({1, 2, 3, 4}));
  auto gone = on->drop_oldest(1, 1, 1);
  CAF_CHECK_EQUAL(gone.messages, 1u);
  CAF_CHECK_EQUAL(gone.bytes, 1u);
  CAF_CHECK_EQUAL(gone.last_sequence, 1u);
  CAF_CHECK_EQUAL(on->drop_oldest(1, 1, 2).messages, 2u);
  CAF_CHECK_EQUAL(records(), strings{"4+"});
  CAF_CHECK(has_mark());
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"4"});
  CAF_CHECK_EQUAL(totals().messages, 1u);
}

CAF_TEST(a mark that moved on is not moved back) {
  CAF_REQUIRE(fill({1, 2, 3, 4}));
  on->erase_until(1, 1);
  CAF_CHECK_EQUAL(on->drop_oldest(1, 1, 3).messages, 3u);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"4"});
  on.reopen();
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"4"});
}

CAF_TEST(what is dropped behind others leaves gaps) {
  CAF_REQUIRE(fill({1, 2, 3, 4}));
  CAF_CHECK_EQUAL(on->drop_oldest(1, 2, 2).messages, 2u);
  CAF_CHECK_EQUAL(records(), (strings{"-2", "-3", "4+"}));
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"1", "4"}));
}

CAF_TEST(a pack of which nothing is left goes with its gaps) {
  CAF_REQUIRE(fill({1, 2}));
  CAF_REQUIRE(fill({3, 4, 5}));
  on->erase_entry(1, 4, 8);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(on->drop_oldest(1, 3, 100).messages, 2u);
  CAF_CHECK_EQUAL(records(), strings{"2+"});
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"1", "2"}));
}

CAF_TEST(what was sent keeps its pack) {
  entry_options sent;
  sent.qos = protocol::qos::at_least_once;
  for (uint64_t i = 1; i <= 3; ++i) {
    queue_target target{1, i, sent};
    on->append(*make(std::to_string(i)), {&target, 1}, test_now);
  }
  on->put_window(1, std::vector<launch_run>{{1, 11, 1}});
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(on->drop_oldest(1, 1, 100).messages, 2u);
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"1"});
  CAF_CHECK_EQUAL(records(), (strings{"-2", "-3", "3+"}));
}

// -- marks --------------------------------------------------------------------

CAF_TEST(a mark ends anywhere in a pack) {
  CAF_REQUIRE(fill({1, 2, 3, 4}));
  on->erase_until(1, 2);
  CAF_REQUIRE(commit());
  CAF_CHECK(!on->housekeep(test_now));
  CAF_CHECK(has_mark());
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"3", "4"}));
  CAF_CHECK_EQUAL(totals().messages, 2u);
  CAF_CHECK_EQUAL(records(), strings{"4+"});
}

CAF_TEST(a mark is needed as long as a pack begins before its end) {
  CAF_REQUIRE(fill({1, 2, 3, 4}));
  on->erase_entry(1, 3, 8);
  on->erase_until(1, 1);
  CAF_REQUIRE(commit());
  CAF_CHECK(!on->housekeep(test_now));
  CAF_CHECK(has_mark());
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"2", "4"}));
}

CAF_TEST(numbers that begin anew in the middle of a pack hide its front) {
  CAF_REQUIRE(fill({1, 2, 3, 4}));
  on->erase_entry(1, 3, 8);
  on->erase_until(1, 2);
  CAF_REQUIRE(commit());
  on->put_released(1, 2, 9, 0);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"-", "4"}));
  CAF_CHECK(!has_mark());
}

CAF_TEST(packs and gaps that a mark covers reach no file) {
  CAF_REQUIRE(fill({1, 2, 3}));
  CAF_REQUIRE(fill({4, 5}));
  on->erase_entry(1, 2, 8);
  on->erase_entry(1, 4, 8);
  CAF_REQUIRE(commit());
  on.close();
  {
    raw_database raw{directory()};
    raw.marks().set(1, 4);
    CAF_REQUIRE(raw.flush());
  }
  on.reopen();
  CAF_CHECK_EQUAL(records(), strings{"5+"});
}

CAF_TEST(packs and gaps that a mark covers go when files are merged) {
  CAF_REQUIRE(fill({1, 2, 3}));
  CAF_REQUIRE(fill({4, 5}));
  on->erase_entry(1, 2, 8);
  CAF_REQUIRE(commit());
  on.close();
  {
    raw_database raw{directory()};
    CAF_REQUIRE(raw.flush());
    raw.marks().set(1, 3);
    raw.compact(family::queue);
  }
  on.reopen();
  CAF_CHECK_EQUAL(records(), strings{"5+"});
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"4", "5"}));
}

// -- the end of a session -----------------------------------------------------

CAF_TEST(packs and gaps go with their session) {
  CAF_REQUIRE(fill({1, 2, 3}));
  CAF_REQUIRE(fill({4}));
  on->erase_entry(1, 2, 8);
  CAF_REQUIRE(commit());
  CAF_REQUIRE(fill({5}));
  on->erase_entry(1, 6, 8);
  on->erase_session(1);
  CAF_REQUIRE(commit());
  CAF_CHECK(payloads(*on, 1).empty());
  while (on->housekeep(test_now))
    ;
  CAF_CHECK_EQUAL(records(), strings{});
  CAF_CHECK(!has_mark());
}

CAF_TEST(numbers that begin anew in the same commit meet no old packs) {
  for (uint64_t i = 1; i <= 300; ++i) {
    queue_target target{1, i, {}};
    on->append(*make("old"), {&target, 1}, test_now);
  }
  on->erase_session(1);
  queue_target target{1, 1, {}};
  on->append(*make("new"), {&target, 1}, test_now);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"new"});
  CAF_CHECK_EQUAL(records(), strings{"1+"});
}

CAF_TEST(an ended session leaves nothing in a pack of the next one) {
  queue_target target{1, 1, {}};
  on->append(*make("old"), {&target, 1}, test_now);
  on->erase_session(1);
  target.sequence = 2;
  on->append(*make("new"), {&target, 1}, test_now);
  CAF_REQUIRE(commit());
  while (on->housekeep(test_now))
    ;
  CAF_CHECK_EQUAL(records(), strings{"2+"});
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"new"});
}

// -- what others wrote --------------------------------------------------------

CAF_TEST(entries that lie alone as older programs wrote them are served) {
  on.close();
  {
    raw_database raw{directory()};
    storage::entry_parts parts;
    auto message = make("old");
    storage::encode_entry(parts, *message, {}, {});
    std::string value;
    for (int i = 0; i < parts.count; ++i)
      value += parts.parts[static_cast<size_t>(i)].ToString();
    for (uint64_t i = 1; i <= 3; ++i)
      raw.put(family::queue, storage::entry_id{1, i}.view(), value);
  }
  on.reopen();
  CAF_REQUIRE(fill({4, 5}));
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"old", "old", "old", "4", "5"}));
  on->erase_entry(1, 2, 8);
  CAF_REQUIRE(commit());
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"old", "old", "4", "5"}));
  CAF_CHECK_EQUAL(on->drop_oldest(1, 1, 3).messages, 3u);
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"5"});
}

CAF_TEST(a damaged pack is moved aside and the others are served) {
  CAF_REQUIRE(fill({1, 2}));
  CAF_REQUIRE(fill({3, 4}));
  CAF_REQUIRE(fill({5, 6}));
  on->erase_entry(1, 5, 8);
  CAF_REQUIRE(commit());
  on.close();
  raw_database{directory()}.put(family::queue, storage::pack_at({1, 4}).view(),
                                "\x03\x02nonsense");
  on.reopen();
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"1", "2", "6"}));
  CAF_CHECK_EQUAL(on->damaged_records(), 1u);
  CAF_CHECK_EQUAL(records(), (strings{"2+", "-5", "6+"}));
}

CAF_TEST_FIXTURE_SCOPE_END()
