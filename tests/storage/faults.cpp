// A disk that is full or fails, at every point of a short scenario.
#include "database_files.hpp"
#include "faulty_files.hpp"
#include "raw_database.hpp"
#include "storage/open.hpp"
#include "storage/status.hpp"
#include "stores.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>

using namespace troupe;
using namespace troupe::test;
using kind = store_status::kind;

namespace {

using strings = std::vector<std::string>;

struct fixture {
  scratch_directory home;
  faulty_env env;

  std::unique_ptr<storage::rocks_store> open() {
    auto opened = storage::open_store_with({home.database(), false}, env.get());
    return std::move(opened.store);
  }

  /// Commits until it works, which is soon, or for ten seconds.
  static bool works_again(store& on, uint64_t sequence) {
    auto end = clock::now() + std::chrono::seconds{10};
    while (clock::now() < end)
      if (append(on, 1, sequence, make("again")))
        return true;
    return false;
  }
};

void gather(store& to, uint64_t number, bool is_large) {
  auto message = make(is_large ? large('x') : std::to_string(number));
  std::vector<queue_target> both{{1, number, {}}, {2, number, {}}};
  to.append(*message, both, test_now);
  if (number > 3)
    to.erase_entry(1, number - 3, 0);
  if (number == 12)
    to.erase_session(2);
  to.put_retained({message, nullptr}, test_now);
  to.put_incoming_id(1, static_cast<uint16_t>(number));
}

// Does the same on both until one fails, and then only on the first: what the
// second knows is what was acknowledged.
void play(store& tried, store& model, bool synced) {
  for (uint64_t number = 1; number <= 20; ++number) {
    gather(tried, number, number % 4 == 0);
    if (!is_done(tried.commit(synced)))
      continue;
    gather(model, number, number % 4 == 0);
    CAF_CHECK(is_done(model.commit(synced)));
  }
}

void check_equal(store& found, store& expected) {
  for (session_key key : {1, 2})
    CAF_CHECK_EQUAL(payloads(found, key), payloads(expected, key));
  CAF_CHECK_EQUAL(found.load(1, test_now).incoming_ids,
                  expected.load(1, test_now).incoming_ids);
  CAF_CHECK_EQUAL(retained_of(found).size(), retained_of(expected).size());
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(tests, fixture)

CAF_TEST(a full disk is told and forgotten when there is room again) {
  auto on = open();
  CAF_REQUIRE(on);
  CAF_REQUIRE(append(*on, 1, 1, make("before")));
  env.plan.first_failure = env.plan.count + 1;
  queue_target target{1, 2, {}};
  on->append(*make("lost"), {&target, 1}, test_now);
  auto status = on->commit(false);
  CAF_CHECK(status.what == kind::no_space);
  CAF_CHECK(!status.text.empty());
  // What is there is served meanwhile.
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"before"});
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(!append(*on, 1, 3, make("lost too")));
  env.plan.first_failure = 0;
  CAF_CHECK(works_again(*on, 4));
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"before", "again"}));
  on.reset();
  on = open();
  CAF_REQUIRE(on);
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"before", "again"}));
}

CAF_TEST(a broker that starts on a full disk serves what is there) {
  {
    auto on = open();
    CAF_REQUIRE(on);
    CAF_REQUIRE(append(*on, 1, 1, make("before")));
  }
  env.plan.first_failure = env.plan.count + 1;
  auto opened = storage::open_store_with({home.database(), false}, env.get());
  CAF_REQUIRE(opened.store);
  CAF_CHECK_EQUAL(opened.error, "");
  CAF_CHECK_EQUAL(opened.findings.size(), 1u);
  CAF_CHECK_EQUAL(payloads(*opened.store, 1), strings{"before"});
  queue_target target{1, 2, {}};
  opened.store->append(*make("lost"), {&target, 1}, test_now);
  CAF_CHECK(opened.store->commit(false).what == kind::no_space);
  env.plan.first_failure = 0;
  CAF_CHECK(works_again(*opened.store, 3));
  CAF_CHECK_EQUAL(payloads(*opened.store, 1), (strings{"before", "again"}));
  CAF_CHECK(!std::filesystem::exists(home.file("quarantine")));
}

