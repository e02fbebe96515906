#pragma once

#include "core/checked.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace troupe::config {

/// Lines by the paths of what stands there, such as `listeners[0].port`.
using line_map = std::map<std::string, size_t>;

/// A JSON value, and the lines on which its members stand.
struct parsed_text {
  nlohmann::json root;
  line_map lines;
};

/// Reads JSON with comments: no name twice in an object, nothing nested deeper
/// than any option needs. An explanation begins with `file` and the line.
checked<parsed_text> parse_json_text(std::string_view text,
                                     std::string_view file);

} // namespace troupe::config
