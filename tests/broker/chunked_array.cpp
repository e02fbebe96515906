#include "broker/chunked_array.hpp"

#include <caf/test/unit_test.hpp>

#include <memory>

using troupe::broker::chunked_array;

namespace {

using shared = std::shared_ptr<int>;
using array = chunked_array<shared, 4>;

} // namespace

CAF_TEST(elements begin empty and stay where they are) {
  array numbers;
  CAF_CHECK_EQUAL(numbers.size(), 0u);
  auto* first = &numbers.push_back();
  CAF_CHECK(!*first);
  *first = std::make_shared<int>(0);
  for (int i = 1; i < 1000; ++i)
    numbers.push_back() = std::make_shared<int>(i);
  CAF_CHECK_EQUAL(numbers.size(), 1000u);
  CAF_CHECK_EQUAL(first, &numbers[0]);
  for (int i = 0; i < 1000; ++i)
    CAF_REQUIRE_EQUAL(*numbers[static_cast<size_t>(i)], i);
}

CAF_TEST(elements end with their array) {
  auto value = std::make_shared<int>(7);
  auto fill = [&](array& into) {
    for (int i = 0; i < 100; ++i)
      into.push_back() = value;
  };
  {
    array numbers;
    fill(numbers);
    CAF_CHECK_EQUAL(value.use_count(), 101);
    numbers.clear();
    CAF_CHECK_EQUAL(value.use_count(), 1);
    fill(numbers);
  }
  CAF_CHECK_EQUAL(value.use_count(), 1);
}

CAF_TEST(an array moves with its elements) {
  auto value = std::make_shared<int>(7);
  array from;
  for (int i = 0; i < 100; ++i)
    from.push_back() = value;
  array to;
  to.push_back() = std::make_shared<int>(1);
  to = std::move(from);
  CAF_CHECK_EQUAL(to.size(), 100u);
  CAF_CHECK_EQUAL(to[99], value);
  CAF_CHECK_EQUAL(from.size(), 0u);
  from.push_back() = value;
  array last{std::move(to)};
  CAF_CHECK_EQUAL(last.size(), 100u);
  CAF_CHECK_EQUAL(value.use_count(), 102);
}
