#include "core/block_memory.hpp"

#include <caf/test/unit_test.hpp>

#include <cstdint>
#include <cstring>
#include <set>
#include <vector>

using troupe::block_memory;

namespace {

constexpr size_t size = 3 * 4096;
constexpr size_t alignment = 64;
/// Some that are small, and more than two of the large pieces.
constexpr size_t count = 40 * block_memory::huge_page / size;

} // namespace

CAF_TEST(blocks do not overlap and lie as they are to) {
  block_memory memory;
  std::vector<unsigned char*> blocks;
  for (size_t i = 0; i < count; ++i) {
    auto* block = static_cast<unsigned char*>(memory.take(size, alignment));
    CAF_REQUIRE_EQUAL(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
    std::memset(block, static_cast<int>(i % 251), size);
    blocks.push_back(block);
  }
  for (size_t i = 0; i < count; ++i)
    for (auto at : {size_t{0}, size / 2, size - 1})
      CAF_REQUIRE_EQUAL(blocks[i][at], i % 251);
}

CAF_TEST(much memory comes in huge pages) {
  block_memory memory;
  std::set<uintptr_t> pages;
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    auto at = reinterpret_cast<uintptr_t>(memory.take(size, alignment));
    total += size;
    if (total <= block_memory::small_total)
      continue;
    pages.insert(at / block_memory::huge_page);
    pages.insert((at + size - 1) / block_memory::huge_page);
  }
  // The first is begun in the middle of nothing, and none is left half empty.
  auto least = (total - block_memory::small_total) / block_memory::huge_page;
  CAF_CHECK(pages.size() <= least + 2);
  CAF_CHECK(block_memory::mapped() >= pages.size() * block_memory::huge_page);
  memory.clear();
  CAF_CHECK_EQUAL(block_memory::mapped(), 0u);
}

CAF_TEST(what is let go can be taken again) {
  block_memory memory;
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < count; ++i)
      std::memset(memory.take(size, alignment), round, alignment);
    memory.clear();
  }
  block_memory other;
  auto* kept = static_cast<char*>(memory.take(size, alignment));
  *kept = 'x';
  other.swap(memory);
  memory.clear();
  CAF_CHECK_EQUAL(*kept, 'x');
}
