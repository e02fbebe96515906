#include "broker/journal.hpp"

#include <caf/test/unit_test.hpp>

#include <thread>
#include <utility>

using namespace troupe;
using namespace troupe::broker;
using protocol::qos;
using entry_state = journal_part::entry_state;

namespace {

struct fixture {
  journal_part_ptr make(uint32_t size = 1) const {
    auto part = journal_part::make(queue, size);
    for (uint32_t i = 0; i < size; ++i)
      part->add(i, {0, 0, 0, qos::at_least_once, false}, 10);
    return part;
  }

  disk_queue_ptr queue{new disk_queue(7, 5), false};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(journal_tests, fixture)

CAF_TEST(entries are numbered from where the queue stands) {
  CAF_CHECK_EQUAL(queue->take_sequence(), 5u);
  CAF_CHECK_EQUAL(queue->take_sequence(), 6u);
  CAF_CHECK(!queue->is_ended());
  queue->end();
  CAF_CHECK(queue->is_ended());
}

CAF_TEST(what is cancelled is not sealed) {
  auto part = make(2);
  CAF_CHECK(part->cancel(0));
  CAF_CHECK(!part->cancel(0));
  CAF_CHECK(!part->seal(0, 5));
  CAF_CHECK(part->seal(1, 6));
  CAF_CHECK((*part)[0].state == entry_state::cancelled);
  CAF_CHECK_EQUAL((*part)[1].sequence, 6u);
}

CAF_TEST(what is sealed is not cancelled) {
  auto part = make();
  CAF_CHECK(part->seal(0, 5));
  CAF_CHECK(!part->cancel(0));
  CAF_CHECK((*part)[0].state == entry_state::stored);
}

CAF_TEST(of cancel and seal on two threads one wins) {
  for (int round = 0; round < 200; ++round) {
    auto part = make();
    auto is_sealed = false;
    std::thread store{[&, part] { is_sealed = part->seal(0, 5); }};
    auto is_cancelled = part->cancel(0);
    store.join();
    CAF_REQUIRE(is_sealed != is_cancelled);
  }
}

CAF_TEST(who asks before a part is settled is told) {
  auto part = make();
  CAF_CHECK(part->ask_for_notice());
  CAF_CHECK(part->ask_for_notice());
  CAF_CHECK(!part->is_settled());
  CAF_CHECK(part->settle(false));
  CAF_CHECK(part->is_settled());
  CAF_CHECK(!part->has_failed());
  CAF_CHECK(!part->ask_for_notice());
}

CAF_TEST(who does not ask is not told) {
  CAF_CHECK(!make()->settle(false));
}

CAF_TEST(of asking and settling on two threads one knows) {
  for (int round = 0; round < 200; ++round) {
    auto part = make();
    auto tells = false;
    std::thread store{[&, part] { tells = part->settle(false); }};
    auto waits = part->ask_for_notice();
    store.join();
    CAF_REQUIRE_EQUAL(tells, waits);
  }
}

CAF_TEST(a part that failed has nothing on disk) {
  auto part = make(2);
  part->seal(0, 5);
  part->settle(true);
  CAF_CHECK(part->has_failed());
  CAF_CHECK(part->is_settled());
  CAF_CHECK((*part)[0].state == entry_state::failed);
  CAF_CHECK(!part->cancel(1));
}

CAF_TEST(a journal owns the parts that are left in it) {
  auto first = make();
  auto second = make();
  {
    auto* head = second.get();
    auto chained = second;
    head->next = journal_part_ptr{first}.detach();
    journal all{chained.detach()};
    CAF_CHECK(!all.empty());
    auto popped = all.pop();
    CAF_CHECK(popped.get() == second.get());
    CAF_CHECK(popped->next == nullptr);
    journal moved{std::move(all)};
    CAF_CHECK(all.empty());
    CAF_CHECK(!moved.empty());
  }
  // Under AddressSanitizer a leak or a second release would show here.
  CAF_CHECK_EQUAL(first->size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
