#include "apps/bench/histogram.hpp"

#include <caf/test/unit_test.hpp>

#include <cmath>
#include <cstdint>

using troupe::bench::histogram;

CAF_TEST(an empty histogram answers zero) {
  histogram empty;
  CAF_CHECK_EQUAL(empty.count(), 0U);
  CAF_CHECK_EQUAL(empty.min(), 0);
  CAF_CHECK_EQUAL(empty.max(), 0);
  CAF_CHECK_EQUAL(empty.percentile(50), 0);
}

CAF_TEST(small values are kept exactly) {
  histogram values;
  for (int64_t i = 1; i <= 100; ++i)
    values.record(i);
  CAF_CHECK_EQUAL(values.percentile(0), 1);
  CAF_CHECK_EQUAL(values.percentile(1), 1);
  CAF_CHECK_EQUAL(values.percentile(50), 50);
  CAF_CHECK_EQUAL(values.percentile(99), 99);
  CAF_CHECK_EQUAL(values.percentile(99.9), 100);
  CAF_CHECK_EQUAL(values.percentile(100), 100);
}

CAF_TEST(every value is kept to within one part in 128) {
  for (int64_t value = 1; value < int64_t{1} << 40; value = value * 5 / 3 + 1) {
    histogram one;
    one.record(value);
    one.record(int64_t{1} << 40);
    auto found = one.percentile(50);
    CAF_CHECK(found >= value);
    CAF_CHECK(found - value <= value / 128);
  }
}

CAF_TEST(percentiles of a long tail are those of the sorted values) {
  histogram values;
  for (int64_t i = 1; i <= 100'000; ++i)
    values.record(i * 1000);
  for (double percent : {10.0, 50.0, 90.0, 99.0, 99.9}) {
    auto exact = percent * 1e6;
    auto found = static_cast<double>(values.percentile(percent));
    CAF_CHECK(std::abs(found - exact) <= exact / 128);
  }
  CAF_CHECK_EQUAL(values.max(), 100'000'000);
  CAF_CHECK_EQUAL(values.min(), 1000);
}

CAF_TEST(values out of range count as the nearest in range) {
  histogram values;
  values.record(-5);
  values.record(INT64_MAX);
  CAF_CHECK_EQUAL(values.count(), 2U);
  CAF_CHECK_EQUAL(values.min(), 0);
  CAF_CHECK_EQUAL(values.max(), int64_t{1} << 40);
  CAF_CHECK_EQUAL(values.percentile(100), int64_t{1} << 40);
}

CAF_TEST(no percentile exceeds the maximum) {
  histogram values;
  values.record(1'000'001);
  CAF_CHECK_EQUAL(values.percentile(50), 1'000'001);
  CAF_CHECK_EQUAL(values.percentile(100), 1'000'001);
}
