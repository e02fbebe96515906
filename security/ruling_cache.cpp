#include "security/ruling_cache.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace troupe::security {

/// An entry begins with this and goes on with its topic.
struct ruling_cache::header {
  uint32_t hash = 0;
  uint16_t topic_size = 0;
  action what = action::publish;
  bool allowed = false;
};

namespace {

uint32_t hash_of(action what, std::string_view topic) noexcept {
  auto mixed = std::hash<std::string_view>{}(topic);
  return static_cast<uint32_t>(mixed ^ (mixed >> 32))
         + static_cast<uint32_t>(what) * 0x9e3779b9U;
}

} // namespace

uint16_t ruling_cache::place_in(size_t slot) const noexcept {
  uint16_t place = 0;
  std::memcpy(&place, block_.get() + slot * sizeof(place), sizeof(place));
  return place;
}

ruling_cache::header ruling_cache::header_at(uint16_t place) const noexcept {
  header found;
  std::memcpy(&found, block_.get() + place, sizeof(found));
  return found;
}

std::optional<bool> ruling_cache::find(action what,
                                       std::string_view topic) const noexcept {
  if (entries_ == 0)
    return std::nullopt;
  auto hash = hash_of(what, topic);
  auto mask = slots() - 1;
  for (auto slot = hash & mask;; slot = (slot + 1) & mask) {
    auto place = place_in(slot);
    if (place == 0)
      return std::nullopt;
    auto entry = header_at(place);
    if (entry.hash == hash && entry.what == what
        && entry.topic_size == topic.size()
        && std::memcmp(block_.get() + place + sizeof(entry), topic.data(),
                       topic.size())
               == 0)
      return entry.allowed;
  }
}

void ruling_cache::put(action what, std::string_view topic, bool allowed) {
  if (topic.size() > longest_topic)
    return;
  header entry{hash_of(what, topic), static_cast<uint16_t>(topic.size()), what,
               allowed};
  make_room(sizeof(entry) + topic.size());
  auto* at = block_.get() + used_;
  std::memcpy(at, &entry, sizeof(entry));
  if (!topic.empty())
    std::memcpy(at + sizeof(entry), topic.data(), topic.size());
  link(entry.hash, used_);
  used_ = static_cast<uint16_t>(used_ + sizeof(entry) + topic.size());
  ++entries_;
}

void ruling_cache::link(uint32_t hash, uint16_t place) noexcept {
  auto mask = slots() - 1;
  auto slot = hash & mask;
  while (place_in(slot) != 0)
    slot = (slot + 1) & mask;
  std::memcpy(block_.get() + slot * sizeof(place), &place, sizeof(place));
}

// A quarter of the table stays free, so that searches end soon.
bool ruling_cache::has_room_for(size_t bytes) const noexcept {
  return used_ + bytes <= capacity_ && (entries_ + 1U) * 4 <= slots() * 3;
}

void ruling_cache::make_room(size_t bytes) {
  while (!has_room_for(bytes)) {
    if (capacity_ == most_size)
      return clear();
    grow();
  }
}

void ruling_cache::clear() noexcept {
  auto table = slots() * sizeof(uint16_t);
  if (table != 0)
    std::memset(block_.get(), 0, table);
  used_ = static_cast<uint16_t>(table);
  entries_ = 0;
}

void ruling_cache::grow() {
  auto size = std::max<size_t>(least_size, size_t{capacity_} * 2);
  auto old = std::exchange(block_, std::make_unique<std::byte[]>(size));
  auto begin = slots() * sizeof(uint16_t);
  auto end = used_;
  capacity_ = static_cast<uint16_t>(size);
  auto entries = entries_;
  clear();
  if (entries == 0)
    return;
  std::memcpy(block_.get() + used_, old.get() + begin, end - begin);
  for (; entries_ < entries; ++entries_) {
    auto entry = header_at(used_);
    link(entry.hash, used_);
    used_ = static_cast<uint16_t>(used_ + sizeof(entry) + entry.topic_size);
  }
}

} // namespace troupe::security
