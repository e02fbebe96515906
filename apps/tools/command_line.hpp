#pragma once

#include "apps/tools/options.hpp"
#include "apps/tools/tls_arguments.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace troupe::tools {

/// The options that `troupe pub` and `troupe sub` share, on top of CLI11, with
/// Mosquitto's rules: options count in the order given, the first mistake is
/// the one reported.
class command_line {
public:
  /// `program` as in "troupe pub". `options` must outlive this.
  command_line(std::string program, const std::string& summary,
               client_options& options);

  /// An option with one value.
  void value(const std::string& names, const std::string& meaning,
             std::function<void(const std::string&)> use);
  /// An option without value.
  void flag(const std::string& names, const std::string& meaning,
            std::function<void()> use);
  /// Where `-L` puts its topic.
  void take_topic(std::function<void(const std::string&)> use) {
    use_topic_ = std::move(use);
  }
  /// `-D` for the packet that `command` names goes to `list`, which must
  /// outlive this.
  void take_properties(const std::string& command, protocol::packet_type place,
                       property_list& list);

  /// Notes why the command line cannot be used. The first time counts.
  void refuse(const std::string& why);

  /// Reads QoS 0 to 2.
  void read_qos(const std::string& text, const char* what, protocol::qos& out);
  /// Reads text that must be UTF-8, for `option`.
  void read_text(const std::string& text, const char* option, std::string& out);

  /// Parses, checks what does not fit together, and says what to do. `finish`
  /// makes the checks of its program.
  command_kind parse(int argc, const char* const* argv,
                     const std::function<void()>& finish, std::string& text);

private:
  struct property_target {
    std::string command;
    protocol::packet_type place;
    property_list* list;
  };
  void add_connection_options();
  void add_mqtt_options();
  void add_will_options();
  void add_unsupported_options();
  void add_property_option();
  void read_url(const std::string& text);
  void read_version(const std::string& text);
  void read_session_expiry(const std::string& text);
  void read_property(const std::vector<std::string>& words);
  void check();
  void check_identity();
  void check_will();
  std::vector<std::string> arguments(int argc, const char* const* argv) const;

  std::string program_;
  client_options& options_;
  CLI::App app_;
  std::function<void(const std::string&)> use_topic_;
  std::vector<property_target> property_targets_;
  std::string problem_;
  tls_arguments tls_;
  bool show_help_ = false;
  bool show_version_ = false;
  bool has_id_ = false;
  bool has_prefix_ = false;
  bool has_port_ = false;
};

} // namespace troupe::tools
