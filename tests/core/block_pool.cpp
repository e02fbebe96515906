#include "core/block_pool.hpp"

#include <caf/test/unit_test.hpp>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

using troupe::block_pool;

namespace {

constexpr size_t sizes[] = {1, 63, 64, 65, 128, 1000, 1024, 1025, 100'000};

} // namespace

CAF_TEST(blocks of every size are writable to their last byte) {
  for (auto size : sizes) {
    auto* block = block_pool::allocate(size);
    std::memset(block, 0xab, size);
    block_pool::release(block, size);
  }
  CAF_CHECK(true); // the sanitizers judge
}

CAF_TEST(blocks in use never overlap) {
  for (int round = 0; round < 3; ++round) {
    std::vector<std::pair<unsigned char*, size_t>> blocks;
    for (int i = 0; i < 2000; ++i) {
      auto size = sizes[i % 7];
      auto* block = static_cast<unsigned char*>(block_pool::allocate(size));
      std::memset(block, i & 0xff, size);
      blocks.emplace_back(block, size);
    }
    auto intact = true;
    for (size_t i = 0; i < blocks.size(); ++i)
      for (size_t at = 0; at < blocks[i].second; ++at)
        intact = intact && blocks[i].first[at] == (i & 0xff);
    CAF_CHECK(intact);
    for (auto [block, size] : blocks)
      block_pool::release(block, size);
  }
}

CAF_TEST(a block may be given back on another thread) {
  std::vector<void*> blocks;
  for (int i = 0; i < 1000; ++i)
    blocks.push_back(block_pool::allocate(100));
  std::thread other{[&] {
    for (auto* block : blocks)
      block_pool::release(block, 100);
    std::set<void*> again;
    for (int i = 0; i < 1000; ++i)
      again.insert(block_pool::allocate(100));
    CAF_CHECK_EQUAL(again.size(), 1000u);
    for (auto* block : again)
      block_pool::release(block, 100);
  }};
  other.join();
}
