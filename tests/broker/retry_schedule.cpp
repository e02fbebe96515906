#include "broker/retry_schedule.hpp"

#include "publications.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <random>

using namespace troupe;
using namespace troupe::broker;
using std::chrono::seconds;

namespace {

constexpr auto start = test_start;

retry_settings settings(size_t addresses, bool round_robin = false) {
  retry_settings result;
  result.addresses = addresses;
  result.round_robin = round_robin;
  result.cap = seconds{0};
  return result;
}

} // namespace

CAF_TEST(without a cap every wait is the same) {
  retry_schedule retry{settings(1)};
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(retry.on_failure(start, 0.9) == start + seconds{5});
}

CAF_TEST(waits grow up to the cap and are never below the base) {
  auto with_cap = settings(1);
  with_cap.cap = seconds{30};
  retry_schedule slow{with_cap};
  auto almost_one = 1 - 1e-12;
  for (int limit : {15, 30, 30, 30}) {
    auto wait = slow.on_failure(start, almost_one) - start;
    CAF_CHECK(wait <= seconds{limit});
    CAF_CHECK(wait > seconds{limit} - std::chrono::milliseconds{1});
  }
  CAF_CHECK(slow.on_failure(start, 0) == start + seconds{5});
  CAF_CHECK(slow.on_failure(start, 0.5) == start + seconds{10});
}

CAF_TEST(a cap below the base changes nothing) {
  auto odd = settings(1);
  odd.cap = seconds{2};
  retry_schedule retry{odd};
  CAF_CHECK(retry.on_failure(start, 0.7) == start + seconds{5});
}

CAF_TEST(a base of zero retries at once) {
  auto eager = settings(1);
  eager.base = seconds{0};
  eager.cap = seconds{30};
  retry_schedule retry{eager};
  CAF_CHECK(retry.on_failure(start, 0.9) == start);
}

CAF_TEST(a link that held lets the wait begin at its base) {
  auto with_cap = settings(1);
  with_cap.cap = seconds{300};
  with_cap.stable = seconds{60};
  for (auto [held, longest] : {std::pair{59, 135}, std::pair{60, 15}}) {
    retry_schedule retry{with_cap};
    retry.on_failure(start, 1);
    retry.on_failure(start, 1); // 45 seconds
    retry.on_connected(start);
    auto now = start + seconds{held};
    CAF_CHECK(retry.on_lost(now, 1) == now + seconds{longest});
  }
}

CAF_TEST(where nothing is said a link need not hold for that) {
  auto with_cap = settings(1);
  with_cap.cap = seconds{300};
  retry_schedule retry{with_cap};
  retry.on_failure(start, 1);
  retry.on_connected(start);
  CAF_CHECK(retry.on_lost(start, 1) == start + seconds{15});
}

CAF_TEST(addresses are tried in order and a wait follows the last one) {
  retry_schedule retry{settings(3)};
  for (int round = 0; round < 2; ++round) {
    CAF_CHECK_EQUAL(retry.address(), 0u);
    CAF_CHECK(retry.on_failure(start, 0) == start);
    CAF_CHECK_EQUAL(retry.address(), 1u);
    CAF_CHECK(retry.on_failure(start, 0) == start);
    CAF_CHECK_EQUAL(retry.address(), 2u);
    CAF_CHECK(retry.on_failure(start, 0) == start + seconds{5});
  }
}

CAF_TEST(when the primary is lost the next address comes at once) {
  retry_schedule retry{settings(2)};
  retry.on_connected(start);
  CAF_CHECK(retry.is_connected());
  auto now = start + seconds{100};
  CAF_CHECK(retry.on_lost(now, 0) == now);
  CAF_CHECK(!retry.is_connected());
  CAF_CHECK_EQUAL(retry.address(), 1u);
  CAF_CHECK(retry.on_failure(now, 0) == now + seconds{5});
  CAF_CHECK_EQUAL(retry.address(), 0u);
}

CAF_TEST(when a backup is lost the primary comes at once) {
  retry_schedule retry{settings(3)};
  retry.on_failure(start, 0);
  retry.on_connected(start);
  auto now = start + seconds{100};
  CAF_CHECK(retry.on_lost(now, 0) == now);
  CAF_CHECK_EQUAL(retry.address(), 0u);
  CAF_CHECK(retry.on_failure(now, 0) == now);
  CAF_CHECK_EQUAL(retry.address(), 1u);
}

