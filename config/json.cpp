#include "config/json_text.hpp"
#include "config/options.hpp"
#include "config/setters.hpp"
#include "core/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace troupe::config {

namespace {

using nlohmann::json;

/// What a person would call the value, for messages.
std::string show(const json& given) {
  return fmt::format(
      "`{}`",
      escaped(given.dump(-1, ' ', false, json::error_handler_t::replace)));
}

constexpr std::string_view topic_example =
    R"({"pattern": "a/#", "direction": "out", "qos": 1})";
constexpr std::string_view bridge_example =
    R"({"name": "up", "addresses": ["broker.example:1883"], )"
    R"("topics": [{"pattern": "a/#"}]})";

class json_reader {
public:
  json_reader(std::string_view file, line_map lines)
      : file_(file), lines_(std::move(lines)) {}

  outcome read(const json& root);

private:
  complaint apply(const std::string& name, const json& given);
  complaint read_jwt(const json& given);
  complaint read_certificates(listener_draft& in, const json& given);
  complaint read_listeners(const json& given);
  complaint read_listener(const json& given);
  complaint read_bridges(const json& given);
  complaint read_bridge(const json& given);
  complaint read_topics(bridge_draft& in, const json& given);
  complaint read_topic(bridge_topic& to, const std::string& name,
                       const json& given);
  complaint apply_to_bridge(bridge_draft& in, const std::string& name,
                            const json& given);
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
  void warn(const std::string& name, std::string_view text) {
    draft_.warnings.push_back(
        fmt::format("{}: {}: {}", position(name), path(name), text));
  }
  /// The file, and the line where it is known.
  std::string position(const std::string& name) const {
    auto found = lines_.find(prefix_ + name);
    return found == lines_.end() ? std::string{file_}
                                 : fmt::format("{}:{}", file_, found->second);
  }

  std::string_view file_;
  line_map lines_;
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
          fmt::format("{}: {}: {}", position(name_), path(name_), *wrong)};
    for (const auto& note : std::exchange(draft_.notes, {}))
      warn(name, note);
  }
  return resolve(std::move(draft_), file_);
}

complaint json_reader::apply(const std::string& name, const json& given) {
  if (name == "listeners")
    return read_listeners(given);
  if (name == "bridges")
    return read_bridges(given);
  // Tells an editor where docs/troupe.schema.json is.
  if (name == "$schema")
    return std::nullopt;
  if (name == "jwt")
    return read_jwt(given);
  if (name.starts_with("jwt_"))
    return fmt::format("belongs into `jwt`; use {{\"jwt\": {{\"{}\": ...}}}}",
                       escaped(name.substr(4)));
  if (const auto* found = find_broker_option(name))
    return apply_option(draft_, *found, given);
  if (find_listener_option(name) != nullptr)
    return "belongs to a listener; put it into an entry of `listeners`";
  if (find_bridge_option(name) != nullptr)
    return "belongs to a bridge; put it into an entry of `bridges`";
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
  auto entry = prefix_.substr(0, prefix_.size() - 1);
  made.position = fmt::format("{}:{}: {}", file_, lines_[entry], entry);
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

complaint json_reader::read_bridges(const json& given) {
  if (!given.is_array())
    return fmt::format("{} is not a list of bridges; use [{}]", show(given),
                       bridge_example);
  for (size_t i = 0; i < given.size(); ++i) {
    name_ = fmt::format("bridges[{}]", i);
    if (!given[i].is_object() || !given[i].contains("name"))
      return fmt::format("{} is not a bridge with a name; use {}",
                         show(given[i]), bridge_example);
    prefix_ = name_ + ".";
    if (auto wrong = read_bridge(given[i]))
      return wrong;
    prefix_.clear();
  }
  return std::nullopt;
}

complaint json_reader::read_bridge(const json& given) {
  bridge_draft made;
  made.prefix = prefix_;
  made.entry = prefix_.substr(0, prefix_.size() - 1);
  made.position = fmt::format("{}:{}", file_, lines_[made.entry]);
  for (const auto& [name, value] : given.items()) {
    name_ = name;
    if (auto wrong = apply_to_bridge(made, name, value))
      return wrong;
    for (const auto& note : std::exchange(made.notes, {}))
      warn(name, note);
  }
  draft_.connected.push_back(std::move(made));
  return std::nullopt;
}

complaint json_reader::apply_to_bridge(bridge_draft& in,
                                       const std::string& name,
                                       const json& given) {
  if (name == "topics")
    return read_topics(in, given);
  const auto* found = find_bridge_option(name);
  if (found == nullptr) {
    if (find_broker_option(name) != nullptr
        || find_listener_option(name) != nullptr)
      return "is not an option of a bridge; put it outside of `bridges`";
    return apply_unsupported(name, given);
  }
  auto first = in.origins.find(name_of(*found));
  if (first != in.origins.end())
    return fmt::format("means the same as an option given at {}; remove one "
                       "of them",
                       first->second);
  return apply_option(in, *found, given);
}

complaint json_reader::read_topics(bridge_draft& in, const json& given) {
  if (!given.is_array())
    return fmt::format("{} is not a list of topics; use [{}]", show(given),
                       topic_example);
  for (size_t i = 0; i < given.size(); ++i) {
    auto entry = fmt::format("topics[{}]", i);
    name_ = entry;
    if (!given[i].is_object() || !given[i].contains("pattern"))
      return fmt::format("{} is not a topic with a pattern; use {}",
                         show(given[i]), topic_example);
    bridge_topic made;
    for (const auto& [name, value] : given[i].items()) {
      name_ = entry + "." + name;
      if (auto wrong = read_topic(made, name, value))
        return wrong;
    }
    name_ = entry;
    in.origins[fmt::format("topics[{}]", in.topics.size())] = position(entry);
    if (auto wrong = add_topic(in, std::move(made)))
      return wrong;
    for (const auto& note : std::exchange(in.notes, {}))
      warn(entry, note);
  }
  return std::nullopt;
}

complaint json_reader::read_topic(bridge_topic& to, const std::string& name,
                                  const json& given) {
  auto* text = name == "pattern"         ? &to.pattern
               : name == "local_prefix"  ? &to.local_prefix
               : name == "remote_prefix" ? &to.remote_prefix
                                         : nullptr;
  if (name == "qos") {
    if (!given.is_number_unsigned() || given.get<uint64_t>() > 2)
      return fmt::format("{} is not a QoS (0 to 2)", show(given));
    to.qos = given.get<uint8_t>();
    return std::nullopt;
  }
  if (name == "direction") {
    auto found = given.is_string() ? direction_of(given.get<std::string>())
                                   : std::nullopt;
    if (!found)
      return fmt::format("{} is not a direction; use out, in or both",
                         show(given));
    to.direction = *found;
    return std::nullopt;
  }
  if (text == nullptr)
    return "a topic has pattern, direction, qos, local_prefix and "
           "remote_prefix only; remove this";
  if (!given.is_string())
    return fmt::format("{} is not a text; write it between quotes",
                       show(given));
  *text = given.get<std::string>();
  return std::nullopt;
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
    draft_.plugin = fmt::format("{}: {}", position(name), path(name));
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
  in.origins[name_of(what)] = position(name_);
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
                         what.is_secret ? "the value" : show(given));
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
    return fmt::format("{} cannot stand in this list; use {}", show(each),
                       what.is_numbers ? "whole numbers" : "texts");
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
  auto root = parse_json_text(text, filename);
  if (!root)
    return root.error();
  return json_reader{filename, std::move(root->lines)}.read(root->root);
}

} // namespace troupe::config
