#include "security/dynsec_command.hpp"
#include "security/dynsec_views.hpp"

#include <fmt/format.h>

#include <array>

namespace troupe::security::dynsec {

namespace {

/// One entry of the list; passes over what is none, as Mosquitto does.
void set_access(const json& from, document& draft, std::string& details) {
  const auto* type = text_member(from, "acltype");
  auto allow = bool_member(from, "allow");
  if (type == nullptr || !allow)
    return;
  for (size_t i = 0; i < default_access_names.size(); ++i)
    if (same_letters(default_access_names[i], *type)) {
      draft.default_access[i] = *allow;
      details += fmt::format("{}{}={}", details.empty() ? "" : " | ",
                             default_access_names[i], *allow);
    }
}

answer set_default_access(command& in) {
  const auto* list = member(in.given, "acls");
  if (list == nullptr || !list->is_array())
    return refused{"Missing/invalid actions array"};
  std::string details;
  for (const auto& each : *list)
    set_access(each, in.draft, details);
  return done{details};
}

answer get_default_access(command& in) {
  json list = json::array();
  for (size_t i = 0; i < default_access_names.size(); ++i)
    list.push_back({{"acltype", default_access_names[i]},
                    {"allow", in.draft.default_access[i]}});
  return told{{{"acls", std::move(list)}}};
}

answer get_details(command& in) {
  return told{{{"clientCount", in.draft.clients().size()},
               {"groupCount", in.draft.groups().size()},
               {"roleCount", in.draft.roles().size()},
               {"changeIndex", in.draft.change_index}}};
}

constexpr std::array<command_entry, 3> entries = {{
    {"setDefaultACLAccess", set_default_access},
    {"getDefaultACLAccess", get_default_access},
    {"getDetails", get_details},
}};

} // namespace

const command_entry* find_general_command(std::string_view name) noexcept {
  return find_entry(entries, name);
}

} // namespace troupe::security::dynsec
