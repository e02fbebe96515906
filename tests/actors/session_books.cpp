// What a durable session has the store forget.
#include "actors/session_books.hpp"

#include "../broker/publications.hpp"
#include "fixture.hpp"

#include <caf/actor_cast.hpp>

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::actors;

namespace {

/// A sender whose messages are on disk as soon as they are sent; the store
/// writes down what it is to remove: "1,3" one by one, "<=2" up to there.
struct fixture : caf_fixture {
  fixture() : home(sys, 0) {
    CAF_REQUIRE_EQUAL(home.open(), "");
    node.store = record<store_actor>(sys, [this](const mail& message) {
      if (auto* what = message.get_if<remember>())
        note(*what);
    });
    out.attach(books, {});
    std::vector<broker::queued_delivery> none;
    out.on_connected({}, home.now(), none);
  }
  ~fixture() { node.store = store_actor{}; }

  void note(const remember& what) {
    for (const auto& each : what.erased)
      log += (log.empty() ? "" : ",") + std::to_string(each.sequence);
    if (what.erased_until != 0)
      log += "<=" + std::to_string(what.erased_until);
  }

  void send(const std::vector<std::string>& payloads) {
    broker::publication_batch batch{nullptr, 1, 0};
    std::vector<broker::delivery> deliveries;
    for (const auto& payload : payloads) {
      broker::delivery what;
      what.item = static_cast<uint32_t>(batch.items.size());
      what.qos = protocol::qos::at_least_once;
      deliveries.push_back(what);
      batch.add(broker::make_publication(payload));
    }
    books.begin(payloads.size());
    out.accept(batch, deliveries, home.now());
    books.end(batch);
    auto part = batch.take_journal().pop();
    for (uint32_t i = 0; i < part->size(); ++i)
      part->seal(i, queue->take_sequence());
    part->settle(false);
  }

  std::string acknowledge(const std::vector<uint16_t>& ids) {
    std::vector<broker::queued_delivery> none;
    for (auto id : ids) {
      protocol::acknowledgement packet;
      packet.type = protocol::packet_type::puback;
      packet.packet_id = id;
      out.on_acknowledgement(packet, home.now(), none);
    }
    books.flush(out);
    run();
    return std::exchange(log, {});
  }

  node_context node;
  loop home;
  broker::session_limits limits;
  broker::disk_queue_ptr queue{new broker::disk_queue(7, 1), false};
  session_books books{node, home, nullptr, queue};
  broker::sender out{limits};
  std::string log;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_books_tests, fixture)

CAF_TEST(what is acknowledged in order is removed by one mark) {
  send({"a", "b", "c", "d"});
  CAF_CHECK_EQUAL(acknowledge({1, 2, 3}), "<=3");
  send({"e"});
  CAF_CHECK_EQUAL(acknowledge({4, 5}), "<=5");
}

CAF_TEST(a mark is enough for one message too) {
  send({"a", "b"});
  CAF_CHECK_EQUAL(acknowledge({1}), "<=1");
  CAF_CHECK_EQUAL(acknowledge({2}), "<=2");
}

CAF_TEST(a mark passes nothing that is under way) {
  send({"a", "b", "c", "d"});
  CAF_CHECK_EQUAL(acknowledge({2, 3}), "2,3");
  CAF_CHECK_EQUAL(acknowledge({1, 4}), "<=4");
}

CAF_TEST(a message that may share its body is removed by itself too) {
  send({"a", std::string(600, 'x'), "c"});
  CAF_CHECK_EQUAL(acknowledge({1, 2, 3}), "2<=3");
}

CAF_TEST_FIXTURE_SCOPE_END()
