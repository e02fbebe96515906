// What the store on disk does beyond the contract that all stores keep.
#include "storage/rocks_store.hpp"

#include "raw_database.hpp"
#include "storage/keys.hpp"
#include "storage/meta.hpp"
#include "storage/records.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <random>
#include <thread>

using namespace troupe;
using namespace troupe::test;
using storage::family;

namespace {

using strings = std::vector<std::string>;

struct fixture {
  rocks_subject on;

  std::string directory() const { return on.directory().database(); }

  bool append_shared(const std::vector<session_key>& keys, uint64_t sequence,
                     const publication_ptr& message) {
    std::vector<queue_target> targets;
    for (auto key : keys)
      targets.push_back({key, sequence, {}});
    on->append(*message, targets, test_now);
    return is_done(on->commit(false));
  }

  /// Entries from `first` to `last`, which say their number. Each is a record
  /// of its own.
  bool fill(session_key key, uint64_t last, uint64_t first = 1) {
    entry_options alone;
    alone.qos = protocol::qos::exactly_once;
    for (auto i = first; i <= last; ++i) {
      queue_target target{key, i, alone};
      on->append(*make(std::to_string(i)), {&target, 1}, test_now);
    }
    return is_done(on->commit(false));
  }
  size_t marks() {
    on.close();
    auto result = size_t{0};
    {
      raw_database raw{directory()};
      for (const auto& [key, value] : raw.all(family::meta))
        result += key.starts_with(storage::ended_prefix) ? 1 : 0;
    }
    on.reopen();
    return result;
  }

  // The store is closed meanwhile.
  std::map<std::string, std::string> bodies(bool compacted = false) {
    on.close();
    std::map<std::string, std::string> result;
    {
      raw_database raw{directory()};
      if (compacted)
        raw.compact(family::bodies);
      result = raw.all(family::bodies);
    }
    on.reopen();
    return result;
  }

  static uint64_t count_of(const std::string& body) {
    return storage::get_number<uint64_t>(body.data()
                                         + storage::body_count_offset);
  }

  template <class Change>
  void change_raw(Change change) {
    on.close();
    {
      raw_database raw{directory()};
      change(raw);
    }
    auto opened = storage::open_store({directory(), false});
    CAF_REQUIRE(opened.store);
    opened.store.reset();
    on.reopen();
  }

