#include "broker/rate_limit.hpp"

#include "publications.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::broker;
using std::chrono::milliseconds;
using std::chrono::seconds;

CAF_TEST(the share of a second may come at once and then no more) {
  rate_limit limit{3, test_start};
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(limit.take(1, test_start));
  CAF_CHECK(!limit.take(1, test_start));
  CAF_CHECK(!limit.take(1, test_start + milliseconds{333}));
  CAF_CHECK(limit.take(1, test_start + milliseconds{334}));
}

CAF_TEST(what was not used for long is not saved up) {
  rate_limit limit{3, test_start};
  auto later = test_start + seconds{3600};
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(limit.take(1, later));
  CAF_CHECK(!limit.take(1, later));
}

CAF_TEST(one message above the share of a second passes after a pause) {
  rate_limit limit{100, test_start};
  CAF_CHECK(limit.take(5000, test_start));
  CAF_CHECK(!limit.take(1, test_start));
  CAF_CHECK(!limit.take(5000, test_start + milliseconds{900}));
  CAF_CHECK(limit.take(5000, test_start + seconds{1}));
}

CAF_TEST(no limit is no limit) {
  rate_limit limit{0, test_start};
  CAF_CHECK(limit.take(UINT64_MAX, test_start));
  CAF_CHECK(limit.take(UINT64_MAX, test_start));
}

CAF_TEST(a clock that stands still gives nothing back) {
  rate_limit limit{1, test_start};
  CAF_CHECK(limit.take(1, test_start));
  CAF_CHECK(!limit.take(1, test_start - seconds{5}));
  CAF_CHECK(!limit.take(1, test_start));
}
