#include "security/dynsec_json.hpp"

#include "core/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::security::dynsec {

namespace {

/// The file needs 5 levels, a payload 5.
constexpr size_t most_depth = 16;
/// Of one object; searching its names takes time with the square of that.
constexpr size_t most_members = 64;

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view behind(std::string_view text, std::string_view mark) noexcept {
  auto found = text.find(mark);
  return found == std::string_view::npos ? text
                                         : text.substr(found + mark.size());
}

/// Looks at a text without keeping anything of it. (The library's parser with a
/// callback would do both at once, but takes time with the square of the length
/// of a list.)
class text_check final : public json::json_sax_t {
public:
  explicit text_check(std::string_view text) : text_(text) {}

  /// What is wrong: where, or nothing, and what.
  std::string line;
  std::string wrong;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }

  bool start_object(size_t) override {
    open_.emplace_back();
    return check_depth();
  }
  bool end_object() override {
    open_.pop_back();
    return true;
  }
  bool start_array(size_t) override {
    open_.emplace_back();
    return check_depth();
  }
  bool end_array() override { return end_object(); }
  bool key(string_t& name) override;
  bool parse_error(size_t position, const std::string& last_token,
                   const json::exception& failed) override;

private:
  bool check_depth() {
    return open_.size() <= most_depth
           || fail("the values are nested too deeply");
  }
  bool fail(std::string_view why) {
    wrong = why;
    return false;
  }

  std::string_view text_;
  /// The names of each object around, in small letters.
  std::vector<std::set<std::string>> open_;
};

bool text_check::key(string_t& name) {
  auto small = name;
  std::transform(small.begin(), small.end(), small.begin(), lower);
  if (open_.back().size() == most_members)
    return fail("an object has more than 64 members");
  return open_.back().insert(std::move(small)).second
         || fail("a name is given twice in one object");
}

/// The library's text looks like
/// "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
bool text_check::parse_error(size_t position, const std::string&,
                             const json::exception& failed) {
  auto seen = text_.substr(0, std::min(position, text_.size()));
  line = std::to_string(1 + std::count(seen.begin(), seen.end(), '\n')) + ":";
  return fail(fmt::format("this is not JSON: {}",
                          behind(behind(failed.what(), "] "), ": ")));
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
  text_check check{text};
  // There may be no memory for a large text.
  try {
    if (json::sax_parse(text, &check))
      return json::parse(text);
  } catch (const std::exception& failed) {
    check.wrong = failed.what();
  }
  return explanation{
      fmt::format("{}:{} {}", filename, check.line, check.wrong)};
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
