// verify, repair, backup and restore.
#include "database_files.hpp"
#include "raw_database.hpp"
#include "storage/entry_pack.hpp"
#include "storage/keys.hpp"
#include "storage/records.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::test;
using storage::family;

namespace {

using strings = std::vector<std::string>;

struct fixture {
  rocks_subject on;

  fixture() {
    on->put_session(make_session(1));
    on->put_session(make_session(2));
    std::vector<queue_target> both{{1, 1, {}}, {2, 1, {}}};
    on->append(*make(large('x')), both, test_now);
    CAF_REQUIRE(append(*on, 1, 2, make("two")));
  }

  std::string directory() const { return on.directory().database(); }
  std::string file(std::string_view name) const {
    return on.directory().file(name);
  }

  static bool mentions(const std::vector<std::string>& sentences,
                       std::string_view text) {
    return std::any_of(sentences.begin(), sentences.end(),
                       [text](const std::string& each) {
                         return each.find(text) != each.npos;
                       });
  }

  void add_flaws() {
    on.close();
    raw_database raw{directory()};
    raw.put(family::queue, storage::entry_id{1, 3}.view(), "\x01");
    storage::small_entry value;
    raw.put(family::queue, storage::entry_id{9, 1}.view(),
            storage::encode_released(value, 1));
    raw.put(family::queue, storage::entry_id{1, 4}.view(),
            storage::encode_shared(value, *make(large('y')), {}, {}, 12345));
    raw.put(family::subscriptions, storage::subscription_key(9, "a"), "\x01");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tests, fixture)

CAF_TEST(a database in order has nothing to be said against) {
  on.close();
  uint64_t last = 0;
  auto report = storage::verify(directory(), [&](uint64_t done, uint64_t all) {
    CAF_CHECK(done <= all);
    last = done;
    return true;
  });
  CAF_CHECK_EQUAL(report.error, "");
  CAF_CHECK_EQUAL(report.damage, strings{});
  // Two sessions, three entries, one body, the format and the body numbers.
  CAF_CHECK_EQUAL(report.records, 8u);
}

CAF_TEST(a database that an older program made is checked and repaired) {
  on.close();
  raw_database{directory()}.drop(family::seen);
  for (auto check : {storage::verify, storage::repair}) {
    auto report = check(directory(), nullptr);
    CAF_CHECK_EQUAL(report.error, "");
    CAF_CHECK_EQUAL(report.damage, strings{});
    CAF_CHECK_EQUAL(report.records, 8u);
  }
  on.reopen();
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{large('x'), "two"}));
}

CAF_TEST(what a broker uses is not checked) {
  auto report = storage::verify(directory(), nullptr);
  CAF_CHECK(report.error.find("another broker") != std::string::npos);
  report = storage::repair(directory(), nullptr);
  CAF_CHECK(!report.error.empty());
  CAF_CHECK(!storage::verify(file("nowhere"), nullptr).error.empty());
}

CAF_TEST(every flaw is named and repaired and nothing else changes) {
  add_flaws();
  auto report = storage::verify(directory(), nullptr);
  CAF_CHECK_EQUAL(report.error, "");
  CAF_CHECK_EQUAL(report.damage.size(), 4u);
  CAF_CHECK(mentions(report.damage, "queue 1, entry 3: cannot be read"));
  CAF_CHECK(mentions(report.damage, "queue 9, entry 1: belongs to no session"));
  CAF_CHECK(mentions(report.damage, "queue 1, entry 4: has lost its message"));
  CAF_CHECK(mentions(report.damage, "subscriptions 9 a: cannot be read"));
  report = storage::repair(directory(), nullptr);
  CAF_CHECK_EQUAL(report.error, "");
  CAF_CHECK(mentions(report.damage, "quarantine"));
  report = storage::verify(directory(), nullptr);
  CAF_CHECK_EQUAL(report.damage, strings{});
  on.reopen();
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{large('x'), "two"}));
  CAF_CHECK_EQUAL(payloads(*on, 2), strings{large('x')});
}