  void housekeep() {
    while (on->housekeep(test_now))
      ;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tests, fixture)

// -- shared bodies ------------------------------------------------------------

CAF_TEST(a large message for several queues is stored once) {
  message_spec spec;
  spec.payload = large('x');
  spec.properties = std::string{"\x01\x01", 2};
  spec.expiry = 60;
  CAF_REQUIRE(append_shared({1, 2, 3}, 1, make(spec)));
  auto stored = bodies();
  CAF_REQUIRE_EQUAL(stored.size(), 1u);
  CAF_CHECK_EQUAL(count_of(stored.begin()->second), 3u);
  for (session_key key : {1, 2, 3}) {
    auto found = on->read_queue(key, 1, 10, 1 << 20, test_now);
    CAF_REQUIRE_EQUAL(found.entries.size(), 1u);
    const auto& message = *found.entries[0].message;
    CAF_CHECK_EQUAL(message.payload(), spec.payload);
    CAF_CHECK_EQUAL(message.properties(), spec.properties);
    CAF_CHECK(message.expires_at()
              == test_now.steady + std::chrono::seconds{60});
  }
}

CAF_TEST(small messages and those for one queue are not shared) {
  CAF_REQUIRE(append_shared({1, 2}, 1, make("small")));
  CAF_REQUIRE(append_shared({1}, 2, make(large('x'))));
  CAF_CHECK(bodies().empty());
}

CAF_TEST(a shared message goes with its last entry) {
  CAF_REQUIRE(append_shared({1, 2, 3}, 1, make(large('x'))));
  CAF_REQUIRE(append_shared({1, 2}, 2, make(large('y'))));
  on->erase_entry(1, 1, 0);
  on->put_released(2, 1, 9, store::shared_body_size);
  CAF_REQUIRE(is_done(on->commit(false)));
  auto stored = bodies(true);
  CAF_REQUIRE_EQUAL(stored.size(), 2u);
  CAF_CHECK_EQUAL(count_of(stored.begin()->second), 1u);
  CAF_CHECK_EQUAL(payloads(*on, 3), strings{large('x')});
  on->erase_entry(3, 1, store::shared_body_size);
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_CHECK_EQUAL(bodies(true).size(), 1u);
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{large('y')});
}

CAF_TEST(an entry lets go of its message once however often it is erased) {
  CAF_REQUIRE(append_shared({1, 2}, 1, make(large('x'))));
  on->put_released(1, 1, 9, 0);
  on->erase_entry(1, 1, 0);
  on->erase_entry(1, 1, 0);
  CAF_REQUIRE(is_done(on->commit(false)));
  on->erase_entry(1, 1, 0);
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_CHECK_EQUAL(count_of(bodies().begin()->second), 1u);
  CAF_CHECK_EQUAL(payloads(*on, 2), strings{large('x')});
}

CAF_TEST(a commit may append and erase a shared message) {
  std::vector<queue_target> targets{{1, 1, {}}, {2, 1, {}}};
  on->append(*make(large('x')), targets, test_now);
  on->erase_entry(1, 1, 0);
  on->erase_entry(2, 1, 0);
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_CHECK(bodies(true).empty());
}

CAF_TEST(what expires or is dropped lets go of its message) {
  message_spec spec;
  spec.payload = large('x');
  spec.expiry = 10;
  CAF_REQUIRE(append_shared({1, 2, 3, 4}, 1, make(spec)));
  auto now = later(std::chrono::seconds{10});
  // Being gathered already: it must not be counted twice.
  on->erase_entry(1, 1, 0);
  CAF_CHECK_EQUAL(on->read_queue(1, 1, 9, 1000, now).expired, 1u);
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_CHECK_EQUAL(on->drop_expired(2, now).messages, 1u);
  CAF_CHECK_EQUAL(on->drop_oldest(3, 1, 1).messages, 1u);
  CAF_CHECK_EQUAL(count_of(bodies().begin()->second), 1u);
  CAF_CHECK_EQUAL(payloads(*on, 4), strings{large('x')});
}

CAF_TEST(the number of a body is never given again) {
  CAF_REQUIRE(append_shared({1, 2}, 1, make(large('x'))));
  auto first = bodies().begin()->first;
  on->erase_entry(1, 1, 0);
  on->erase_entry(2, 1, 0);
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_REQUIRE(bodies(true).empty());
  CAF_REQUIRE(append_shared({1, 2}, 2, make(large('y'))));
  CAF_CHECK(bodies().begin()->first > first);
}

CAF_TEST(an entry whose message is lost is moved aside) {
  CAF_REQUIRE(append_shared({1, 2}, 1, make(large('x'))));
  CAF_REQUIRE(append(*on, 1, 2, make("next")));
  change_raw([](raw_database& raw) {
    raw.remove(family::bodies, raw.all(family::bodies).begin()->first);
  });
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"next"});
  CAF_CHECK_EQUAL(on->damaged_records(), 1u);
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"next"});
  CAF_CHECK_EQUAL(on->damaged_records(), 1u);
}

// -- ended sessions -----------------------------------------------------------

CAF_TEST(a long queue is removed bit by bit and restarts do not matter) {
  constexpr uint64_t count = 12'000;
  on->put_session(make_session(1));
  CAF_REQUIRE(fill(1, count));
  CAF_REQUIRE(append_shared({1, 2}, count + 1, make(large('x'))));
  on->erase_session(1);
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_CHECK(payloads(*on, 1).empty());
  CAF_CHECK(on->housekeep(test_now));
  on.reopen();
  CAF_CHECK(payloads(*on, 1).empty());
  int steps = 1;
  while (on->housekeep(test_now))
    ++steps;
  CAF_CHECK(steps > 1);
  CAF_CHECK_EQUAL(count_of(bodies().begin()->second), 1u);
  on.close();
  raw_database raw{directory()};
  CAF_CHECK_EQUAL(raw.all(family::queue).size(), 1u);
  for (const auto& [key, value] : raw.all(family::meta))
    CAF_CHECK(!key.starts_with(storage::ended_prefix));
}

