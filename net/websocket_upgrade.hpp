#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net {

/// What a listener asks of those who want to speak WebSocket.
struct websocket_policy {
  /// Pages that may connect, as browsers name them ("https://example.org").
  /// Empty: every page, and clients that are no page. Default: empty.
  std::vector<std::string> origins;
  /// Most bytes of a request, up to and with its empty line. Default: 4096.
  size_t largest_request = 4096;
  /// Most payload bytes of one frame, of whatever many packets; 0: no limit.
  /// Frames are passed on as they come, so this bounds no memory.
  /// Default: the largest MQTT packet there can be.
  uint64_t largest_frame = 268'435'460;
};

/// The answer to a request to speak WebSocket.
struct upgrade_answer {
  /// 101: from now on there are frames. Else the connection ends with this.
  unsigned status = 101;
  /// The whole HTTP response.
  std::string response;
  /// Why not 101, for a log; printable.
  std::string error;
};

/// Judges a whole request, from its first byte to its empty line (RFC 6455,
/// section 4.2). Any path will do; neither X-Forwarded-For nor extensions are
/// heeded. May throw std::bad_alloc.
upgrade_answer judge_upgrade(std::string_view request,
                             const websocket_policy& policy);

/// The answer to a request that is longer than the policy allows.
upgrade_answer refuse_long_request();

/// Whose WebSocket a client wants to speak to.
struct websocket_target {
  /// Host and port as in the URL: "example.org:9001".
  std::string host;
  std::string path = "/mqtt";
  /// Subprotocol: "mqtt", or "mqttv3.1" for MQTT 3.1.
  std::string protocol = "mqtt";
  /// Origin to name; empty: none.
  std::string origin;
  uint64_t largest_frame = 268'435'460;
};

/// A new random Sec-WebSocket-Key; empty: there is no randomness.
std::string make_websocket_key();

/// A client's request. Bytes that could end a line are refused: then empty.
std::string make_upgrade_request(const websocket_target& target,
                                 std::string_view key);

/// Why this response (up to its empty line) does not open a WebSocket; empty:
/// it does. Printable. May throw std::bad_alloc.
std::string check_upgrade_response(std::string_view response,
                                   std::string_view protocol,
                                   std::string_view key);

} // namespace troupe::net
