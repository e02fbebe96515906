#include "broker/load_average.hpp"

#include <caf/test/unit_test.hpp>

#include <cmath>

using troupe::broker::load_average;

namespace {

bool is_about(double x, double y) {
  return std::abs(x - y) < 1e-6;
}

} // namespace

CAF_TEST(before the first update every average is zero) {
  load_average load;
  for (auto value : load.values())
    CAF_CHECK_EQUAL(value, 0.0);
}

CAF_TEST(a constant rate is approached at the speed of each average) {
  load_average load;
  // 2 per second for five minutes.
  for (uint64_t i = 1; i <= 30; ++i)
    load.update(i * 20, 10.0);
  CAF_CHECK(is_about(load.values()[0], 120 * (1 - std::exp(-5.0))));
  CAF_CHECK(is_about(load.values()[1], 120 * (1 - std::exp(-1.0))));
  CAF_CHECK(is_about(load.values()[2], 120 * (1 - std::exp(-1.0 / 3))));
}

CAF_TEST(silence lets the averages decay) {
  load_average load;
  load.update(1000, 60.0);
  auto before = load.values();
  load.update(1000, 60.0);
  CAF_CHECK(is_about(load.values()[0], before[0] * std::exp(-1.0)));
  CAF_CHECK(is_about(load.values()[1], before[1] * std::exp(-0.2)));
  CAF_CHECK(is_about(load.values()[2], before[2] * std::exp(-1.0 / 15)));
}

CAF_TEST(how often one looks makes no difference) {
  load_average often;
  load_average seldom;
  for (uint64_t i = 1; i <= 60; ++i)
    often.update(i * 7, 1.0);
  seldom.update(420, 60.0);
  for (size_t i = 0; i < 3; ++i)
    CAF_CHECK(is_about(often.values()[i], seldom.values()[i]));
}