CAF_TEST(a session that ends again while its old queue is removed is gone) {
  CAF_REQUIRE(fill(1, 6000));
  on->erase_session(1);
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_CHECK(on->housekeep(test_now));
  CAF_REQUIRE(append(*on, 1, 6001, make("new")));
  on->erase_session(1);
  CAF_REQUIRE(append(*on, 1, 6002, make("newest")));
  housekeep();
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"newest"});
}

CAF_TEST(numbers that begin anew do no harm) {
  CAF_REQUIRE(append_shared({1, 2}, 1, make(large('x'))));
  CAF_REQUIRE(append_shared({1, 2}, 2, make(large('y'))));
  on->erase_session(1);
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_REQUIRE(append(*on, 1, 1, make("new")));
  housekeep();
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"new"});
  for (const auto& [key, body] : bodies())
    CAF_CHECK_EQUAL(count_of(body), 1u);
}

// -- marks --------------------------------------------------------------------

CAF_TEST(what a mark covers reaches no file) {
  CAF_REQUIRE(fill(1, 100));
  CAF_REQUIRE(append_shared({1, 2}, 101, make(large('x'))));
  CAF_REQUIRE(fill(1, 103, 102));
  on->put_released(1, 102, 7, 3);
  CAF_REQUIRE(is_done(on->commit(false)));
  on.close();
  raw_database raw{directory()};
  raw.marks().set(1, 102);
  CAF_REQUIRE(raw.flush());
  strings left;
  for (const auto& [key, value] : raw.all(family::queue)) {
    auto where = storage::place_of(key);
    left.push_back(std::to_string(where->key) + "/"
                   + std::to_string(where->sequence));
  }
  // What has left more than its entry stays until that is removed.
  CAF_CHECK_EQUAL(left, (strings{"1/101", "1/102", "1/103", "2/101"}));
}

CAF_TEST(what a mark covers in files goes when they are merged) {
  CAF_REQUIRE(fill(1, 100));
  on.close();
  raw_database raw{directory()};
  CAF_REQUIRE(raw.flush());
  raw.marks().set(1, 90);
  raw.compact(family::queue);
  CAF_CHECK_EQUAL(raw.all(family::queue).size(), 10u);
}

CAF_TEST(a mark stays while there is anything that it covers) {
  CAF_REQUIRE(fill(1, 10));
  on->erase_until(1, 9);
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_CHECK(!on->housekeep(test_now));
  CAF_CHECK_EQUAL(marks(), 1u);
}

CAF_TEST(a mark goes when nothing is left that it covers) {
  CAF_REQUIRE(fill(1, 3));
  on->erase_released(1, 1);
  on->erase_released(1, 2);
  on->erase_until(1, 2);
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_CHECK(!on->housekeep(test_now));
  CAF_CHECK_EQUAL(marks(), 0u);
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"3"});
}

CAF_TEST(what a mark covers in files is removed if it is much) {
  constexpr uint64_t count = 8'000;
  on->put_session(make_session(1));
  std::mt19937 random{1};
  std::string payload(1024, '\0');
  for (uint64_t i = 1; i <= count; ++i) {
    std::generate(payload.begin(), payload.end(), std::ref(random));
    queue_target target{1, i, {}};
    on->append(*make(payload), {&target, 1}, test_now);
  }
  on->erase_until(1, count - 1);
  CAF_REQUIRE(is_done(on->commit(false)));
  on.close();
  CAF_REQUIRE(raw_database{directory()}.flush()); // it knows of no mark
  on.reopen();
  auto bytes_of_queue = [&] {
    for (const auto& each : on.get().describe().kinds)
      if (each.name == "queue")
        return each.bytes;
    return uint64_t{0};
  };
  CAF_CHECK(bytes_of_queue() > count * 1000);
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{payload});
  auto deadline = clock::now() + std::chrono::seconds{60};
  while (bytes_of_queue() > 100'000 && clock::now() < deadline) {
    on->housekeep(test_now);
    std::this_thread::yield();
  }
  CAF_CHECK(bytes_of_queue() < 100'000);
  on->housekeep(test_now);
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{payload});
  CAF_CHECK_EQUAL(marks(), 0u);
}

