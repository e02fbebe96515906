#pragma once

#include "broker/batch.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

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
  /// Adds or replaces (same subscriber). True if added.
  bool join(uint32_t group, const group_member& member);
  /// True if that was the last member: the group's slot is free again.
  bool leave(uint32_t group, uint32_t subscriber);
  /// Whose turn it is. In turn among members for which `is_ready(subscriber)`;
  /// when none is, in turn among those for which `can_keep(subscriber)` (absent
  /// durable ones, full ones); when there is none either, null. Valid until the
  /// group changes.
  template <class Ready, class CanKeep>
  const group_member* pick(uint32_t group, Ready&& is_ready, CanKeep&& can_keep);
  size_t member_count(uint32_t group) const;
};

} // namespace troupe::broker
