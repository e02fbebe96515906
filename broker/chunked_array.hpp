#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::broker {

/// An array that grows at the end without moving what it holds: references stay
/// valid, and no single push costs more than one small block, also at millions
/// of elements. Never shrinks before `clear`.
template <class T, unsigned BlockBits>
class chunked_array {
public:
  size_t size() const noexcept { return size_; }

  T& operator[](size_t index) noexcept {
    return blocks_[index >> BlockBits][index & (block_size - 1)];
  }
  const T& operator[](size_t index) const noexcept {
    return blocks_[index >> BlockBits][index & (block_size - 1)];
  }

  /// Adds a value-initialised element. Throws std::bad_alloc.
  T& push_back() {
    if (size_ == blocks_.size() * block_size)
      blocks_.push_back(std::make_unique<T[]>(block_size));
    return (*this)[size_++];
  }

  /// Gives all memory back.
  void clear() noexcept {
    decltype(blocks_){}.swap(blocks_);
    size_ = 0;
  }

private:
  static constexpr size_t block_size = size_t{1} << BlockBits;

  std::vector<std::unique_ptr<T[]>> blocks_;
  size_t size_ = 0;
};

} // namespace troupe::broker