CAF_TEST(the database of an older program may be on a full disk) {
  {
    auto on = open();
    CAF_REQUIRE(on);
    CAF_REQUIRE(append(*on, 1, 1, make("before")));
  }
  raw_database{home.database()}.drop(storage::family::seen);
  env.plan.first_failure = env.plan.count + 1;
  auto opened = storage::open_store_with({home.database(), false}, env.get());
  CAF_REQUIRE(opened.store);
  opened.store->put_seen({7, 1, 0, 1});
  queue_target target{1, 2, {}};
  opened.store->append(*make("lost"), {&target, 1}, test_now);
  CAF_CHECK(opened.store->commit(false).what == kind::no_space);
  env.plan.first_failure = 0;
  opened.store->put_seen({7, 1, 0, 2});
  CAF_CHECK(works_again(*opened.store, 3));
  CAF_CHECK_EQUAL(payloads(*opened.store, 1), (strings{"before", "again"}));
  opened.store->put_seen({7, 1, 0, 3});
  CAF_REQUIRE(is_done(opened.store->commit(false)));
  CAF_CHECK(opened.store->seen().contains({7, 1, 0, 3}));
}

CAF_TEST(an error that RocksDB does not recover from ends as well) {
  auto on = open();
  CAF_REQUIRE(on);
  CAF_REQUIRE(append(*on, 1, 1, make("before")));
  env.plan.error = rocksdb::IOStatus::IOError("write", "Input/output error");
  env.plan.first_failure = env.plan.count + 1;
  queue_target target{1, 2, {}};
  on->append(*make("lost"), {&target, 1}, test_now);
  CAF_CHECK(on->commit(true).what == kind::failed);
  CAF_CHECK_EQUAL(payloads(*on, 1), strings{"before"});
  CAF_CHECK(!append(*on, 1, 3, make("lost too")));
  env.plan.first_failure = 0;
  CAF_CHECK(works_again(*on, 4));
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{"before", "again"}));
  CAF_CHECK_EQUAL(on->damaged_records(), 0u);
}

CAF_TEST(what is for want of room is told apart) {
  auto what = [](const char* text) {
    return storage::to_store_status(rocksdb::Status::IOError("write", text))
        .what;
  };
  CAF_CHECK(storage::to_store_status(rocksdb::Status::NoSpace()).what
            == kind::no_space);
  CAF_CHECK(what("Disk quota exceeded") == kind::no_space);
  CAF_CHECK(what("Read-only file system") == kind::no_space);
  CAF_CHECK(what("Input/output error") == kind::failed);
  CAF_CHECK(storage::to_store_status(rocksdb::Status::OK()).what == kind::done);
}

CAF_TEST(
    whichever write fails what was acknowledged is there and nothing else) {
  for (bool synced : {false, true})
    for (uint64_t n = 1; n < 40; ++n) {
      CAF_MESSAGE((synced ? "synced, " : "written, ") << n);
      scratch_directory place;
      faulty_env files;
      memory_store model;
      {
        auto opened =
            storage::open_store_with({place.database(), false}, files.get());
        CAF_REQUIRE(opened.store);
        files.plan.only_once = true;
        files.plan.tears = n % 2 == 0;
        files.plan.first_failure = files.plan.count + n;
        play(*opened.store, model, synced);
        CAF_CHECK(works_again(*opened.store, 100));
        CAF_REQUIRE(append(model, 1, 100, make("again")));
        check_equal(*opened.store, model);
        // As kill -9 would leave it.
        copy_directory(place.database(), place.file("killed"));
      }
      for (auto name : {"killed", storage::database_name}) {
        auto opened = storage::open_store({place.file(name), false});
        CAF_REQUIRE(opened.store);
        CAF_CHECK_EQUAL(opened.findings, strings{});
        check_equal(*opened.store, model);
      }
    }
}

