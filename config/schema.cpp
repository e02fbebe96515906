#include "config/draft.hpp"
#include "config/written.hpp"

#include <nlohmann/json.hpp>

namespace troupe::config {

namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json number_schema(const option<T>& what) {
  ordered_json made = {{"type", "integer"}, {"minimum", what.range.least}};
  if (what.range.most != std::numeric_limits<int64_t>::max())
    made["maximum"] = what.range.most;
  return made;
}

/// One text of an option.
template <class T>
ordered_json text_schema(const option<T>& what) {
  if (what.is_numbers && what.words.empty())
    return number_schema(what);
  if (what.is_numbers) {
    auto numbers = ordered_json::array();
    for (auto each : what.words)
      numbers.push_back(std::stoll(std::string{each}));
    return {{"enum", std::move(numbers)}};
  }
  ordered_json made = {{"type", "string"}};
  if (!what.words.empty())
    made["enum"] = what.words;
  return made;
}

template <class T>
ordered_json type_schema(const option<T>& what) {
  switch (kind_of(what)) {
  case value_kind::boolean:
    return {{"type", "boolean"}};
  case value_kind::integer:
    return number_schema(what);
  case value_kind::list:
    return {
        {"anyOf",
         {text_schema(what),
          {{"type", "array"}, {"minItems", 1}, {"items", text_schema(what)}}}}};
  case value_kind::text:
    break;
  }
  return text_schema(what);
}

/// The value without any configuration; null: there is none to write.
template <class T>
ordered_json default_of(const T& from, const option<T>& what) {
  auto value = value_of(from, what);
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  const auto* text = std::get_if<std::string>(&value);
  if ((texts != nullptr && texts->empty()) || (text != nullptr && text->empty())
      || what.is_numbers || what.stands == place::per_listener
      || name_of(what) == "allow_anonymous")
    return nullptr;
  return std::visit([](const auto& held) { return ordered_json(held); }, value);
}

template <class T>
ordered_json option_schema(const T& defaults, const option<T>& what) {
  auto made = type_schema(what);
  made["description"] = meaning_of(what.name);
  if (auto value = default_of(defaults, what); !value.is_null())
    made["default"] = std::move(value);
  return made;
}

ordered_json object_schema(ordered_json properties) {
  return {{"type", "object"},
          {"additionalProperties", false},
          {"properties", std::move(properties)}};
}

ordered_json certificates_schema() {
  auto pair = object_schema(
      {{"certfile", {{"type", "string"}}}, {"keyfile", {{"type", "string"}}}});
  pair["required"] = {"certfile", "keyfile"};
  return {{"type", "array"},
          {"items", std::move(pair)},
          {"description", meaning_of("certificates")}};
}

ordered_json listeners_schema() {
  auto defaults = draft_of(listener_settings{});
  auto properties = ordered_json::object();
  for (const auto& each : listener_options())
    properties[std::string{each.name}] = option_schema(defaults, each);
  properties["certificates"] = certificates_schema();
  for (const auto* name : {"port", "path", "address"})
    properties[name].erase("default");
  auto listener = object_schema(std::move(properties));
  listener["oneOf"] = {{{"required", {"port"}}}, {{"required", {"path"}}}};
  return {{"type", "array"},
          {"minItems", 1},
          {"items", std::move(listener)},
          {"description",
           "Where clients connect. Without it: 127.0.0.1 and ::1, port 1883, "
           "for anonymous clients."}};
}

ordered_json topics_schema() {
  ordered_json text = {{"type", "string"}};
  auto topic = object_schema(
      {{"pattern", text},
       {"direction", {{"enum", {"out", "in", "both"}}, {"default", "out"}}},
       {"qos",
        {{"type", "integer"}, {"minimum", 0}, {"maximum", 2}, {"default", 0}}},
       {"local_prefix", text},
       {"remote_prefix", text}});
  topic["required"] = {"pattern"};
  return {{"type", "array"},
          {"minItems", 1},
          {"items", std::move(topic)},
          {"description", meaning_of("topics")}};
}

ordered_json bridges_schema() {
  // What depends on other options has no one default.
  bridge_draft defaults;
  auto properties = ordered_json::object();
  for (const auto& each : bridge_options())
    properties[std::string{each.name}] = option_schema(defaults, each);
  properties["topics"] = topics_schema();
  auto bridge = object_schema(std::move(properties));
  bridge["required"] = {"name", "addresses", "topics"};
  return {{"type", "array"},
          {"items", std::move(bridge)},
          {"description", "Links to other brokers."}};
}

constexpr std::string_view jwt_prefix = "jwt_";

} // namespace

std::string write_schema() {
  auto defaults = draft_of(settings{});
  auto properties = ordered_json::object();
  auto jwt = ordered_json::object();
  properties["$schema"] = {{"type", "string"}};
  properties["listeners"] = listeners_schema();
  properties["bridges"] = bridges_schema();
  for (const auto& each : broker_options()) {
    auto name = each.name;
    auto& to = name.starts_with(jwt_prefix) ? jwt : properties;
    if (&to == &jwt)
      name.remove_prefix(jwt_prefix.size());
    to[std::string{name}] = option_schema(defaults, each);
  }
  properties["jwt"] = object_schema(std::move(jwt));
  properties["jwt"]["description"] = "JSON Web Tokens as passwords.";
  auto root = object_schema(std::move(properties));
  ordered_json made = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                       {"title", "Configuration of troupe"}};
  made.update(root);
  return made.dump(2) + "\n";
}

} // namespace troupe::config
