#include "core/block_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

namespace troupe {

namespace {

/// Only address space is taken for it before it is used.
constexpr size_t huge_piece = 8 * block_memory::huge_page;

std::atomic<size_t> mapped_bytes = 0;

} // namespace

size_t block_memory::mapped() noexcept {
  return mapped_bytes.load(std::memory_order_relaxed);
}

void* block_memory::take(size_t size, size_t alignment) {
  total_ += size;
  if (total_ <= small_total)
    return take_small(size, alignment);
  if (left_ < size) {
    next_ = take_huge();
    left_ = huge_piece;
  }
  left_ -= size;
  return std::exchange(next_, next_ + size);
}

char* block_memory::take_small(size_t size, size_t alignment) {
  std::unique_ptr<char, to_heap> block{static_cast<char*>(std::aligned_alloc(
      std::max(alignment, alignof(std::max_align_t)), size))};
  if (!block)
    throw std::bad_alloc{};
  small_.push_back(std::move(block));
  return small_.back().get();
}

// Not from the heap, which may hand out what has small pages already.
char* block_memory::take_huge() {
  auto* all = ::mmap(nullptr, huge_piece + huge_page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED)
    throw std::bad_alloc{};
  // What lies before and behind the aligned part goes back.
  auto before =
      (huge_page - reinterpret_cast<uintptr_t>(all) % huge_page) % huge_page;
  auto* piece = static_cast<char*>(all) + before;
  if (before != 0)
    ::munmap(all, before);
  ::munmap(piece + huge_piece, huge_page - before);
  mapped_bytes.fetch_add(huge_piece, std::memory_order_relaxed);
  huge_.push_back(std::unique_ptr<char, to_kernel>{piece});
  // Where that is refused the pages are small, which is slower only.
  ::madvise(piece, huge_piece, MADV_HUGEPAGE);
  return piece;
}

void block_memory::to_kernel::operator()(char* at) const noexcept {
  ::munmap(at, huge_piece);
  mapped_bytes.fetch_sub(huge_piece, std::memory_order_relaxed);
}

void block_memory::clear() noexcept {
  block_memory{}.swap(*this);
}

void block_memory::swap(block_memory& other) noexcept {
  small_.swap(other.small_);
  huge_.swap(other.huge_);
  std::swap(total_, other.total_);
  std::swap(next_, other.next_);
  std::swap(left_, other.left_);
}

} // namespace troupe
