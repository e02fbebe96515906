#pragma once

namespace troupe::tools {

/// How the tools end. A refused connection ends with the code in the CONNACK
/// instead.
enum exit_status : int {
  success = 0,
  /// Bad usage, or no connection could be made.
  failed = 1,
  /// What came is not MQTT.
  protocol_violated = 2,
  /// The broker said DISCONNECT while messages were unacknowledged.
  not_connected = 4,
  connection_lost = 7,
  /// The broker and this side did not come to terms about TLS.
  tls_failed = 8,
  timed_out = 27,
};

} // namespace troupe::tools
