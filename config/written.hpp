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
  /// As in `option`.
  bool is_numbers = false;
  bool is_secret = false;
  std::string_view unset = {};
};

/// `what` as it is in `from`.
template <class T>
written_option write_option(const T& from, const option<T>& what) {
  written_option made{.name = std::string{what.name},
                      .value = value_of(from, what),
                      .is_numbers = what.is_numbers,
                      .is_secret = what.is_secret,
                      .unset = what.unset};
  if (const auto* texts = std::get_if<std::vector<std::string>>(&made.value))
    made.is_left_out = texts->empty();
  return made;
}

/// Every option of the broker, without other names of the same.
std::vector<written_option> broker_values(const settings& in);

/// Every option of a listener; `within` says what it would inherit.
std::vector<written_option> listener_values(const listener_settings& in,
                                            const settings& within);

/// Every option of a bridge but its topics.
std::vector<written_option> bridge_values(const bridge_settings& in);

/// What the names of the options of bridge `index` begin with in `origins`.
std::string bridge_prefix(size_t index);

/// What the names of the options of listener `index` begin with in `origins`.
std::string listener_prefix(size_t index);

/// Where the option came from; null: it is the default.
const std::string*
find_origin(const std::map<std::string, std::string>& origins,
            const std::string& prefix, const std::string& name);

/// A value for people: a text as it stands, a list with commas; a secret is
/// not shown.
std::string to_text(const written_option& what);

/// `in` as a JSON file that reads back to the same settings: what differs from
/// the defaults, behind `comments`, one line each.
std::string write_json(const settings& in,
                       const std::vector<std::string>& comments);

/// Every option of `in` with its value and where that came from, one a line.
std::string describe_settings(const loaded& in);

/// The same as a JSON object `{"options": {...}, "listeners": [{...}],
/// "bridges": [{...}]}` of objects `{"value": ..., "origin": "file:line"}`; the
/// origin is null where it is the default.
std::string describe_settings_json(const loaded& in);

/// A JSON Schema for configuration files, for editors.
std::string write_schema();

} // namespace troupe::config
