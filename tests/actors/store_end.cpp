// What becomes of a store, and of those who still know it, when a node ends.
#include "actors/journaling.hpp"
#include "store_fixture.hpp"

#include <caf/actor_cast.hpp>

using namespace troupe;
using namespace troupe::actors;
using namespace troupe::actors::store_test;

namespace {

/// Hands its batches to the store, as connections do, and counts how often they
/// come back.
struct handing_owner final : broker::batch_owner {
  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    ++times;
    if (hand_to_store(store, *batch))
      return;
    is_stored = batch->progress == stage::stored;
    delete batch;
  }
  store_actor store;
  int times = 0;
  bool is_stored = false;
};

struct closing_store : test::memory_store {
  ~closing_store() override { ++closed; }
  static inline int closed = 0;
};

using fixture = store_fixture<test::memory_store>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(store_end_tests, fixture)

CAF_TEST(a store that ends closes its database whoever still has a handle) {
  auto before = closing_store::closed;
  auto other =
      spawn_light<store>(sys, node, home, std::make_unique<closing_store>());
  auto batch = make_batch(1, "a");
  add_part(*batch, make_queue(7));
  tell(other, commit_batch{std::move(batch)});
  object_of<store>(other)->end();
  CAF_CHECK_EQUAL(closing_store::closed, before + 1);
  CAF_CHECK_EQUAL(owner.take(), "1:routed");
}

CAF_TEST(a batch for a store that has ended is handed over once and fails) {
  object_of<store>(actor)->end();
  handing_owner hands;
  hands.store = actor;
  broker::batch_ptr batch{new broker::publication_batch(&hands, 1, 0), false};
  batch->add(broker::make_publication("a", "t"));
  add_part(*batch, make_queue(7));
  batch.reset();
  CAF_CHECK_EQUAL(hands.times, 2);
  CAF_CHECK(!hands.is_stored);
}

CAF_TEST(what nobody waits for does not keep a store that has ended) {
  auto other =
      spawn_light<store>(sys, node, home, std::make_unique<closing_store>());
  auto watched = caf::actor_cast<caf::weak_actor_ptr>(other);
  auto batch = make_unowned_batch(other, 0);
  batch->add(broker::make_publication("a", "t"));
  add_part(*batch, make_queue(7));
  object_of<store>(other)->end();
  batch.reset();
  other = store_actor{};
  CAF_CHECK(watched.lock() == nullptr);
}

CAF_TEST_FIXTURE_SCOPE_END()
