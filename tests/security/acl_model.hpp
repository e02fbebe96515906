#pragma once

#include "security/acl_line.hpp"
#include "security/authority.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::security {

/// An ACL file read line by line for every question: slow and plain, what
/// `acl_file` is compared with.
class acl_model {
public:
  /// REQUIRES: `text` has no line that `parse_acl_line` refuses, and outlives
  /// this.
  explicit acl_model(std::string_view text) {
    std::optional<std::string> user;
    while (!text.empty()) {
      auto line = *parse_acl_line(text.substr(0, text.find('\n')));
      if (line.is == acl_line::kind::user)
        user = line.text;
      else if (line.is != acl_line::kind::nothing)
        rules_.push_back({line, user});
      restricts_ = restricts_ || (line.rights & subscribe_right) != 0;
      auto end = text.find('\n');
      text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
  }

  bool may(const client_identity& who, action what,
           std::string_view topic) const {
    if (what == action::unsubscribe
        || (what == action::subscribe && !restricts_))
      return true;
    if (topic.empty())
      return false;
    auto right = what == action::publish   ? write_right
                 : what == action::receive ? read_right
                                           : subscribe_right;
    for (bool patterns : {false, true}) {
      if (patterns && is_wild(who))
        return false;
      for (auto wanted : {deny_right, right})
        for (const auto& each : rules_)
          if ((each.line.rights & wanted) != 0 && concerns(each, who, patterns)
              && matches(each.line.text, topic, patterns ? &who : nullptr))
            return wanted != deny_right;
    }
    return false;
  }

private:
  struct rule {
    acl_line line;
    std::optional<std::string> user;
  };
  using strings = std::vector<std::string_view>;

  static bool is_wild(const client_identity& who) {
    return who.client_id.find_first_of("+#") != std::string::npos
           || who.user_name.value_or("").find_first_of("+#")
                  != std::string::npos;
  }

  static bool concerns(const rule& each, const client_identity& who,
                       bool patterns) {
    if (each.line.is == acl_line::kind::pattern)
      return patterns;
    return !patterns && each.user == who.user_name;
  }

  static strings split(std::string_view text) {
    strings levels;
    for (auto slash = text.find('/'); slash != text.npos;
         slash = text.find('/')) {
      levels.push_back(text.substr(0, slash));
      text.remove_prefix(slash + 1);
    }
    levels.push_back(text);
    return levels;
  }

  /// Whether `filter` matches all that `topic`, a name or a filter, stands for.
  static bool matches(std::string_view filter, std::string_view topic,
                      const client_identity* names) {
    auto rules = split(filter);
    auto levels = split(topic);
    // Neither a wildcard nor a client's name stands for what begins like this.
    auto is_name = names != nullptr && (rules[0] == "%c" || rules[0] == "%u");
    if (topic[0] == '$' && (rules[0] != levels[0] || is_name))
      return false;
    for (size_t i = 0; i < rules.size(); ++i) {
      if (rules[i] == "#")
        return true;
      if (i == levels.size() || levels[i] == "#"
          || !matches_level(rules[i], levels[i], names))
        return false;
    }
    return rules.size() == levels.size();
  }

  static bool matches_level(std::string_view rule, std::string_view level,
                            const client_identity* names) {
    if (rule == "+")
      return true;
    if (names != nullptr && rule == "%c")
      return !level.empty() && level == names->client_id;
    if (names != nullptr && rule == "%u")
      return !level.empty() && names->user_name && level == *names->user_name;
    return rule == level;
  }

  std::vector<rule> rules_;
  bool restricts_ = false;
};

} // namespace troupe::security
