#include "broker/packet_id_set.hpp"

#include <algorithm>

namespace troupe::broker {

namespace {

// The longest array that is searched from end to end.
constexpr uint32_t longest_array = 32;
constexpr uint32_t bitmap_capacity = 65'536;
constexpr uint32_t bits_per_word = 16;

uint16_t bit(uint16_t id) noexcept {
  return static_cast<uint16_t>(1u << (id % bits_per_word));
}

} // namespace

bool packet_id_set::is_bitmap() const noexcept {
  return capacity_ == bitmap_capacity;
}

uint16_t* packet_id_set::find(uint16_t id) const noexcept {
  auto* end = words_.get() + size_;
  auto* found = std::find(words_.get(), end, id);
  return found == end ? nullptr : found;
}

bool packet_id_set::contains(uint16_t id) const noexcept {
  if (is_bitmap())
    return (words_[id / bits_per_word] & bit(id)) != 0;
  return find(id) != nullptr;
}

void packet_id_set::insert(uint16_t id) {
  if (contains(id))
    return;
  if (size_ == capacity_)
    grow();
  if (is_bitmap())
    words_[id / bits_per_word] |= bit(id);
  else
    words_[size_] = id;
  ++size_;
}

bool packet_id_set::erase(uint16_t id) noexcept {
  if (is_bitmap()) {
    if (!contains(id))
      return false;
    words_[id / bits_per_word] ^= bit(id);
  } else {
    auto* found = find(id);
    if (found == nullptr)
      return false;
    *found = words_[size_ - 1];
  }
  if (--size_ == 0)
    clear();
  return true;
}

void packet_id_set::grow() {
  packet_id_set larger;
  if (capacity_ < longest_array) {
    larger.capacity_ = capacity_ == 0 ? 4 : capacity_ * 2;
    larger.words_ = std::make_unique<uint16_t[]>(larger.capacity_);
  } else {
    larger.capacity_ = bitmap_capacity;
    larger.words_ =
        std::make_unique<uint16_t[]>(bitmap_capacity / bits_per_word);
  }
  for (uint32_t i = 0; i < size_; ++i)
    larger.insert(words_[i]);
  swap(larger);
}

} // namespace troupe::broker