CAF_TEST(a number that a mark covers is not given again) {
  on->put_session(make_session(1));
  CAF_REQUIRE(fill(1, 10));
  on->erase_until(1, 10);
  CAF_REQUIRE(is_done(on->commit(false)));
  on.reopen();
  auto found = sessions_of(*on);
  CAF_CHECK_EQUAL(found.at(0).queue.messages, 0u);
  CAF_CHECK_EQUAL(found.at(0).queue.last_sequence, 10u);
}

CAF_TEST(a mark lets go of no shared body) {
  CAF_REQUIRE(append_shared({1, 2}, 1, make(large('x'))));
  CAF_REQUIRE(fill(1, 3, 2));
  on->erase_entry(1, 1, 0);
  on->erase_until(1, 3);
  CAF_REQUIRE(is_done(on->commit(false)));
  on->erase_session(1);
  CAF_REQUIRE(is_done(on->commit(false)));
  housekeep();
  CAF_CHECK_EQUAL(payloads(*on, 2), strings{large('x')});
  CAF_CHECK_EQUAL(count_of(bodies().begin()->second), 1u);
}

// -- records that cannot be read ----------------------------------------------

CAF_TEST(a record that cannot be read is moved aside and counted) {
  on->put_session(make_session(1));
  stored_subscription filter;
  filter.filter = "a";
  on->put_subscription(1, filter);
  on->put_retained({make("retained"), nullptr}, test_now);
  CAF_REQUIRE(append(*on, 1, 1, make("one")));
  CAF_REQUIRE(append(*on, 1, 3, make("three")));
  change_raw([](raw_database& raw) {
    raw.put(family::queue, storage::entry_id{1, 2}.view(), "\x01 nonsense");
    raw.put(family::queue, std::string{storage::session_id{1}.view()} + "x",
            "y");
    raw.put(family::sessions, storage::session_id{2}.view(), "\x09");
    raw.put(family::sessions, "short", "\x01");
    raw.put(family::subscriptions, storage::subscription_key(1, "b"), "");
    raw.put(family::incoming, storage::session_id{1}.view(), "");
    raw.put(family::windows, storage::session_id{1}.view(), "\x01\x02");
    raw.put(family::wills, storage::session_id{1}.view(), "\x01");
    raw.put(family::retained, "topic", "\x01");
    raw.put(family::seen, storage::key_of({7, 1, 0}, 0).view(), "\x01");
  });
  auto found = sessions_of(*on);
  CAF_REQUIRE_EQUAL(found.size(), 1u);
  CAF_CHECK_EQUAL(found[0].subscriptions.size(), 1u);
  CAF_CHECK(!found[0].will);
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"one", "three"}));
  CAF_CHECK_EQUAL(retained_of(*on).size(), 1u);
  auto loaded = on->load(1, test_now);
  CAF_CHECK(loaded.incoming_ids.empty());
  CAF_CHECK(loaded.window.empty());
  CAF_CHECK_EQUAL(on->seen().pieces(), 0u);
  CAF_CHECK_EQUAL(on->damaged_records(), 10u);
  // Nothing is found twice.
  sessions_of(*on);
  retained_of(*on);
  on->load(1, test_now);
  on->seen();
  CAF_CHECK_EQUAL(on->damaged_records(), 10u);
  CAF_CHECK(std::filesystem::exists(on.directory().file("quarantine")));
}

// -- what was seen of other nodes ---------------------------------------------

