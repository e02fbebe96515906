#include "broker/queue_age.hpp"

#include "publications.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <random>

using namespace troupe;
using namespace troupe::broker;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr auto start = test_start;

/// A queue that knows when each of its messages came, looked at from time to
/// time.
struct watched_queue {
  std::deque<time_point> messages;
  uint64_t queued = 0;
  uint64_t left = 0;
  time_point now = start;
  time_point last_sample = start;
  duration longest_interval{0};
  duration longest_cover{0};
  queue_age watched;

  void put(uint64_t count = 1) {
    messages.insert(messages.end(), count, now);
    queued += count;
  }
  void take(uint64_t count) {
    count = std::min<uint64_t>(count, messages.size());
    messages.erase(messages.begin(),
                   messages.begin() + static_cast<ptrdiff_t>(count));
    left += count;
  }
  void sample() {
    longest_interval = std::max(longest_interval, now - last_sample);
    last_sample = now;
    watched.sample(now, queued, left);
    longest_cover =
        messages.empty()
            ? duration{0}
            : std::max(longest_cover, messages.back() - messages.front());
  }
  duration real_age() const {
    return messages.empty() ? duration{0} : now - messages.front();
  }
  /// How much too young the age is; negative: too old.
  duration error() const { return real_age() - watched.age(now); }
};

} // namespace

CAF_TEST(an empty queue has no age and no memory) {
  watched_queue queue;
  queue.sample();
  CAF_CHECK(queue.watched.age(start + seconds{5}) == seconds{0});
  queue.put();
  queue.take(1);
  queue.sample();
  CAF_CHECK(queue.watched.age(start + seconds{5}) == seconds{0});
  CAF_CHECK_EQUAL(queue.watched.points(), 0u);
}

CAF_TEST(the age is that of the oldest message and goes on with time) {
  watched_queue queue;
  for (int i = 0; i < 10; ++i) {
    queue.put(3);
    queue.sample();
    queue.now += seconds{1};
  }
  CAF_CHECK(queue.watched.age(queue.now) == seconds{10});
  CAF_CHECK(queue.watched.age(queue.now + seconds{7}) == seconds{17});
  queue.take(5);
  queue.sample();
  CAF_CHECK(queue.watched.age(queue.now) == seconds{9});
  queue.take(1);
  queue.sample();
  CAF_CHECK(queue.watched.age(queue.now) == seconds{8});
  queue.take(100);
  queue.sample();
  CAF_CHECK(queue.watched.age(queue.now) == seconds{0});
}

CAF_TEST(while nothing leaves the age is exact however long that takes) {
  watched_queue queue;
  for (int i = 0; i < 200000; ++i) {
    queue.put();
    queue.sample();
    CAF_REQUIRE(queue.error() == seconds{0});
    queue.now += seconds{1};
  }
  CAF_CHECK(queue.watched.points() <= queue_age::most_points);
}

CAF_TEST(up to 256 samples the age is exact to a sample) {
  watched_queue queue;
  for (int i = 0; i < 256; ++i) {
    queue.now += milliseconds{500};
    queue.put();
    queue.now += milliseconds{500};
    queue.put();
    queue.sample();
  }
  while (!queue.messages.empty()) {
    CAF_REQUIRE(queue.error() >= seconds{0});
    CAF_REQUIRE(queue.error() < seconds{1});
    queue.take(1);
    queue.sample();
  }
}

CAF_TEST(a queue that was long drains with an error in proportion) {
  watched_queue queue;
  constexpr int week = 7 * 24 * 3600;
  for (int i = 0; i < week; i += 5) {
    queue.put();
    queue.sample();
    queue.now += seconds{5};
  }
  auto bound = seconds{week / 64 + 5};
  while (!queue.messages.empty()) {
    queue.take(100);
    queue.sample();
    CAF_REQUIRE(queue.error() >= seconds{0});
    CAF_REQUIRE(queue.error() < bound);
  }
}

CAF_TEST(any history goes as in a queue that knows the age of all) {
  std::mt19937 random{5};
  for (int round = 0; round < 40; ++round) {
    watched_queue queue;
    // Phases of growing, draining and keeping the balance.
    for (int phase = 0; phase < 12; ++phase) {
      auto in = random() % 8;
      auto out = random() % 8;
      auto pace = 1 + random() % 3000;
      for (int step = 0; step < 1500; ++step) {
        queue.now += milliseconds{1 + random() % pace};
        queue.put(in == 0 ? 0 : random() % in);
        queue.take(out == 0 ? 0 : random() % out);
        if (random() % 3 == 0)
          continue;
        queue.sample();
        CAF_REQUIRE(queue.error() >= seconds{0});
        CAF_REQUIRE(queue.error()
                    <= queue.longest_interval + queue.longest_cover / 64);
        CAF_REQUIRE(queue.watched.points() <= queue_age::most_points);
      }
    }
  }
}
