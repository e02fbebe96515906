#pragma once

#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace troupe {

/// Bytes that grow at the end and are consumed at the front. Unlike a vector it
/// hands out room without clearing it first. An empty buffer owns no memory
/// until the first byte is appended.
class byte_buffer {
public:
  byte_buffer() noexcept = default;
  byte_buffer(byte_buffer&& other) noexcept { swap(other); }
  byte_buffer& operator=(byte_buffer&& other) noexcept {
    release();
    swap(other);
    return *this;
  }
  byte_buffer(const byte_buffer&) = delete;
  byte_buffer& operator=(const byte_buffer&) = delete;
  ~byte_buffer() { std::free(data_); }

  /// The bytes not yet consumed; valid until the next change.
  const uint8_t* data() const noexcept { return data_ + begin_; }
  uint8_t* data() noexcept { return data_ + begin_; }
  size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }
  size_t capacity() const noexcept { return capacity_; }
  std::span<const uint8_t> bytes() const noexcept { return {data(), size()}; }
  std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(data()), size()};
  }

  /// Makes room for `count` more bytes and returns where they go. They count
  /// only after `commit`. Throws std::bad_alloc.
  uint8_t* reserve(size_t count) {
    if (capacity_ - end_ < count)
      make_room(count);
    return data_ + end_;
  }

  /// Adds `count` bytes that were written behind `reserve`.
  void commit(size_t count) noexcept {
    assert(capacity_ - end_ >= count);
    end_ += count;
  }

  void append(const void* from, size_t count) {
    if (count == 0)
      return;
    std::memcpy(reserve(count), from, count);
    end_ += count;
  }
  void append(std::string_view text) { append(text.data(), text.size()); }
  void append(std::span<const uint8_t> bytes) {
    append(bytes.data(), bytes.size());
  }
  void push_back(uint8_t byte) {
    *reserve(1) = byte;
    ++end_;
  }

  /// Drops `count` bytes at the front. REQUIRES: count <= size().
  void consume(size_t count) noexcept {
    assert(count <= size());
    begin_ += count;
    if (begin_ == end_)
      begin_ = end_ = 0;
  }

  /// Forgets the bytes behind the first `count`. REQUIRES: count <= size().
  void truncate(size_t count) noexcept {
    assert(count <= size());
    end_ = begin_ + count;
  }

  /// Forgets the bytes, keeps the memory.
  void clear() noexcept { begin_ = end_ = 0; }

  /// Forgets the bytes and gives the memory back.
  void release() noexcept {
    std::free(data_);
    data_ = nullptr;
    begin_ = end_ = capacity_ = 0;
  }

  void swap(byte_buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

private:
  void make_room(size_t count) {
    // Moving pays only when it frees at least half: else a slow reader's
    // backlog would be moved again for every few bytes.
    if (begin_ >= capacity_ / 2 && begin_ != 0) {
      std::memmove(data_, data_ + begin_, size());
      end_ -= begin_;
      begin_ = 0;
      if (capacity_ - end_ >= count)
        return;
    }
    size_t wanted = capacity_ * 2 < 64 ? 64 : capacity_ * 2;
    if (wanted < end_ + count)
      wanted = end_ + count;
    auto* grown = static_cast<uint8_t*>(std::realloc(data_, wanted));
    if (grown == nullptr)
      throw std::bad_alloc{};
    data_ = grown;
    capacity_ = wanted;
  }

  uint8_t* data_ = nullptr;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t capacity_ = 0;
};

} // namespace troupe
