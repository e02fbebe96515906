#include "apps/bench/pace.hpp"

#include <caf/test/unit_test.hpp>

using troupe::bench::pace;
using namespace std::chrono_literals;

CAF_TEST(messages are due at even distances from the start) {
  troupe::time_point start{5s};
  pace thousand{start, 1000};
  CAF_CHECK(thousand.due(0) == start);
  CAF_CHECK(thousand.due(1) == start + 1ms);
  CAF_CHECK(thousand.due(2500) == start + 2500ms);
}

CAF_TEST(a rate that does not divide a second does not drift) {
  troupe::time_point start{};
  pace third{start, 3};
  CAF_CHECK(third.due(3'000'000) - start - 1'000'000s < 1us);
  CAF_CHECK(start + 1'000'000s - third.due(3'000'000) < 1us);
}
