#pragma once

#include "config/load.hpp"
#include "config/settings.hpp"

#include <map>
#include <optional>
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

/// A configuration while it is read.
struct draft : settings {
  std::vector<listener_draft> opened;
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

/// What is wrong with a listener's options together, each of them being right;
/// nothing if it can be opened. Appends warnings without position to `notes`.
std::optional<std::string> check_listener(const listener_settings& in,
                                          std::vector<std::string>& notes);

/// Fills in what depends on several options, and makes the last checks.
/// `file` is for complaints that belong to no line.
outcome resolve(draft read, std::string_view file);

} // namespace troupe::config
