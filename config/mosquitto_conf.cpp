#include "config/options.hpp"
#include "config/setters.hpp"
#include "core/file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <tuple>
#include <utility>

namespace troupe::config {

namespace {

/// The first word of `text`; words end at spaces, never at tabs.
std::string_view first_word(std::string_view text) noexcept {
  return text.substr(0, text.find(' '));
}

std::string_view skip_spaces(std::string_view text) noexcept {
  auto start = text.find_first_not_of(' ');
  return start == std::string_view::npos ? std::string_view{}
                                         : text.substr(start);
}

std::string_view cut_end(std::string_view text) noexcept {
  auto last = text.find_last_not_of(" \t\r\n\v\f");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

constexpr auto no_bridge =
    "belongs to a bridge; put it below the `connection` line that begins one";

/// Reads lines into a draft, with the scopes that Mosquitto gives them.
class conf_reader {
public:
  /// `nested`: the text is that of a file from `include_dir`.
  std::optional<config_error> read(std::string_view text, std::string_view file,
                                   bool nested);
  outcome finish(std::string_view file);

private:
  /// An index in `draft_.opened`, or none for the default listener.
  using scope = std::optional<size_t>;
  /// An option by name, and its place: a listener, or a bridge's index.
  using seen_key = std::tuple<std::string, scope, scope>;

  complaint read_line(std::string_view line);
  complaint apply(std::string_view name, std::string_view text);
  complaint open_listener(std::string_view text);
  complaint open_bridge(std::string_view text);
  complaint read_topic(std::string_view text);
  complaint set_default_port(std::string_view text);
  complaint set_default_address(std::string_view text);
  complaint set_per_listener(std::string_view text);
  complaint include(std::string_view folder);
  complaint apply_unsupported(std::string_view name, std::string_view text);
  bool apply_dynamic_security(std::string_view name, std::string_view text);
  complaint apply_to_listener(const listener_option& what,
                              std::string_view text);
  complaint apply_to_bridge(const bridge_option& what, std::string_view text);
  complaint apply_row(bridge_draft& in, const bridge_option& what,
                      std::string_view text);
  template <class T>
  complaint apply_option(T& in, const option<T>& what, std::string_view text);
  template <class T>
  complaint apply_integer(T& in, const option<T>& what, std::string_view text);
  complaint note_repeated(const seen_key& what, value_kind kind);
  void check_rest(std::string_view text);

  listener_draft& listener() {
    return scope_ ? draft_.opened[*scope_] : default_listener_;
  }
  bridge_draft& bridge() { return draft_.connected[*bridge_]; }
  std::string position() const { return fmt::format("{}:{}", file_, line_); }
  void warn(std::string_view text) {
    draft_.warnings.push_back(fmt::format("{}: {}", position(), text));
  }

  draft draft_;
  listener_draft default_listener_;
  bool default_port_given_ = false;
  bool per_listener_ = false;
  bool access_given_ = false;
  /// Position and name of the last option about access of the default listener.
  std::string access_for_default_;
  scope scope_;
  /// An index in `draft_.connected`. A listener's line does not end a bridge,
  /// nor the other way round, as with Mosquitto.
  scope bridge_;
  bool nested_ = false;
  std::string file_;
  size_t line_ = 0;
  /// Set when an included file was at fault: the error already has a position.
  std::optional<config_error> inner_error_;
  /// Whether `plugin_opt_...` lines are about dynamic security.
  bool in_dynamic_security_ = false;
  std::map<seen_key, std::string> seen_;
};

std::optional<config_error>
conf_reader::read(std::string_view text, std::string_view file, bool nested) {
  file_ = file;
  line_ = 0;
  nested_ = nested;
  // Each file begins outside of any section, as with Mosquitto.
  scope_.reset();
  bridge_.reset();
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  while (!text.empty()) {
    ++line_;
    auto end = text.find('\n');
    auto line = cut_end(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    auto wrong = read_line(line);
    if (inner_error_)
      return inner_error_;
    if (wrong)
      return config_error{fmt::format("{}: {}", position(), *wrong)};
  }
  return std::nullopt;
}

complaint conf_reader::read_line(std::string_view line) {
  auto start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos || line[start] == '#')
    return std::nullopt;
  line = skip_spaces(line);
  auto name = first_word(line);
  if (name.find('\t') != std::string_view::npos)
    return fmt::format("`{}`: tabs do not separate words; use spaces",
                       escaped(name));
  auto text = skip_spaces(line.substr(name.size()));
  if (text.empty())
    return fmt::format("{}: the value is missing; write it behind the name",
                       escaped(name));
  if (auto wrong = apply(name, text))
    return fmt::format("{}: {}", escaped(name), *wrong);
  for (const auto& note : std::exchange(draft_.notes, {}))
    warn(fmt::format("{}: {}", name, note));
  return std::nullopt;
}

complaint conf_reader::apply(std::string_view name, std::string_view text) {
  if (name == "listener")
    return open_listener(text);
  if (name == "connection")
    return open_bridge(text);
  if (name == "topic")
    return read_topic(text);
  if (name == "port")
    return set_default_port(text);
  if (name == "bind_address")
    return set_default_address(text);
  if (name == "include_dir")
    return include(text);
  if (name == "per_listener_settings")
    return set_per_listener(text);
  // `address` is an option of listeners in JSON, but not here.
  const auto* of_bridge =
      find_bridge_option(name == "address" ? "addresses" : name);
  if (of_bridge != nullptr && of_bridge->stands != place::json)
    return apply_to_bridge(*of_bridge, text);
  const auto* of_listener = find_listener_option(name);
  auto is_access =
      of_listener != nullptr && of_listener->stands == place::per_listener;
  access_given_ = access_given_ || is_access;
  const auto* of_broker = find_broker_option(name);
  if (of_broker != nullptr && !(is_access && per_listener_)) {
    if (auto wrong =
            note_repeated({std::string{name}, {}, {}}, kind_of(*of_broker)))
      return wrong;
    return apply_option(draft_, *of_broker, text);
  }
  if (of_listener != nullptr && of_listener->stands != place::json)
    return apply_to_listener(*of_listener, text);
  if (apply_dynamic_security(name, text))
    return std::nullopt;
  return apply_unsupported(name, text);
}

complaint conf_reader::open_listener(std::string_view text) {
  auto word = first_word(text);
  auto where = skip_spaces(text.substr(word.size()));
  listener_draft made;
  made.position = position() + ": listener";
  made.origins["port"] = made.origins["address"] = made.origins["path"] =
      position();
  if (word == "0") {
    if (where.empty())
      return "port 0 needs the path of a Unix socket: listener 0 "
             "/run/troupe/mqtt.sock";
    made.port = 0;
    if (auto wrong = assign(made, *find_listener_option("path"), where))
      return wrong;
  } else {
    if (auto wrong = apply_integer(made, *find_listener_option("port"), word))
      return wrong;
    auto address = first_word(where);
    if (!address.starts_with('#') && !address.empty()) {
      check_rest(where.substr(address.size()));
      if (auto wrong = assign(made, *find_listener_option("address"), address))
        return wrong;
    }
  }
  scope_ = draft_.opened.size();
  draft_.opened.push_back(std::move(made));
  return std::nullopt;
}

complaint conf_reader::open_bridge(std::string_view text) {
  auto word = first_word(text);
  check_rest(text.substr(word.size()));
  bridge_draft made;
  made.position = position();
  made.entry = "connection";
  made.origins["name"] = position();
  if (auto wrong = assign(made, *find_bridge_option("name"), word))
    return wrong;
  bridge_ = draft_.connected.size();
  draft_.connected.push_back(std::move(made));
  return std::nullopt;
}

complaint conf_reader::read_topic(std::string_view text) {
  if (!bridge_)
    return no_bridge;
  auto& in = bridge();
  bridge_topic made;
  if (auto wrong = parse_topic_line(made, text))
    return wrong;
  check_rest(text);
  in.origins[fmt::format("topics[{}]", in.topics.size())] = position();
  auto wrong = add_topic(in, std::move(made));
  for (const auto& note : std::exchange(in.notes, {}))
    warn("topic: " + note);
  return wrong;
}

complaint conf_reader::set_default_port(std::string_view text) {
  default_port_given_ = true;
  return apply_option(default_listener_, *find_listener_option("port"), text);
}

complaint conf_reader::set_default_address(std::string_view text) {
  return apply_option(default_listener_, *find_listener_option("address"),
                      text);
}

complaint conf_reader::set_per_listener(std::string_view text) {
  if (access_given_)
    return "must stand above the first option about access; move it to the top";
  auto word = first_word(text);
  check_rest(text.substr(word.size()));
  if (word != "true" && word != "1" && word != "false" && word != "0")
    return fmt::format("`{}` is not a boolean; use true or false",
                       escaped(word));
  per_listener_ = word == "true" || word == "1";
  return std::nullopt;
}

complaint conf_reader::include(std::string_view folder) {
  if (nested_) {
    warn("include_dir: has no effect in an included file, as with Mosquitto; "
         "name the folder in the main file");
    return std::nullopt;
  }
  auto files = list_files(std::string{folder}, ".conf");
  if (!files)
    return fmt::format("cannot read the folder `{}`: {}; name one that exists",
                       escaped(folder), files.error().text);
  for (const auto& path : *files) {
    auto text = read_file(path);
    if (!text)
      return text.error().text;
    auto outer = std::tuple{file_, line_, scope_, bridge_};
    if (auto wrong = read(*text, path, true)) {
      inner_error_ = std::move(wrong);
      return std::nullopt;
    }
    std::tie(file_, line_, scope_, bridge_) = std::move(outer);
    nested_ = false;
  }
  return std::nullopt;
}

bool conf_reader::apply_dynamic_security(std::string_view name,
                                         std::string_view text) {
  if (name == "plugin" || name == "global_plugin" || name == "auth_plugin"
      || name == "plugin_load") {
    auto file = text.substr(text.find_last_of("/ ") + 1);
    in_dynamic_security_ = file == "mosquitto_dynamic_security.so";
    if (in_dynamic_security_)
      draft_.dynamic_security_plugin = fmt::format("{}: {}", position(), name);
    if (in_dynamic_security_ && scope_ && per_listener_)
      warn(fmt::format("{}: dynamic security holds for all listeners, not for "
                       "this one alone",
                       name));
    return in_dynamic_security_;
  }
  if (!in_dynamic_security_)
    return false;
  if (name == "plugin_opt_config_file" || name == "auth_opt_config_file") {
    draft_.dynamic_security_plugin_file = text;
    return true;
  }
  return name == "plugin_use";
}

complaint conf_reader::apply_unsupported(std::string_view name,
                                         std::string_view text) {
  auto word = first_word(text);
  auto judged = judge_unsupported(name, word == "true" || word == "1");
  if (!judged)
    return describe_unknown(name);
  switch (judged->what) {
  case verdict::kind::ignore:
    return std::nullopt;
  case verdict::kind::refuse:
    return std::string{judged->why};
  case verdict::kind::plugin:
    draft_.plugin = fmt::format("{}: {}", position(), name);
    break;
  case verdict::kind::warn:
    break;
  }
  warn(fmt::format("{}: {}", escaped(name), judged->why));
  return std::nullopt;
}

complaint conf_reader::apply_to_listener(const listener_option& what,
                                         std::string_view text) {
  if (!scope_ && what.stands == place::per_listener)
    access_for_default_ = fmt::format("{}: {}", position(), what.name);
  if (!scope_ && what.stands == place::below_listener)
    return "belongs to a listener; put it below a `listener` line";
  if (auto wrong =
          note_repeated({std::string{what.name}, scope_, {}}, kind_of(what)))
    return wrong;
  auto wrong = apply_option(listener(), what, text);
  for (const auto& note : std::exchange(listener().notes, {}))
    warn(fmt::format("{}: {}", what.name, note));
  return wrong;
}

complaint conf_reader::apply_to_bridge(const bridge_option& what,
                                       std::string_view text) {
  if (!bridge_)
    return no_bridge;
  auto kind = what.is_row ? value_kind::text : kind_of(what);
  if (auto wrong = note_repeated({name_of(what), {}, bridge_}, kind))
    return wrong;
  auto wrong = what.is_row ? apply_row(bridge(), what, text)
                           : apply_option(bridge(), what, text);
  for (const auto& note : std::exchange(bridge().notes, {}))
    warn(fmt::format("{}: {}", what.name, note));
  return wrong;
}

complaint conf_reader::apply_row(bridge_draft& in, const bridge_option& what,
                                 std::string_view text) {
  in.origins[name_of(what)] = position();
  if (text.starts_with('#'))
    return "the value is missing; write it behind the name";
  while (!text.empty() && !text.starts_with('#')) {
    auto word = first_word(text);
    if (auto wrong = assign(in, what, word))
      return wrong;
    text = skip_spaces(text.substr(word.size()));
  }
  return std::nullopt;
}

template <class T>
complaint conf_reader::apply_option(T& in, const option<T>& what,
                                    std::string_view text) {
  in.origins[name_of(what)] = position();
  auto kind = kind_of(what);
  if (kind == value_kind::integer)
    return apply_integer(in, what, text);
  auto word = first_word(text);
  if (kind != value_kind::boolean && !what.is_word)
    return assign(in, what, text);
  check_rest(text.substr(word.size()));
  if (what.is_word)
    return assign(in, what, word);
  if (word == "true" || word == "1")
    return assign(in, what, true);
  if (word == "false" || word == "0")
    return assign(in, what, false);
  return fmt::format("`{}` is not a boolean; use true or false", escaped(word));
}

template <class T>
complaint conf_reader::apply_integer(T& in, const option<T>& what,
                                     std::string_view text) {
  auto word = first_word(text);
  check_rest(text.substr(word.size()));
  int64_t number = 0;
  auto end = word.data() + word.size();
  auto [rest, failed] = std::from_chars(word.data(), end, number);
  if (failed != std::errc{} || rest != end)
    return fmt::format("`{}` is not {}; use a whole number without a unit",
                       escaped(word), what.range.noun);
  if (what.range.lenient && number < what.range.least) {
    warn(fmt::format(
        "{}: {} counts as {}, {}", what.name, number, what.range.least,
        what.range.least > 0 ? "the least that is taken" : "no limit"));
    number = what.range.least;
  }
  return assign(in, what, number);
}

complaint conf_reader::note_repeated(const seen_key& what, value_kind kind) {
  if (kind == value_kind::list)
    return std::nullopt;
  auto [entry, fresh] = seen_.try_emplace(what, position());
  if (fresh)
    return std::nullopt;
  // Mosquitto refuses texts that are given twice and takes the last of others.
  if (kind == value_kind::text)
    return fmt::format("is given for the second time, first at {}; remove one "
                       "of them",
                       entry->second);
  warn(fmt::format("{}: replaces the value given at {}", std::get<0>(what),
                   entry->second));
  entry->second = position();
  return std::nullopt;
}

void conf_reader::check_rest(std::string_view text) {
  text = skip_spaces(text);
  if (!text.empty() && !text.starts_with('#'))
    warn(fmt::format("`{}` behind the value has no effect", escaped(text)));
}

outcome conf_reader::finish(std::string_view file) {
  const listener_settings& given = default_listener_;
  if (default_port_given_ || given != listener_settings{}) {
    if (!default_port_given_)
      draft_.warnings.push_back(fmt::format(
          "{}: options above the first `listener` line open port {} on {}, as "
          "with Mosquitto",
          file, given.port,
          given.address.empty() ? "every address" : given.address));
    default_listener_.position = fmt::format("{}: the default listener", file);
    draft_.opened.push_back(default_listener_);
  } else if (!draft_.opened.empty() && !access_for_default_.empty()) {
    draft_.warnings.push_back(fmt::format(
        "{}: has no effect: with per_listener_settings it is for the default "
        "listener, which is not opened; put it below a `listener` line",
        access_for_default_));
  } else if (draft_.opened.empty() && per_listener_) {
    // The loopback listeners stand in for the default listener.
    draft_.given_allow_anonymous = default_listener_.own_allow_anonymous;
    draft_.allow_zero_length_clientid =
        default_listener_.own_allow_zero_length_clientid.value_or(true);
    if (default_listener_.own_auto_id_prefix)
      draft_.auto_id_prefix = *default_listener_.own_auto_id_prefix;
    draft_.password_file = default_listener_.own_password_file.value_or("");
    draft_.acl_file = default_listener_.own_acl_file.value_or("");
    draft_.psk_file = default_listener_.own_psk_file.value_or("");
  }
  return resolve(std::move(draft_), file);
}

} // namespace

outcome parse_mosquitto_conf(std::string_view text, std::string_view filename) {
  conf_reader reader;
  if (auto wrong = reader.read(text, filename, false))
    return *wrong;
  return reader.finish(filename);
}

} // namespace troupe::config
