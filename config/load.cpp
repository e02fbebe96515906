#include "config/load.hpp"

#include "core/file.hpp"

namespace troupe::config {

namespace {

constexpr auto npos = std::string_view::npos;

/// What follows the first `mark` in `text`.
std::string_view behind(std::string_view text, std::string_view mark) noexcept {
  auto found = text.find(mark);
  return found == npos ? std::string_view{} : text.substr(found + mark.size());
}

/// Whether the first character that is neither space nor comment is `{`.
bool looks_like_json(std::string_view text) noexcept {
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  while (true) {
    auto start = text.find_first_not_of(" \t\r\n\v\f");
    if (start == npos)
      return false;
    text.remove_prefix(start);
    if (text.starts_with("#") || text.starts_with("//"))
      text = behind(text, "\n");
    else if (text.starts_with("/*"))
      text = behind(text.substr(2), "*/");
    else
      return text.front() == '{';
  }
}

} // namespace

outcome load(const std::string& path) {
  auto text = read_file(path);
  if (!text)
    return text.error();
  return looks_like_json(*text) ? parse_json(*text, path)
                                : parse_mosquitto_conf(*text, path);
}

} // namespace troupe::config
