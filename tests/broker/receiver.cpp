#include "broker/receiver.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::broker;
using protocol::packet_type;
using protocol::qos;
using protocol::reason;
using verdict = receiver::verdict;

namespace {

constexpr auto qos1 = qos::at_least_once;
constexpr auto qos2 = qos::exactly_once;

struct fixture {
  receiver in;

  // "A1" is PUBACK 1, "R2" PUBREC 2; a reason other than success follows.
  std::string due() {
    std::vector<receiver::acknowledgement> out;
    in.take_due(out);
    std::string result;
    for (const auto& packet : out) {
      result += result.empty() ? "" : " ";
      result += packet.type == packet_type::puback ? "A" : "R";
      result += std::to_string(packet.packet_id);
      if (packet.reason != reason::success)
        result += "=" + std::to_string(static_cast<int>(packet.reason));
    }
    return result;
  }

  bool routes(qos level, uint16_t id, uint64_t batch = 1) {
    return in.on_publish(level, id, batch) == verdict::route;
  }
  bool repeats(uint16_t id, uint64_t batch = 1) {
    return in.on_publish(qos2, id, batch) == verdict::duplicate;
  }
  bool exceeds(qos level, uint16_t id) {
    return in.on_publish(level, id, 1) == verdict::receive_maximum_exceeded;
  }
  void complete(uint64_t batch, const std::vector<reason>& codes) {
    in.on_batch_complete(batch, codes);
  }
};

constexpr auto ok = reason::success;

} // namespace

CAF_TEST_FIXTURE_SCOPE(receiver_tests, fixture)

CAF_TEST(acknowledgements are due when their batch is complete) {
  CAF_CHECK(routes(qos1, 5));
  CAF_CHECK(routes(qos2, 6));
  CAF_CHECK_EQUAL(due(), "");
  CAF_CHECK_EQUAL(in.unacknowledged(), 2u);
  complete(1, {reason::no_matching_subscribers, ok});
  CAF_CHECK_EQUAL(due(), "A5=16 R6");
  CAF_CHECK_EQUAL(due(), "");
  CAF_CHECK_EQUAL(in.unacknowledged(), 1u);
  CAF_CHECK(in.on_pubrel(6));
  CAF_CHECK_EQUAL(in.unacknowledged(), 0u);
}

CAF_TEST(acknowledgements keep the order of PUBLISH whatever batch is first) {
  routes(qos1, 1, 7);
  routes(qos1, 2, 8);
  routes(qos2, 3, 7);
  routes(qos1, 4, 9);
  complete(9, {ok});
  CAF_CHECK_EQUAL(due(), "");
  complete(8, {ok});
  CAF_CHECK_EQUAL(due(), "");
  complete(7, {ok, ok});
  CAF_CHECK_EQUAL(due(), "A1 A2 R3 A4");
}

CAF_TEST(the batches of one read are filled side by side in any order) {
  routes(qos1, 1, 9);
  routes(qos1, 2, 7);
  routes(qos1, 3, 8);
  routes(qos1, 4, 7);
  complete(8, {ok});
  complete(7, {reason::not_authorized, ok});
  CAF_CHECK_EQUAL(due(), "");
  complete(9, {ok});
  CAF_CHECK_EQUAL(due(), "A1 A2=135 A3 A4");
}

CAF_TEST(a batch without acknowledgements or an unknown one does no harm) {
  routes(qos1, 1, 5);
  complete(4, {});
  complete(6, {ok});
  CAF_CHECK_EQUAL(due(), "");
  complete(5, {ok});
  complete(5, {ok});
  CAF_CHECK_EQUAL(due(), "A1");
}

CAF_TEST(what needs no routing keeps its place) {
  routes(qos1, 1);
  in.owe(qos1, 2, reason::not_authorized);
  in.owe(qos2, 3, reason::packet_too_large);
  CAF_CHECK_EQUAL(due(), "");
  complete(1, {ok});
  CAF_CHECK_EQUAL(due(), "A1 A2=135 R3=149");
  CAF_CHECK_EQUAL(in.unacknowledged(), 0u);
  in.owe(qos1, 4, ok);
  CAF_CHECK_EQUAL(due(), "A4");
}

CAF_TEST(a refused QoS 2 message that is acknowledged as usual takes PUBREL) {
  in.owe(qos2, 3, ok);
  CAF_CHECK_EQUAL(due(), "R3");
  CAF_CHECK(in.on_pubrel(3));
}

