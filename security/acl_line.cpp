#include "security/acl_line.hpp"

#include "core/log.hpp"
#include "core/printable.hpp"
#include "security/topic_levels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::security {

namespace {

constexpr uint8_t read_and_write = read_right | write_right;

constexpr std::array<std::pair<std::string_view, uint8_t>, 5> right_words{
    {{"read", read_right},
     {"write", write_right},
     {"readwrite", read_and_write},
     {"deny", deny_right},
     {"subscribe", subscribe_right}}};

std::optional<uint8_t> right_named(std::string_view word) noexcept {
  for (const auto& [name, right] : right_words)
    if (name == word)
      return right;
  return std::nullopt;
}

std::string quoted(std::string_view text) {
  constexpr size_t enough = 80;
  std::string result = "`";
  log::append_escaped(result, text.substr(0, enough));
  return result + (text.size() > enough ? "...`" : "`");
}

constexpr std::string_view blanks = " \t\r\n\v\f";

std::string_view trim_end(std::string_view text) noexcept {
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string_view trim(std::string_view text) noexcept {
  text = trim_end(text);
  return text.substr(std::min(text.find_first_not_of(blanks), text.size()));
}

/// Takes the first word off `rest`; words end at spaces alone.
std::string_view take_word(std::string_view& rest) noexcept {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  auto word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

explanation wrong_keyword(std::string_view word) {
  if (word.starts_with('#'))
    return {"a comment must begin with # as the very first character of its "
            "line; remove the spaces before it"};
  if (word.find('\t') != std::string_view::npos)
    return {fmt::format("{}: tabs do not separate words; use spaces",
                        quoted(word))};
  return {fmt::format("{} begins no line of an ACL file; write `user NAME`, "
                      "`topic [RIGHT] FILTER`, `pattern [RIGHT] FILTER` or a "
                      "# comment",
                      quoted(word))};
}

explanation wrong_filter(std::string_view filter) {
  return {fmt::format("{} is no topic filter: # may only be the last level, + "
                      "only a whole level, with at most {} slashes and {} "
                      "bytes; a comment needs a line of its own",
                      quoted(filter), max_filter_slashes, max_filter_size)};
}

checked<acl_line> parse_user(std::string_view rest) {
  auto name = trim(rest);
  if (name.empty())
    return explanation{"the user name is missing; write `user NAME`"};
  return acl_line{acl_line::kind::user, 0, name};
}

checked<acl_line> parse_rule(acl_line::kind is, std::string_view rest) {
  auto word = take_word(rest);
  if (word.empty())
    return explanation{"the topic filter is missing; write it behind the "
                       "word, as in `topic read sensors/#`"};
  auto filter = trim(rest);
  auto rights = right_named(word);
  if (filter.empty()) {
    filter = word;
    rights = read_and_write;
  }
  if (!rights)
    return explanation{fmt::format(
        "{} is no right; write read, write, readwrite, deny or subscribe "
        "before a filter that holds spaces",
        quoted(word))};
  if (!is_filter(filter))
    return wrong_filter(filter);
  return acl_line{is, *rights, filter};
}

bool is_placeholder(std::string_view level) noexcept {
  return level == "%c" || level == "%u";
}

/// What %c and %u in a filter are: whole levels, or parts of one.
struct placeholders {
  bool whole = false;
  bool partial = false;
};

placeholders find_placeholders(std::string_view filter) noexcept {
  placeholders found;
  level_cursor levels{filter};
  while (!levels.at_end()) {
    auto level = levels.next();
    if (is_placeholder(level))
      found.whole = true;
    else if (level.find("%c") != std::string_view::npos
             || level.find("%u") != std::string_view::npos)
      found.partial = true;
  }
  return found;
}

std::optional<std::string> doubt_about_placeholders(const acl_line& line) {
  auto found = find_placeholders(line.text);
  if (line.is == acl_line::kind::topic) {
    if (found.whole || found.partial)
      return "%c and %u stand for themselves here: only `pattern` lines "
             "replace them";
    return std::nullopt;
  }
  if (found.partial)
    return "%c or %u as a part of a level is not replaced, as in Mosquitto "
           "2.1 (2.0 did so): make it a level of its own";
  if (!found.whole)
    return "a pattern without %c and %u concerns every client alike, whatever "
           "`user` line it stands below";
  return std::nullopt;
}

} // namespace

checked<acl_line> parse_acl_line(std::string_view line) {
  if (line.find('\0') != std::string_view::npos)
    return explanation{"there is a zero byte in this line; is this a text "
                       "file?"};
  line = trim_end(line);
  if (line.empty() || line[0] == '#')
    return acl_line{};
  auto word = take_word(line);
  if (word == "user")
    return parse_user(line);
  if (word == "topic")
    return parse_rule(acl_line::kind::topic, line);
  if (word == "pattern")
    return parse_rule(acl_line::kind::pattern, line);
  return wrong_keyword(word);
}

std::optional<std::string> doubt_about(const acl_line& line) {
  if (line.is == acl_line::kind::nothing)
    return std::nullopt;
  if (!is_printable(line.text))
    return fmt::format("{} holds a tab or another control character, or is not "
                       "UTF-8",
                       quoted(line.text));
  if (line.is == acl_line::kind::user)
    return std::nullopt;
  if (right_named(line.text))
    return fmt::format("{} is taken for a topic filter to read and write, as "
                       "none follows it",
                       quoted(line.text));
  return doubt_about_placeholders(line);
}

} // namespace troupe::security
