#include "actors/loop.hpp"

#include "../net/pairs.hpp"
#include "fixture.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

using namespace troupe;
using namespace troupe::actors;
using std::chrono::seconds;

namespace {

/// Far beyond what any of these tests takes.
constexpr auto patience = seconds{60};

template <class T>
bool comes(std::future<T>& what) {
  return what.wait_for(patience) == std::future_status::ready;
}

/// Writes down when it was called.
struct listener final : turn_target, batch_receiver, timer, net::poll_target {
  void on_end_of_turn() noexcept override {
    text += "end ";
    if (at_end)
      at_end();
  }
  bool on_receipt(broker::publication_batch& batch) override {
    text += "receipt" + std::to_string(batch.number()) + " ";
    return false;
  }
  void on_timer(time_point now) noexcept override {
    text += "timer ";
    called_at = now;
  }
  void on_ready(bool, bool) noexcept override {
    text += "ready ";
    if (at_ready)
      at_ready();
  }

  std::string text;
  std::function<void()> at_end;
  std::function<void()> at_ready;
  time_point called_at{};
};

/// Hands a promise the thread it was called on.
struct thread_teller final : turn_target, batch_receiver, timer {
  void on_end_of_turn() noexcept override { tell_thread(); }
  bool on_receipt(broker::publication_batch&) override {
    tell_thread();
    return false;
  }
  void on_timer(time_point) noexcept override { tell_thread(); }
  void tell_thread() { where.set_value(std::this_thread::get_id()); }
  std::promise<std::thread::id> where;
};

struct fixture : caf_fixture {
  fixture() : home(sys, 3) { CAF_REQUIRE_EQUAL(home.open(), ""); }

  broker::publication_batch* batch(uint64_t number = 1) {
    return new broker::publication_batch(nullptr, number, 0);
  }
  /// The thread of the running loop.
  std::thread::id thread_of_home() {
    std::promise<std::thread::id> where;
    auto result = where.get_future();
    run_on(home, [&] { where.set_value(std::this_thread::get_id()); });
    CAF_REQUIRE(comes(result));
    return result.get();
  }

