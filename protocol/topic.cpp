#include "protocol/topic.hpp"

#include "protocol/ascii.hpp"

#include <algorithm>

namespace troupe::protocol {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view share_prefix = "$share/";

bool has_too_many_slashes(std::string_view text) noexcept {
  return text.size() > max_topic_slashes
         && static_cast<size_t>(std::count(text.begin(), text.end(), '/'))
                > max_topic_slashes;
}

ascii::word unusual_in_topic(ascii::word value) noexcept {
  return ascii::unusual(value) | ascii::wildcards(value);
}

/// Wildcards only as whole levels, `#` only as the last [MQTT-4.7.1-1],
/// [MQTT-4.7.1-2].
bool has_well_placed_wildcards(std::string_view filter) noexcept {
  for (auto at = filter.find_first_of("+#"); at != npos;
       at = filter.find_first_of("+#", at + 1)) {
    if (at != 0 && filter[at - 1] != '/')
      return false;
    auto is_last = at + 1 == filter.size();
    if (!is_last && (filter[at] == '#' || filter[at + 1] != '/'))
      return false;
  }
  return true;
}

failure refused(std::string_view why) noexcept {
  return {ec::topic_filter_invalid, why};
}

} // namespace

bool is_topic_name(std::string_view topic) noexcept {
  if (topic.empty())
    return false;
  if (!ascii::none(topic, unusual_in_topic)
      && (topic.find_first_of("+#") != npos || !is_utf8_string(topic)))
    return false;
  return !has_too_many_slashes(topic);
}

bool is_topic_filter(std::string_view filter) noexcept {
  return !filter.empty() && is_utf8_string(filter)
         && has_well_placed_wildcards(filter) && !has_too_many_slashes(filter);
}

result<parsed_filter> parse_filter(std::string_view filter) noexcept {
  if (has_too_many_slashes(filter))
    return failure{ec::protocol_error, "too many levels in a topic filter"};
  parsed_filter parsed{{}, filter};
  if (filter.starts_with(share_prefix)) {
    auto rest = filter.substr(share_prefix.size());
    auto slash = rest.find('/');
    if (slash == npos)
      return refused("shared subscription without a filter");
    parsed = {rest.substr(0, slash), rest.substr(slash + 1)};
  } else if (filter == share_prefix.substr(0, share_prefix.size() - 1)) {
    return refused("shared subscription without a share name");
  }
  if (parsed.share_name.find_first_of("+#") != npos)
    return refused("wildcard in a share name"); // [MQTT-4.8.2-2]
  if (!is_utf8_string(filter) || !is_topic_filter(parsed.filter))
    return refused("topic filter breaks the grammar");
  return parsed;
}

bool matches(std::string_view filter, std::string_view topic) noexcept {
  if (starts_with_wildcard(filter) && topic.starts_with('$'))
    return false;
  for (;;) {
    auto level = first_level(filter);
    if (level == "#")
      return true;
    auto topic_level = first_level(topic);
    if (level != "+" && level != topic_level)
      return false;
    auto filter_ends = level.size() == filter.size();
    auto topic_ends = topic_level.size() == topic.size();
    if (topic_ends) // "sport/#" matches "sport", too [MQTT 4.7.1.2]
      return filter_ends || filter.substr(level.size()) == "/#";
    if (filter_ends)
      return false;
    filter.remove_prefix(level.size() + 1);
    topic.remove_prefix(topic_level.size() + 1);
  }
}

} // namespace troupe::protocol
