#include "apps/bench/flow_check.hpp"

#include <caf/test/unit_test.hpp>

#include <initializer_list>

using troupe::bench::arrival;
using troupe::bench::flow_check;

namespace {

flow_check after(std::initializer_list<uint32_t> sequences) {
  flow_check flow;
  for (auto sequence : sequences)
    flow.delivered(sequence);
  return flow;
}

} // namespace

CAF_TEST(messages in order are neither lost nor anything else) {
  auto flow = after({0, 1, 2, 3});
  CAF_CHECK_EQUAL(flow.received(), 4U);
  CAF_CHECK_EQUAL(flow.lost(4), 0U);
  CAF_CHECK_EQUAL(flow.duplicates(), 0U);
  CAF_CHECK_EQUAL(flow.misordered(), 0U);
}

CAF_TEST(a gap that never closes is a loss) {
  auto flow = after({0, 1, 5, 6});
  CAF_CHECK_EQUAL(flow.lost(7), 3U);
  CAF_CHECK_EQUAL(flow.misordered(), 0U);
}

CAF_TEST(what is missing at the end is lost too) {
  CAF_CHECK_EQUAL(after({0, 1}).lost(10), 8U);
  CAF_CHECK_EQUAL(after({}).lost(10), 10U);
}

CAF_TEST(a message that comes after a later one is misordered and not lost) {
  auto flow = after({0, 2, 1, 3});
  CAF_CHECK_EQUAL(flow.misordered(), 1U);
  CAF_CHECK_EQUAL(flow.lost(4), 0U);
  CAF_CHECK_EQUAL(flow.duplicates(), 0U);
}

CAF_TEST(a gap can be filled from its middle) {
  auto flow = after({0, 10, 5, 4, 6, 1, 9});
  CAF_CHECK_EQUAL(flow.misordered(), 5U);
  CAF_CHECK_EQUAL(flow.duplicates(), 0U);
  CAF_CHECK_EQUAL(flow.lost(11), 4U);
  CAF_CHECK(flow.delivered(5) == arrival::duplicate);
  CAF_CHECK(flow.delivered(2) == arrival::late);
  CAF_CHECK(flow.delivered(3) == arrival::late);
  CAF_CHECK(flow.delivered(7) == arrival::late);
  CAF_CHECK(flow.delivered(8) == arrival::late);
  CAF_CHECK_EQUAL(flow.lost(11), 0U);
}

CAF_TEST(a second copy is a duplicate whether in order or late) {
  auto flow = after({0, 0, 1, 3, 2, 2, 3});
  CAF_CHECK_EQUAL(flow.duplicates(), 3U);
  CAF_CHECK_EQUAL(flow.misordered(), 1U);
  CAF_CHECK_EQUAL(flow.received(), 4U);
}

CAF_TEST(a duplicate does not hide a loss) {
  auto flow = after({0, 0, 2});
  CAF_CHECK_EQUAL(flow.lost(3), 1U);
}

CAF_TEST(each delivery is named for what it is) {
  flow_check flow;
  CAF_CHECK(flow.delivered(0) == arrival::in_order);
  CAF_CHECK(flow.delivered(2) == arrival::after_gap);
  CAF_CHECK(flow.delivered(1) == arrival::late);
  CAF_CHECK(flow.delivered(1) == arrival::duplicate);
  CAF_CHECK(flow.delivered(3) == arrival::in_order);
}
