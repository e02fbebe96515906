#include "broker/in_flight_table.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

using namespace troupe;
using namespace troupe::broker;

namespace {

std::vector<uint16_t> ids_of(in_flight_table& table) {
  std::vector<uint16_t> result;
  if (table.empty())
    return result;
  for (auto* what = &table.first(); what != nullptr; what = table.after(*what))
    result.push_back(what->packet_id);
  return result;
}

using ids = std::vector<uint16_t>;

} // namespace

CAF_TEST(restored entries keep their identifiers and their order) {
  in_flight_table table;
  for (uint16_t id : {9, 5, 65'535, 1})
    CAF_REQUIRE(table.restore(id) != nullptr);
  table.end_restore();
  CAF_CHECK((ids_of(table) == ids{9, 5, 65'535, 1}));
  CAF_CHECK_EQUAL(table.find(5)->packet_id, 5u);
  CAF_CHECK(table.find(2) == nullptr);
}

CAF_TEST(an identifier in use is not restored a second time) {
  in_flight_table table;
  CAF_CHECK(table.restore(5) != nullptr);
  CAF_CHECK(table.restore(5) == nullptr);
  table.end_restore();
  CAF_CHECK_EQUAL(table.size(), 1u);
}

CAF_TEST(new identifiers go on behind the last one restored) {
  in_flight_table table;
  table.restore(65'534);
  table.restore(65'535);
  table.end_restore();
  CAF_CHECK_EQUAL(table.push().packet_id, 1u);
  CAF_CHECK_EQUAL(table.push().packet_id, 2u);
}

CAF_TEST(entries are restored between others that come and go) {
  in_flight_table table;
  table.remove(table.push());
  auto& second = table.push();
  CAF_CHECK_EQUAL(second.packet_id, 2u);
  CAF_CHECK(table.restore(1) != nullptr);
  CAF_CHECK(table.restore(6) != nullptr);
  table.end_restore();
  CAF_CHECK((ids_of(table) == ids{2, 1, 6}));
  CAF_CHECK_EQUAL(table.push().packet_id, 7u);
  table.remove(*table.find(1));
  CAF_CHECK((ids_of(table) == ids{2, 6, 7}));
}

CAF_TEST(identifiers are never in use twice whatever is restored) {
  std::mt19937 random{1};
  for (int round = 0; round < 50; ++round) {
    in_flight_table table;
    std::set<uint16_t> used;
    auto some_id = [&random] {
      return std::uniform_int_distribution<uint16_t>{1, 65'535}(random);
    };
    for (int step = 0; step < 300; ++step) {
      auto what = random() % 4;
      if (what == 0) {
        auto id = some_id();
        auto* made = table.restore(id);
        CAF_REQUIRE_EQUAL(made != nullptr, used.insert(id).second);
        table.end_restore();
      } else if (what != 1 || used.empty()) {
        auto id = table.push().packet_id;
        if (id == 0 || !used.insert(id).second)
          CAF_FAIL("identifier in use");
      } else {
        auto each = std::next(used.begin(), random() % used.size());
        table.remove(*table.find(*each));
        used.erase(each);
      }
    }
    auto found = ids_of(table);
    CAF_REQUIRE_EQUAL(found.size(), used.size());
    CAF_REQUIRE(std::is_permutation(found.begin(), found.end(), used.begin()));
  }
}
