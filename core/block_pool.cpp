#include "core/block_pool.hpp"

namespace troupe {

namespace {

// The address sanitizer must see each block come and go.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool pools = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool pools = false;
#else
constexpr bool pools = true;
#endif
#else
constexpr bool pools = true;
#endif

/// Set once the thread's pool is gone: blocks may outlive it.
thread_local bool is_closed = false;

} // namespace

block_pool& block_pool::of_this_thread() noexcept {
  thread_local block_pool pool;
  return pool;
}

block_pool::~block_pool() {
  is_closed = true;
  for (auto& each : classes_)
    while (each.first != nullptr) {
      auto* block = each.first;
      each.first = block->next;
      ::operator delete(block);
    }
}

void* block_pool::allocate(size_t size) {
  auto index = (size - 1) / granularity;
  if (!pools || index >= class_count || is_closed)
    return ::operator new(size);
  auto& kept = of_this_thread().classes_[index];
  if (kept.first == nullptr)
    return ::operator new((index + 1) * granularity);
  auto* block = kept.first;
  kept.first = block->next;
  --kept.count;
  return block;
}

void block_pool::release(void* block, size_t size) noexcept {
  auto index = (size - 1) / granularity;
  if (!pools || index >= class_count || is_closed) {
    ::operator delete(block);
    return;
  }
  auto& kept = of_this_thread().classes_[index];
  if (kept.count * (index + 1) * granularity >= most_kept) {
    ::operator delete(block);
    return;
  }
  kept.first = new (block) free_block{kept.first};
  ++kept.count;
}

} // namespace troupe
