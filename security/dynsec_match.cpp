#include "security/dynsec_match.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace troupe::security::dynsec {

namespace {

/// What Mosquitto allows.
constexpr ptrdiff_t most_separators = 200;
constexpr size_t most_bytes = 65535;

/// The levels of a topic name or filter, one after the other.
class levels {
public:
  explicit levels(std::string_view text) noexcept : rest_(text) {}

  bool at_end() const noexcept { return at_end_; }

  /// REQUIRES: !at_end().
  std::string_view take() noexcept {
    auto end = rest_.find('/');
    auto level = rest_.substr(0, end);
    at_end_ = end == std::string_view::npos;
    rest_.remove_prefix(at_end_ ? rest_.size() : end + 1);
    return level;
  }

private:
  std::string_view rest_;
  bool at_end_ = false;
};

constexpr bool is_wildcard(char c) noexcept {
  return c == '+' || c == '#';
}

bool is_plain(std::string_view level) noexcept {
  return std::none_of(level.begin(), level.end(),
                      [](char c) { return is_wildcard(c) || c == '/'; });
}

/// What a level of an ACL's filter stands for; nothing: no level at all.
std::optional<std::string_view> resolve(std::string_view level,
                                        const client_identity& who) noexcept {
  if (level != "%c" && level != "%u")
    return level;
  std::string_view value = level == "%c"   ? std::string_view{who.client_id}
                           : who.user_name ? std::string_view{*who.user_name}
                                           : std::string_view{};
  if (value.empty() || !is_plain(value))
    return std::nullopt;
  return value;
}

/// One level without wildcards in their right places.
coverage covers_level(std::string_view level, std::string_view given,
                      const client_identity& who) noexcept {
  if (!is_plain(level)) {
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
  levels ours{filter};
  levels theirs{given};
  while (!ours.at_end()) {
    auto level = ours.take();
    if (level == "#")
      return ours.at_end() ? coverage::covers : coverage::broken;
    if (theirs.at_end())
      return mismatch(filter);
    auto other = theirs.take();
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

bool is_acl_topic(std::string_view filter) noexcept {
  if (filter.empty() || filter.size() > most_bytes
      || std::count(filter.begin(), filter.end(), '/') > most_separators)
    return false;
  levels each{filter};
  while (!each.at_end()) {
    auto level = each.take();
    bool last = each.at_end();
    if (!is_plain(level) && level != "+" && !(level == "#" && last))
      return false;
  }
  return true;
}

} // namespace troupe::security::dynsec
