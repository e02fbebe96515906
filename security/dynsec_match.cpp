#include "security/dynsec_match.hpp"

#include "security/topic_levels.hpp"

#include <algorithm>
#include <optional>

namespace troupe::security::dynsec {

namespace {

constexpr bool is_wildcard(char c) noexcept {
  return c == '+' || c == '#';
}

/// What a level of an ACL's filter stands for; nothing: no level at all.
std::optional<std::string_view> resolve(std::string_view level,
                                        const client_identity& who) noexcept {
  if (level != "%c" && level != "%u")
    return level;
  std::string_view value = level == "%c"   ? std::string_view{who.client_id}
                           : who.user_name ? std::string_view{*who.user_name}
                                           : std::string_view{};
  if (value.empty() || has_special(value))
    return std::nullopt;
  return value;
}

/// One level without wildcards in their right places.
coverage covers_level(std::string_view level, std::string_view given,
                      const client_identity& who) noexcept {
  if (has_special(level)) {
    auto head = std::find_if(level.begin(), level.end(), is_wildcard);
    return given.starts_with({level.begin(), head}) ? coverage::broken
                                                    : coverage::none;
  }
  auto wanted = resolve(level, who);
  return wanted && *wanted == given ? coverage::covers : coverage::none;
}

/// For a filter that does not match: whether it could ever.
coverage mismatch(std::string_view filter) noexcept {
  auto hash = filter.find('#');
  return hash == std::string_view::npos || hash + 1 == filter.size()
             ? coverage::none
             : coverage::broken;
}

} // namespace

coverage covers(std::string_view filter, std::string_view given,
                const client_identity& who) noexcept {
  if (filter.empty() || given.empty())
    return coverage::broken;
  // Wildcards at the front do not reach topics of the broker's own
  // [MQTT-4.7.2-1].
  if ((filter.front() == '$') != (given.front() == '$'))
    return coverage::none;
  level_cursor ours{filter};
  level_cursor theirs{given};
  while (!ours.at_end()) {
    auto level = ours.next();
    if (level == "#")
      return ours.at_end() ? coverage::covers : coverage::broken;
    if (theirs.at_end())
      return mismatch(filter);
    auto other = theirs.next();
    // One level does not cover the many of a filter's `#`.
    if (level == "+" && other != "#")
      continue;
    if (level == "+")
      return coverage::none;
    auto found = covers_level(level, other, who);
    if (found == coverage::none)
      return mismatch(filter);
    if (found == coverage::broken)
      return found;
  }
  return theirs.at_end() ? coverage::covers : coverage::none;
}

bool has_wildcard(std::string_view topic) noexcept {
  return std::any_of(topic.begin(), topic.end(), is_wildcard);
}

} // namespace troupe::security::dynsec
