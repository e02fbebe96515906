#include "security/dynsec_command.hpp"

#include <algorithm>

namespace troupe::security::dynsec {

namespace {

subject name_in(const json& given, std::string_view member_name,
                std::string_view missing, std::string_view not_text) {
  const auto* found = text_member(given, member_name);
  if (found == nullptr)
    return {{}, missing};
  if (!is_mqtt_text(*found))
    return {{}, not_text};
  return {*found, {}};
}

bool has(const references& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [name](const reference& each) {
    return each.name == name;
  });
}

std::string_view read_text(const json& given, std::string_view name,
                           std::optional<std::string>& to,
                           std::string_view wrong) {
  const auto* found = member(given, name);
  if (found == nullptr)
    return {};
  if (!found->is_string())
    return wrong;
  to = found->get<std::string>();
  return {};
}

} // namespace

void command::disconnect(const std::optional<std::string>& user_name) {
  result.disconnect.push_back(user_name);
}

void command::disconnect_group(const std::string& name) {
  if (name == draft.anonymous_group)
    disconnect(std::nullopt);
  if (const auto* found = draft.find_group(name))
    for (const auto& each : found->clients)
      disconnect(each.name);
}

void command::disconnect_role(const std::string& name) {
  for (const auto& [user_name, each] : draft.clients())
    if (has(each->roles, name))
      disconnect(user_name);
  for (const auto& [group_name, each] : draft.groups())
    if (has(each->roles, name))
      disconnect_group(group_name);
}

subject user_in(const json& given) {
  return name_in(given, "username", "Invalid/missing username",
                 "Username not valid UTF-8");
}

subject group_in(const json& given) {
  return name_in(given, "groupname", "Invalid/missing groupname",
                 "Group name not valid UTF-8");
}

subject role_in(const json& given) {
  return name_in(given, "rolename", "Invalid/missing rolename",
                 "Role name not valid UTF-8");
}

int32_t priority_in(const json& given, int32_t otherwise) {
  return std::clamp(number_member(given, "priority").value_or(otherwise),
                    -most_priority, most_priority);
}

std::string_view read_texts(const json& given, texts& to) {
  auto wrong =
      read_text(given, "textname", to.name, "Invalid/missing textname");
  return !wrong.empty() ? wrong
                        : read_text(given, "textdescription", to.description,
                                    "Invalid/missing textdescription");
}

void change_texts(const json& given, texts& to) {
  read_text(given, "textname", to.name, {});
  read_text(given, "textdescription", to.description, {});
}

std::optional<references> roles_in(const document& draft, const json& given,
                                   std::string_view& wrong) {
  const auto* list = member(given, "roles");
  if (list == nullptr)
    return std::nullopt;
  references made;
  if (!list->is_array())
    wrong = bad_roles;
  else
    for (const auto& each : *list) {
      const auto* name = text_member(each, "rolename");
      if (name == nullptr)
        wrong = bad_roles;
      else if (draft.find_role(*name) == nullptr)
        wrong = role_not_found;
      else
        add_by_priority(made, *name, priority_in(each));
      if (!wrong.empty())
        break;
    }
  return made;
}

} // namespace troupe::security::dynsec
