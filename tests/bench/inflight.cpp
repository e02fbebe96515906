#include "apps/bench/inflight.hpp"

#include <caf/test/unit_test.hpp>

#include <set>

using troupe::bench::inflight;
using troupe::protocol::packet_type;
using troupe::protocol::qos;

CAF_TEST(identifiers under way are never zero and never the same) {
  inflight window{100};
  std::set<uint16_t> ids;
  while (window.has_room())
    ids.insert(window.take(qos::at_least_once));
  CAF_CHECK_EQUAL(ids.size(), 100U);
  CAF_CHECK_EQUAL(ids.count(0), 0U);
}

CAF_TEST(PUBACK makes room for another message) {
  inflight window{1};
  auto id = window.take(qos::at_least_once);
  CAF_CHECK(!window.has_room());
  CAF_CHECK(window.acknowledge(id, packet_type::puback, false));
  CAF_CHECK(window.has_room());
}

CAF_TEST(QoS 2 waits for PUBREC and then for PUBCOMP) {
  inflight window{1};
  auto id = window.take(qos::exactly_once);
  CAF_CHECK(!window.acknowledge(id, packet_type::pubcomp, false));
  CAF_CHECK(window.acknowledge(id, packet_type::pubrec, false));
  CAF_CHECK(!window.has_room());
  CAF_CHECK(!window.acknowledge(id, packet_type::pubrec, false));
  CAF_CHECK(window.acknowledge(id, packet_type::pubcomp, false));
  CAF_CHECK(window.has_room());
}

CAF_TEST(a PUBREC that refuses ends the message) {
  inflight window{1};
  auto id = window.take(qos::exactly_once);
  CAF_CHECK(window.acknowledge(id, packet_type::pubrec, true));
  CAF_CHECK(window.has_room());
}

CAF_TEST(an acknowledgement that nothing waits for is refused) {
  inflight window{4};
  auto id = window.take(qos::at_least_once);
  CAF_CHECK(!window.acknowledge(0, packet_type::puback, false));
  CAF_CHECK(!window.acknowledge(77, packet_type::puback, false));
  CAF_CHECK(!window.acknowledge(id, packet_type::pubrec, false));
  CAF_CHECK(window.acknowledge(id, packet_type::puback, false));
  CAF_CHECK(!window.acknowledge(id, packet_type::puback, false));
}

CAF_TEST(the receive maximum of a broker only lowers the limit) {
  inflight window{20};
  window.lower_limit(65'535);
  window.lower_limit(2);
  window.take(qos::at_least_once);
  window.take(qos::at_least_once);
  CAF_CHECK(!window.has_room());
}