  time_point at = clock::now();
  loop home;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(loop_tests, fixture)

// -- one turn -----------------------------------------------------------------

CAF_TEST(jobs run in a turn and in their order) {
  std::string text;
  run_on(home, [&] { text += "1"; });
  run_on(home, [&] { text += "2"; });
  CAF_CHECK_EQUAL(text, "");
  home.run_one_turn(at);
  CAF_CHECK_EQUAL(text, "12");
  home.run_one_turn(at);
  CAF_CHECK_EQUAL(text, "12");
}

CAF_TEST(what jobs cause runs in the same turn) {
  std::string text;
  run_on(home, [&] {
    text += "outer ";
    CAF_CHECK(loop::current() == &home);
    run_on(home, [&] { text += "inner "; });
  });
  home.run_one_turn(at);
  CAF_CHECK_EQUAL(text, "outer inner ");
  CAF_CHECK(loop::current() == nullptr);
}

CAF_TEST(jobs without end do not keep a turn from its end) {
  size_t count = 0;
  listener who;
  std::function<void()> again = [&] {
    ++count;
    run_on(home, again);
  };
  run_on(home, [&] { home.at_end_of_turn(&who); });
  run_on(home, again);
  home.run_one_turn(at);
  CAF_CHECK(count > 1);
  CAF_CHECK_EQUAL(who.text, "end ");
}

CAF_TEST(a turn is sockets then actors then receipts then timers then ends) {
  auto [here, there] = net::make_pair();
  listener who;
  who.at_ready = [&] {
    home.at_end_of_turn(&who);
    run_on(home, [&] { who.text += "job "; });
    home.post_receipt(&who, batch(5));
  };
  home.timers().arm(who, at);
  home.poller().change(here.fd(), &who, net::interest::none,
                       net::interest::write);
  home.run_one_turn(at);
  CAF_CHECK_EQUAL(who.text, "ready job receipt5 timer end ");
}

CAF_TEST(whoever is told of a socket sees the time of this turn) {
  auto [here, there] = net::make_pair();
  listener who;
  time_point seen{};
  who.at_ready = [&] { seen = home.now(); };
  home.poller().change(here.fd(), &who, net::interest::none,
                       net::interest::write);
  home.run_one_turn(at);
  home.run_one_turn(at + seconds{60});
  CAF_CHECK(seen == at + seconds{60});
}

CAF_TEST(timers fire in the first turn at or behind their time) {
  listener who;
  home.timers().arm(who, at + seconds{2});
  home.run_one_turn(at + seconds{1});
  CAF_CHECK_EQUAL(who.text, "");
  home.run_one_turn(at + seconds{2});
  home.run_one_turn(at + seconds{3});
  CAF_CHECK_EQUAL(who.text, "timer ");
  CAF_CHECK(who.called_at == at + seconds{2});
}

CAF_TEST(the end of a turn is told once per request) {
  listener who;
  home.at_end_of_turn(&who);
  home.run_one_turn(at);
  home.run_one_turn(at);
  CAF_CHECK_EQUAL(who.text, "end ");
}

CAF_TEST(a request for the end of the turn can be taken back) {
  listener one;
  listener two;
  one.at_end = [&] { home.forget(&two); };
  home.at_end_of_turn(&one);
  home.at_end_of_turn(&two);
  home.run_one_turn(at);
  CAF_CHECK_EQUAL(one.text, "end ");
  CAF_CHECK_EQUAL(two.text, "");
}

CAF_TEST(a request made at the end of a turn is met in it) {
  listener one;
  listener two;
  one.at_end = [&] { home.at_end_of_turn(&two); };
  home.at_end_of_turn(&one);
  home.run_one_turn(at);
  CAF_CHECK_EQUAL(two.text, "end ");
}

CAF_TEST(an actor with much mail lets others have their turn) {
  std::string order;
  auto record_as = [&](char name) {
    return record<subtree_actor>(
        sys, [&order, name](const mail&) { order += name; }, &home);
  };
  auto one = record_as('a');
  auto two = record_as('b');
  for (int i = 0; i < 100; ++i)
    tell(one, housekeeping{});
  tell(two, housekeeping{});
  home.run_one_turn(at);
  CAF_CHECK_EQUAL(order.size(), 101u);
  CAF_CHECK(order.find('b') < 100u);
}

CAF_TEST(actors that are not pinned run on the loop that gave them mail) {
  loop* where = nullptr;
  auto actor =
      record<subtree_actor>(sys, [&](const mail&) { where = loop::current(); });
  run_on(home, [&] { tell(actor, housekeeping{}); });
  home.run_one_turn(at);
  CAF_CHECK(where == &home);
  CAF_CHECK(!sched.has_job());
}

CAF_TEST(pinned actors run on their loop whoever sends) {
  loop other{sys, 4};
  CAF_REQUIRE_EQUAL(other.open(), "");
  loop* where = nullptr;
  auto actor = record<subtree_actor>(
      sys, [&](const mail&) { where = loop::current(); }, &home);
  run_on(other, [&] { tell(actor, housekeeping{}); });
  other.run_one_turn(at);
  CAF_CHECK(where == nullptr);
  home.run_one_turn(at);
  CAF_CHECK(where == &home);
}

// -- threads ------------------------------------------------------------------

CAF_TEST(jobs of other threads run on the thread of the loop) {
  home.start();
  auto id = thread_of_home();
  CAF_CHECK(id != std::this_thread::get_id());
  CAF_CHECK(thread_of_home() == id);
  home.stop();
  home.join();
}

CAF_TEST(receipts of other threads are handed out on the thread of the loop) {
  home.start();
  thread_teller who;
  auto where = who.where.get_future();
  home.post_receipt(&who, batch());
  CAF_REQUIRE(comes(where));
  CAF_CHECK(where.get() == thread_of_home());
  home.stop();
  home.join();
}

CAF_TEST(a sleeping loop wakes for its timer) {
  thread_teller who;
  auto where = who.where.get_future();
  run_on(home, [&] {
    home.timers().arm(who, home.now() + std::chrono::milliseconds{5});
  });
  home.start();
  CAF_REQUIRE(comes(where));
  CAF_CHECK(where.get() == thread_of_home());
  home.stop();
  home.join();
}

CAF_TEST(the end of a turn is told on the thread of the loop) {
  thread_teller who;
  auto where = who.where.get_future();
  home.start();
  run_on(home, [&] { home.at_end_of_turn(&who); });
  CAF_REQUIRE(comes(where));
  CAF_CHECK(where.get() == thread_of_home());
  home.stop();
  home.join();
}

CAF_TEST(a loop that sleeps ends when it is told to) {
  home.start();
  thread_of_home(); // it has nothing left to do
  home.stop();
  home.join();
  CAF_CHECK(loop::current() == nullptr);
}

CAF_TEST(a loop that was told to stop before its start ends at once) {
  std::string text;
  run_on(home, [&] { text = "ran"; });
  home.stop();
  home.start();
  home.join();
  CAF_CHECK_EQUAL(text, "");
}

CAF_TEST(mail of many threads reaches a pinned actor whole and in order) {
  constexpr uint64_t threads = 4;
  constexpr uint64_t each = 5000;
  std::vector<uint64_t> next(threads, 0);
  uint64_t received = 0;
  bool in_order = true;
  std::promise<void> all;
  auto done = all.get_future();
  auto actor = record<subtree_actor>(
      sys,
      [&](const mail& message) {
        auto number = message.get_if<continue_replay>()->replay;
        in_order = in_order && number % each == next[number / each]++;
        if (++received == threads * each)
          all.set_value();
      },
      &home);
  home.start();
  std::vector<std::thread> senders;
  for (uint64_t t = 0; t < threads; ++t)
    senders.emplace_back([&actor, t] {
      for (uint64_t i = 0; i < each; ++i)
        tell(actor, continue_replay{t * each + i});
    });
  for (auto& sender : senders)
    sender.join();
  CAF_CHECK(comes(done));
  home.stop();
  home.join();
  CAF_CHECK(in_order);
}

CAF_TEST(two loops hand a message back and forth) {
  loop other{sys, 4};
  CAF_REQUIRE_EQUAL(other.open(), "");
  constexpr uint64_t rounds = 2000;
  std::promise<void> all;
  auto done = all.get_future();
  subtree_actor one;
  subtree_actor two;
  one = record<subtree_actor>(
      sys,
      [&](const mail& message) {
        auto count = message.get_if<continue_replay>()->replay;
        if (count == rounds)
          all.set_value();
        else
          tell(two, continue_replay{count + 1});
      },
      &home);
  two = record<subtree_actor>(
      sys,
      [&](const mail& message) {
        tell(one,
             continue_replay{message.get_if<continue_replay>()->replay + 1});
      },
      &other);
  home.start();
  other.start();
  tell(one, continue_replay{0});
  CAF_CHECK(comes(done));
  for (auto* each : {&home, &other})
    each->stop();
  for (auto* each : {&home, &other})
    each->join();
}

// -- buffers and leftovers ----------------------------------------------------

CAF_TEST(a buffer that was given back is handed out again) {
  auto buffer = home.take_buffer();
  CAF_CHECK_EQUAL(buffer.capacity(), 0u);
  buffer.append("text");
  auto* memory = buffer.data();
  home.give_back(std::move(buffer));
  auto again = home.take_buffer();
  CAF_CHECK(again.empty());
  CAF_CHECK(again.data() == memory);
}

CAF_TEST(large buffers are not kept) {
  troupe::byte_buffer large;
  large.reserve(1 << 20);
  home.give_back(std::move(large));
  CAF_CHECK_EQUAL(home.take_buffer().capacity(), 0u);
}

CAF_TEST(no more than a few buffers are kept) {
  for (int i = 0; i < 1000; ++i) {
    troupe::byte_buffer buffer;
    buffer.append("x");
    home.give_back(std::move(buffer));
  }
  size_t kept = 0;
  while (home.take_buffer().capacity() != 0)
    ++kept;
  CAF_CHECK(kept > 0);
  CAF_CHECK(kept <= 64);
}

CAF_TEST(a loop that ends lets go of what it did not run) {
  auto witness = std::make_shared<int>(1);
  {
    loop brief{sys, 9};
    CAF_REQUIRE_EQUAL(brief.open(), "");
    listener who;
    run_on(brief, [witness] {});
    brief.post_receipt(&who, batch());
    CAF_CHECK_EQUAL(witness.use_count(), 2);
  }
  CAF_CHECK_EQUAL(witness.use_count(), 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
