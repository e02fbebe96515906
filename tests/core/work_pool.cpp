#include "core/work_pool.hpp"

#include "core/log.hpp"

#include <caf/test/dsl.hpp>

#include <pthread.h>

#include <csignal>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;

namespace {

std::unique_ptr<work_pool> pool_of(size_t threads, size_t most_waiting = 1024) {
  auto made = work_pool::start({"test", threads, most_waiting});
  CAF_REQUIRE(made.has_value());
  return std::move(*made);
}

/// A job that holds its thread from when `begun` until `end`.
struct gate {
  std::promise<void> begun;
  std::promise<void> end;

  job hold() {
    return [this] {
      begun.set_value();
      end.get_future().wait();
    };
  }
};

/// Has one thread of the pool wait behind `held`.
void occupy(work_pool& pool, gate& held) {
  CAF_REQUIRE(pool.post(held.hold()));
  held.begun.get_future().wait();
}

} // namespace

CAF_TEST(jobs of one thread are done in the order posted) {
  auto pool = pool_of(1);
  std::vector<int> done;
  std::promise<void> last;
  for (int i = 0; i < 100; ++i)
    CAF_REQUIRE(pool->post([&done, i] { done.push_back(i); }));
  CAF_REQUIRE(pool->post([&last] { last.set_value(); }));
  last.get_future().wait();
  for (int i = 0; i < 100; ++i)
    CAF_CHECK_EQUAL(done[static_cast<size_t>(i)], i);
}

CAF_TEST(jobs of several threads are done at the same time) {
  auto pool = pool_of(3);
  gate gates[3];
  // Would wait for ever if one thread did them all.
  for (auto& each : gates)
    occupy(*pool, each);
  CAF_CHECK_EQUAL(pool->waiting(), 0u);
  for (auto& each : gates)
    each.end.set_value();
}

CAF_TEST(a job may own what only moves) {
  auto pool = pool_of(1);
  std::promise<int> told;
  CAF_REQUIRE(pool->post(
      [&told, owned = std::make_unique<int>(7)] { told.set_value(*owned); }));
  CAF_CHECK_EQUAL(told.get_future().get(), 7);
}

CAF_TEST(a full pool refuses work until there is room) {
  auto pool = pool_of(1, 2);
  gate held;
  occupy(*pool, held);
  std::promise<void> done;
  auto is_done = done.get_future();
  CAF_CHECK(pool->post([] {}));
  CAF_CHECK(pool->post([&done] { done.set_value(); }));
  CAF_CHECK_EQUAL(pool->waiting(), 2u);
  auto owned = std::make_shared<int>(0);
  CAF_CHECK(!pool->post([owned] { ++*owned; }));
  CAF_CHECK_EQUAL(owned.use_count(), 1);
  held.end.set_value();
  is_done.wait();
  CAF_CHECK(pool->post([] {}));
  CAF_CHECK_EQUAL(*owned, 0);
}

CAF_TEST(stopping waits for what has begun and drops what has not) {
  auto pool = pool_of(1);
  gate held;
  occupy(*pool, held);
  auto owned = std::make_shared<int>(0);
  CAF_REQUIRE(pool->post([owned] { ++*owned; }));
  auto stopping = std::async(std::launch::async, [&pool] { pool->stop(); });
  // The one job that waits cannot begin: it goes when stopping does.
  while (pool->waiting() != 0)
    std::this_thread::yield();
  held.end.set_value();
  stopping.wait();
  CAF_CHECK_EQUAL(*owned, 0);
  CAF_CHECK_EQUAL(owned.use_count(), 1);
  CAF_CHECK(!pool->post([] {}));
  pool->stop();
}

CAF_TEST(a job may post another) {
  auto pool = pool_of(1);
  std::promise<bool> told;
  CAF_REQUIRE(pool->post([&] {
    if (!pool->post([&told] { told.set_value(true); }))
      told.set_value(false);
  }));
  CAF_CHECK(told.get_future().get());
}

CAF_TEST(a job that throws costs nobody else) {
  auto before = log::detail::active.exchange(log::no_levels);
  auto pool = pool_of(1);
  std::promise<void> told;
  CAF_REQUIRE(pool->post([] { throw std::runtime_error{"expected"}; }));
  CAF_REQUIRE(pool->post([&told] { told.set_value(); }));
  told.get_future().wait();
  pool->stop();
  log::detail::active.store(before);
}

CAF_TEST(threads carry the name of their pool and take no signals) {
  auto made = work_pool::start({"a-very-long-name", 1, 1});
  CAF_REQUIRE(made.has_value());
  std::promise<std::string> told;
  std::promise<bool> blocked;
  CAF_REQUIRE((*made)->post([&] {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    told.set_value(name);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked.set_value(sigismember(&mask, SIGTERM) == 1);
  }));
  CAF_CHECK_EQUAL(told.get_future().get(), "a-very-long-n1");
  CAF_CHECK(blocked.get_future().get());
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  CAF_CHECK_EQUAL(sigismember(&mask, SIGTERM), 0);
}
