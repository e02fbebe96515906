#include "security/credential_lines.hpp"

#include "core/printable.hpp"

#include <fmt/format.h>

namespace troupe::security {

namespace {

constexpr std::string_view white_space = " \t\r\n\v\f";
constexpr size_t longest_shown = 80;

} // namespace

std::string_view trim(std::string_view text) noexcept {
  auto begin = text.find_first_not_of(white_space);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

std::optional<credential_line> credential_reader::next() noexcept {
  while (!rest_.empty()) {
    auto end = rest_.find('\n');
    auto line = trim(rest_.substr(0, end));
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    if (line.empty() || line.front() == '#')
      continue;
    auto colon = line.find(':');
    if (colon == std::string_view::npos)
      return credential_line{number_, line, {}, false};
    return credential_line{number_, trim(line.substr(0, colon)),
                           trim(line.substr(colon + 1)), true};
  }
  return std::nullopt;
}

explanation at_line(std::string_view file, size_t line, std::string_view what) {
  return {fmt::format("{}:{}: {}", file, line, what)};
}

std::string quoted(std::string_view name) {
  if (name.size() > longest_shown || !is_printable(name))
    return "a name that cannot be shown";
  return fmt::format("`{}`", name);
}

} // namespace troupe::security
