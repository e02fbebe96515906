#pragma once

#include "core/checked.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// JSON as Mosquitto reads it: names in letters of either case. Inside of
/// dynamic security only.
namespace troupe::security::dynsec {

/// Keeps the order of names, which people see in the file.
using json = nlohmann::ordered_json;

/// The value of a whole text. Refuses what is not UTF-8, names that are there
/// twice (in letters of either case), and what is too deep or too wide to be
/// meant. The explanation names `filename` and, for what is no JSON, the line.
checked<json> parse_json(std::string_view text, std::string_view filename);

/// Whether both are the same but for the case of ASCII letters.
bool same_letters(std::string_view x, std::string_view y) noexcept;

/// The member of that name, in letters of either case; null: there is none, or
/// `from` is no object.
const json* member(const json& from, std::string_view name) noexcept;

/// Null: there is no such member, or it is no text.
const std::string* text_member(const json& from,
                               std::string_view name) noexcept;

/// Nothing: there is no such member, or it is no boolean.
std::optional<bool> bool_member(const json& from,
                                std::string_view name) noexcept;

/// Without its fraction, or the nearest that fits; nothing: there is no such
/// member, or it is no number.
std::optional<int32_t> number_member(const json& from,
                                     std::string_view name) noexcept;

/// Whether MQTT allows it as a text, without control characters either:
/// [MQTT-1.5.4-1], [MQTT-1.5.4-2] and what is advised below them.
bool is_mqtt_text(std::string_view text) noexcept;

} // namespace troupe::security::dynsec
