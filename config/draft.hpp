#pragma once

#include "config/load.hpp"
#include "config/settings.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe::config {

/// A listener while it is read: what it does not say itself is resolved later.
struct listener_draft : listener_settings {
  std::optional<bool> own_allow_anonymous;
  std::optional<bool> own_allow_zero_length_clientid;
  std::optional<std::string> own_auto_id_prefix;
  /// The first `accept_protocol_versions` replaces the default, others add.
  bool versions_given = false;
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
  /// Whether a destination was named that only Mosquitto has.
  bool log_dest_missing = false;
  /// Position and name of an option that loads a plugin; empty: none.
  std::string plugin;
  std::vector<std::string> warnings;
  /// Warnings that have no position yet: `name: text`. The reader moves them.
  std::vector<std::string> notes;
};

/// Fills in what depends on several options, and makes the last checks.
outcome resolve(draft read);

} // namespace troupe::config
