#pragma once

#include "core/block_memory.hpp"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace troupe::broker {

/// An array that grows at the end without moving what it holds: references stay
/// valid, and no single push costs more than one small block, also at millions
/// of elements. Never shrinks before `clear`.
template <class T, unsigned BlockBits>
class chunked_array {
public:
  chunked_array() = default;
  chunked_array(chunked_array&& other) noexcept { *this = std::move(other); }
  chunked_array& operator=(chunked_array&& other) noexcept {
    clear();
    memory_.swap(other.memory_);
    blocks_.swap(other.blocks_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  size_t size() const noexcept { return size_; }

  T& operator[](size_t index) noexcept {
    return blocks_[index >> BlockBits].get()[index & (block_size - 1)];
  }
  const T& operator[](size_t index) const noexcept {
    return blocks_[index >> BlockBits].get()[index & (block_size - 1)];
  }

  /// Adds a value-initialised element. Throws std::bad_alloc.
  T& push_back() {
    if (size_ == blocks_.size() * block_size)
      add_block();
    return (*this)[size_++];
  }

  /// Gives all memory back.
  void clear() noexcept {
    decltype(blocks_){}.swap(blocks_);
    memory_.clear();
    size_ = 0;
  }

private:
  static constexpr size_t block_size = size_t{1} << BlockBits;

  struct destroyer {
    void operator()(T* block) const noexcept {
      std::destroy_n(block, block_size);
    }
  };
  using block_ptr = std::unique_ptr<T, destroyer>;

  void add_block() {
    auto* block =
        static_cast<T*>(memory_.take(sizeof(T) * block_size, alignof(T)));
    std::uninitialized_value_construct_n(block, block_size);
    blocks_.push_back(block_ptr{block});
  }

  // Lives longer than what lies in it.
  block_memory memory_;
  std::vector<block_ptr> blocks_;
  size_t size_ = 0;
};

} // namespace troupe::broker
