#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>

namespace troupe::security {

/// Reads the JSON object that `text` is, as strictly as what decides rights
/// must be read: valid UTF-8, no name twice in an object, nothing behind it,
/// and at most `most_depth` objects and arrays in each other. Nothing
/// otherwise.
std::optional<nlohmann::json> parse_strict_object(std::string_view text,
                                                  int most_depth);

/// The text called `name` in `object`, or null where there is none.
/// REQUIRES: object.is_object().
const std::string* find_text(const nlohmann::json& object,
                             std::string_view name);

} // namespace troupe::security
