#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::broker {

/// Finds the slot of a table that has some key. The table keeps the keys, and
/// this eight bytes per slot on average, where a map would take forty: a
/// subtree has a slot for each of its sessions.
///
/// `key_of(slot)`, which all functions are given, is the key that the table has
/// for a slot in the index.
class slot_index {
public:
  template <class KeyOf>
  std::optional<uint32_t> find(uint64_t key, KeyOf&& key_of) const {
    if (places_.empty())
      return std::nullopt;
    for (auto place = home_of(key);; place = behind(place)) {
      auto slot = places_[place];
      if (slot == vacant)
        return std::nullopt;
      if (key_of(slot) == key)
        return slot;
    }
  }

  /// Throws std::bad_alloc. REQUIRES: key_of(slot) is in the table already and
  /// is the key of no other slot in the index.
  template <class KeyOf>
  void insert(uint32_t slot, KeyOf&& key_of) {
    if (4 * (size_ + 1) > 3 * places_.size())
      grow(key_of);
    put(slot, key_of);
    ++size_;
  }

  /// REQUIRES: it is in the index, and key_of(slot) is still its key.
  template <class KeyOf>
  void erase(uint32_t slot, KeyOf&& key_of) noexcept {
    auto hole = home_of(key_of(slot));
    while (places_[hole] != slot)
      hole = behind(hole);
    // What was moved on from the hole, or from before it, closes up.
    for (auto next = behind(hole); places_[next] != vacant;
         next = behind(next)) {
      auto home = home_of(key_of(places_[next]));
      if (distance(home, next) < distance(hole, next))
        continue;
      places_[hole] = places_[next];
      hole = next;
    }
    places_[hole] = vacant;
    --size_;
  }

  size_t size() const noexcept { return size_; }

private:
  static constexpr uint32_t vacant = UINT32_MAX;
  static constexpr size_t least_places = 16;

  // Keys are mostly given in turn: what they are multiplied with spreads them.
  size_t home_of(uint64_t key) const noexcept {
    return static_cast<size_t>((key * 0x9e3779b97f4a7c15u) >> shift_);
  }
  size_t behind(size_t place) const noexcept {
    return (place + 1) & (places_.size() - 1);
  }
  /// How many places one has to go on.
  size_t distance(size_t from, size_t to) const noexcept {
    return (to - from) & (places_.size() - 1);
  }

  template <class KeyOf>
  void put(uint32_t slot, KeyOf& key_of) noexcept {
    auto place = home_of(key_of(slot));
    while (places_[place] != vacant)
      place = behind(place);
    places_[place] = slot;
  }

  template <class KeyOf>
  void grow(KeyOf& key_of) {
    auto count = places_.empty() ? least_places : 2 * places_.size();
    std::vector<uint32_t> before(count, vacant);
    before.swap(places_);
    shift_ = 64 - std::bit_width(count - 1);
    for (auto slot : before)
      if (slot != vacant)
        put(slot, key_of);
  }

  // As many as a power of two, three quarters of them taken at most.
  std::vector<uint32_t> places_;
  int shift_ = 0;
  size_t size_ = 0;
};

} // namespace troupe::broker
