// What a session that ends leaves to the other members of its shared
// subscriptions.
#include "actors/routes.hpp"
#include "store_fixture.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace troupe;
using namespace troupe::actors;
using namespace troupe::actors::store_test;

namespace {

/// One subtree that writes down what it is to pass on.
struct shares_fixture : store_fixture<test::failing_store> {
  shares_fixture() {
    std::vector<subtree_actor> subtrees;
    subtrees.push_back(record<subtree_actor>(sys, [this](const mail& message) {
      if (auto* request = message.get_if<redistribute>())
        for (const auto& each : request->messages)
          log += each.filter + "=" + std::string{each.message->payload()} + " ";
    }));
    object_of<store>(actor)->set_routes(
        std::make_shared<const route_table>(std::move(subtrees)));
    remember begin;
    begin.key = 7;
    begin.subscribed.push_back({"$share/g/t", {}, 0, 1});
    begin.subscribed.push_back({"t", {}, 0, 0});
    tell(actor, std::move(begin));
  }

  void keep(std::string_view payload, uint16_t shared,
            qos how = qos::at_least_once, uint16_t packet_id = 0) {
    auto batch = make_batch(++batches, payload);
    auto part = journal_part::make(queue, 1);
    part->add(0, {0, shared, packet_id, how, false}, 1);
    batch->add_journal(std::move(part));
    commit(std::move(batch));
  }
  void end(std::vector<remember::entry> dealt_with = {}) {
    remember done;
    done.key = 7;
    done.erased = std::move(dealt_with);
    tell(actor, std::move(done));
    remember last;
    last.key = 7;
    last.erases_session = true;
    last.ended_queue = queue;
    tell(actor, std::move(last));
    turn();
  }

  disk_queue_ptr queue = make_queue(7);
  uint64_t batches = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(store_shares_tests, shares_fixture)

CAF_TEST(what waits on disk for a shared subscription goes to others) {
  keep("a", 1);
  keep("own", 0);
  keep("b", 1);
  turn();
  CAF_CHECK_EQUAL(take(), "");
  end();
  CAF_CHECK_EQUAL(take(), "$share/g/t=a $share/g/t=b");
  CAF_CHECK_EQUAL(queue_of(7), "");
}

CAF_TEST(what came in the same turn as the end goes to others too) {
  keep("late", 1);
  end();
  CAF_CHECK_EQUAL(take(), "$share/g/t=late");
}

CAF_TEST(what the session has dealt with goes to nobody) {
  keep("done", 1);
  keep("left", 1);
  end({{1, 4, 0}});
  CAF_CHECK_EQUAL(take(), "$share/g/t=left");
}

CAF_TEST(QoS 2 that was sent goes to nobody else) {
  keep("sent", 1, qos::exactly_once, 5);
  keep("launched", 1, qos::exactly_once);
  keep("waits", 1, qos::exactly_once);
  keep("again", 1, qos::at_least_once, 6);
  remember launch;
  launch.key = 7;
  launch.window = std::vector<broker::launch_run>{{2, 9, 1}};
  tell(actor, std::move(launch));
  end();
  CAF_CHECK_EQUAL(take(), "$share/g/t=waits $share/g/t=again");
}

CAF_TEST(a long queue goes to others as a whole) {
  for (int i = 0; i < 1000; ++i)
    keep(std::to_string(i), 1);
  end();
  std::string all;
  for (int i = 0; i < 1000; ++i)
    all += (i == 0 ? "$share/g/t=" : " $share/g/t=") + std::to_string(i);
  CAF_CHECK(take() == all);
}

CAF_TEST(a subscription of its own goes to nobody) {
  keep("own", 0);
  end();
  CAF_CHECK_EQUAL(take(), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
