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

// -- on the way to the store --------------------------------------------------

namespace {

disk_queue_ptr make_queue(session_key key) {
  return disk_queue_ptr{new disk_queue(key, 1), false};
}

/// Holds a batch again the first time, as on its way through a store.
struct keeper final : batch_owner {
  void on_batch_complete(publication_batch* batch) noexcept override {
    if (++completed == 1)
      kept = batch->hold_again();
    else
      delete batch;
  }

  int completed = 0;
  batch_ptr kept;
};

} // namespace

CAF_TEST(a batch with a part or identifiers must be stored once) {
  publication_batch batch{nullptr, 1, 0};
  CAF_CHECK(!batch.must_be_stored());
  batch.remembers_ids = true;
  CAF_CHECK(batch.must_be_stored());
  batch.remembers_ids = false;
  batch.add_journal(journal_part::make(make_queue(1), 1));
  CAF_CHECK(batch.must_be_stored());
  batch.progress = publication_batch::stage::stored;
  CAF_CHECK(!batch.must_be_stored());
  batch.progress = publication_batch::stage::failed;
  CAF_CHECK(!batch.must_be_stored());
}

CAF_TEST(a batch that is held again is complete a second time) {
  keeper who;
  batch_ptr batch{new publication_batch(&who, 1, 0), false};
  batch.reset();
  CAF_CHECK_EQUAL(who.completed, 1);
  auto copy = who.kept;
  who.kept.reset();
  CAF_CHECK_EQUAL(who.completed, 1);
  copy.reset();
  CAF_CHECK_EQUAL(who.completed, 2);
}

CAF_TEST(a batch that is used anew forgets its way through the store) {
  auto queue = make_queue(1);
  publication_batch batch{nullptr, 1, 0};
  batch.remembers_ids = true;
  batch.has_failed = true;
  batch.progress = publication_batch::stage::failed;
  auto part = journal_part::make(queue, 1);
  batch.add_journal(part);
  batch.reset(nullptr, 2, 0);
  CAF_CHECK(!batch.must_be_stored());
  CAF_CHECK(!batch.has_journal());
  CAF_CHECK(!batch.has_failed);
  CAF_CHECK(batch.progress == publication_batch::stage::routing);
}

CAF_TEST(parts that many threads add are all there) {
  publication_batch batch{nullptr, 1, 0};
  std::vector<std::thread> threads;
  for (session_key key = 1; key <= 3; ++key)
    threads.emplace_back([&batch, key] {
      auto queue = make_queue(key);
      for (int i = 0; i < 1000; ++i)
        batch.add_journal(journal_part::make(queue, 1));
    });
  for (auto& each : threads)
    each.join();
  std::vector<int> found(4);
  auto parts = batch.take_journal();
  while (auto part = parts.pop())
    ++found[part->queue().key()];
  CAF_CHECK_EQUAL(found[1], 1000);
  CAF_CHECK_EQUAL(found[2], 1000);
  CAF_CHECK_EQUAL(found[3], 1000);
  CAF_CHECK(!batch.has_journal());
}
