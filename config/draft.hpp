#pragma once

#include "config/load.hpp"
#include "config/settings.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// A listener while it is read: what it does not say itself is resolved later.
struct listener_draft : listener_settings {
  std::optional<bool> own_allow_anonymous;
  std::optional<bool> own_allow_zero_length_clientid;
  std::optional<std::string> own_auto_id_prefix;
  std::optional<std::string> own_password_file;
  std::optional<std::string> own_acl_file;
  std::optional<std::string> own_psk_file;
  std::optional<std::vector<std::string>> own_alpn;
  std::optional<std::vector<std::string>> own_proxy_trusted;
  /// It speaks what troupe does not, and is left out.
  bool is_left_out = false;
  /// Where it begins, for complaints about several of its options.
  std::string position;
  /// As `draft::notes`.
  std::vector<std::string> notes;
  /// The first `accept_protocol_versions` replaces the default, others add.
  bool versions_given = false;
  /// Where its options were given, by their names.
  std::map<std::string, std::string> origins;
};

/// A bridge while it is read: what depends on other options, or on the machine,
/// is resolved later.
struct bridge_draft : bridge_settings {
  std::optional<bool> own_local_cleansession;
  std::optional<uint32_t> own_session_expiry_interval;
  /// How many numbers of these rows have been read.
  size_t restart_numbers = 0;
  size_t keepalive_numbers = 0;
  /// To find those that are given twice.
  std::set<bridge_topic> topics_seen;
  /// Where it begins, what it is called there, and what the names of its
  /// options begin with in complaints.
  std::string position;
  std::string entry;
  std::string prefix;
  /// As `draft::notes`.
  std::vector<std::string> notes;
  /// Where its options were given, by their names; `topics[0]` for topics.
  std::map<std::string, std::string> origins;
};

/// A configuration while it is read.
struct draft : settings {
  std::vector<listener_draft> opened;
  std::vector<bridge_draft> connected;
  std::optional<bool> given_allow_anonymous;
  bool log_timestamp = true;
  std::string log_timestamp_format = log::options{}.timestamp_format;
  /// The first `log_type` and `log_dest` replace the default, others add.
  bool log_type_given = false;
  bool log_dest_given = false;
  /// The first `jwt_algorithms` replaces the default, others add.
  bool jwt_algorithms_given = false;
  /// Becomes `jwt.disconnect_expired`.
  bool jwt_disconnect_expired = true;
  /// Becomes `dynamic_security_file`: the file that the plugin for it was
  /// given, and the position of that plugin's line; empty: none.
  std::string dynamic_security_plugin_file;
  std::string dynamic_security_plugin;
  /// Whether a destination was named that only Mosquitto has.
  bool log_dest_missing = false;
  /// Position and name of an option that loads another plugin than dynamic
  /// security; empty: none.
  std::string plugin;
  std::vector<std::string> warnings;
  /// Warnings that have no position yet: `name: text`. The reader moves them.
  std::vector<std::string> notes;
  /// Where the broker's options were given, by their names.
  std::map<std::string, std::string> origins;
};

/// Fills in what a listener does not say itself.
void inherit(listener_draft& each, const settings& from);

/// What would have to be read to come to these settings.
draft draft_of(const settings& in);
listener_draft draft_of(const listener_settings& in);
bridge_draft draft_of(const bridge_settings& in);

/// What is wrong with a listener's options together, each of them being right;
/// nothing if it can be opened. Appends warnings without position to `notes`.
std::optional<std::string> check_listener(const listener_settings& in,
                                          std::vector<std::string>& notes);

/// An option of a bridge, and what is wrong with it beside the others.
struct bridge_fault {
  /// Empty: the bridge itself is meant.
  std::string_view option;
  std::string text;
};

/// As `check_listener`, of a bridge that is resolved. Only options that were
/// given get a warning; these go to `warnings`, with their positions.
std::optional<bridge_fault> check_bridge(const bridge_draft& in,
                                         std::vector<std::string>& warnings);

/// `file:line: option` for what is said about an option of `in`.
std::string place_of(const bridge_draft& in, std::string_view option);

/// The name of this machine.
const std::string& host_name();

/// Fills in what a bridge does not say itself.
void resolve_bridge(bridge_draft& in, std::string_view host);

/// What `in` would be if it said nothing but its name, where that depends on
/// others of its options.
bridge_settings defaults_of(const bridge_settings& in);

/// Makes settings of all bridges that were read.
std::optional<std::string> resolve_bridges(draft& read);

/// Fills in what depends on several options, and makes the last checks.
/// `file` is for complaints that belong to no line.
outcome resolve(draft read, std::string_view file);

} // namespace troupe::config