CAF_TEST(in a round robin a lost link is followed by the next address) {
  retry_schedule retry{settings(3, true)};
  retry.on_failure(start, 0);
  retry.on_connected(start);
  CAF_CHECK_EQUAL(retry.address(), 1u);
  CAF_CHECK(retry.next_probe() == never);
  CAF_CHECK(!retry.should_probe_primary(start + seconds{1000}));
  auto now = start + seconds{100};
  CAF_CHECK(retry.on_lost(now, 0) == now);
  for (auto expected : {2u, 0u}) {
    CAF_CHECK_EQUAL(retry.address(), expected);
    auto next = retry.on_failure(now, 0);
    CAF_CHECK(next == (expected == 0 ? now + seconds{5} : now));
  }
  CAF_CHECK_EQUAL(retry.address(), 1u);
}

CAF_TEST(brokers that take links and end them are not dialled without end) {
  for (bool round_robin : {false, true}) {
    retry_schedule retry{settings(3, round_robin)};
    auto now = start;
    for (int i = 0; i < 300; ++i) {
      retry.on_connected(now);
      now = retry.on_lost(now, 0.5);
    }
    CAF_CHECK(now - start >= seconds{100 * 5});
  }
}

CAF_TEST(on a backup the primary is probed once per period) {
  retry_schedule retry{settings(2)};
  CAF_CHECK(!retry.should_probe_primary(start + seconds{100}));
  retry.on_failure(start, 0);
  retry.on_connected(start);
  CAF_CHECK(retry.next_probe() == start + seconds{5});
  CAF_CHECK(!retry.should_probe_primary(start + seconds{4}));
  CAF_CHECK(retry.should_probe_primary(start + seconds{5}));
  CAF_CHECK(!retry.should_probe_primary(start + seconds{9}));
  CAF_CHECK(retry.should_probe_primary(start + seconds{10}));
}

CAF_TEST(the period of probes is the base but at least five seconds) {
  for (auto [base, period] : {std::pair{1, 5}, std::pair{60, 60}}) {
    auto of_base = settings(2);
    of_base.base = seconds{base};
    retry_schedule retry{of_base};
    retry.on_failure(start, 0);
    retry.on_connected(start);
    CAF_CHECK(retry.next_probe() == start + seconds{period});
  }
}

CAF_TEST(on the primary nothing is probed) {
  retry_schedule retry{settings(2)};
  retry.on_connected(start);
  CAF_CHECK(retry.next_probe() == never);
  CAF_CHECK(!retry.should_probe_primary(start + seconds{1000}));
}

CAF_TEST(a primary that answers is the next address) {
  retry_schedule retry{settings(3)};
  retry.on_failure(start, 0);
  retry.on_failure(start, 0);
  retry.on_connected(start);
  retry.on_primary_answers();
  CAF_CHECK(!retry.is_connected());
  CAF_CHECK_EQUAL(retry.address(), 0u);
  CAF_CHECK(retry.next_probe() == never);
}

CAF_TEST(a primary that answers and refuses is asked less and less often) {
  retry_schedule retry{settings(2)};
  retry.on_failure(start, 0);
  for (int period : {5, 10, 20, 40, 80, 160, 300, 300}) {
    retry.on_connected(start);
    CAF_CHECK(retry.next_probe() == start + seconds{period});
    retry.on_primary_answers();
    CAF_CHECK(retry.on_failure(start, 0) == start);
    CAF_CHECK_EQUAL(retry.address(), 1u);
  }
  retry.on_connected(start);
  retry.on_primary_answers();
  retry.on_connected(start); // it takes the link at last
  retry.on_lost(start + seconds{100}, 0);
  retry.on_connected(start);
  CAF_CHECK(retry.next_probe() == start + seconds{5});
}

CAF_TEST(whatever happens the next attempt is soon and at an address) {
  std::mt19937 random{7};
  std::uniform_real_distribution<double> fraction{0, 1};
  auto with_cap = settings(3);
  with_cap.cap = seconds{30};
  with_cap.stable = seconds{7};
  for (bool round_robin : {false, true}) {
    with_cap.round_robin = round_robin;
    retry_schedule retry{with_cap};
    auto now = start;
    for (int i = 0; i < 20000; ++i) {
      auto before = now;
      if (random() % 2 == 0) {
        now = retry.on_failure(now, fraction(random));
      } else {
        retry.on_connected(now);
        before = now += seconds{random() % 20};
        if (retry.should_probe_primary(now) && random() % 2 == 0)
          retry.on_primary_answers();
        else
          now = retry.on_lost(now, fraction(random));
      }
      CAF_REQUIRE(now >= before && now <= before + seconds{30});
      CAF_REQUIRE(retry.address() < 3);
      CAF_REQUIRE(now == before || now >= before + seconds{5});
    }
  }
}
