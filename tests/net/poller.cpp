#include "net/poller.hpp"

#include "pairs.hpp"

#include <caf/test/unit_test.hpp>

#include <sys/timerfd.h>
#include <unistd.h>

#include <functional>
#include <thread>

using namespace troupe;
using namespace std::chrono_literals;
using net::interest;

namespace {

struct target final : net::poll_target {
  void on_ready(bool r, bool w) noexcept override {
    ++calls;
    readable = r;
    writable = w;
    if (then)
      then();
  }

  int calls = 0;
  bool readable = false;
  bool writable = false;
  std::function<void()> then;
};

struct fixture {
  fixture() {
    CAF_REQUIRE(poller.open());
    std::tie(here, there) = net::make_pair();
  }

  bool poll(target& who, interest before, interest after) {
    return poller.change(here.fd(), &who, before, after);
  }
  void tell(std::chrono::milliseconds timeout) {
    poller.wait(timeout);
    poller.dispatch();
  }
  void send_to_here() {
    uint8_t byte = 1;
    there.write({&byte, 1});
  }

  net::poller poller;
  net::socket here;
  net::socket there;
  target who;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(poller_tests, fixture)

CAF_TEST(nobody is told while nothing is ready) {
  CAF_CHECK(poll(who, interest::none, interest::read));
  tell(0ms);
  CAF_CHECK_EQUAL(who.calls, 0);
}

CAF_TEST(readiness to read is told until everything is read) {
  poll(who, interest::none, interest::read);
  send_to_here();
  tell(-1ms);
  tell(-1ms);
  CAF_CHECK_EQUAL(who.calls, 2);
  CAF_CHECK(who.readable);
  CAF_CHECK(!who.writable);
  uint8_t byte;
  here.read({&byte, 1});
  tell(0ms);
  CAF_CHECK_EQUAL(who.calls, 2);
}

CAF_TEST(only what was asked for is told) {
  send_to_here();
  poll(who, interest::none, interest::write);
  tell(-1ms);
  CAF_CHECK(who.writable);
  CAF_CHECK(!who.readable);
  poll(who, interest::write, interest::both);
  tell(-1ms);
  CAF_CHECK(who.writable);
  CAF_CHECK(who.readable);
}

CAF_TEST(a peer that hangs up makes a descriptor readable) {
  poll(who, interest::none, interest::read);
  there.close();
  tell(-1ms);
  CAF_CHECK(who.readable);
}

CAF_TEST(a hang up wakes nobody who asked for nothing) {
  poll(who, interest::none, interest::both);
  CAF_CHECK(poll(who, interest::both, interest::none));
  there.close();
  tell(0ms);
  CAF_CHECK_EQUAL(who.calls, 0);
}

CAF_TEST(a target may take out another one whose event was fetched) {
  auto [third, fourth] = net::make_pair();
  target other;
  // Whoever comes first takes the other one out.
  who.then = [&, &third = third] {
    poller.change(third.fd(), &other, interest::write, interest::none);
  };
  other.then = [&] { poll(who, interest::write, interest::none); };
  poll(who, interest::none, interest::write);
  poller.change(third.fd(), &other, interest::none, interest::write);
  tell(-1ms);
  CAF_CHECK_EQUAL(who.calls + other.calls, 1);
}

CAF_TEST(nobody is told before the waiter says so) {
  poll(who, interest::none, interest::write);
  poller.wait(-1ms);
  CAF_CHECK_EQUAL(who.calls, 0);
  poller.dispatch();
  poller.dispatch();
  CAF_CHECK_EQUAL(who.calls, 1);
}

CAF_TEST(a descriptor that cannot be polled is refused) {
  CAF_CHECK(!poller.change(-1, &who, interest::none, interest::read));
}

CAF_TEST(wake ends the next wait and that one only) {
  poller.wake();
  poller.wake();
  tell(-1ms);
  poll(who, interest::none, interest::read);
  send_to_here();
  tell(-1ms);
  CAF_CHECK_EQUAL(who.calls, 1);
}

CAF_TEST(wake from another thread ends a wait under way) {
  std::thread waker{[this] { poller.wake(); }};
  tell(-1ms);
  waker.join();
}

// 2^32 ms is 0 in 32 bits, and a session may well live for 50 days.
CAF_TEST(a deadline in the far future does not end the wait) {
  auto alarm = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  CAF_REQUIRE(alarm >= 0);
  itimerspec soon{};
  soon.it_value.tv_nsec = 20'000'000;
  ::timerfd_settime(alarm, 0, &soon, nullptr);
  poller.change(alarm, &who, interest::none, interest::read);
  tell(std::chrono::milliseconds{int64_t{1} << 32});
  CAF_CHECK_EQUAL(who.calls, 1);
  ::close(alarm);
}

CAF_TEST_FIXTURE_SCOPE_END()