CAF_TEST(packs and gaps are checked and repaired) {
  for (uint64_t i = 3; i <= 5; ++i) {
    queue_target target{1, i, {}};
    on->append(*make(std::to_string(i)), {&target, 1}, test_now);
  }
  CAF_REQUIRE(is_done(on->commit(false)));
  on->erase_entry(1, 4, 8);
  CAF_REQUIRE(is_done(on->commit(false)));
  on.close();
  CAF_CHECK_EQUAL(storage::verify(directory(), nullptr).damage, strings{});
  {
    storage::pack_writer pack;
    pack.add(*make("nobody's"), {});
    raw_database raw{directory()};
    raw.put(family::queue, storage::pack_at({9, 2}).view(), pack.value());
    raw.put(family::queue, storage::pack_at({1, 9}).view(), "\x03\x02x");
    raw.put(family::queue, storage::gap_at({1, 7}).view(), "x");
  }
  auto report = storage::verify(directory(), nullptr);
  CAF_CHECK_EQUAL(report.damage.size(), 3u);
  CAF_CHECK(mentions(report.damage,
                     "queue 9, entries up to 2: belongs to no session"));
  CAF_CHECK(
      mentions(report.damage, "queue 1, entries up to 9: cannot be read"));
  CAF_CHECK(mentions(report.damage, "queue 1, gap 7: cannot be read"));
  CAF_CHECK_EQUAL(storage::repair(directory(), nullptr).error, "");
  CAF_CHECK_EQUAL(storage::verify(directory(), nullptr).damage, strings{});
  on.reopen();
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{large('x'), "two", "3", "5"}));
}

CAF_TEST(a repair that is interrupted does no harm) {
  add_flaws();
  for (int stop = 1; stop < 40; ++stop) {
    int calls = 0;
    auto report = storage::repair(
        directory(), [&](uint64_t, uint64_t) { return ++calls < stop; });
    if (report.error.empty())
      break;
    CAF_CHECK_EQUAL(report.error, "interrupted");
    CAF_CHECK(!std::filesystem::exists(directory() + ".mending"));
    CAF_CHECK_EQUAL(storage::verify(directory(), nullptr).damage.size(), 4u);
  }
  CAF_CHECK_EQUAL(storage::verify(directory(), nullptr).damage, strings{});
}

CAF_TEST(mending goes on where a crash has ended it) {
  on.close();
  auto mending = directory() + ".mending";
  // Before the exchange: the old database counts.
  copy_directory(directory(), mending);
  write_file(mending + "/MENDED", "");
  on.reopen();
  CAF_CHECK(!std::filesystem::exists(mending));
  CAF_CHECK_EQUAL(sessions_of(*on).size(), 2u);
  on.close();
  // In the middle of it: the new one takes its place.
  std::filesystem::rename(directory(), mending);
  write_file(mending + "/MENDED", "");
  on.reopen();
  CAF_CHECK(!std::filesystem::exists(mending));
  CAF_CHECK_EQUAL(sessions_of(*on).size(), 2u);
}

CAF_TEST(a backup of a store in use brings everything back) {
  CAF_REQUIRE(is_done(on->backup(file("backup"))));
  CAF_CHECK(!is_done(on->backup(file("backup"))));
  CAF_REQUIRE(append(*on, 1, 3, make("after")));
  auto refused = storage::restore(file("backup"), directory(), nullptr);
  CAF_CHECK(refused.find("another broker") != std::string::npos);
  on.close();
  CAF_CHECK_EQUAL(storage::restore(file("backup"), directory(), nullptr), "");
  CAF_CHECK(std::filesystem::exists(directory() + ".before-restore/CURRENT"));
  on.reopen();
  CAF_CHECK_EQUAL(payloads(*on, 1), (strings{large('x'), "two"}));
  CAF_CHECK_EQUAL(sessions_of(*on).size(), 2u);
  on.close();
  // What was kept aside is not overwritten.
  auto problem = storage::restore(file("backup"), directory(), nullptr);
  CAF_CHECK(problem.find("before-restore") != std::string::npos);
}

CAF_TEST(a backup is restored where nothing was) {
  CAF_REQUIRE(is_done(on->backup(file("backup"))));
  on.close();
  std::filesystem::remove_all(directory());
  CAF_CHECK_EQUAL(storage::restore(file("backup"), directory(), nullptr), "");
  on.reopen();
  CAF_CHECK_EQUAL(sessions_of(*on).size(), 2u);
}

CAF_TEST(a bad or interrupted restore changes nothing) {
  CAF_REQUIRE(is_done(on->backup(file("backup"))));
  on.close();
  CAF_CHECK(!storage::restore(file("nowhere"), directory(), nullptr).empty());
  CAF_CHECK_EQUAL(storage::restore(file("backup"), directory(),
                                   [](uint64_t, uint64_t) { return false; }),
                  "interrupted");
  auto manifest = files_like(file("backup"), "MANIFEST-").front();
  write_file(file("backup") + "/" + manifest, "damaged");
  CAF_CHECK(!storage::restore(file("backup"), directory(), nullptr).empty());
  CAF_CHECK(!std::filesystem::exists(directory() + ".before-restore"));
  CAF_CHECK(!std::filesystem::exists(directory() + ".restoring"));
  on.reopen();
  CAF_CHECK_EQUAL(sessions_of(*on).size(), 2u);
}

CAF_TEST_FIXTURE_SCOPE_END()
