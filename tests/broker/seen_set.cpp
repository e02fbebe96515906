#include "broker/seen_set.hpp"

#include <caf/test/unit_test.hpp>

#include <random>
#include <set>

using namespace troupe;
using namespace troupe::broker;

namespace {

message_origin origin(uint64_t sequence, node_id node = 7, uint64_t epoch = 1,
                      uint32_t lane = 0) {
  return {node, epoch, lane, sequence};
}

} // namespace

CAF_TEST(what was seen is no longer new) {
  seen_set seen;
  CAF_CHECK(seen.insert(origin(1)));
  CAF_CHECK(!seen.insert(origin(1)));
  CAF_CHECK(seen.insert(origin(2)));
  CAF_CHECK(!seen.insert(origin(1)));
}

CAF_TEST(nodes and epochs and lanes count for themselves) {
  seen_set seen;
  for (auto node : {node_id{1}, node_id{2}})
    for (uint64_t epoch : {1, 2})
      for (uint32_t lane : {0, 1})
        CAF_CHECK(seen.insert(origin(1, node, epoch, lane)));
  CAF_CHECK_EQUAL(seen.lanes(), 8u);
  CAF_CHECK(!seen.insert(origin(1, 1, 1, 0)));
}

CAF_TEST(a million in order are one interval) {
  seen_set seen;
  for (uint64_t i = 1; i <= 1'000'000; ++i)
    if (!seen.insert(origin(i)))
      CAF_FAIL("not new: " << i);
  CAF_CHECK_EQUAL(seen.intervals(), 1u);
  CAF_CHECK(!seen.insert(origin(500'000)));
}

CAF_TEST(a gap that is filled joins its neighbours) {
  seen_set seen;
  for (uint64_t i : {1, 5, 3})
    CAF_CHECK(seen.insert(origin(i)));
  CAF_CHECK_EQUAL(seen.intervals(), 3u);
  CAF_CHECK(seen.insert(origin(2)));
  CAF_CHECK(seen.insert(origin(4)));
  CAF_CHECK_EQUAL(seen.intervals(), 1u);
}

CAF_TEST(in any order each is new once) {
  std::mt19937 random{1};
  seen_set seen;
  std::set<uint64_t> known;
  for (int i = 0; i < 20'000; ++i) {
    auto sequence = uint64_t{1} + random() % 8'000;
    CAF_REQUIRE_EQUAL(seen.insert(origin(sequence)),
                      known.insert(sequence).second);
  }
}

CAF_TEST(the lowest interval is forgotten first) {
  seen_set seen{{4, 3}};
  for (uint64_t i : {2, 4, 6, 8})
    CAF_CHECK(seen.insert(origin(i)));
  CAF_CHECK_EQUAL(seen.intervals(), 3u);
  for (uint64_t i : {4, 6, 8})
    CAF_CHECK(!seen.insert(origin(i)));
  CAF_CHECK(seen.insert(origin(2))); // a repeat, not a loss
}

CAF_TEST(the least recently used lane is forgotten first) {
  seen_set seen{{2, 3}};
  seen.insert(origin(1, 1));
  seen.insert(origin(1, 2));
  CAF_CHECK(!seen.insert(origin(1, 1)));
  seen.insert(origin(1, 3));
  CAF_CHECK_EQUAL(seen.lanes(), 2u);
  CAF_CHECK(!seen.insert(origin(1, 1)));
  CAF_CHECK(seen.insert(origin(1, 2)));
}

CAF_TEST(the greatest numbers are numbers like others) {
  seen_set seen;
  for (auto i : {UINT64_MAX, UINT64_MAX - 2, UINT64_MAX - 1, uint64_t{1}}) {
    CAF_CHECK(seen.insert(origin(i)));
    CAF_CHECK(!seen.insert(origin(i)));
  }
  CAF_CHECK_EQUAL(seen.intervals(), 2u);
}
