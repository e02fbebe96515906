#pragma once

#include "broker/publication.hpp"
#include "core/byte_buffer.hpp"
#include "core/clock.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::broker {

/// What differs between two clients that are sent the same publication.
struct delivery_header {
  /// 0 for QoS 0.
  uint16_t packet_id = 0;
  /// 0: none. MQTT 5 only.
  uint16_t topic_alias = 0;
  /// 0: none. MQTT 5 only.
  uint32_t subscription_id = 0;
  /// Bytes at the front of the topic that the client does not see, its mount
  /// point say, and what it sees there instead. REQUIRES: what it sees is not
  /// empty and at most 65,535 bytes.
  uint16_t hidden_prefix = 0;
  std::string_view added_prefix = {};
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
  bool dup = false;
  /// The alias stands for the topic, which is left out.
  bool omit_topic = false;
  /// The client is a peer, a node of troupe: it is sent the path, too. MQTT 5
  /// only.
  bool with_path = false;
};

/// Appends a PUBLISH made from `message`. The message expiry interval is what
/// is left of it at `now`, at least 1 [MQTT-3.3.2-6].
void encode_delivery(byte_buffer& out, const publication& message,
                     const delivery_header& header, protocol::version v,
                     time_point now);

/// Bytes `encode_delivery` appends.
size_t delivery_size(const publication& message, const delivery_header& header,
                     protocol::version v) noexcept;

} // namespace troupe::broker
