// Random work on the store on disk and the one in memory: they agree, across
// restarts and whatever RocksDB does with its files in between.
#include "raw_database.hpp"
#include "stores.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace troupe;
using namespace troupe::test;
using storage::family;

namespace {

constexpr session_key sessions = 5;

class random_work {
public:
  explicit random_work(uint32_t seed) : random_(seed) {}

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      now_ = later(std::chrono::milliseconds{step * 10});
      for (auto changes = pick(8); changes > 0; --changes)
        change();
      CAF_REQUIRE(is_done(disk_->commit(pick(20) == 0)));
      CAF_REQUIRE(is_done(memory_.commit(false)));
      care();
      if (pick(40) == 0)
        restart();
      if (step % 20 == 0)
        compare();
    }
    compare();
    restart();
    compare();
  }

  // After everything is gone nothing is left on disk.
  void end() {
    for (session_key key = 1; key <= sessions; ++key)
      both([&](store& on) { on.erase_session(key); });
    CAF_REQUIRE(is_done(disk_->commit(false)));
    while (disk_->housekeep(now_))
      ;
    disk_.close();
    raw_database raw{disk_.directory().database()};
    raw.compact(family::queue);
    raw.compact(family::bodies);
    CAF_CHECK(raw.all(family::queue).empty());
    CAF_CHECK(raw.all(family::bodies).empty());
  }

