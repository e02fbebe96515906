#include "broker/byte_pace.hpp"

#include "publications.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::broker;
using std::chrono::milliseconds;
using std::chrono::seconds;

CAF_TEST(without a rate everything may go at any time) {
  byte_pace pace{0};
  pace.spend(1'000'000, test_start);
  CAF_CHECK(pace.is_free(test_start));
  CAF_CHECK_EQUAL(pace.portion(), SIZE_MAX);
}

CAF_TEST(who has moved some waits until that is within the rate) {
  byte_pace pace{1000};
  CAF_CHECK(pace.is_free(test_start));
  pace.spend(500, test_start);
  CAF_CHECK(!pace.is_free(test_start));
  CAF_CHECK(pace.free_at() == test_start + milliseconds{500});
  CAF_CHECK(pace.is_free(pace.free_at()));
}

CAF_TEST(what is moved too early comes on top) {
  byte_pace pace{1000};
  pace.spend(500, test_start);
  pace.spend(500, test_start);
  CAF_CHECK(pace.free_at() == test_start + seconds{1});
}

CAF_TEST(time that was not used is lost) {
  byte_pace pace{1000};
  auto later = test_start + seconds{3600};
  pace.spend(1000, later);
  CAF_CHECK(pace.free_at() == later + seconds{1});
}

CAF_TEST(portions are a tenth of a second long) {
  byte_pace fast{1'000'000};
  CAF_CHECK_EQUAL(fast.portion(), 100'000u);
  byte_pace slow{10};
  CAF_CHECK_EQUAL(slow.portion(), 64u);
}

CAF_TEST(in portions the rate is kept) {
  byte_pace pace{1000};
  auto now = test_start;
  size_t moved = 0;
  while (now < test_start + seconds{10}) {
    pace.spend(pace.portion(), now);
    moved += pace.portion();
    now = pace.free_at();
  }
  CAF_CHECK_EQUAL(moved, 10'000u);
}
