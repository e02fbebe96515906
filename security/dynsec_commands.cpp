#include "security/dynsec_commands.hpp"

#include "security/dynsec_command.hpp"
#include "security/secret.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace troupe::security::dynsec {

namespace {

const command_entry* find_command(std::string_view name) noexcept {
  for (auto find : {find_general_command, find_client_command,
                    find_group_command, find_role_command})
    if (const auto* found = find(name))
      return found;
  return nullptr;
}

/// The answer to a command that brings no data.
json plain_reply(std::string_view name, std::string_view error = {},
                 const std::string* correlation = nullptr) {
  json made{{"command", name}};
  if (!error.empty())
    made["error"] = error;
  if (correlation != nullptr)
    made["correlationData"] = *correlation;
  return made;
}

/// The commands of one payload.
class session {
public:
  session(const document& content, const surroundings& around)
      : draft_(content), around_(around) {}

  outcome run(const json& payload);
  /// Where the payload cannot be read.
  outcome refuse(std::string_view why);

private:
  /// False: what follows is not looked at.
  bool run_one(const json& given);
  void carry_out(const json& given, const std::string& name,
                 const std::string* correlation);
  void note_done(std::string_view name, const std::string& details);
  void reply(json made) { replies_.push_back(std::move(made)); }
  outcome finish();

  document draft_;
  const surroundings& around_;
  outcome result_;
  json replies_ = json::array();
  bool changed_ = false;
};

std::string dump_replies(json replies) {
  json root{{"responses", std::move(replies)}};
  return root.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The same answers, but that nothing was done.
json unsaved(const json& replies) {
  json made = json::array();
  for (const auto& each : replies)
    made.push_back(plain_reply(*text_member(each, "command"), internal_error,
                               text_member(each, "correlationData")));
  return made;
}

void keep_first(std::vector<std::optional<std::string>>& list) {
  std::set<std::optional<std::string>> seen;
  std::erase_if(list, [&](const std::optional<std::string>& each) {
    return !seen.insert(each).second;
  });
}

outcome session::run(const json& payload) {
  const auto* commands = member(payload, "commands");
  if (commands == nullptr || !commands->is_array())
    return refuse("Invalid/missing commands");
  for (const auto& each : *commands)
    if (!run_one(each))
      break;
  return finish();
}

outcome session::refuse(std::string_view why) {
  reply(plain_reply("Unknown command", why));
  return finish();
}

bool session::run_one(const json& given) {
  const auto* name = text_member(given, "command");
  if (name == nullptr) {
    reply(plain_reply("Unknown command", given.is_object()
                                             ? "Missing command"
                                             : "Command not an object"));
    return false;
  }
  const auto* correlation = text_member(given, "correlationData");
  if (correlation == nullptr && member(given, "correlationData") != nullptr) {
    reply(plain_reply(*name, "Invalid correlationData data type."));
    return false;
  }
  carry_out(given, *name, correlation);
  return true;
}

void session::carry_out(const json& given, const std::string& name,
                        const std::string* correlation) {
  const auto* found = find_command(name);
  if (found == nullptr)
    return reply(plain_reply(name, "Unknown command", correlation));
  command one{given, draft_, around_, result_};
  auto came = found->handle(one);
  if (const auto* no = std::get_if<refused>(&came))
    return reply(plain_reply(name, no->why, correlation));
  if (const auto* yes = std::get_if<done>(&came)) {
    note_done(found->name, yes->details);
    return reply(plain_reply(name, {}, correlation));
  }
  json made{{"command", found->name},
            {"data", std::move(std::get<told>(came).data)}};
  if (correlation != nullptr)
    made["correlationData"] = *correlation;
  reply(std::move(made));
}

void session::note_done(std::string_view name, const std::string& details) {
  changed_ = true;
  ++draft_.change_index;
  result_.log.push_back(
      fmt::format("dynsec: {}/{} | {}{}{}", around_.requester.client_id,
                  around_.requester.user_name.value_or("(none)"), name,
                  details.empty() ? "" : " | ", details));
}

outcome session::finish() {
  if (changed_) {
    result_.response_if_unsaved = dump_replies(unsaved(replies_));
    result_.changed = std::make_shared<const document>(std::move(draft_));
  }
  result_.response = dump_replies(std::move(replies_));
  keep_first(result_.disconnect);
  return std::move(result_);
}

/// Passwords in the clear do not stay behind in memory.
void wipe_passwords(json& payload) {
  for (auto& part : payload)
    if (part.is_structured())
      for (auto& one : part)
        if (one.is_object())
          for (auto& each : one.items())
            if (same_letters(each.key(), "password")
                && each.value().is_string())
              wipe(each.value().get_ref<std::string&>());
}

} // namespace

outcome handle(const document& content, std::string_view payload,
               const surroundings& around) {
  session made{content, around};
  auto parsed = parse_json(payload, "payload");
  if (!parsed)
    return made.refuse("Payload not valid JSON");
  auto result = made.run(*parsed);
  wipe_passwords(*parsed);
  return result;
}

} // namespace troupe::security::dynsec
