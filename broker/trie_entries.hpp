#pragma once

#include "protocol/packet.hpp"

#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <vector>

namespace troupe::broker {

/// One subscription as the trie keeps it at its node.
struct trie_entry {
  /// Slot of a session, or of a shared group, in the owner's table.
  uint32_t subscriber = 0;
  /// Subscription identifier of MQTT 5; 0: none.
  uint32_t identifier = 0;
  protocol::qos qos = protocol::qos::at_most_once;
  bool no_local : 1 = false;
  bool retain_as_published : 1 = false;
  /// `subscriber` names a shared group.
  bool is_group = false;
  /// The subscriber is a peer: what it is sent needs a path.
  bool is_peer = false;

  friend bool operator==(const trie_entry&, const trie_entry&) = default;
};
static_assert(sizeof(trie_entry) == 12);

/// The subscriptions of one filter in 16 bytes: a single one lies in place,
/// more in a list. They keep the order in which they came, and one of 100,000
/// leaves as fast as one of two.
class trie_entries {
public:
  trie_entries() noexcept : one_{} {}
  trie_entries(const trie_entries&) = delete;
  trie_entries& operator=(const trie_entries&) = delete;
  ~trie_entries();

  /// Adds or replaces (same subscriber and is_group). True if added.
  bool insert(const trie_entry& entry);
  /// True if there was one.
  bool erase(uint32_t subscriber, bool is_group);

  uint32_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// Calls `visit(const trie_entry&)` for each, oldest first.
  template <class F>
  void for_each(F& visit) const {
    if (size_ == 1)
      visit(one_);
    else if (size_ != 0)
      for (const auto& entry : many()->slots)
        if (entry.identifier != vacant)
          visit(entry);
  }

private:
  // No subscription identifier: they end at 268,435,455 [MQTT-3.8.2.1.2].
  static constexpr uint32_t vacant = UINT32_MAX;
  // From here on a list has an index.
  static constexpr size_t index_above = 32;

  // Up to `index_above` entries are searched and closed up in place. Above,
  // `positions` finds the slot, a leaver's slot becomes vacant, and vacant
  // slots are swept out once they are the majority.
  struct list {
    std::vector<trie_entry> slots;
    std::unordered_map<uint64_t, uint32_t> positions;
  };

  static uint64_t key(uint32_t subscriber, bool is_group) noexcept {
    return uint64_t{subscriber} << 1 | (is_group ? 1 : 0);
  }
  static trie_entry* find(list& in, uint32_t subscriber, bool is_group);
  static void append(list& to, const trie_entry& entry);
  static void remove(list& from, trie_entry* slot);
  static void sweep(list& in);

  void become_list();
  void become_single();

  list* many() const noexcept {
    list* where;
    std::memcpy(&where, many_, sizeof(where));
    return where;
  }

  // From the second entry on a pointer to a list, as bytes: aligned like a
  // pointer the whole would take 24 bytes.
  union {
    trie_entry one_;
    unsigned char many_[sizeof(list*)];
  };
  uint32_t size_ = 0;
};

} // namespace troupe::broker