CAF_TEST(what was seen of one block is one record) {
  for (uint64_t i = 1; i <= 512; ++i) {
    on->put_seen({7, 1, 0, i});
    if (i % 100 == 0)
      CAF_REQUIRE(is_done(on->commit(false)));
  }
  CAF_REQUIRE(is_done(on->commit(false)));
  change_raw([](raw_database& raw) {
    raw.compact(family::seen);
    CAF_CHECK_EQUAL(raw.all(family::seen).size(), 2u);
  });
  CAF_CHECK(on->seen().contains({7, 1, 0, 512}));
}

CAF_TEST(a long lane is forgotten from its beginning) {
  constexpr auto kept = uint64_t{seen_set::most_pieces};
  on->put_seen({7, 1, 0, 1});
  for (uint64_t block = 0; block <= 3 * kept; ++block)
    on->put_seen({8, 1, 0, block * seen_block_size + 1});
  CAF_REQUIRE(is_done(on->commit(false)));
  // Not with the commit that brings them, but with the next.
  on->put_seen({8, 1, 0, 4 * kept * seen_block_size + 1});
  CAF_REQUIRE(is_done(on->commit(false)));
  change_raw([&](raw_database& raw) {
    auto left = raw.all(family::seen);
    CAF_CHECK_EQUAL(left.size(), 3u);
    CAF_CHECK(left.count(std::string{storage::key_of({7, 1, 0}, 0).view()})
              != 0);
    CAF_CHECK(
        left.count(std::string{storage::key_of({8, 1, 0}, 3 * kept).view()})
        != 0);
  });
}

CAF_TEST(of very many lanes the latest are kept) {
  for (uint64_t epoch = 1; epoch <= seen_set::most_lanes + 3; ++epoch)
    on->put_seen({9 - epoch % 2, epoch, 0, 1});
  CAF_REQUIRE(is_done(on->commit(false)));
  auto seen = on->seen();
  CAF_CHECK_EQUAL(seen.lanes(), seen_set::most_lanes);
  CAF_CHECK(!seen.contains({8, 3, 0, 1}));
  CAF_CHECK(seen.contains({9, 4, 0, 1}));
  change_raw([](raw_database& raw) {
    CAF_CHECK_EQUAL(raw.all(family::seen).size(), seen_set::most_lanes);
  });
}

CAF_TEST(a database that an older program made can be looked at) {
  on->put_session(make_session(1));
  CAF_REQUIRE(is_done(on->commit(false)));
  on.close();
  {
    raw_database raw{directory()};
    raw.drop(family::seen);
  }
  {
    auto looked_at = storage::open_store({directory(), true});
    CAF_REQUIRE(looked_at.store);
    CAF_CHECK_EQUAL(sessions_of(*looked_at.store).size(), 1u);
    CAF_CHECK_EQUAL(looked_at.store->seen().lanes(), 0u);
    CAF_CHECK_EQUAL(looked_at.store->describe().kinds.size(),
                    storage::family_count);
  }
  on.reopen();
  on->put_seen({7, 1, 0, 1});
  CAF_REQUIRE(is_done(on->commit(false)));
  CAF_CHECK(on->seen().contains({7, 1, 0, 1}));
  CAF_CHECK_EQUAL(sessions_of(*on).size(), 1u);
}

CAF_TEST(expired retained messages leave the disk when files are merged) {
  message_spec spec;
  spec.expiry = 10;
  on->put_retained({make(spec), nullptr}, test_now);
  spec.topic = "other";
  spec.expiry.reset();
  on->put_retained({make(spec), nullptr}, test_now);
  CAF_REQUIRE(is_done(on->commit(false)));
  on.close();
  raw_database raw{directory(), later(std::chrono::seconds{10})};
  raw.compact(family::retained);
  CAF_CHECK_EQUAL(raw.all(family::retained).size(), 1u);
}

// -- opening ------------------------------------------------------------------

CAF_TEST(two brokers do not share a database) {
  auto other = storage::open_store({directory(), false});
  CAF_CHECK(!other.store);
  CAF_CHECK(other.error.find(directory()) != std::string::npos);
  CAF_CHECK(other.error.find("another broker") != std::string::npos);
  CAF_CHECK(append(*on, 1, 1, make("unharmed")));
}

