#include "core/timer_queue.hpp"

#include <caf/test/unit_test.hpp>

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace troupe;
using std::chrono::seconds;

namespace {

constexpr time_point start{std::chrono::hours{1}};

/// Writes its name down when it fires, then does what it was told to.
struct alarm_clock final : timer {
  void on_timer(time_point now) noexcept override {
    CAF_CHECK(!is_armed());
    CAF_CHECK(deadline() <= now);
    *log += name;
    if (then)
      then(now);
  }

  char name = '?';
  std::string* log = nullptr;
  std::function<void(time_point)> then;
};

struct fixture {
  fixture() {
    for (auto& each : clocks) {
      each.name = static_cast<char>('a' + (&each - clocks.data()));
      each.log = &log;
    }
  }

  std::string fire(int second) {
    log.clear();
    queue.fire(at(second));
    return log;
  }
  void arm(size_t which, int second) { queue.arm(clocks[which], at(second)); }
  static time_point at(int second) { return start + seconds{second}; }

  timer_queue queue;
  std::vector<alarm_clock> clocks{6};
  std::string log;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(timer_queue_tests, fixture)

CAF_TEST(timers fire soonest first and not before their time) {
  arm(0, 3);
  arm(1, 1);
  arm(2, 2);
  CAF_CHECK(queue.next() == at(1));
  CAF_CHECK_EQUAL(fire(0), "");
  CAF_CHECK_EQUAL(fire(2), "bc");
  CAF_CHECK_EQUAL(fire(3), "a");
  CAF_CHECK(queue.next() == never);
  CAF_CHECK_EQUAL(queue.size(), 0u);
}

CAF_TEST(arming an armed timer moves it in both directions) {
  arm(0, 1);
  arm(1, 2);
  arm(0, 3);
  CAF_CHECK_EQUAL(fire(2), "b");
  arm(1, 4);
  arm(1, 1);
  CAF_CHECK_EQUAL(queue.size(), 2u);
  CAF_CHECK_EQUAL(fire(3), "ba");
}

CAF_TEST(a disarmed timer does not fire) {
  for (size_t i = 0; i < clocks.size(); ++i)
    arm(i, static_cast<int>(i));
  queue.disarm(clocks[0]);
  queue.disarm(clocks[3]);
  queue.disarm(clocks[3]);
  queue.arm(clocks[5], never);
  CAF_CHECK(!clocks[5].is_armed());
  CAF_CHECK_EQUAL(fire(9), "bce");
}

CAF_TEST(a timer may arm itself and disarm others while it fires) {
  clocks[0].then = [this](time_point now) {
    clocks[0].then = nullptr;
    queue.arm(clocks[0], now + seconds{5});
    queue.disarm(clocks[1]);
    queue.arm(clocks[2], now);
  };
  arm(0, 1);
  arm(1, 1);
  CAF_CHECK_EQUAL(fire(2), "ac");
  CAF_CHECK_EQUAL(fire(7), "a");
}

CAF_TEST(a random history agrees with a multimap) {
  std::minstd_rand random{42};
  std::vector<alarm_clock> many(200);
  std::string ignored;
  std::multimap<time_point, alarm_clock*> model;
  auto forget = [&](alarm_clock* which) {
    std::erase_if(model, [&](auto& entry) { return entry.second == which; });
  };
  for (auto& each : many) {
    each.log = &ignored;
    each.then = [&](time_point now) {
      CAF_REQUIRE(!model.empty());
      // Of several with one deadline any may be first.
      CAF_CHECK(each.deadline() == model.begin()->first);
      CAF_CHECK(each.deadline() <= now);
      forget(&each);
    };
  }
  for (int second = 0; second < 2000; ++second) {
    for (auto changes = random() % 8; changes > 0; --changes) {
      auto& which = many[random() % many.size()];
      forget(&which);
      if (random() % 4 == 0) {
        queue.disarm(which);
      } else {
        auto deadline = at(second + static_cast<int>(random() % 50));
        queue.arm(which, deadline);
        model.emplace(deadline, &which);
      }
    }
    CAF_REQUIRE_EQUAL(queue.size(), model.size());
    queue.fire(at(second));
    CAF_CHECK(model.empty() || model.begin()->first > at(second));
    CAF_REQUIRE(queue.next() == (model.empty() ? never : model.begin()->first));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
