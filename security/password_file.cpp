#include "security/password_file.hpp"

#include "security/credential_lines.hpp"
#include "security/protected_file.hpp"

#include <fmt/format.h>

#include <utility>

namespace troupe::security {

namespace {

/// What is wrong with a line by itself, or nothing.
std::string complaint(const credential_line& line) {
  // The line is not shown: it may be a password.
  if (!line.has_colon)
    return "there is no colon; a line is user:hash";
  if (line.name.empty())
    return "there is no user before the colon; a line is user:hash";
  return {};
}

std::string not_a_hash(const credential_line& line, const explanation& why,
                       std::string_view file) {
  auto is_plain = !line.value.empty() && !line.value.starts_with('$');
  return fmt::format("user {}: {}; {}", quoted(line.name), why.text,
                     is_plain ? fmt::format("hash every password of the file "
                                            "with: troupe passwd -U {}",
                                            file)
                              : fmt::format("set the password again with: "
                                            "troupe passwd {} USER",
                                            file));
}

} // namespace

const password_hash* password_file::find(std::string_view user) const noexcept {
  auto found = users_.find(user);
  return found == users_.end() ? nullptr : &found->second;
}

checked<password_file> parse_password_file(std::string_view text,
                                           std::string_view name) {
  password_file made;
  const password_hash* first = nullptr;
  const password_hash* first_scram = nullptr;
  credential_reader lines{text};
  while (auto line = lines.next()) {
    if (auto wrong = complaint(*line); !wrong.empty())
      return at_line(name, line->number, wrong);
    auto hash = parse_password_hash(line->value);
    if (!hash)
      return at_line(name, line->number, not_a_hash(*line, hash.error(), name));
    auto [entry, is_new] =
        made.users_.try_emplace(std::string{line->name}, std::move(*hash));
    if (!is_new)
      return at_line(name, line->number,
                     fmt::format("user {} is there already; delete one of the "
                                 "lines",
                                 quoted(line->name)));
    const auto* added = &entry->second;
    if (first == nullptr)
      first = added;
    if (first_scram == nullptr && added->kind == hash_kind::scram_sha_256)
      first_scram = added;
  }
  if (first != nullptr)
    made.decoy_ = make_decoy(first->kind, first->cost);
  if (first_scram != nullptr)
    made.scram_decoy_ = make_decoy(first_scram->kind, first_scram->cost);
  return made;
}

checked<password_file> load_password_file(const std::string& path) {
  auto text = read_protected_file(path);
  if (!text)
    return text.error();
  return parse_password_file(*text, path);
}

} // namespace troupe::security
