#pragma once

#include "core/result.hpp"

#include <optional>
#include <string_view>

namespace troupe::protocol {

/// How many `/` a topic or filter may hold, as Mosquitto: more closes the
/// connection.
inline constexpr size_t max_topic_slashes = 200;

/// True if `text` is what MQTT calls a UTF-8 encoded string: well-formed, no
/// surrogates, no U+0000 [MQTT-1.5.4-1], [MQTT-1.5.4-2].
bool is_utf8_string(std::string_view text) noexcept;

/// True for a UTF-8 string that also has none of the code points that the
/// specification advises against: control characters and non-characters.
bool is_plain_text(std::string_view text) noexcept;

/// True if `topic` may stand in a PUBLISH: not empty, a UTF-8 string, no
/// wildcard [MQTT-3.3.2-2], at most `max_topic_slashes` slashes.
bool is_topic_name(std::string_view topic) noexcept;

/// True if `filter` may be subscribed to: `#` only as the last level, `+` only
/// as a whole level [MQTT-4.7.1-2]. `$share/...` is not looked into.
bool is_topic_filter(std::string_view filter) noexcept;

/// A filter with its share name, if it had one. Views into the argument.
struct parsed_filter {
  /// The name in `$share/<name>/<filter>`; empty for ordinary subscriptions.
  std::string_view share_name;
  /// What is matched against topics.
  std::string_view filter;
};

/// Splits and checks a filter of SUBSCRIBE or UNSUBSCRIBE. As in Mosquitto
/// `$share//a` counts as the ordinary filter `a`, while `$share`, `$share/g`
/// and a wildcard in the share name [MQTT-4.8.2-2] are refused. Breaks of the
/// grammar fail with topic_filter_invalid, too many slashes with
/// protocol_error.
result<parsed_filter> parse_filter(std::string_view filter) noexcept;

/// True if `topic` matches `filter`; a filter that starts with a wildcard does
/// not match topics that start with `$` [MQTT-4.7.2-1].
bool matches(std::string_view filter, std::string_view topic) noexcept;

/// The part of `topic` up to the first `/`.
constexpr std::string_view first_level(std::string_view topic) noexcept {
  return topic.substr(0, topic.find('/'));
}

/// True if the first level of `filter` is `+` or `#`.
constexpr bool starts_with_wildcard(std::string_view filter) noexcept {
  return !filter.empty() && (filter[0] == '+' || filter[0] == '#');
}

} // namespace troupe::protocol
