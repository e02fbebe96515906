#include "security/failure_brake.hpp"

#include <caf/test/dsl.hpp>

#include <string>

using namespace troupe;
using namespace troupe::security;
using namespace std::chrono_literals;

namespace {

constexpr auto start = time_point{} + 1000h;
const brake_limits limits{4, 3, 60s, 1s, 8s};

struct fixture {
  failure_brake brake{limits};
  time_point now = start;

  void fail(std::string_view address, int times = 1) {
    for (int i = 0; i < times; ++i)
      brake.on_failure(address, now);
  }
  duration wait(std::string_view address) {
    return brake.allowed_at(address, now) - now;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(brakes, fixture)

CAF_TEST(an address that is not known may try) {
  CAF_CHECK(wait("192.0.2.1") == 0s);
  CAF_CHECK_EQUAL(brake.size(), 0u);
}

CAF_TEST(some failures are free and the next has to wait) {
  fail("192.0.2.1", 2);
  CAF_CHECK(wait("192.0.2.1") == 0s);
  fail("192.0.2.1");
  CAF_CHECK(wait("192.0.2.1") == 1s);
  now += 1s;
  CAF_CHECK(wait("192.0.2.1") == 0s);
}

CAF_TEST(the wait doubles up to the longest) {
  fail("192.0.2.1", 3);
  for (auto expected : {2s, 4s, 8s, 8s, 8s}) {
    now += wait("192.0.2.1");
    fail("192.0.2.1");
    CAF_CHECK(wait("192.0.2.1") == expected);
  }
}

CAF_TEST(failures of attempts that began before the wait do not double it) {
  fail("192.0.2.1", 100);
  CAF_CHECK(wait("192.0.2.1") == 1s);
}

CAF_TEST(others are not held back) {
  fail("192.0.2.1", 50);
  CAF_CHECK(wait("192.0.2.2") == 0s);
  CAF_CHECK(wait("2001:db8::1") == 0s);
}

CAF_TEST(a success makes the failures forgotten) {
  fail("192.0.2.1", 2);
  brake.on_success("192.0.2.1");
  fail("192.0.2.1", 2);
  CAF_CHECK(wait("192.0.2.1") == 0s);
  fail("192.0.2.1", 1);
  CAF_CHECK(wait("192.0.2.1") == 1s);
  brake.on_success("192.0.2.1");
  CAF_CHECK(wait("192.0.2.1") == 0s);
  CAF_CHECK_EQUAL(brake.size(), 0u);
  brake.on_success("192.0.2.1");
}

CAF_TEST(failures that are far apart do not add up) {
  for (int i = 0; i < 20; ++i) {
    fail("192.0.2.1", 2);
    CAF_CHECK(wait("192.0.2.1") == 0s);
    now += 61s;
  }
}

CAF_TEST(who keeps guessing is held to the longest wait) {
  fail("192.0.2.1", 3);
  int guesses = 0;
  for (auto end = now + 1h; now < end; now += 100ms)
    if (wait("192.0.2.1") == 0s) {
      fail("192.0.2.1");
      ++guesses;
    }
  CAF_CHECK_LESS(guesses, 460);
}

CAF_TEST(who was quiet for the longest wait begins anew) {
  fail("192.0.2.1", 3);
  now += 1s + 8s;
  fail("192.0.2.1");
  CAF_CHECK(wait("192.0.2.1") == 2s);
  now += 2s + 8s + 1ms;
  fail("192.0.2.1");
  CAF_CHECK(wait("192.0.2.1") == 0s);
}

CAF_TEST(an IPv6 address stands for its subnet) {
  fail("2001:db8:1:2::1");
  fail("2001:db8:1:2:ffff::");
  fail("2001:0db8:0001:0002::77");
  CAF_CHECK(wait("2001:db8:1:2:3:4:5:6") == 1s);
  CAF_CHECK(wait("2001:db8:1:3::1") == 0s);
  CAF_CHECK_EQUAL(brake.size(), 1u);
}

CAF_TEST(an IPv4 address is the same in every notation) {
  fail("192.0.2.1");
  fail("::ffff:192.0.2.1");
  fail("[::ffff:192.0.2.1]:40000");
  CAF_CHECK(wait("192.0.2.1:1883") == 1s);
  CAF_CHECK(wait("::ffff:192.0.2.2") == 0s);
}

CAF_TEST(clients behind NAT64 are told apart) {
  fail("64:ff9b::192.0.2.1", 3);
  CAF_CHECK(wait("64:ff9b::192.0.2.1") == 1s);
  CAF_CHECK(wait("64:ff9b::192.0.2.2") == 0s);
}

CAF_TEST(ports and interfaces do not matter) {
  fail("[fe80::1%eth0]:5");
  fail("fe80::1");
  fail("[fe80::2]");
  CAF_CHECK(wait("fe80::3%eth1") == 1s);
}

CAF_TEST(what is no address is never held back) {
  for (auto text : {"", "unix", "unknown", "[", "[]", "[::1", ":", "1.2.3",
                    "1.2.3.4.5", "g::1", "%", "::1::2"}) {
    fail(text, 9);
    CAF_CHECK(wait(text) == 0s || std::string_view{text} == "[::1");
  }
  fail(std::string(100000, '1'), 9);
  CAF_CHECK(brake.size() <= 1);
}

CAF_TEST(memory is bounded and the oldest is forgotten) {
  for (int i = 1; i <= 4; ++i) {
    fail("192.0.2." + std::to_string(i), 3);
    now += 1ms;
  }
  // This one is no longer the oldest.
  fail("192.0.2.1");
  fail("192.0.2.5", 3);
  CAF_CHECK_EQUAL(brake.size(), 4u);
  CAF_CHECK(wait("192.0.2.2") == 0s);
  for (auto address : {"192.0.2.1", "192.0.2.3", "192.0.2.4", "192.0.2.5"})
    CAF_CHECK(wait(address) > 0s);
  for (int i = 0; i < 10000; ++i)
    fail("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  CAF_CHECK_EQUAL(brake.size(), 4u);
}

CAF_TEST(a brake without slots holds nobody back) {
  failure_brake none{{0, 1, 60s, 1s, 8s}};
  none.on_failure("192.0.2.1", now);
  CAF_CHECK(none.allowed_at("192.0.2.1", now) == now);
}

CAF_TEST_FIXTURE_SCOPE_END()
