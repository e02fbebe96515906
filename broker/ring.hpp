#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>

namespace troupe::broker {

/// A queue in one block of memory that is used again and again. Unlike
/// std::deque it owns nothing while it was never filled, and 24 bytes of its
/// own. `T` has a cheap default value that owns nothing.
template <class T>
class ring {
public:
  ring() noexcept = default;
  ring(ring&& other) noexcept { swap(other); }
  ring& operator=(ring&& other) noexcept {
    ring{std::move(other)}.swap(*this);
    return *this;
  }

  bool empty() const noexcept { return size_ == 0; }
  uint32_t size() const noexcept { return size_; }
  /// Elements there is memory for.
  uint32_t capacity() const noexcept { return capacity_; }

  /// The element `index` places behind the front. REQUIRES: index < size().
  T& operator[](uint32_t index) noexcept {
    assert(index < size_);
    return slots_[(head_ + index) & (capacity_ - 1)];
  }
  const T& operator[](uint32_t index) const noexcept {
    assert(index < size_);
    return slots_[(head_ + index) & (capacity_ - 1)];
  }
  T& front() noexcept { return (*this)[0]; }
  T& back() noexcept { return (*this)[size_ - 1]; }

  /// Throws std::bad_alloc.
  void push_back(T value) {
    if (size_ == capacity_)
      grow();
    ++size_;
    back() = std::move(value);
  }

  /// Removes the front and returns it. REQUIRES: !empty().
  T pop_front() noexcept {
    auto result = std::exchange(front(), T{});
    head_ = (head_ + 1) & (capacity_ - 1);
    --size_;
    return result;
  }

  /// Forgets the elements and gives the memory back.
  void release() noexcept { ring{}.swap(*this); }

  void swap(ring& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(capacity_, other.capacity_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
  }

private:
  void grow() {
    // A power of two, so that the index wraps by masking.
    auto capacity = capacity_ == 0 ? 4 : capacity_ * 2;
    auto slots = std::make_unique<T[]>(capacity);
    for (uint32_t i = 0; i < size_; ++i)
      slots[i] = std::move((*this)[i]);
    slots_ = std::move(slots);
    capacity_ = capacity;
    head_ = 0;
  }

  std::unique_ptr<T[]> slots_;
  uint32_t capacity_ = 0;
  uint32_t head_ = 0;
  uint32_t size_ = 0;
};

} // namespace troupe::broker
