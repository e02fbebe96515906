#include "config/options.hpp"
#include "core/log.hpp"
#include "core/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace troupe::config {

namespace {

using nlohmann::json;

/// No option is nested deeper than a listener's list.
constexpr int most_depth = 16;

/// Looks on while the text is parsed: the value that comes out no longer tells
/// whether a key was given twice, and must not be too deep to be walked.
class parse_watch {
public:
  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    if (depth > most_depth)
      complain("the values are nested too deeply; no option needs that");
    if (event == json::parse_event_t::object_start)
      open_.emplace_back();
    else if (event == json::parse_event_t::object_end)
      open_.pop_back();
    else if (event == json::parse_event_t::key)
      see(parsed.get_ref<const std::string&>());
    return depth <= most_depth;
  }

  const complaint& found() const noexcept { return found_; }

private:
  void see(const std::string& name);
  void complain(std::string text) {
    if (!found_)
      found_ = std::move(text);
  }

  std::vector<std::set<std::string>> open_;
  complaint found_;
};

std::string escaped(std::string_view text) {
  constexpr size_t enough = 80;
  std::string result;
  log::append_escaped(result, text.substr(0, enough));
  if (text.size() > enough)
    result += "...";
  return result;
}

void parse_watch::see(const std::string& name) {
  if (!open_.back().insert(name).second)
    complain(
        fmt::format("{}: is given twice; remove one of them", escaped(name)));
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
  auto what = behind(behind(failed.what(), "] "), ": ");
  return {fmt::format("{}:{}: this is not JSON: {}", file, line, what)};
}

checked<json> parse(std::string_view text, std::string_view file) {
  parse_watch watch;
  auto look = [&watch](int depth, json::parse_event_t event, json& parsed) {
    return watch(depth, event, parsed);
  };
  json root;
  // The library tells what is wrong with the text only by throwing.
  try {
    root = json::parse(text, look, true, true);
  } catch (const json::parse_error& failed) {
    return describe(failed, text, file);
  } catch (const json::exception& failed) {
    return config_error{fmt::format("{}: this is not JSON: {}", file,
                                    behind(failed.what(), "] "))};
  }
  if (watch.found())
    return config_error{fmt::format("{}: {}", file, *watch.found())};
  return root;
}

/// What a person would call the value, for messages.
std::string show(const json& given) {
  return fmt::format(
      "`{}`",
      escaped(given.dump(-1, ' ', false, json::error_handler_t::replace)));
}

class json_reader {
public:
  explicit json_reader(std::string_view file) : file_(file) {}

  outcome read(const json& root);

private:
  complaint apply(const std::string& name, const json& given);
  complaint read_jwt(const json& given);
  complaint read_certificates(listener_draft& in, const json& given);
  complaint read_listeners(const json& given);
  complaint read_listener(const json& given);
  complaint check_listener(const json& given, const listener_draft& made);
  complaint apply_to_listener(listener_draft& in, const std::string& name,
                              const json& given);
  complaint apply_unsupported(const std::string& name, const json& given);
  template <class T>
  complaint apply_option(T& in, const option<T>& what, const json& given);
  template <class T>
  complaint apply_list(T& in, const option<T>& what, const json& given);

  std::string path(std::string_view name) const {
    return fmt::format("{}{}", prefix_, escaped(name));
  }
  void warn(std::string_view name, std::string_view text) {
    draft_.warnings.push_back(
        fmt::format("{}: {}: {}", file_, path(name), text));
  }

  std::string_view file_;
  /// Where the names stand, such as `listeners[0].`
  std::string prefix_;
  /// The name that a complaint is about.
  std::string name_;
  draft draft_;
};

outcome json_reader::read(const json& root) {
  if (!root.is_object())
    return config_error{fmt::format(
        "{}: {} is not an object; write the options between {{ and }}", file_,
        show(root))};
  for (const auto& [name, given] : root.items()) {
    name_ = name;
    if (auto wrong = apply(name, given))
      return config_error{
          fmt::format("{}: {}: {}", file_, path(name_), *wrong)};
    for (const auto& note : std::exchange(draft_.notes, {}))
      warn(name, note);
  }
  return resolve(std::move(draft_), file_);
}

complaint json_reader::apply(const std::string& name, const json& given) {
  if (name == "listeners")
    return read_listeners(given);
  if (name == "jwt")
    return read_jwt(given);
  if (name.starts_with("jwt_"))
    return fmt::format("belongs into `jwt`; use {{\"jwt\": {{\"{}\": ...}}}}",
                       escaped(name.substr(4)));
  if (const auto* found = find_broker_option(name))
    return apply_option(draft_, *found, given);
  if (find_listener_option(name) != nullptr)
    return "belongs to a listener; put it into an entry of `listeners`";
  return apply_unsupported(name, given);
}

complaint json_reader::read_jwt(const json& given) {
  if (!given.is_object())
    return fmt::format("{} is not an object; use {{\"key_file\": \"/path\"}}",
                       show(given));
  prefix_ = "jwt.";
  for (const auto& [name, value] : given.items()) {
    name_ = name;
    const auto* found = find_broker_option("jwt_" + name);
    if (found == nullptr)
      return describe_unknown("jwt_" + name);
    if (auto wrong = apply_option(draft_, *found, value))
      return wrong;
  }
  prefix_.clear();
  return std::nullopt;
}

