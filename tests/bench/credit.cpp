#include "apps/bench/credit.hpp"

#include <caf/test/unit_test.hpp>

using troupe::bench::credit;

CAF_TEST(a window admits as many messages as it has room for) {
  credit one{4, 1};
  CAF_CHECK_EQUAL(one.available(), 4U);
  for (int i = 0; i < 4; ++i)
    one.published();
  CAF_CHECK_EQUAL(one.available(), 0U);
  one.delivered(0);
  CAF_CHECK_EQUAL(one.available(), 1U);
  CAF_CHECK_EQUAL(one.outstanding(), 3U);
}

CAF_TEST(a message counts until its last copy has arrived) {
  credit three{2, 3};
  three.published();
  three.published();
  three.delivered(0);
  three.delivered(0);
  CAF_CHECK_EQUAL(three.available(), 0U);
  three.delivered(0);
  CAF_CHECK_EQUAL(three.available(), 1U);
}

CAF_TEST(the slowest copy holds back the whole window) {
  credit two{2, 2};
  two.published();
  two.published();
  two.delivered(0);
  two.delivered(1);
  two.delivered(1);
  CAF_CHECK_EQUAL(two.available(), 0U);
  two.delivered(0);
  CAF_CHECK_EQUAL(two.available(), 2U);
}

CAF_TEST(what was given up on does not count when it arrives after all) {
  credit two{2, 2};
  two.published();
  two.published();
  two.reset();
  CAF_CHECK_EQUAL(two.available(), 2U);
  two.published();
  two.delivered(0);
  two.delivered(1);
  CAF_CHECK_EQUAL(two.outstanding(), 1U);
  two.delivered(2);
  two.delivered(2);
  CAF_CHECK_EQUAL(two.outstanding(), 0U);
}

CAF_TEST(a delivery that nobody waits for gives no credit) {
  credit one{4, 1};
  one.delivered(0);
  CAF_CHECK_EQUAL(one.available(), 4U);
}

CAF_TEST(without a window there is always credit) {
  credit endless{0, 1};
  for (int i = 0; i < 1000; ++i)
    endless.published();
  CAF_CHECK(endless.available() > 1'000'000);
}
