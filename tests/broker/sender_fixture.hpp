#pragma once

#include "broker/sender.hpp"
#include "publications.hpp"

#include <string>
#include <vector>

namespace troupe::broker {

inline constexpr auto qos0 = protocol::qos::at_most_once;
inline constexpr auto qos1 = protocol::qos::at_least_once;
inline constexpr auto qos2 = protocol::qos::exactly_once;

/// A sender, and words for what it sends.
struct sender_fixture {
  using packet_type = protocol::packet_type;
  using qos = protocol::qos;
  using reason = protocol::reason;

  /// Packets as words: "1:a" is PUBLISH 1 with payload a, "1:a!" has DUP, "R1"
  /// is PUBREL 1, "R1?" one that says that the identifier is not known.
  static std::string show(const std::vector<queued_delivery>& packets) {
    std::string result;
    for (const auto& packet : packets) {
      result += result.empty() ? "" : " ";
      auto id = std::to_string(packet.packet_id);
      if (packet.pubrel)
        result += "R" + id + (packet.reason != reason::success ? "?" : "");
      else
        result += id + ":" + std::string{packet.message->payload()}
                  + (packet.dup ? "!" : "");
    }
    return result;
  }

  /// As `show`, for what goes out straight from its batch.
  static std::string show(const publication_batch& batch,
                          const std::vector<delivery>& sent) {
    std::string result;
    for (const auto& what : sent)
      result += (result.empty() ? "" : " ") + std::to_string(what.packet_id)
                + ":" + std::string{batch.items[what.item].message->payload()};
    return result;
  }

  std::string acknowledge(packet_type type, uint16_t id,
                          reason code = reason::success) {
    std::vector<queued_delivery> packets;
    protocol::acknowledgement packet;
    packet.type = type;
    packet.packet_id = id;
    packet.reason = code;
    out.on_acknowledgement(packet, now, packets);
    return show(packets);
  }
  std::string puback(uint16_t id) {
    return acknowledge(packet_type::puback, id);
  }
  std::string pubrec(uint16_t id) {
    return acknowledge(packet_type::pubrec, id);
  }
  std::string pubcomp(uint16_t id) {
    return acknowledge(packet_type::pubcomp, id);
  }

  uint64_t drops(drop_reason why) const {
    return out.dropped()[static_cast<size_t>(why)];
  }

  session_limits limits;
  sender out{limits};
  time_point now = test_start;
};

} // namespace troupe::broker