CAF_TEST(what could not be written does not come back after a crash) {
  for (auto operation : {1, 2})
    for (bool tears : {false, true}) {
      scratch_directory place;
      faulty_env files;
      auto opened =
          storage::open_store_with({place.database(), false}, files.get());
      CAF_REQUIRE(opened.store);
      auto& on = *opened.store;
      CAF_REQUIRE(append(on, 1, 1, make("one")));
      CAF_REQUIRE(append(on, 1, 2, make("two")));
      // The second is the sync of a record that has been written as a whole.
      files.plan.tears = tears;
      files.plan.first_failure =
          files.plan.count + static_cast<uint64_t>(operation);
      on.erase_entry(1, 1, 0);
      CAF_CHECK(!is_done(on.commit(true)));
      copy_directory(place.database(), place.file("killed"));
      auto again = storage::open_store({place.file("killed"), false});
      CAF_REQUIRE(again.store);
      CAF_CHECK_EQUAL(payloads(*again.store, 1), (strings{"one", "two"}));
    }
}

CAF_TEST(damage that shows in use is mended at once) {
  std::string database = home.database();
  {
    auto opened = storage::open_store({database, false});
    for (session_key key = 1; key <= 3; ++key)
      opened.store->put_session(make_session(key));
    // What cannot be compressed, so that there is much that is not damaged.
    std::mt19937 random{1};
    std::string payload(200, '\0');
    for (uint64_t i = 1; i <= 2000; ++i) {
      std::generate(payload.begin(), payload.end(), std::ref(random));
      std::vector<queue_target> all{{1, i, {}}, {2, i, {}}, {3, i, {}}};
      opened.store->append(*make(payload), all, test_now);
    }
    CAF_REQUIRE(is_done(opened.store->commit(false)));
  }
  auto known = std::make_shared<storage::told>();
  {
    auto raw = storage::open_database(database, storage::open_mode::normal,
                                      known, nullptr);
    for (auto each : storage::all_families)
      CAF_REQUIRE((*raw.db)->Flush({}, (*raw.db)[each]).ok());
  }
  auto opened = storage::open_store({database, false});
  CAF_REQUIRE(opened.store);
  auto largest = files_like(database, ".sst").front();
  for (const auto& each : files_like(database, ".sst"))
    if (read_file(database + "/" + each).size()
        > read_file(database + "/" + largest).size())
      largest = each;
  auto path = database + "/" + largest;
  auto bytes = read_file(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  // In place: the database has the file open.
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  auto sessions = sessions_of(*opened.store);
  CAF_CHECK_EQUAL(sessions.size(), 3u);
  uint64_t counted = 0;
  for (const auto& each : sessions)
    counted += each.queue.messages;
  CAF_CHECK(opened.store->damaged_records() > 0);
  CAF_CHECK(counted < 6000u);
  CAF_CHECK(counted > 5000u);
  size_t read = 0;
  for (session_key key = 1; key <= 3; ++key)
    read += payloads(*opened.store, key).size();
  CAF_CHECK_EQUAL(read, counted);
  CAF_CHECK(append(*opened.store, 1, 5000, make("works")));
  CAF_CHECK(payloads(*opened.store, 1).back() == "works");
  CAF_CHECK(is_done(opened.store->sync()));
}

CAF_TEST(a store in memory can fail and forget as it is told) {
  failing_store failing;
  failing.fail(2);
  CAF_CHECK(append(failing, 1, 1, make("one")));
  CAF_CHECK(!append(failing, 1, 2, make("two")));
  CAF_CHECK(append(failing, 1, 3, make("three")));
  CAF_CHECK_EQUAL(payloads(failing, 1), (strings{"one", "three"}));
  failing.fail(1, true);
  CAF_CHECK(!append(failing, 1, 4, make("four")));
  CAF_CHECK(!append(failing, 1, 5, make("five")));
  forgetful_store forgetful;
  CAF_CHECK(append(forgetful, 1, 1, make("one")));
  CAF_CHECK(is_done(forgetful.sync()));
  CAF_CHECK(append(forgetful, 1, 2, make("two")));
  forgetful.crash();
  CAF_CHECK_EQUAL(payloads(forgetful, 1), strings{"one"});
}

CAF_TEST_FIXTURE_SCOPE_END()
