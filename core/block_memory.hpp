#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

namespace troupe {

/// Memory for something that grows by blocks and lets go of all of them at
/// once. Where it is large the kernel is asked to back it with huge pages: what
/// is read in no order waits for the processor's tables of pages more than for
/// the memory itself.
class block_memory {
public:
  block_memory() = default;
  block_memory(const block_memory&) = delete;
  block_memory& operator=(const block_memory&) = delete;

  /// `size` bytes, whose content is anything, until `clear`. Throws
  /// std::bad_alloc. REQUIRES: both numbers are the same for all calls, at most
  /// `huge_page`, and `alignment` is a power of two that divides `size`.
  void* take(size_t size, size_t alignment);
  void clear() noexcept;
  void swap(block_memory& other) noexcept;

  /// So much is one page where the kernel has it so.
  static constexpr size_t huge_page = size_t{2} << 20;
  /// Only what comes on top of so much is asked for in huge pages: of so many
  /// small ones the processor knows by heart where they are, and a huge one
  /// that is hardly used is no more than a fifth of it all.
  static constexpr size_t small_total = 4 * huge_page;

  /// Bytes of address space with huge pages that this process has here now.
  static size_t mapped() noexcept;

private:
  struct to_heap {
    void operator()(char* at) const noexcept { std::free(at); }
  };
  /// A mapping with huge pages.
  struct to_kernel {
    void operator()(char* at) const noexcept;
  };

  char* take_small(size_t size, size_t alignment);
  char* take_huge();

  std::vector<std::unique_ptr<char, to_heap>> small_;
  std::vector<std::unique_ptr<char, to_kernel>> huge_;
  size_t total_ = 0;
  /// What is left of the last mapping.
  char* next_ = nullptr;
  size_t left_ = 0;
};

} // namespace troupe
