#include "security/acl_file.hpp"

#include "core/log.hpp"
#include "security/acl_line.hpp"
#include "security/protected_file.hpp"
#include "security/topic_levels.hpp"

#include <fmt/format.h>

#include <bit>
#include <utility>

namespace troupe::security {

namespace {

constexpr size_t enough_warnings = 100;

/// Where `rule_tree::matches` counts the lines with this right.
constexpr size_t place_of(acl_right right) noexcept {
  return static_cast<size_t>(std::countr_zero(static_cast<uint8_t>(right)));
}

constexpr acl_right right_for(action what) noexcept {
  return what == action::publish   ? write_right
         : what == action::receive ? read_right
                                   : subscribe_right;
}

bool has_wildcard(std::string_view text) noexcept {
  return text.find_first_of("+#") != std::string_view::npos;
}

/// Mosquitto gives such clients nothing by patterns, not even by those without
/// %c and %u; so nobody gains by such a name.
bool is_unsafe(const client_identity& who) noexcept {
  return has_wildcard(who.client_id)
         || (who.user_name && has_wildcard(*who.user_name));
}

/// Takes the first line, without its line end, off `text`.
std::string_view take_line(std::string_view& text) noexcept {
  auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string_view without_byte_order_mark(std::string_view text) noexcept {
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  return text;
}

} // namespace

checked<std::shared_ptr<const acl_file>> acl_file::parse(std::string text,
                                                         std::string name) {
  std::shared_ptr<acl_file> made{
      new acl_file(std::move(text), std::move(name))};
  if (auto wrong = made->read())
    return *wrong;
  return std::shared_ptr<const acl_file>{std::move(made)};
}

checked<std::shared_ptr<const acl_file>>
acl_file::load(const std::string& path) {
  auto text = read_protected_file(path);
  if (!text)
    return text.error();
  return parse(std::move(*text), path);
}

acl_file::acl_file(std::string text, std::string name)
    : text_(std::move(text)), name_(std::move(name)),
      anonymous_(tree_.add_root()), patterns_(tree_.add_root()),
      current_(anonymous_) {
  // nop
}

std::optional<explanation> acl_file::read() {
  auto rest = without_byte_order_mark(text_);
  for (uint32_t number = 1; !rest.empty(); ++number)
    if (auto wrong = add(take_line(rest), number))
      return explanation{fmt::format("{}:{}: {}", name_, number, wrong->text)};
  tree_.compact();
  return std::nullopt;
}

std::optional<explanation> acl_file::add(std::string_view text,
                                         uint32_t number) {
  auto line = parse_acl_line(text);
  if (!line)
    return line.error();
  if (line->is == acl_line::kind::user) {
    auto [at, is_new] = users_.try_emplace(line->text, 0);
    if (is_new)
      at->second = tree_.add_root();
    current_ = at->second;
  } else if (line->is != acl_line::kind::nothing) {
    add_rule(*line, number);
  }
  warn(*line, number);
  return std::nullopt;
}

void acl_file::add_rule(const acl_line& line, uint32_t number) {
  auto is_pattern = line.is == acl_line::kind::pattern;
  tree_.add(is_pattern ? patterns_ : current_, line.text, line.rights, number,
            is_pattern);
  ++rules_;
  has_patterns_ = has_patterns_ || is_pattern;
  if ((line.rights & subscribe_right) != 0)
    restricts_subscribing_ = true;
}

void acl_file::warn(const acl_line& line, uint32_t number) {
  if (warnings_.size() == enough_warnings)
    return;
  if (auto doubt = doubt_about(line))
    warnings_.push_back(fmt::format("{}:{}: {}", name_, number, *doubt));
}

ruling acl_file::rule(const client_identity& who, action what,
                      std::string_view topic) const {
  return decide(who, what, topic).verdict;
}

explained_ruling acl_file::explain(const client_identity& who, action what,
                                   std::string_view topic) const {
  auto made = decide(who, what, topic);
  return {made.verdict, describe(made, who)};
}

acl_file::decision acl_file::decide(const client_identity& who, action what,
                                    std::string_view topic) const {
  if (what == action::unsubscribe
      || (what == action::subscribe && !restricts_subscribing_))
    return {ruling::allow, cause::nothing_restricts, 0};
  if (what == action::subscribe)
    topic = without_share(topic);
  if (topic.empty())
    return {ruling::deny, cause::no_topic, 0};
  auto wanted = place_of(right_for(what));
  for (auto tree : {root_of(who), has_patterns_ ? patterns_ : 0}) {
    if (tree == 0)
      continue;
    if (tree == patterns_ && is_unsafe(who))
      return {ruling::deny, cause::unsafe_identity, 0};
    auto found = tree_.find(tree, topic, who);
    if (found[place_of(deny_right)] != 0)
      return {ruling::deny, cause::line, found[place_of(deny_right)]};
    if (found[wanted] != 0)
      return {ruling::allow, cause::line, found[wanted]};
  }
  return {};
}

rule_tree::root acl_file::root_of(const client_identity& who) const {
  if (!who.user_name)
    return anonymous_;
  auto found = users_.find(*who.user_name);
  return found == users_.end() ? 0 : found->second;
}

std::string acl_file::describe(const decision& made,
                               const client_identity& who) const {
  switch (made.why) {
  case cause::line: {
    auto text = fmt::format("{}:{}: ", name_, made.line);
    log::append_escaped(text, line_text(made.line));
    return text;
  }
  case cause::nothing_restricts:
    return name_ + ": no line restricts this action";
  case cause::no_topic:
    return name_ + ": an empty topic is nobody's";
  case cause::unsafe_identity:
    return name_
           + ": no line of this user allows it, and no pattern applies "
             "to a client id or user name that holds + or #";
  case cause::no_line:
    break;
  }
  if (root_of(who) == 0)
    return name_
           + ": there are no lines for this user, and no pattern allows "
             "it";
  return name_ + ": no line allows it";
}

std::string_view acl_file::line_text(uint32_t number) const noexcept {
  auto rest = without_byte_order_mark(text_);
  std::string_view line;
  for (uint32_t i = 0; i < number; ++i)
    line = take_line(rest);
  return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

} // namespace troupe::security