private:
  uint32_t pick(uint32_t below) { return random_() % below; }
  session_key any_session() { return 1 + pick(sessions); }
  uint64_t any_entry(session_key key) {
    return 1 + pick(static_cast<uint32_t>(last_[key] + 1));
  }
  uint64_t any_open_entry(session_key key) {
    return std::max(any_entry(key), done_[key] + 1);
  }

  template <class Work>
  void both(Work work) {
    work(*disk_);
    work(memory_);
  }

  void change() {
    auto key = any_session();
    auto entry = any_entry(key);
    auto id = static_cast<uint16_t>(1 + pick(10));
    switch (pick(13)) {
    case 0:
      both([&](store& on) { on.put_session(make_session(key)); });
      break;
    case 1:
      if (pick(10) == 0)
        both([&](store& on) { on.erase_session(key); });
      break;
    case 2:
      entry = any_open_entry(key);
      if (entry <= last_[key] && exactly_once_[key].count(entry) == 0)
        break;
      both([&](store& on) { on.put_released(key, entry, id, 0); });
      last_[key] = std::max(last_[key], entry);
      erased_alone_[key].insert(entry);
      released_[key].insert(entry);
      break;
    case 3:
    case 4:
    case 5:
      if (entry <= last_[key])
        erase(key, entry);
      break;
    case 6:
      both([&](store& on) { on.put_incoming_id(key, id); });
      break;
    case 7:
      both([&](store& on) { on.erase_incoming_id(key, id); });
      break;
    case 8:
      erase_until(key, entry);
      break;
    default:
      append_somewhere();
    }
  }

  void erase(session_key key, uint64_t entry) {
    if (released_[key].count(entry) != 0)
      both([&](store& on) { on.erase_released(key, entry); });
    else
      both([&](store& on) { on.erase_entry(key, entry, 0); });
  }

  void erase_until(session_key key, uint64_t entry) {
    entry = std::min(entry, last_[key]);
    for (auto each : erased_alone_[key])
      if (each <= entry)
        erase(key, each);
    both([&](store& on) { on.erase_until(key, entry); });
    done_[key] = std::max(done_[key], entry);
  }

  void append_somewhere() {
    message_spec spec;
    spec.payload = std::to_string(pick(1'000'000));
    if (pick(3) == 0)
      spec.payload = large(static_cast<char>('a' + pick(26)));
    if (pick(4) == 0)
      spec.expiry = 1 + pick(5);
    std::vector<queue_target> targets;
    for (session_key key = 1; key <= sessions; ++key)
      if (pick(2) == 0)
        targets.push_back({key, ++last_[key], any_options(key)});
    auto message = make(spec);
    for (const auto& each : targets)
      if (spec.payload.size() >= store::shared_body_size)
        erased_alone_[each.key].insert(each.sequence);
    both([&](store& on) { on.append(*message, targets, test_now); });
  }

  entry_options any_options(session_key key) {
    entry_options result;
    result.qos = static_cast<protocol::qos>(pick(3));
    if (result.qos == protocol::qos::exactly_once)
      exactly_once_[key].insert(last_[key]);
    result.retain = pick(2) == 0;
    result.subscription_id = pick(2) * pick(1000);
    result.shared = static_cast<uint16_t>(pick(10) == 0 ? 1 : 0);
    return result;
  }

  void care() {
    auto key = any_session();
    auto from = any_entry(key);
    switch (pick(12)) {
    case 0:
      both([&](store& on) { on.drop_expired(key, now_); });
      break;
    case 1:
      both([&](store& on) { on.drop_oldest(key, from, 3); });
      break;
    case 2:
      disk_->housekeep(now_);
      break;
    default:
      break;
    }
  }

  void restart() {
    disk_.close();
    if (pick(2) == 0) {
      raw_database raw{disk_.directory().database()};
      if (pick(2) == 0)
        CAF_REQUIRE(raw.flush());
      else
        raw.compact(family::queue);
    }
    disk_.reopen();
    for (const auto& each : sessions_of(*disk_, now_))
      number_from(each.record.key, each.queue.last_sequence);
  }

  // As a broker does after a restart.
  void number_from(session_key key, uint64_t last) {
    last_[key] = last;
    done_[key] = std::min(done_[key], last);
    for (auto* each : {&erased_alone_, &exactly_once_, &released_}) {
      auto& numbers = (*each)[key];
      numbers.erase(numbers.upper_bound(last), numbers.end());
    }
  }

  void compare() {
    auto found = sessions_of(*disk_, now_);
    auto expected = sessions_of(memory_, now_);
    CAF_REQUIRE_EQUAL(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      CAF_CHECK(found[i].record == expected[i].record);
      CAF_CHECK_EQUAL(found[i].queue.messages, expected[i].queue.messages);
      CAF_CHECK_EQUAL(found[i].queue.bytes, expected[i].queue.bytes);
      // A mark may know of more.
      CAF_CHECK(found[i].queue.last_sequence
                >= expected[i].queue.last_sequence);
    }
    for (session_key key = 1; key <= sessions; ++key) {
      CAF_CHECK_EQUAL(payloads(*disk_, key, now_),
                      payloads(memory_, key, now_));
      compare_options(key);
      CAF_CHECK_EQUAL(disk_->load(key, now_).incoming_ids,
                      memory_.load(key, now_).incoming_ids);
    }
    CAF_CHECK_EQUAL(disk_->damaged_records(), 0u);
  }

  // From somewhere on, which may be in the middle of a pack.
  void compare_options(session_key key) {
    auto from = any_entry(key);
    auto found = disk_->read_queue(key, from, 10'000, 1 << 30, now_);
    auto expected = memory_.read_queue(key, from, 10'000, 1 << 30, now_);
    CAF_REQUIRE_EQUAL(found.entries.size(), expected.entries.size());
    for (size_t i = 0; i < found.entries.size(); ++i) {
      CAF_CHECK_EQUAL(found.entries[i].sequence, expected.entries[i].sequence);
      CAF_CHECK(found.entries[i].options == expected.entries[i].options);
    }
  }

  std::mt19937 random_;
  rocks_subject disk_;
  memory_store memory_;
  std::map<session_key, uint64_t> last_;
  /// Up to which number all entries are erased.
  std::map<session_key, uint64_t> done_;
  /// Those that `erase_until` must not be the first to erase.
  std::map<session_key, std::set<uint64_t>> erased_alone_;
  /// Those that may be released, and those that were.
  std::map<session_key, std::set<uint64_t>> exactly_once_;
  std::map<session_key, std::set<uint64_t>> released_;
  instant now_ = test_now;
};

} // namespace

CAF_TEST(the store on disk does what the one in memory does) {
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    CAF_MESSAGE("seed " << seed);
    random_work work{seed};
    work.run(600);
    work.end();
  }
}
