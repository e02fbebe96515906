#include "config/setters.hpp"
#include "protocol/topic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace troupe::config {

namespace {

bool holds_wildcard(std::string_view text) noexcept {
  return text.find_first_of("+#") != std::string_view::npos;
}

complaint check_prefix(const std::string& prefix) {
  if (auto wrong = check_text(prefix))
    return wrong;
  if (holds_wildcard(prefix))
    return fmt::format("the prefix `{}` holds a wildcard; use a text such as "
                       "site/1/",
                       escaped(prefix));
  return std::nullopt;
}

/// `what`: the filter on one side.
complaint check_filter(const std::string& what) {
  if (what.size() > UINT16_MAX)
    return fmt::format("a topic of {} bytes is too long for MQTT (up to {})",
                       what.size(), UINT16_MAX);
  if (!protocol::is_topic_filter(what))
    return fmt::format("`{}` is not a topic filter; `#` stands for all last "
                       "levels and `+` for one whole level: a/+/b/#",
                       escaped(what));
  return std::nullopt;
}

complaint check_topic(const bridge_topic& in) {
  for (const auto* prefix : {&in.local_prefix, &in.remote_prefix})
    if (auto wrong = check_prefix(*prefix))
      return wrong;
  if (auto wrong = check_text(in.pattern))
    return wrong;
  if (in.pattern.empty()
      && (in.local_prefix.empty() || in.remote_prefix.empty()))
    return "an empty pattern needs both prefixes, the topic here and the topic "
           "there that stand for each other";
  if (auto wrong = check_filter(in.local_prefix + in.pattern))
    return wrong;
  return check_filter(in.remote_prefix + in.pattern);
}

/// Takes the first word off the front of `text`.
std::string_view take_word(std::string_view& text) noexcept {
  auto word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return word == R"("")" ? std::string_view{} : word;
}

complaint parse_direction(bridge_topic& to, std::string_view word) {
  auto direction = direction_of(word);
  if (!direction)
    return fmt::format("`{}` is not a direction; use out, in or both",
                       escaped(word));
  to.direction = *direction;
  return std::nullopt;
}

complaint parse_qos(bridge_topic& to, std::string_view word) {
  if (word.size() != 1 || word < "0" || word > "2")
    return fmt::format("`{}` is not a QoS (0 to 2)", escaped(word));
  to.qos = static_cast<uint8_t>(word.front() - '0');
  return std::nullopt;
}

} // namespace

complaint parse_topic_line(bridge_topic& to, std::string_view& text) {
  to.pattern = take_word(text);
  for (auto parse : {&parse_direction, &parse_qos})
    if (!text.empty())
      if (auto wrong = parse(to, take_word(text)))
        return wrong;
  to.local_prefix = take_word(text);
  to.remote_prefix = take_word(text);
  return std::nullopt;
}

std::optional<bridge_direction> direction_of(std::string_view word) {
  // Mosquitto takes `OUT`, too.
  std::string lower{word};
  std::transform(
      lower.begin(), lower.end(), lower.begin(),
      [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (auto each :
       {bridge_direction::out, bridge_direction::in, bridge_direction::both})
    if (lower == to_string(each))
      return each;
  return std::nullopt;
}

complaint add_topic(bridge_draft& in, bridge_topic made) {
  if (auto wrong = check_topic(made))
    return wrong;
  if (in.topics_seen.insert(made).second)
    in.topics.push_back(std::move(made));
  else
    in.notes.push_back(fmt::format("`{}` is given for the second time, which "
                                   "has no effect",
                                   escaped(to_text(made))));
  return std::nullopt;
}

} // namespace troupe::config
