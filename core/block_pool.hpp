#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

namespace troupe {

/// Memory for short-lived blocks of a few hundred bytes, of which thousands
/// come and go per turn: each thread keeps those it freed, up to a limit, for
/// the next ones of their size class. (glibc's own cache keeps seven.) A block
/// may be given back on another thread than it was taken on.
class block_pool {
public:
  /// Throws std::bad_alloc.
  static void* allocate(size_t size);
  /// `size` as given to `allocate`.
  static void release(void* block, size_t size) noexcept;

  block_pool() = default;
  ~block_pool();
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;

private:
  struct free_block {
    free_block* next;
  };
  struct size_class {
    free_block* first = nullptr;
    uint32_t count = 0;
  };

  static constexpr size_t granularity = 64;
  static constexpr size_t class_count = 16; // up to 1024 bytes
  /// Bytes a thread keeps per size class.
  static constexpr size_t most_kept = 64 * 1024;

  static block_pool& of_this_thread() noexcept;

  std::array<size_class, class_count> classes_;
};

} // namespace troupe
