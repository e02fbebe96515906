#include "config/json_text.hpp"
#include "config/options.hpp"
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
  auto root = parse_json_text(text, filename);
  if (!root)
    return root.error();
  return json_reader{filename, std::move(root->lines)}.read(root->root);
}

} // namespace troupe::config
