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

CAF_TEST(a million in order are little to remember) {
  seen_set seen;
  for (uint64_t i = 1; i <= 1'000'000; ++i)
    if (!seen.insert(origin(i)))
      CAF_FAIL("not new: " << i);
  CAF_CHECK_EQUAL(seen.pieces(), 2u); // a run and the block under way
  CAF_CHECK(!seen.insert(origin(500'000)));
}

CAF_TEST(a gap that is filled joins its neighbours) {
  seen_set seen;
  for (auto first : {1, 513, 257})
    for (uint64_t i = 0; i < 256; ++i)
      CAF_CHECK(seen.insert(origin(first + i)));
  CAF_CHECK_EQUAL(seen.pieces(), 1u);
  for (uint64_t i = 1; i <= 768; ++i)
    CAF_CHECK(!seen.insert(origin(i)));
}

CAF_TEST(of a lane with any gaps the last million sequences are known) {
  // One of so many belongs to this subtree.
  for (uint64_t step : {2, 3, 16, 255, 256}) {
    seen_set seen;
    constexpr uint64_t end = 3'000'000;
    for (auto i = step; i <= end; i += step)
      seen.insert(origin(i));
    for (auto i = end / step * step; i > end - 1'300'000; i -= step)
      if (seen.insert(origin(i)))
        CAF_FAIL("forgotten: " << i << " of each " << step << "th");
    CAF_CHECK(seen.pieces() <= seen_set::bounds{}.pieces);
  }
}

CAF_TEST(what is forgotten on purpose is new once more) {
  seen_set seen;
  for (uint64_t i = 1; i <= 1'000; ++i)
    seen.insert(origin(i));
  for (uint64_t i : {1, 256, 300, 1'000}) {
    seen.erase(origin(i));
    CAF_CHECK(!seen.insert(origin(i == 1 ? 2 : i - 1)));
    CAF_CHECK(seen.insert(origin(i)));
    CAF_CHECK(!seen.insert(origin(i)));
  }
  CAF_CHECK_EQUAL(seen.pieces(), 2u);
  seen.erase(origin(5'000));
  seen.erase(origin(1, 8));
  CAF_CHECK(seen.insert(origin(5'000)));
}

CAF_TEST(in any order each is new until it is forgotten) {
  std::mt19937 random{1};
  for (uint64_t range : {600, 8'000, 100'000}) {
    seen_set seen;
    std::set<uint64_t> known;
    for (int i = 0; i < 40'000; ++i) {
      // Runs, so that blocks fill up.
      auto sequence = uint64_t{1} + random() % range;
      auto count = random() % 4 == 0 ? random() % 600 : random() % 3;
      auto forgets = random() % 4 == 0;
      for (uint64_t each = sequence; each < sequence + count; ++each)
        if (forgets) {
          seen.erase(origin(each));
          known.erase(each);
        } else {
          if (seen.insert(origin(each)) != known.insert(each).second)
            CAF_FAIL("wrong of " << each);
        }
    }
    for (uint64_t each = 1; each <= range + 600; ++each)
      CAF_REQUIRE_EQUAL(seen.insert(origin(each)), known.insert(each).second);
    CAF_CHECK(seen.pieces() <= 2); // all is one run
  }
}

CAF_TEST(the lowest piece is forgotten first) {
  seen_set seen{{4, 3}};
  for (uint64_t i : {1, 1'000, 2'000, 3'000})
    CAF_CHECK(seen.insert(origin(i)));
  CAF_CHECK_EQUAL(seen.pieces(), 3u);
  for (uint64_t i : {1'000, 2'000, 3'000})
    CAF_CHECK(!seen.insert(origin(i)));
  CAF_CHECK(seen.insert(origin(1))); // a repeat, not a loss
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
  CAF_CHECK_EQUAL(seen.pieces(), 2u);
}

CAF_TEST(what was seen of a block is told at once) {
  seen_set seen;
  seen_block block{{7, 1, 0}, 2};
  block.bits = {1, 0, 0, uint64_t{1} << 63};
  seen.insert(block);
  seen.insert(block);
  CAF_CHECK_EQUAL(seen.pieces(), 1u);
  for (uint64_t i = 1; i <= 1'024; ++i)
    CAF_CHECK_EQUAL(seen.contains(origin(i)), i == 513 || i == 768);
  CAF_CHECK(!seen.contains(origin(513, 8)));
  CAF_CHECK(!seen.insert(origin(513)));
  for (uint64_t number : {0, 1, 3, 2}) {
    seen_block full{{7, 1, 0}, number};
    full.bits.fill(UINT64_MAX);
    seen.insert(full);
  }
  CAF_CHECK_EQUAL(seen.pieces(), 1u);
  CAF_CHECK(seen.contains(origin(1)));
  CAF_CHECK(seen.contains(origin(1'024)));
  CAF_CHECK(!seen.contains(origin(1'025)));
}

CAF_TEST(the block of an origin has its bit and no other) {
  for (uint64_t i : {1, 64, 65, 256, 257, 100'000}) {
    auto block = block_of(origin(i));
    CAF_CHECK_EQUAL(block.number, (i - 1) / 256);
    seen_set seen;
    seen.insert(block);
    CAF_CHECK(seen.contains(origin(i)));
    CAF_CHECK(!seen.contains(origin(i + 1)));
    CAF_CHECK(i == 1 || !seen.contains(origin(i - 1)));
  }
}

CAF_TEST(blocks are bounded as sequences are) {
  seen_set seen{{2, 3}};
  for (uint64_t number = 0; number < 10; ++number)
    seen.insert(seen_block{{7, 1, 0}, number, {1, 0, 0, 0}});
  CAF_CHECK_EQUAL(seen.pieces(), 3u);
  CAF_CHECK(!seen.contains(origin(6 * 256 + 1)));
  CAF_CHECK(seen.contains(origin(7 * 256 + 1)));
}
