#pragma once

#include <cstdint>

namespace troupe::protocol {

/// The protocol level byte of CONNECT [MQTT-3.1.2-1].
enum class version : uint8_t {
  v31 = 3,
  v311 = 4,
  v5 = 5,
};

/// The packet type in the upper half of the first byte [MQTT 2.1.2].
enum class packet_type : uint8_t {
  connect = 1,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect,
  auth,
};

/// Quality of service: 0 at most once, 1 at least once, 2 exactly once.
enum class qos : uint8_t { at_most_once, at_least_once, exactly_once };

/// The largest remaining length a variable byte integer can name.
inline constexpr uint32_t max_remaining_length = 268'435'455;

/// "AUTH", "CONNACK" and so on, as log lines name packets.
const char* to_string(packet_type type) noexcept;

} // namespace troupe::protocol
