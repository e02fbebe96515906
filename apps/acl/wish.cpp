#include "apps/acl/wish.hpp"

#include "apps/acl/complain.hpp"
#include "apps/acl/exit_status.hpp"
#include "protocol/topic.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <utility>

namespace troupe::acl_tool {

namespace {

using security::action;

constexpr size_t longest_topic = 65'535;

bool is_about_filter(action what) noexcept {
  return what == action::subscribe || what == action::unsubscribe;
}

/// The text under `key`; nothing, and a complaint, if there is none.
std::optional<std::string> text_at(const nlohmann::json& object,
                                   const char* key, std::string& problem) {
  auto found = object.find(key);
  if (found != object.end() && found->is_string())
    return found->get<std::string>();
  problem = fmt::format("\"{}\" is missing or no string", key);
  return std::nullopt;
}

checked<wish> read_wish(const nlohmann::json& object) {
  std::string problem;
  wish read;
  auto client = text_at(object, "client", problem);
  auto name = text_at(object, "action", problem);
  auto topic = text_at(object, "topic", problem);
  auto user = object.find("user");
  if (user != object.end() && !user->is_null())
    read.who.user_name = text_at(object, "user", problem);
  if (!problem.empty())
    return explanation{problem};
  auto what = action_named(*name);
  if (!what)
    return explanation{"\"action\" is none of publish, receive, subscribe and "
                       "unsubscribe"};
  read.who.client_id = std::move(*client);
  read.what = *what;
  read.topic = std::move(*topic);
  return read;
}

} // namespace

std::optional<action> action_named(std::string_view name) noexcept {
  if (name == "publish")
    return action::publish;
  if (name == "receive")
    return action::receive;
  if (name == "subscribe")
    return action::subscribe;
  if (name == "unsubscribe")
    return action::unsubscribe;
  return std::nullopt;
}

std::optional<explanation> fault_of(const wish& asked) {
  if (asked.topic.size() > longest_topic)
    return explanation{"TOPIC is longer than the 65535 bytes of MQTT"};
  if (is_about_filter(asked.what)) {
    if (protocol::parse_filter(asked.topic))
      return std::nullopt;
    return explanation{"TOPIC is no topic filter that MQTT allows"};
  }
  if (protocol::is_topic_name(asked.topic))
    return std::nullopt;
  return explanation{"TOPIC is no topic name that MQTT allows: to publish or "
                     "receive concerns one topic, without wildcards"};
}

checked<wish> parse_wish(const std::string& line) {
  auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object())
    return explanation{"the line is no JSON object"};
  auto read = read_wish(object);
  if (!read)
    return read;
  if (auto fault = fault_of(*read))
    return *fault;
  return read;
}

int answer(const wish& asked, const security::authorities& judges) {
  auto made = security::explain(judges, asked.who, asked.what, asked.topic);
  auto allowed = made.verdict == security::ruling::allow;
  auto text =
      fmt::format("{}: {}", allowed ? "allowed" : "denied", made.reason);
  std::puts(text.c_str());
  return allowed ? success : refused;
}

int answer_all(std::istream& in, const security::authorities& judges) {
  std::string line;
  for (size_t number = 1; std::getline(in, line); ++number) {
    auto asked = parse_wish(line);
    if (!asked)
      return complain(fmt::format("standard input, line {}: {}", number,
                                  asked.error().text));
    answer(*asked, judges);
  }
  return success;
}

} // namespace troupe::acl_tool
