#include "broker/subscription_table.hpp"

#include <caf/test/unit_test.hpp>

#include <map>
#include <random>
#include <string>

using namespace troupe::broker;

namespace {

subscription_record with_identifier(uint32_t value) {
  return {{}, value, 0};
}

} // namespace

CAF_TEST(an empty table has nothing to go through) {
  subscription_table table;
  CAF_CHECK(table.empty());
  CAF_CHECK(table.begin() == table.end());
  CAF_CHECK(table.find("a") == nullptr);
  CAF_CHECK(!table.erase("a"));
}

CAF_TEST(assigning a filter again replaces its record) {
  subscription_table table;
  CAF_CHECK(table.assign("a", with_identifier(1)));
  CAF_CHECK(!table.assign("a", with_identifier(2)));
  CAF_CHECK_EQUAL(table.size(), 1u);
  CAF_REQUIRE(table.find("a") != nullptr);
  CAF_CHECK_EQUAL(table.find("a")->identifier, 2u);
}

CAF_TEST(few and many filters behave like those of a standard map) {
  std::mt19937 random{1};
  subscription_table table;
  std::map<std::string, uint32_t> expected;
  for (uint32_t i = 0; i < 40'000; ++i) {
    // The number of filters swings between few and many.
    auto key = "filter/" + std::to_string(random() % 40);
    auto grows = (i / 500) % 2 == 0;
    if (random() % 4 != 0 ? grows : !grows) {
      if (table.assign(key, with_identifier(i)) == (expected.count(key) != 0))
        CAF_FAIL("assign is wrong about " << key);
      expected[key] = i;
    } else if (table.erase(key) != (expected.erase(key) != 0)) {
      CAF_FAIL("erase is wrong about " << key);
    }
    auto same = expected.begin();
    for (const auto& [filter, record] : table) {
      if (same == expected.end() || filter != same->first
          || record.identifier != same->second)
        CAF_FAIL("other content than expected at step " << i);
      ++same;
    }
    if (same != expected.end() || table.size() != expected.size()
        || (table.find(key) != nullptr) != (expected.count(key) != 0))
      CAF_FAIL("other size than expected at step " << i);
  }
}
