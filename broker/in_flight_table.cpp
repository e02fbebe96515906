#include "broker/in_flight_table.hpp"

#include <cassert>
#include <utility>

namespace troupe::broker {

namespace {

// One slot per identifier.
constexpr uint32_t largest_capacity = 65'536;

} // namespace

in_flight_table::entry& in_flight_table::push() {
  assert(size_ < max_size);
  // Slot 0 may be the only free one when its turn is 0: no identifier.
  if (free_ == 0 || (free_ == 1 && slots_[free_first_].packet_id == 0))
    grow();
  auto slot = take_free();
  auto& result = slots_[slot];
  result.state = phase::published;
  append_entry(slot);
  last_id_ = result.packet_id;
  return result;
}

in_flight_table::entry* in_flight_table::restore(uint16_t packet_id) {
  assert(packet_id != 0);
  while (capacity_ == 0 || slots_[slot_of(packet_id)].state != phase::none) {
    if (find(packet_id) != nullptr)
      return nullptr;
    grow();
  }
  auto slot = slot_of(packet_id);
  auto& result = slots_[slot];
  result = entry{};
  result.packet_id = packet_id;
  result.state = phase::published;
  append_entry(slot);
  last_id_ = packet_id;
  return &result;
}

void in_flight_table::remove(entry& what) noexcept {
  assert(what.state != phase::none);
  unlink(what);
  auto slot = slot_of(what.packet_id);
  auto next_id = static_cast<uint16_t>(what.packet_id + capacity_);
  what = entry{};
  if (size_ == 0 && capacity_ > largest_kept) {
    clear();
    return;
  }
  what.packet_id = next_id;
  append_free(slot);
  if (zero_parked_ && next_id + 1u == capacity_
      && capacity_ != largest_capacity) {
    zero_parked_ = false;
    append_zero();
  }
}

void in_flight_table::append_zero() noexcept {
  slots_[0].packet_id = static_cast<uint16_t>(capacity_);
  append_free(0);
}

void in_flight_table::clear() noexcept {
  auto last_id = last_id_;
  in_flight_table{}.swap(*this);
  last_id_ = last_id;
}

void in_flight_table::append_free(uint16_t slot) noexcept {
  if (free_++ == 0)
    free_first_ = slot;
  else
    slots_[free_last_].next = slot;
  free_last_ = slot;
}

uint16_t in_flight_table::take_free() noexcept {
  auto slot = free_first_;
  free_first_ = slots_[slot].next;
  --free_;
  if (slots_[slot].packet_id != 0)
    return slot;
  // The turn has come round: slot 0 goes on behind the identifier capacity - 1,
  // which is the next one of the slot that gave out 65,535.
  if (slots_[capacity_ - 1].packet_id == max_size)
    zero_parked_ = true;
  else
    append_zero();
  return take_free();
}

void in_flight_table::append_entry(uint16_t slot) noexcept {
  if (size_++ == 0)
    first_ = slot;
  else
    slots_[last_].next = slot;
  slots_[slot].previous = last_;
  last_ = slot;
}

void in_flight_table::unlink(const entry& what) noexcept {
  --size_;
  auto slot = slot_of(what.packet_id);
  if (slot == first_)
    first_ = what.next;
  else
    slots_[what.previous].next = what.next;
  if (slot == last_)
    last_ = what.previous;
  else
    slots_[what.next].previous = what.previous;
}

void in_flight_table::grow() {
  assert(capacity_ < largest_capacity);
  auto capacity = capacity_ == 0 ? 4 : capacity_ * 2;
  auto slots = std::make_unique<entry[]>(capacity);
  move_entries(slots.get(), capacity);
  slots_ = std::move(slots);
  capacity_ = capacity;
  fill_free_list();
}

// Identifiers that differ modulo the old capacity differ modulo the new one.
void in_flight_table::move_entries(entry* to, uint32_t capacity) noexcept {
  auto place = [capacity](uint16_t id) {
    return static_cast<uint16_t>(id & (capacity - 1));
  };
  auto from = first_;
  uint16_t previous = 0;
  for (uint32_t i = 0; i < size_; ++i) {
    auto next = slots_[from].next;
    auto slot = place(slots_[from].packet_id);
    to[slot] = std::move(slots_[from]);
    to[slot].previous = previous;
    if (i == 0)
      first_ = slot;
    else
      to[previous].next = slot;
    previous = slot;
    from = next;
  }
  last_ = previous;
}

// From the last identifier on, so that they go on in turn.
void in_flight_table::fill_free_list() noexcept {
  free_ = 0;
  zero_parked_ = false;
  for (uint32_t i = 1; i <= capacity_; ++i) {
    auto id = static_cast<uint16_t>(last_id_ + i);
    auto slot = slot_of(id);
    if (slots_[slot].state != phase::none)
      continue;
    if (id == 0 && capacity_ == largest_capacity) {
      zero_parked_ = true;
      continue;
    }
    slots_[slot].packet_id = id;
    append_free(slot);
  }
}

void in_flight_table::swap(in_flight_table& other) noexcept {
  std::swap(slots_, other.slots_);
  std::swap(capacity_, other.capacity_);
  std::swap(size_, other.size_);
  std::swap(free_, other.free_);
  std::swap(first_, other.first_);
  std::swap(last_, other.last_);
  std::swap(free_first_, other.free_first_);
  std::swap(free_last_, other.free_last_);
  std::swap(last_id_, other.last_id_);
  std::swap(zero_parked_, other.zero_parked_);
}

} // namespace troupe::broker
