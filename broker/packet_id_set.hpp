#pragma once

#include <cstdint>
#include <memory>
#include <utility>

namespace troupe::broker {

/// A set of packet identifiers. Owns no memory while empty: a few identifiers
/// lie in a short array, many in a bitmap of 8 KiB.
class packet_id_set {
public:
  packet_id_set() noexcept = default;
  packet_id_set(packet_id_set&& other) noexcept { swap(other); }
  packet_id_set& operator=(packet_id_set&& other) noexcept {
    packet_id_set{std::move(other)}.swap(*this);
    return *this;
  }

  bool empty() const noexcept { return size_ == 0; }
  uint32_t size() const noexcept { return size_; }
  bool contains(uint16_t id) const noexcept;
  /// Does nothing if it is there. Throws std::bad_alloc.
  void insert(uint16_t id);
  /// False if it was not there.
  bool erase(uint16_t id) noexcept;
  void clear() noexcept { packet_id_set{}.swap(*this); }

private:
  bool is_bitmap() const noexcept;
  uint16_t* find(uint16_t id) const noexcept;
  void grow();
  void swap(packet_id_set& other) noexcept {
    std::swap(words_, other.words_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  // The identifiers themselves, or a bit for each that there is.
  std::unique_ptr<uint16_t[]> words_;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

} // namespace troupe::broker
