#include "config/json_text.hpp"

#include "config/load.hpp"
#include "config/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

namespace troupe::config {

namespace {

using nlohmann::json;

/// No option is nested deeper than a listener's list.
constexpr int most_depth = 16;

/// How much is passed on of what the library says, which quotes the file.
constexpr size_t most_of_library = 200;

/// How many lines are remembered: more than any sensible file has, and little
/// memory.
constexpr size_t most_lines = 100'000;

/// Looks on while the text is parsed: the value that comes out no longer tells
/// whether a key was given twice and where it stood, and must not be too deep
/// to be walked.
class parse_watch {
public:
  /// `line`: that of the character read last, kept up to date by its owner.
  explicit parse_watch(const size_t& line) : line_(line) {}

  bool operator()(int depth, json::parse_event_t event, json& parsed);

  const complaint& found() const noexcept { return found_; }
  size_t found_at() const noexcept { return found_at_; }
  line_map take_lines() noexcept { return std::move(lines_); }

private:
  /// An object or list that has not ended.
  struct frame {
    bool is_list = false;
    /// What the paths of its members begin with.
    std::string prefix;
    std::string key;
    size_t count = 0;
    std::set<std::string> keys;
  };

  void open(bool is_list);
  void see_key(const std::string& name);
  std::string next_path();
  void note_line(const std::string& path);
  void complain(std::string text);

  const size_t& line_;
  std::vector<frame> open_;
  line_map lines_;
  complaint found_;
  size_t found_at_ = 0;
};

/// Characters of a text that count the lines they begin.
class counting_iterator {
public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  counting_iterator(const char* at, size_t* line) : at_(at), line_(line) {}

  reference operator*() const noexcept { return *at_; }
  counting_iterator& operator++() noexcept {
    *line_ += *at_++ == '\n' ? 1 : 0;
    return *this;
  }
  counting_iterator operator++(int) noexcept {
    auto before = *this;
    ++*this;
    return before;
  }
  bool operator==(const counting_iterator& other) const noexcept {
    return at_ == other.at_;
  }
  bool operator!=(const counting_iterator& other) const noexcept {
    return at_ != other.at_;
  }

private:
  const char* at_;
  size_t* line_;
};

bool parse_watch::operator()(int depth, json::parse_event_t event,
                             json& parsed) {
  if (depth > most_depth)
    complain("the values are nested too deeply; no option needs that");
  switch (event) {
  case json::parse_event_t::object_start:
    open(false);
    break;
  case json::parse_event_t::array_start:
    open(true);
    break;
  case json::parse_event_t::object_end:
  case json::parse_event_t::array_end:
    open_.pop_back();
    break;
  case json::parse_event_t::key:
    see_key(parsed.get_ref<const std::string&>());
    break;
  case json::parse_event_t::value:
    if (lines_.size() < most_lines)
      next_path();
    break;
  }
  return depth <= most_depth;
}

void parse_watch::open(bool is_list) {
  frame made;
  made.is_list = is_list;
  // Deeper ones have been complained about, and their paths would grow.
  auto path = open_.size() < most_depth ? next_path() : std::string{};
  made.prefix = path.empty() || is_list ? path : path + ".";
  open_.push_back(std::move(made));
}

void parse_watch::see_key(const std::string& name) {
  auto& within = open_.back();
  note_line(within.prefix + name);
  if (!within.keys.insert(name).second)
    complain(fmt::format("{}: is given twice; remove one of them",
                         escaped(within.prefix + name)));
  within.key = name;
}

/// The path of the object or list that begins.
std::string parse_watch::next_path() {
  if (open_.empty())
    return {};
  auto& within = open_.back();
  if (!within.is_list)
    return within.prefix + within.key;
  auto path = fmt::format("{}[{}]", within.prefix, within.count++);
  note_line(path);
  return path;
}

void parse_watch::note_line(const std::string& path) {
  if (lines_.size() < most_lines)
    lines_[path] = line_;
}

void parse_watch::complain(std::string text) {
  if (found_)
    return;
  found_ = std::move(text);
  found_at_ = line_;
}

std::string_view behind(std::string_view text, std::string_view mark) noexcept {
  auto found = text.find(mark);
  return found == std::string_view::npos ? text
                                         : text.substr(found + mark.size());
}

/// Puts file and line in front of what the library says, which looks like
/// "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
config_error describe(const json::parse_error& failed, std::string_view text,
                      std::string_view file) {
  auto seen = text.substr(0, failed.byte);
  auto line = 1 + std::count(seen.begin(), seen.end(), '\n');
  auto what =
      escaped(behind(behind(failed.what(), "] "), ": "), most_of_library);
  return {fmt::format("{}:{}: this is not JSON: {}", file, line, what)};
}

} // namespace

checked<parsed_text> parse_json_text(std::string_view text,
                                     std::string_view file) {
  size_t line = 1;
  parse_watch watch{line};
  auto look = [&watch](int depth, json::parse_event_t event, json& parsed) {
    return watch(depth, event, parsed);
  };
  json root;
  // The library tells what is wrong with the text only by throwing.
  try {
    root = json::parse(counting_iterator{text.data(), &line},
                       counting_iterator{text.data() + text.size(), &line},
                       look, true, true);
  } catch (const json::parse_error& failed) {
    return describe(failed, text, file);
  } catch (const json::exception& failed) {
    return config_error{
        fmt::format("{}:{}: this is not JSON: {}", file, line,
                    escaped(behind(failed.what(), "] "), most_of_library))};
  }
  if (watch.found())
    return config_error{
        fmt::format("{}:{}: {}", file, watch.found_at(), *watch.found())};
  return parsed_text{std::move(root), watch.take_lines()};
}

} // namespace troupe::config
