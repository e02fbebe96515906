#pragma once

#include "core/result.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::broker {

/// The topic aliases a client has defined on one connection [MQTT 3.3.2.3.4].
/// Owns no memory until the first one.
class incoming_aliases {
public:
  explicit incoming_aliases(uint16_t maximum) noexcept : maximum_(maximum) {}

  /// Defines the packet's alias if it brings a topic, or puts the topic in if
  /// it brings the alias alone. The view it then holds is valid until the next
  /// call. Fails with topic_alias_invalid above the maximum, with
  /// protocol_error for an alias nobody defined.
  result<bool> resolve(protocol::publish& packet);

private:
  uint16_t maximum_;
  std::vector<std::string> topics_;
};

/// The aliases the broker uses towards a client on one connection: the first
/// topics that come along get one, as with Mosquitto.
class outgoing_aliases {
public:
  explicit outgoing_aliases(uint16_t maximum) noexcept : maximum_(maximum) {}

  struct choice {
    /// 0: none left for this topic.
    uint16_t alias = 0;
    /// The client knows it already: the topic may be left out.
    bool known = false;
  };
  choice choose(std::string_view topic);

private:
  struct text_hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  uint16_t maximum_;
  std::unordered_map<std::string, uint16_t, text_hash, std::equal_to<>> known_;
};

} // namespace troupe::broker