// -- QoS 2 --------------------------------------------------------------------

CAF_TEST(a copy is acknowledged again and not routed) {
  routes(qos2, 1);
  complete(1, {ok});
  CAF_CHECK_EQUAL(due(), "R1");
  CAF_CHECK(repeats(1, 2));
  CAF_CHECK_EQUAL(due(), "R1");
  CAF_CHECK(in.on_pubrel(1));
  CAF_CHECK(routes(qos2, 1, 3));
}

CAF_TEST(a copy is not acknowledged before the batch of the first is complete) {
  routes(qos2, 1);
  CAF_CHECK(repeats(1, 2));
  CAF_CHECK(repeats(1, 2));
  CAF_CHECK_EQUAL(due(), "");
  complete(1, {ok});
  CAF_CHECK_EQUAL(due(), "R1");
  CAF_CHECK_EQUAL(due(), "");
}

CAF_TEST(the answer to a copy does not overtake other answers) {
  routes(qos2, 1, 1);
  complete(1, {ok});
  due();
  routes(qos1, 2, 2);
  repeats(1, 2);
  CAF_CHECK_EQUAL(due(), "");
  complete(2, {ok});
  CAF_CHECK_EQUAL(due(), "A2 R1");
}

CAF_TEST(PUBREL withdraws an answer to a copy that was not yet given) {
  routes(qos2, 1, 1);
  complete(1, {ok});
  due();
  routes(qos1, 2, 2);
  repeats(1, 2);
  CAF_CHECK(in.on_pubrel(1));
  CAF_CHECK(routes(qos2, 1, 3));
  complete(2, {ok});
  CAF_CHECK_EQUAL(due(), "A2");
  complete(3, {ok});
  CAF_CHECK_EQUAL(due(), "R1");
  CAF_CHECK_EQUAL(in.unacknowledged(), 1u);
}

CAF_TEST(an error in PUBREC frees the identifier) {
  routes(qos2, 1);
  complete(1, {reason::quota_exceeded});
  CAF_CHECK_EQUAL(due(), "R1=151");
  CAF_CHECK(!in.on_pubrel(1));
  CAF_CHECK(routes(qos2, 1, 2));
}

CAF_TEST(an unknown PUBREL is told) {
  CAF_CHECK(!in.on_pubrel(1));
  routes(qos1, 1);
  CAF_CHECK(!in.on_pubrel(1));
}

CAF_TEST(PUBREL ahead of PUBREC frees nothing) {
  routes(qos2, 1);
  CAF_CHECK(!in.on_pubrel(1));
  CAF_CHECK(repeats(1));
  complete(1, {ok});
  CAF_CHECK_EQUAL(due(), "R1");
  CAF_CHECK(in.on_pubrel(1));
}

CAF_TEST(an identifier may be used for several QoS 1 messages at once) {
  CAF_CHECK(routes(qos1, 1, 1));
  CAF_CHECK(routes(qos1, 1, 2));
  CAF_CHECK(routes(qos2, 1, 3));
  complete(2, {reason::no_matching_subscribers});
  complete(1, {ok});
  CAF_CHECK_EQUAL(due(), "A1 A1=16");
}

// -- receive maximum ----------------------------------------------------------

CAF_TEST(more messages than the receive maximum are told) {
  in.on_connected(2);
  routes(qos1, 1);
  routes(qos2, 2);
  CAF_CHECK(exceeds(qos1, 3));
  CAF_CHECK(exceeds(qos2, 3));
  CAF_CHECK(repeats(2));
  complete(1, {ok, ok});
  CAF_CHECK(exceeds(qos1, 3));
  CAF_CHECK_EQUAL(due(), "A1 R2");
  CAF_CHECK(routes(qos1, 3, 2));
  CAF_CHECK(exceeds(qos1, 4));
  in.on_pubrel(2);
  CAF_CHECK(routes(qos1, 4, 2));
}

