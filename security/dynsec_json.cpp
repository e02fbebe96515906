#include "security/dynsec_json.hpp"

#include "core/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace troupe::security::dynsec {

namespace {

/// The file needs 5 levels, a payload 5.
constexpr int most_depth = 16;
/// Of one object; searching its names takes time with the square of that.
constexpr size_t most_members = 64;

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Thrown through the library, to stop it where a text goes too far.
struct too_much {
  std::string why;
};

/// Looks on while a text is parsed.
class parse_watch {
public:
  void see(int depth, json::parse_event_t event, const json& parsed) {
    if (depth > most_depth)
      throw too_much{"the values are nested too deeply"};
    if (event == json::parse_event_t::object_start)
      open_.emplace_back();
    else if (event == json::parse_event_t::object_end)
      open_.pop_back();
    else if (event == json::parse_event_t::key)
      see_name(parsed.get_ref<const std::string&>());
  }

private:
  void see_name(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(), lower);
    if (open_.back().size() == most_members)
      throw too_much{"an object has more than 64 members"};
    if (!open_.back().insert(std::move(name)).second)
      throw too_much{"a name is given twice in one object"};
  }

  std::vector<std::set<std::string>> open_;
};

std::string_view behind(std::string_view text, std::string_view mark) noexcept {
  auto found = text.find(mark);
  return found == std::string_view::npos ? text
                                         : text.substr(found + mark.size());
}

/// The library's text looks like
/// "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
explanation describe(const json::parse_error& failed, std::string_view text,
                     std::string_view filename) {
  auto seen = text.substr(0, std::min(failed.byte, text.size()));
  auto line = 1 + std::count(seen.begin(), seen.end(), '\n');
  auto what = behind(behind(failed.what(), "] "), ": ");
  return {fmt::format("{}:{}: this is not JSON: {}", filename, line, what)};
}

double to_double(const json& number) noexcept {
  if (number.is_number_float())
    return number.get<double>();
  return number.is_number_unsigned()
             ? static_cast<double>(number.get<uint64_t>())
             : static_cast<double>(number.get<int64_t>());
}

} // namespace

checked<json> parse_json(std::string_view text, std::string_view filename) {
  parse_watch watch;
  auto look = [&watch](int depth, json::parse_event_t event, json& parsed) {
    watch.see(depth, event, parsed);
    return true;
  };
  // The library tells what is wrong with a text only by throwing.
  try {
    return json::parse(text, look);
  } catch (const too_much& found) {
    return explanation{fmt::format("{}: {}", filename, found.why)};
  } catch (const json::parse_error& failed) {
    return describe(failed, text, filename);
  } catch (const json::exception& failed) {
    return explanation{fmt::format("{}: this is not JSON: {}", filename,
                                   behind(failed.what(), "] "))};
  }
}

bool same_letters(std::string_view x, std::string_view y) noexcept {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

const json* member(const json& from, std::string_view name) noexcept {
  if (!from.is_object())
    return nullptr;
  for (auto each = from.begin(); each != from.end(); ++each)
    if (same_letters(each.key(), name))
      return &each.value();
  return nullptr;
}

const std::string* text_member(const json& from,
                               std::string_view name) noexcept {
  const auto* found = member(from, name);
  return found != nullptr ? found->get_ptr<const std::string*>() : nullptr;
}

std::optional<bool> bool_member(const json& from,
                                std::string_view name) noexcept {
  const auto* found = member(from, name);
  if (found == nullptr || !found->is_boolean())
    return std::nullopt;
  return found->get<bool>();
}

std::optional<int32_t> number_member(const json& from,
                                     std::string_view name) noexcept {
  const auto* found = member(from, name);
  if (found == nullptr || !found->is_number())
    return std::nullopt;
  constexpr double least = std::numeric_limits<int32_t>::min();
  constexpr double most = std::numeric_limits<int32_t>::max();
  return static_cast<int32_t>(std::clamp(to_double(*found), least, most));
}

bool is_mqtt_text(std::string_view text) noexcept {
  while (!text.empty()) {
    auto length = printable_length(text);
    if (length == 0)
      return false;
    auto character = text.substr(0, length);
    // U+FDD0 to U+FDEF, and the last two characters of each plane.
    if (character >= "\xef\xb7\x90" && character <= "\xef\xb7\xaf")
      return false;
    auto ending = length < 3 ? "" : character.substr(length - 2);
    auto plane_end = length == 3 ? character[0] == '\xef'
                                 : length == 4 && (character[1] & 0xf) == 0xf;
    if (plane_end && (ending == "\xbf\xbe" || ending == "\xbf\xbf"))
      return false;
    text.remove_prefix(length);
  }
  return true;
}

} // namespace troupe::security::dynsec