complaint json_reader::read_certificates(listener_draft& in,
                                         const json& given) {
  constexpr std::string_view right =
      R"(use [{"certfile": "/path", "keyfile": "/path"}])";
  if (!given.is_array())
    return fmt::format("{} is not a list of certificates; {}", show(given),
                       right);
  for (const auto& each : given) {
    auto path_of = [&each](const char* name) -> const std::string* {
      auto found = each.find(name);
      return found == each.end() ? nullptr
                                 : found->get_ptr<const std::string*>();
    };
    const auto* certfile = each.is_object() ? path_of("certfile") : nullptr;
    const auto* keyfile = each.is_object() ? path_of("keyfile") : nullptr;
    if (each.size() != 2 || certfile == nullptr || keyfile == nullptr
        || certfile->empty() || keyfile->empty() || !is_printable(*certfile)
        || !is_printable(*keyfile))
      return fmt::format("{} is not a certificate with its key; {}", show(each),
                         right);
    in.certificates.push_back({*certfile, *keyfile});
  }
  return std::nullopt;
}

complaint json_reader::read_listeners(const json& given) {
  if (!given.is_array() || given.empty())
    return fmt::format("{} is not a list of listeners; use "
                       "[{{\"port\": 1883}}], or leave it out for the loopback "
                       "addresses",
                       show(given));
  for (size_t i = 0; i < given.size(); ++i) {
    prefix_ = fmt::format("listeners[{}].", i);
    if (auto wrong = read_listener(given[i]))
      return wrong;
  }
  prefix_.clear();
  return std::nullopt;
}

complaint json_reader::read_listener(const json& given) {
  listener_draft made;
  if (given.is_object())
    for (const auto& [name, value] : given.items()) {
      name_ = name;
      if (auto wrong = apply_to_listener(made, name, value))
        return wrong;
      for (const auto& note : std::exchange(made.notes, {}))
        warn(name, note);
    }
  if (auto wrong = check_listener(given, made)) {
    // This is about the entry, not about one of its names.
    name_ = std::exchange(prefix_, {});
    name_.pop_back();
    return wrong;
  }
  if (!made.path.empty())
    made.port = 0;
  made.position = fmt::format("{}: {}", file_, prefix_);
  made.position.pop_back();
  draft_.opened.push_back(std::move(made));
  return std::nullopt;
}

complaint json_reader::check_listener(const json& given,
                                      const listener_draft& made) {
  if (!given.is_object())
    return fmt::format("{} is not a listener; use {{\"port\": 1883}}",
                       show(given));
  auto tcp = given.contains("port");
  if (tcp == !made.path.empty())
    return "a listener has either a `port` or the `path` of a Unix socket";
  if (!tcp && given.contains("address"))
    return "a Unix socket has no `address`; remove it";
  return std::nullopt;
}

complaint json_reader::apply_to_listener(listener_draft& in,
                                         const std::string& name,
                                         const json& given) {
  if (name == "certificates")
    return read_certificates(in, given);
  if (const auto* found = find_listener_option(name))
    return apply_option(in, *found, given);
  if (find_broker_option(name) != nullptr || name == "listeners")
    return "belongs to the broker; put it outside of `listeners`";
  return apply_unsupported(name, given);
}

complaint json_reader::apply_unsupported(const std::string& name,
                                         const json& given) {
  auto judged = judge_unsupported(name, given == json(true));
  if (!judged)
    return describe_unknown(name);
  switch (judged->what) {
  case verdict::kind::ignore:
    return std::nullopt;
  case verdict::kind::refuse:
    return std::string{judged->why};
  case verdict::kind::plugin:
    draft_.plugin = fmt::format("{}: {}", file_, path(name));
    break;
  case verdict::kind::warn:
    break;
  }
  warn(name, judged->why);
  return std::nullopt;
}

template <class T>
complaint json_reader::apply_option(T& in, const option<T>& what,
                                    const json& given) {
  switch (kind_of(what)) {
  case value_kind::boolean:
    if (!given.is_boolean())
      return fmt::format("{} is not a boolean; use true or false", show(given));
    return assign(in, what, given.get<bool>());
  case value_kind::integer:
    // What does not fit is far above every limit.
    if (!given.is_number_integer()
        || (given.is_number_unsigned()
            && given.get<uint64_t>() > uint64_t{INT64_MAX}))
      return fmt::format("{} is not {}; use a whole number without a unit",
                         show(given), what.range.noun);
    return assign(in, what, given.get<int64_t>());
  case value_kind::text:
    if (!given.is_string())
      return fmt::format("{} is not a text; write it between quotes",
                         show(given));
    return assign(in, what, given.get_ref<const std::string&>());
  case value_kind::list:
    return apply_list(in, what, given);
  }
  return std::nullopt;
}

template <class T>
complaint json_reader::apply_list(T& in, const option<T>& what,
                                  const json& given) {
  auto apply_one = [&](const json& each) -> complaint {
    if (each.is_string())
      return assign(in, what, each.get_ref<const std::string&>());
    if (each.is_number_unsigned())
      return assign(in, what, each.dump());
    return fmt::format("{} cannot stand in this list; use texts, or numbers "
                       "for accept_protocol_versions",
                       show(each));
  };
  if (!given.is_array())
    return apply_one(given);
  if (given.empty())
    return "the list is empty; name something or leave the option out";
  for (const auto& each : given)
    if (auto wrong = apply_one(each))
      return wrong;
  return std::nullopt;
}

} // namespace

outcome parse_json(std::string_view text, std::string_view filename) {
  auto root = parse(text, filename);
  if (!root)
    return root.error();
  return json_reader{filename}.read(*root);
}

} // namespace troupe::config
