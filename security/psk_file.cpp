#include "security/psk_file.hpp"

#include "core/hex.hpp"
#include "security/credential_lines.hpp"
#include "security/protected_file.hpp"

#include <fmt/format.h>

#include <utility>

namespace troupe::security {

namespace {

/// What is wrong with a line by itself, or nothing. Never with what may be a
/// key in it.
std::string complaint(const credential_line& line) {
  if (!line.has_colon)
    return "there is no colon; a line is identity:hexkey";
  if (line.name.empty())
    return "there is no identity before the colon; a line is identity:hexkey";
  if (line.value.empty())
    return fmt::format("identity {}: the key is empty; make one with: openssl "
                       "rand -hex 32",
                       quoted(line.name));
  if (line.value.size() > 2 * longest_psk)
    return fmt::format("identity {}: the key is longer than {} bytes",
                       quoted(line.name), longest_psk);
  return {};
}

} // namespace

std::optional<std::string_view>
psk_file::find(std::string_view identity) const noexcept {
  auto found = keys_.find(identity);
  if (found == keys_.end())
    return std::nullopt;
  return found->second.view();
}

checked<psk_file> parse_psk_file(std::string_view text, std::string_view name) {
  psk_file made;
  credential_reader lines{text};
  while (auto line = lines.next()) {
    if (auto wrong = complaint(*line); !wrong.empty())
      return at_line(name, line->number, wrong);
    auto key = from_hex(line->value);
    if (!key)
      return at_line(name, line->number,
                     fmt::format("identity {}: the key is not hexadecimal; its "
                                 "digits are 0 to 9 and a to f",
                                 quoted(line->name)));
    if (!made.keys_
             .try_emplace(std::string{line->name}, secret{std::move(*key)})
             .second)
      return at_line(name, line->number,
                     fmt::format("identity {} is there already; delete one of "
                                 "the lines",
                                 quoted(line->name)));
  }
  return made;
}

checked<psk_file> load_psk_file(const std::string& path) {
  auto text = read_protected_file(path);
  if (!text)
    return text.error();
  auto made = parse_psk_file(*text, path);
  wipe(*text);
  return made;
}

} // namespace troupe::security
