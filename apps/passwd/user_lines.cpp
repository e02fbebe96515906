#include "apps/passwd/user_lines.hpp"

#include "security/credential_lines.hpp"
#include "security/password_hash.hpp"

#include <fmt/format.h>

#include <optional>

namespace troupe::passwd_tool {

namespace {

using security::credential_line;

/// Takes the first line, with its end, off `text`.
std::string_view take_line(std::string_view& text) {
  auto end = text.find('\n');
  auto line = text.substr(0, end == std::string_view::npos ? end : end + 1);
  text.remove_prefix(line.size());
  return line;
}

/// What a line says, if it says anything.
std::optional<credential_line> read(std::string_view line) {
  return security::credential_reader{line}.next();
}

bool is_about(std::string_view line, std::string_view user) {
  auto said = read(line);
  return said && said->has_colon && said->name == user;
}

/// The text with the first line about `user` replaced, and without the others.
edited replace_lines(std::string_view text, std::string_view user,
                     std::string_view replacement) {
  edited made;
  while (!text.empty()) {
    auto line = take_line(text);
    if (!is_about(line, user))
      made.text += line;
    else if (++made.found == 1)
      made.text += replacement;
  }
  return made;
}

bool looks_hashed(std::string_view value) {
  for (auto begin : {"$6$", "$7$", "$argon2", "$scram-"})
    if (value.starts_with(begin))
      return true;
  return false;
}

/// What keeps a line from being upgraded, or nothing.
std::string complaint(const credential_line& line) {
  if (!line.has_colon || line.name.empty())
    return "Corrupt password file: a line is user:password";
  if (line.value.empty())
    return fmt::format("user {} has no password", security::quoted(line.name));
  if (auto hash = security::parse_password_hash(line.value);
      !hash && looks_hashed(line.value))
    return fmt::format("user {} has what looks like a hash and is none: {}",
                       security::quoted(line.name), hash.error().text);
  return {};
}

} // namespace

edited set_user(std::string_view text, std::string_view user,
                std::string_view hash) {
  auto line = fmt::format("{}:{}\n", user, hash);
  auto made = replace_lines(text, user, line);
  if (made.found > 0)
    return made;
  if (!made.text.empty() && made.text.back() != '\n')
    made.text += '\n';
  made.text += line;
  return made;
}

edited remove_user(std::string_view text, std::string_view user) {
  return replace_lines(text, user, "");
}

checked<upgraded>
upgrade(std::string_view text, std::string_view file,
        const std::function<checked<std::string>(std::string_view)>& hash) {
  upgraded made;
  for (size_t number = 1; !text.empty(); ++number) {
    auto line = take_line(text);
    auto said = read(line);
    if (!said) {
      made.text += line;
      continue;
    }
    if (auto wrong = complaint(*said); !wrong.empty())
      return security::at_line(file, number, wrong);
    if (looks_hashed(said->value)) {
      made.text += line;
      ++made.kept;
      continue;
    }
    auto hashed = hash(said->value);
    if (!hashed)
      return hashed.error();
    made.text += fmt::format("{}:{}\n", said->name, *hashed);
    ++made.hashed;
  }
  return made;
}

} // namespace troupe::passwd_tool
