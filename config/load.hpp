#pragma once

#include "config/settings.hpp"
#include "core/checked.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Why a configuration cannot be used: `file:line: what is wrong; what would be
/// right`, or a JSON path in place of the line.
using config_error = explanation;

/// A configuration that was read, and what the operator should know about it.
struct loaded {
  config::settings settings;
  /// One sentence each, with file and line: options that were accepted although
  /// they change nothing here, and what happens instead.
  std::vector<std::string> warnings;
  /// Where options were given, as `file:line`: `max_keepalive`,
  /// `listeners[0].max_qos`. What is not in it has its default.
  std::map<std::string, std::string> origins;
};

using outcome = checked<loaded>;

/// Reads the file at `path`: as JSON if its first character that is neither
/// space nor comment is `{`, else as a mosquitto.conf. It blocks.
outcome load(const std::string& path);

/// Reads `text` as JSON with comments; `filename` is for messages.
outcome parse_json(std::string_view text, std::string_view filename);

/// Reads `text` as a mosquitto.conf; `filename` is for messages, and
/// `include_dir` reads further files. It blocks.
outcome parse_mosquitto_conf(std::string_view text, std::string_view filename);

} // namespace troupe::config
