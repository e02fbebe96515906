#include "broker/batch.hpp"

#include "publications.hpp"

#include <caf/test/unit_test.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::broker;

namespace {

struct owner final : batch_owner {
  void on_batch_complete(publication_batch* batch) noexcept override {
    ++completed;
    last_number = batch->number();
    delete batch;
  }

  std::atomic<int> completed{0};
  std::atomic<uint64_t> last_number{0};
};

} // namespace

CAF_TEST(the owner is told once and when the last holder lets go) {
  owner who;
  batch_ptr first{new publication_batch(&who, 7, 3), false};
  auto second = first;
  first.reset();
  CAF_CHECK_EQUAL(who.completed, 0);
  second.reset();
  CAF_CHECK_EQUAL(who.completed, 1);
  CAF_CHECK_EQUAL(who.last_number, 7u);
}

CAF_TEST(a batch without an owner just ends) {
  batch_ptr batch{new publication_batch(nullptr, 1, 0), false};
  batch->add(make_publication("x"));
  auto copy = batch;
  batch.reset();
  CAF_CHECK_EQUAL(copy->items.size(), 1u);
}

CAF_TEST(the footprint is that of all publications) {
  batch_ptr batch{new publication_batch(nullptr, 1, 0), false};
  CAF_CHECK_EQUAL(batch->footprint(), 0u);
  auto one = make_publication("x");
  auto two = make_publication("longer");
  batch->add(one);
  batch->add(two);
  CAF_CHECK_EQUAL(batch->footprint(), one->footprint() + two->footprint());
  CAF_CHECK(!batch->items[0].matched);
}

CAF_TEST(holders on many threads let go and the owner is told once) {
  owner who;
  for (int round = 0; round < 200; ++round) {
    batch_ptr batch{new publication_batch(&who, 1, 0), false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
      threads.emplace_back([copy = batch]() mutable { copy.reset(); });
    batch.reset();
    for (auto& each : threads)
      each.join();
    CAF_REQUIRE_EQUAL(who.completed, round + 1);
  }
}
