#include "broker/slot_index.hpp"

#include <caf/test/unit_test.hpp>

#include <map>
#include <random>
#include <vector>

using troupe::broker::slot_index;

namespace {

/// The index of a table, which has the keys.
struct fixture {
  std::vector<uint64_t> keys;
  slot_index index;

  auto key_of() const {
    return [this](uint32_t slot) { return keys[slot]; };
  }
  std::optional<uint32_t> find(uint64_t key) const {
    return index.find(key, key_of());
  }
  void insert(uint64_t key) {
    keys.push_back(key);
    index.insert(static_cast<uint32_t>(keys.size() - 1), key_of());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tests, fixture)

CAF_TEST(an empty index finds nothing) {
  CAF_CHECK(!find(0));
  CAF_CHECK(!find(7));
  CAF_CHECK_EQUAL(index.size(), 0u);
}

CAF_TEST(what was inserted is found until it is erased) {
  for (uint64_t key = 0; key < 10'000; ++key)
    insert(key * 3);
  CAF_CHECK_EQUAL(index.size(), 10'000u);
  for (uint32_t slot = 0; slot < 10'000; slot += 2)
    index.erase(slot, key_of());
  CAF_CHECK_EQUAL(index.size(), 5'000u);
  for (uint32_t slot = 0; slot < 10'000; ++slot) {
    auto found = find(slot * uint64_t{3});
    CAF_REQUIRE_EQUAL(found.has_value(), slot % 2 == 1);
    CAF_REQUIRE(!found || *found == slot);
    CAF_REQUIRE(!find(slot * uint64_t{3} + 1));
  }
}

CAF_TEST(it does what a map does) {
  // Few keys at a time, so that they meet, and holes close in every way.
  std::mt19937_64 random{11};
  for (int round = 0; round < 20; ++round) {
    fixture on;
    on.keys.resize(40);
    std::map<uint64_t, uint32_t> model;
    std::vector<uint32_t> free;
    for (uint32_t slot = 0; slot < 40; ++slot)
      free.push_back(slot);
    for (int step = 0; step < 1'000; ++step) {
      auto key = random() % 60 << 58 | random() % 60;
      auto known = model.find(key);
      auto found = on.find(key);
      CAF_REQUIRE_EQUAL(found.has_value(), known != model.end());
      if (found) {
        CAF_REQUIRE_EQUAL(*found, known->second);
        on.index.erase(*found, on.key_of());
        free.push_back(*found);
        model.erase(known);
      } else if (!free.empty()) {
        auto slot = free.back();
        free.pop_back();
        on.keys[slot] = key;
        on.index.insert(slot, on.key_of());
        model.emplace(key, slot);
      } else {
        known = std::next(model.begin(),
                          static_cast<long>(random() % model.size()));
        on.index.erase(known->second, on.key_of());
        free.push_back(known->second);
        model.erase(known);
      }
      CAF_REQUIRE_EQUAL(on.index.size(), model.size());
    }
    for (const auto& [key, slot] : model)
      CAF_REQUIRE_EQUAL(on.find(key).value_or(99), slot);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