CAF_TEST(a database of a newer format is refused and left alone) {
  change_raw([](raw_database&) {});
  on.close();
  {
    raw_database raw{directory()};
    storage::meta_value value;
    raw.put(family::meta, storage::format_key,
            storage::encode_meta(value, storage::format_version + 1));
  }
  auto format = "format " + std::to_string(storage::format_version + 1);
  for (bool read_only : {false, true}) {
    auto opened = storage::open_store({directory(), read_only});
    CAF_CHECK(!opened.store);
    CAF_CHECK(opened.error.find(format) != std::string::npos);
    CAF_CHECK(opened.error.find("newer") != std::string::npos);
  }
  CAF_CHECK(!storage::verify(directory(), nullptr).error.empty());
  CAF_CHECK(!std::filesystem::exists(on.directory().file("quarantine")));
}

CAF_TEST(a database of the format before is read and has the new one then) {
  on->put_retained({make("kept"), nullptr}, test_now);
  CAF_REQUIRE(is_done(on->commit(false)));
  change_raw([](raw_database& raw) {
    storage::meta_value value;
    raw.put(family::meta, storage::format_key, storage::encode_meta(value, 1));
  });
  CAF_CHECK_EQUAL(retained_of(*on).size(), 1u);
  CAF_CHECK_EQUAL(on.get().describe().format, storage::format_version);
}

CAF_TEST(a database with unknown kinds of records is refused) {
  on.close();
  {
    raw_database raw{directory()};
    rocksdb::ColumnFamilyHandle* made = nullptr;
    CAF_REQUIRE(raw.db().CreateColumnFamily({}, "moods", &made).ok());
    CAF_REQUIRE(raw.db().DestroyColumnFamilyHandle(made).ok());
  }
  auto opened = storage::open_store({directory(), false});
  CAF_CHECK(!opened.store);
  CAF_CHECK(opened.error.find("newer version") != std::string::npos);
  CAF_CHECK(!std::filesystem::exists(on.directory().file("quarantine")));
}

CAF_TEST(a directory that cannot be made is named) {
  scratch_directory home;
  { std::ofstream file{home.file("file")}; }
  auto opened = storage::open_store({home.file("file/store"), false});
  CAF_CHECK(!opened.store);
  CAF_CHECK(opened.error.find(home.file("file/store")) != std::string::npos);
}

CAF_TEST(a database can be looked at while a broker uses it) {
  on->put_session(make_session(1));
  CAF_REQUIRE(append(*on, 1, 1, make("one")));
  auto opened = storage::open_store({directory(), true});
  CAF_REQUIRE(opened.store);
  CAF_CHECK_EQUAL(sessions_of(*opened.store).size(), 1u);
  CAF_CHECK_EQUAL(payloads(*opened.store, 1), strings{"one"});
  opened.store->put_session(make_session(2));
  CAF_CHECK(!is_done(opened.store->commit(false)));
  CAF_REQUIRE(append(*on, 1, 2, make("two")));
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"one", "two"}));
}

CAF_TEST(looking at a database that is not there makes none) {
  scratch_directory home;
  auto opened = storage::open_store({home.database(), true});
  CAF_CHECK(!opened.store);
  CAF_CHECK(!opened.error.empty());
  CAF_CHECK(!std::filesystem::exists(home.database() + "/CURRENT"));
}

CAF_TEST(a database tells its size) {
  CAF_REQUIRE(append(*on, 1, 1, make("one")));
  auto about = on.get().describe();
  CAF_CHECK_EQUAL(about.format, storage::format_version);
  CAF_CHECK(about.bytes_on_disk > about.log_bytes);
  CAF_CHECK(about.log_bytes > 0);
  CAF_REQUIRE_EQUAL(about.kinds.size(), storage::family_count);
  CAF_CHECK_EQUAL(about.kinds[3].name, "queue");
  CAF_CHECK_EQUAL(about.kinds[3].records, 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
