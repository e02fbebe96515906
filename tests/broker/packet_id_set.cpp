#include "broker/packet_id_set.hpp"

#include <caf/test/unit_test.hpp>

#include <random>
#include <set>

using namespace troupe::broker;

CAF_TEST(an identifier is there from insert to erase) {
  packet_id_set ids;
  CAF_CHECK(!ids.contains(1));
  CAF_CHECK(!ids.erase(1));
  ids.insert(1);
  ids.insert(1);
  CAF_CHECK(ids.contains(1));
  CAF_CHECK_EQUAL(ids.size(), 1u);
  CAF_CHECK(ids.erase(1));
  CAF_CHECK(!ids.erase(1));
  CAF_CHECK(ids.empty());
}

CAF_TEST(few and many identifiers behave like those of a standard set) {
  std::mt19937 random{1};
  packet_id_set ids;
  std::set<uint16_t> expected;
  bool agrees = true;
  // It fills slowly, is emptied, and fills again.
  for (uint32_t i = 0; i < 300'000; ++i) {
    auto id = static_cast<uint16_t>(1 + random() % (i < 1000 ? 60 : 65'535));
    if (random() % 3 != 0) {
      ids.insert(id);
      expected.insert(id);
    } else {
      agrees = agrees && ids.erase(id) == (expected.erase(id) != 0);
    }
    agrees = agrees && ids.size() == expected.size()
             && ids.contains(id) == (expected.count(id) != 0);
    if (i == 100'000)
      while (!expected.empty()) {
        agrees = agrees && ids.erase(*expected.begin());
        expected.erase(expected.begin());
      }
  }
  CAF_CHECK(agrees);
  CAF_CHECK(expected.size() > 1000);
}
