#pragma once

#include <cstdint>
#include <string_view>

namespace troupe {

/// Why an operation failed: one value per decision a caller can take. Values
/// are never renumbered; nodes and records may carry them.
enum class ec : uint8_t {
  /// Bytes that are not what the specification allows at that place.
  malformed_packet = 1,
  /// Well-formed bytes that the specification forbids in this state.
  protocol_error,
  /// A packet larger than the receiver announced it would take.
  packet_too_large,
  /// A protocol name or level that is not MQTT 3.1, 3.1.1 or 5.0.
  unsupported_protocol_version,
  /// A topic name or alias that may not stand there.
  topic_name_invalid,
  /// A topic filter that breaks the grammar.
  topic_filter_invalid,
  /// A client identifier that is not acceptable.
  client_identifier_not_valid,
  /// A topic alias of 0 or above the announced maximum.
  topic_alias_invalid,
  /// A configuration file or command line that cannot be used as it stands.
  bad_configuration,
  /// The operating system refused; the text names the call and the reason.
  system_failure,
};

/// The value's name as written in the enumeration.
std::string_view to_string(ec value) noexcept;

} // namespace troupe
