#pragma once

#include "config/load.hpp"
#include "config/options.hpp"
#include "config/settings.hpp"

#include <map>
#include <string>
#include <vector>

namespace troupe::config {

/// One option as it is in force.
struct written_option {
  /// As it stands in a mosquitto.conf: `jwt_issuer`, `max_qos`.
  std::string name;
  written_value value;
  /// Whether it is what it would be if nobody had said anything of it.
  bool is_default = false;
  /// An empty list stands for an option that can only be left out.
  bool is_left_out = false;
};

/// Every option of the broker, without other names of the same.
std::vector<written_option> broker_values(const settings& in);

/// Every option of a listener; `within` says what it would inherit.
std::vector<written_option> listener_values(const listener_settings& in,
                                            const settings& within);

/// What the names of the options of listener `index` begin with in `origins`.
std::string listener_prefix(size_t index);

/// Where the option came from; null: it is the default.
const std::string*
find_origin(const std::map<std::string, std::string>& origins,
            const std::string& prefix, const std::string& name);

/// A value for people: a text as it stands, a list with commas.
std::string to_text(const written_option& what);

/// `in` as a JSON file that reads back to the same settings: what differs from
/// the defaults, behind `comments`, one line each.
std::string write_json(const settings& in,
                       const std::vector<std::string>& comments);

/// Every option of `in` with its value and where that came from, one a line.
std::string describe_settings(const loaded& in);

/// The same as a JSON object `{"options": {...}, "listeners": [{...}]}` of
/// objects `{"value": ..., "origin": "file:line"}`; the origin is null where it
/// is the default.
std::string describe_settings_json(const loaded& in);

/// A JSON Schema for configuration files, for editors.
std::string write_schema();

} // namespace troupe::config
