#pragma once

#include "broker/batch.hpp"
#include "broker/chunked_array.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::broker {

/// One member of a shared group.
struct group_member {
  /// Slot of the session in the owner's table.
  uint32_t subscriber = 0;
  uint32_t identifier = 0;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain_as_published = false;
  /// `delivery::shared` of that session for this filter.
  uint16_t shared = 0;
  /// As in `trie_entry`.
  bool is_peer = false;
};

/// The members of all `$share/<name>/<filter>` subscriptions of a subtree and
/// whose turn it is. Pure; not thread-safe.
class shared_groups {
public:
  /// The slot of the group, made if there is none.
  uint32_t open(std::string_view share_name, std::string_view filter);
  /// The slot of the group, if there is one.
  std::optional<uint32_t> find(std::string_view share_name,
                               std::string_view filter) const;
  /// Adds or replaces (same subscriber). True if added. A new member's turn
  /// comes after that of all others. REQUIRES: `group` is open.
  bool join(uint32_t group, const group_member& member);
  /// True if that was the last member: the group's slot is free again. False
  /// for a subscriber that is no member.
  bool leave(uint32_t group, uint32_t subscriber);
  /// Whose turn it is. In turn among members for which `is_ready(subscriber)`;
  /// when none is, in turn among those for which `can_keep(subscriber)` (absent
  /// durable ones, full ones); when there is none either, null. Valid until the
  /// group changes. REQUIRES: `group` is open.
  template <class Ready, class CanKeep>
  const group_member* pick(uint32_t group, Ready&& is_ready,
                           CanKeep&& can_keep) {
    auto& turn = groups_[group].turn;
    auto chosen = first_of(turn, is_ready);
    if (chosen == nobody)
      chosen = first_of(turn, can_keep);
    if (chosen == nobody)
      return nullptr;
    turn = seats_[chosen].next;
    return &seats_[chosen].member;
  }
  /// 0 for a slot that is free.
  size_t member_count(uint32_t group) const;

private:
  static constexpr uint32_t nobody = UINT32_MAX;

  // A member's place in the ring of its group.
  struct seat {
    group_member member;
    uint32_t previous = 0;
    // The next free seat once this one is.
    uint32_t next = 0;
  };
  struct group {
    // The group's key in `slots_`; null: the slot is free.
    const std::string* name = nullptr;
    // The seat whose turn is next.
    uint32_t turn = nobody;
    uint32_t members = 0;
  };

  // The first in turn for which `is_fit`, or `nobody`.
  template <class Fit>
  uint32_t first_of(uint32_t turn, Fit&& is_fit) const {
    if (turn == nobody)
      return nobody;
    auto at = turn;
    do {
      if (is_fit(seats_[at].member.subscriber))
        return at;
      at = seats_[at].next;
    } while (at != turn);
    return nobody;
  }

  static std::string name_of(std::string_view share_name,
                             std::string_view filter);
  uint32_t take_seat();
  void unlink(group& from, uint32_t gone) noexcept;
  void close(uint32_t slot);

  std::unordered_map<std::string, uint32_t> slots_;
  std::vector<group> groups_;
  std::vector<uint32_t> free_groups_;
  // Group and subscriber -> seat, so that leaving a large group is quick.
  std::unordered_map<uint64_t, uint32_t> places_;
  chunked_array<seat, 6> seats_;
  uint32_t free_seat_ = nobody;
};

} // namespace troupe::broker