CAF_TEST(without a receive maximum there is no limit) {
  in.on_connected(0);
  for (uint32_t id = 1; id <= 65'535; ++id)
    if (!routes(qos1, static_cast<uint16_t>(id)))
      CAF_FAIL("not routed: " << id);
  CAF_CHECK_EQUAL(in.unacknowledged(), 65'535u);
}

CAF_TEST(the receive maximum begins anew with a connection) {
  in.on_connected(1);
  routes(qos2, 1);
  complete(1, {ok});
  due();
  in.on_connected(1);
  CAF_CHECK(routes(qos2, 2));
  CAF_CHECK(exceeds(qos2, 3));
}

// -- connections --------------------------------------------------------------

CAF_TEST(QoS 2 identifiers outlive the connection and debts do not ) {
  routes(qos1, 1, 1);
  routes(qos2, 2, 1);
  routes(qos2, 3, 2);
  complete(2, {ok});
  in.on_connected(0);
  complete(1, {ok, ok});
  CAF_CHECK_EQUAL(due(), "");
  CAF_CHECK_EQUAL(in.unacknowledged(), 2u);
  CAF_CHECK(repeats(2, 1));
  CAF_CHECK_EQUAL(due(), "R2");
  CAF_CHECK(in.on_pubrel(3));
  CAF_CHECK(in.on_pubrel(2));
}

CAF_TEST(a clean start forgets everything) {
  routes(qos1, 1);
  routes(qos2, 2);
  in.clear();
  CAF_CHECK_EQUAL(in.unacknowledged(), 0u);
  CAF_CHECK(routes(qos2, 2));
}

CAF_TEST(what could not be stored is never acknowledged) {
  CAF_CHECK(routes(qos1, 1, 1));
  CAF_CHECK(routes(qos2, 2, 1));
  CAF_CHECK(routes(qos1, 3, 2));
  complete(2, {ok});
  CAF_CHECK_EQUAL(due(), "");
  in.abandon_batch(1);
  CAF_CHECK_EQUAL(due(), "A3");
  CAF_CHECK_EQUAL(in.unacknowledged(), 0u);
}

CAF_TEST(what could not be stored is new when it is sent again) {
  CAF_CHECK(routes(qos2, 2, 1));
  in.abandon_batch(1);
  CAF_CHECK_EQUAL(due(), "");
  CAF_CHECK(routes(qos2, 2, 2));
  complete(2, {ok});
  CAF_CHECK_EQUAL(due(), "R2");
}

CAF_TEST(what was lost after the connection ended is new when it comes again) {
  for (auto is_told : {false, true}) {
    CAF_CHECK(routes(qos2, 2, 1));
    CAF_CHECK(routes(qos2, 3, 2));
    complete(2, {ok});
    if (is_told)
      complete(1, {reason::quota_exceeded});
    else
      in.abandon_batch(1);
    in.on_connected(0); // nobody took what was due
    CAF_CHECK(routes(qos2, 2, 3));
    CAF_CHECK(repeats(3, 3));
    in.clear();
  }
}

CAF_TEST(a batch that was acknowledged when routed is not abandoned later) {
  CAF_CHECK(routes(qos2, 2, 1));
  complete(1, {ok});
  in.abandon_batch(1);
  CAF_CHECK_EQUAL(due(), "R2");
  CAF_CHECK(in.on_pubrel(2));
}

CAF_TEST(an identifier restored from disk is under way) {
  in.restore(2);
  in.on_connected(0);
  CAF_CHECK(repeats(2));
  CAF_CHECK_EQUAL(due(), "R2");
  CAF_CHECK(in.on_pubrel(2));
  CAF_CHECK(routes(qos2, 2));
}

CAF_TEST(all identifiers can be under way and come back in any order) {
  for (uint32_t id = 1; id <= 65'535; ++id)
    routes(qos2, static_cast<uint16_t>(id), id);
  for (uint32_t id = 65'535; id > 0; --id)
    complete(id, {ok});
  std::vector<receiver::acknowledgement> out;
  in.take_due(out);
  CAF_CHECK_EQUAL(out.size(), 65'535u);
  CAF_CHECK(
      std::is_sorted(out.begin(), out.end(), [](const auto& x, const auto& y) {
        return x.packet_id < y.packet_id;
      }));
  CAF_CHECK(repeats(4711, 70'000));
  CAF_CHECK_EQUAL(due(), "R4711");
  uint32_t released = 0;
  for (uint32_t id = 65'535; id > 0; --id)
    released += in.on_pubrel(static_cast<uint16_t>(id)) ? 1 : 0;
  CAF_CHECK_EQUAL(released, 65'535u);
  CAF_CHECK_EQUAL(in.unacknowledged(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
