#pragma once

#include "apps/tools/options.hpp"
#include "net/tls_settings.hpp"

#include <string>
#include <vector>

namespace troupe::tools {

class command_line;

/// The options about TLS, as Mosquitto's tools have them. What they come to is
/// known when all are read: some turn TLS on, others only say how it is done.
class tls_arguments {
public:
  tls_arguments() { settings_.alpn.clear(); }

  /// Adds the options to `line`, which must not outlive this.
  void add_to(command_line& line);
  /// A URL with `mqtts` asked for TLS.
  void demand() noexcept { demanded_ = true; }
  /// Settles `options.tls`, and the port unless `has_port`. Returns why it
  /// cannot, or nothing.
  std::string finish(client_options& options, bool has_port);

private:
  void add_trust(command_line& line);
  void add_own(command_line& line);
  void add_protocol(command_line& line);
  bool is_on() const noexcept;
  std::string check() const;
  std::string read_key();

  net::tls_settings settings_;
  std::string psk_;
  std::string key_form_;
  /// The options that turn nothing on.
  std::vector<std::string> details_;
  bool demanded_ = false;
};

} // namespace troupe::tools
