#pragma once

#include "apps/tools/message_format.hpp"
#include "apps/tools/property_argument.hpp"
#include "net/tls_settings.hpp"
#include "protocol/packet.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::tools {

/// The will as given on the command line.
struct will_options {
  std::optional<std::string> topic;
  std::optional<std::string> payload;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
};

/// Where to connect, as whom, and what to say in CONNECT and DISCONNECT.
struct client_options {
  std::string host = "localhost";
  uint16_t port = 1883;
  /// A unix domain socket, instead of host and port.
  std::string unix_path;
  std::string bind_address;
  bool tcp_nodelay = false;
  /// How TLS is spoken; nothing: in the clear.
  std::optional<net::tls_settings> tls;

  protocol::version version = protocol::version::v311;
  /// Empty: the broker chooses one.
  std::string client_id;
  std::string client_id_prefix;
  bool clean_start = true;
  /// Seconds.
  uint16_t keep_alive = 60;
  std::optional<std::string> user_name;
  std::optional<std::string> password;
  std::optional<uint32_t> session_expiry_interval;
  will_options will;
  property_list connect_properties;
  property_list will_properties;
  property_list disconnect_properties;

  /// Unacknowledged messages of QoS 1 and 2 that may be under way.
  uint16_t max_inflight = 20;
  /// What this client announces in MQTT 5.0.
  uint16_t receive_maximum = 20;
  /// Show every packet.
  bool debug = false;
  /// Show no errors but those of usage.
  bool quiet = false;
};

/// Where `troupe pub` has its messages from.
enum class message_source { none, text, file, stdin_whole, stdin_lines, empty };

struct pub_options : client_options {
  message_source source = message_source::none;
  std::optional<std::string> topic;
  /// The message, or the file's name.
  std::string text;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
  property_list publish_properties;
  uint32_t repeat = 1;
  std::chrono::microseconds repeat_delay{0};
};

struct sub_options : client_options {
  std::vector<std::string> topics;
  std::vector<std::string> filtered_out;
  std::vector<std::string> unsubscribe_topics;
  protocol::qos qos = protocol::qos::at_most_once;
  property_list subscribe_properties;
  property_list unsubscribe_properties;
  bool retain_as_published = false;
  protocol::retain_handling retain_handling = protocol::retain_handling::always;
  /// Ends after so many printed messages; 0: never.
  uint32_t message_count = 0;
  /// Ends after so many seconds; 0: never.
  uint32_t timeout = 0;
  /// Ends when the subscriptions are acknowledged.
  bool exit_after_subscribe = false;

  bool ignore_retained = false;
  bool retained_only = false;
  bool remove_retained = false;
  /// Per mille of the messages that are printed.
  uint32_t chance = 1000;

  bool verbose = false;
  bool end_of_line = true;
  bool pretty = false;
  std::optional<message_format> format;
};

enum class command_kind { run, show_text, refuse };

/// What a command line asks for.
template <class Options>
struct command {
  command_kind what = command_kind::run;
  /// What to show, or why it is refused.
  std::string text;
  Options options;
};

/// Understand a command line. `argv[0]` is skipped.
command<pub_options> parse_pub(int argc, const char* const* argv);
command<sub_options> parse_sub(int argc, const char* const* argv);

/// Does what a command line that is no run asks for; returns the exit status.
int explain(command_kind what, const std::string& text);

} // namespace troupe::tools
