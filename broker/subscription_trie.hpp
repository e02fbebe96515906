#pragma once

#include "broker/batch.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::broker {

/// One subscription as the trie keeps it at its node.
struct trie_entry {
  /// Slot of a session, or of a shared group, in the owner's table.
  uint32_t subscriber = 0;
  /// Subscription identifier of MQTT 5; 0: none.
  uint32_t identifier = 0;
  protocol::qos qos = protocol::qos::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  /// `subscriber` names a shared group.
  bool is_group = false;
};

/// Filters with `+` and `#` and who subscribed to them. One entry per filter
/// and subscriber. Pure; not thread-safe.
class subscription_trie {
public:
  /// Adds or replaces (same filter, subscriber and is_group). True if added.
  /// REQUIRES: protocol::is_topic_filter(filter).
  bool insert(std::string_view filter, const trie_entry& entry);
  /// True if there was one.
  bool erase(std::string_view filter, uint32_t subscriber, bool is_group);

  /// Calls `visit(const trie_entry&)` for every subscription whose filter
  /// matches `topic`, each once: overlapping filters give several calls for one
  /// subscriber. `visit` must not change the trie.
  template <class F>
  void match(std::string_view topic, F&& visit) const;

  size_t size() const noexcept;
};

} // namespace troupe::broker
