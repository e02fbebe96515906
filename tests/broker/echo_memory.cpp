#include "broker/echo_memory.hpp"

#include "publications.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <random>
#include <utility>

using namespace troupe;
using namespace troupe::broker;
using std::chrono::seconds;

namespace {

constexpr auto start = test_start;

/// The same, obviously right and slow.
class naive_memory {
public:
  naive_memory(size_t max_entries, duration max_age)
      : max_entries_(max_entries), max_age_(max_age) {}

  void sent(uint64_t fingerprint, time_point now) {
    forget_old(now);
    entries_.emplace_back(fingerprint, now);
    if (entries_.size() > max_entries_)
      entries_.pop_front();
  }
  bool take(uint64_t fingerprint, time_point now) {
    forget_old(now);
    auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const auto& each) {
          return each.first == fingerprint;
        });
    if (found == entries_.end())
      return false;
    entries_.erase(found);
    return true;
  }
  size_t size() const { return entries_.size(); }

private:
  void forget_old(time_point now) {
    while (!entries_.empty() && now - entries_.front().second > max_age_)
      entries_.pop_front();
  }

  size_t max_entries_;
  duration max_age_;
  std::deque<std::pair<uint64_t, time_point>> entries_;
};

} // namespace

CAF_TEST(what was sent may be taken as often as it was sent) {
  echo_memory memory{10, seconds{60}};
  CAF_CHECK(!memory.take(1, start));
  memory.sent(1, start);
  memory.sent(1, start);
  memory.sent(2, start);
  CAF_CHECK(memory.take(1, start));
  CAF_CHECK(memory.take(1, start));
  CAF_CHECK(!memory.take(1, start));
  CAF_CHECK(memory.take(2, start));
  CAF_CHECK_EQUAL(memory.size(), 0u);
}

CAF_TEST(the oldest go when there are too many) {
  echo_memory memory{3, seconds{60}};
  for (uint64_t i = 0; i < 5; ++i)
    memory.sent(i, start);
  CAF_CHECK_EQUAL(memory.size(), 3u);
  for (uint64_t i = 0; i < 5; ++i)
    CAF_CHECK_EQUAL(memory.take(i, start), i >= 2);
}

CAF_TEST(what is too old is forgotten) {
  echo_memory memory{10, seconds{60}};
  memory.sent(1, start);
  memory.sent(2, start + seconds{1});
  CAF_CHECK(!memory.take(1, start + seconds{61}));
  CAF_CHECK(memory.take(2, start + seconds{61}));
}

CAF_TEST(the oldest of equals is taken first) {
  echo_memory memory{10, seconds{60}};
  memory.sent(1, start);
  memory.sent(1, start + seconds{50});
  CAF_CHECK(memory.take(1, start + seconds{60}));
  CAF_CHECK(memory.take(1, start + seconds{110}));
}

CAF_TEST(no room remembers nothing) {
  echo_memory memory{0, seconds{60}};
  memory.sent(1, start);
  CAF_CHECK(!memory.take(1, start));
}

CAF_TEST(a cleared memory can be used again) {
  echo_memory memory{2, seconds{60}};
  memory.sent(1, start);
  memory.clear();
  CAF_CHECK_EQUAL(memory.size(), 0u);
  CAF_CHECK(!memory.take(1, start));
  for (uint64_t i = 0; i < 3; ++i)
    memory.sent(i, start);
  CAF_CHECK(!memory.take(0, start));
  CAF_CHECK(memory.take(2, start));
}

CAF_TEST(any history goes as in a naive memory) {
  std::mt19937_64 random{11};
  for (auto [room, kinds] : {std::pair{5, 3}, std::pair{100, 30},
                             std::pair{1000, 100000}, std::pair{1, 2}}) {
    echo_memory memory{static_cast<uint32_t>(room), seconds{40}};
    naive_memory model{static_cast<size_t>(room), seconds{40}};
    auto now = start;
    for (int i = 0; i < 20000; ++i) {
      // Some share their low bits, some their high bits.
      auto kind = random() % static_cast<uint64_t>(kinds);
      auto fingerprint = kind % 2 == 0 ? kind << 40 : kind;
      if (random() % 3 != 0) {
        memory.sent(fingerprint, now);
        model.sent(fingerprint, now);
      } else {
        CAF_REQUIRE_EQUAL(memory.take(fingerprint, now),
                          model.take(fingerprint, now));
      }
      CAF_REQUIRE_EQUAL(memory.size(), model.size());
      if (random() % 50 == 0)
        now += seconds{random() % 20};
    }
  }
}

CAF_TEST(equal messages without end do not make others slow) {
  constexpr uint32_t many = 200000;
  echo_memory memory{many, seconds{60}};
  for (uint32_t i = 0; i < 2 * many; ++i)
    memory.sent(42, start);
  // A walk over the equal ones each time would take minutes.
  for (uint64_t i = 0; i < many; ++i)
    memory.sent(i << 1, start);
  uint32_t found = 0;
  for (uint64_t i = 0; i < many; ++i)
    found += memory.take(i << 1, start) ? 1 : 0;
  CAF_CHECK_EQUAL(found, many);
}

CAF_TEST(fingerprints tell topics and payloads apart) {
  auto one = echo_fingerprint("a/b", "1");
  CAF_CHECK_EQUAL(one, echo_fingerprint("a/b", "1"));
  CAF_CHECK_NOT_EQUAL(one, echo_fingerprint("a/b", "2"));
  CAF_CHECK_NOT_EQUAL(one, echo_fingerprint("a/c", "1"));
  CAF_CHECK_NOT_EQUAL(one, echo_fingerprint("a/b1", ""));
  CAF_CHECK_NOT_EQUAL(echo_fingerprint("x", "y"), echo_fingerprint("y", "x"));
  CAF_CHECK_NOT_EQUAL(echo_fingerprint("x", "x"), echo_fingerprint("y", "y"));
}
