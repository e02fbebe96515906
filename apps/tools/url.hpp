#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::tools {

/// The parts of `mqtt[s]://[user[:password]@]host[:port]/topic`. As in
/// Mosquitto nothing is percent-decoded.
struct broker_url {
  std::optional<std::string> user_name;
  std::optional<std::string> password;
  std::string host;
  uint16_t port = 1883;
  /// It begins with `mqtts`: TLS is to be spoken.
  bool is_secure = false;
  std::string topic;
};

/// Takes `url` apart into `out`. Returns why it cannot, or nothing.
std::string parse_url(std::string_view url, broker_url& out);

} // namespace troupe::tools
