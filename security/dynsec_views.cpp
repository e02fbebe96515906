#include "security/dynsec_views.hpp"

namespace troupe::security::dynsec {

void put_texts(json& to, const texts& from) {
  if (from.name)
    to["textname"] = *from.name;
  if (from.description)
    to["textdescription"] = *from.description;
}

json view_references(const references& from, std::string_view name) {
  json list = json::array();
  for (const auto& each : from) {
    json entry{{std::string{name}, each.name}};
    if (each.priority != no_priority)
      entry["priority"] = each.priority;
    list.push_back(std::move(entry));
  }
  return list;
}

json view_role(const std::string& name, const role& from) {
  json made{{"rolename", name}};
  put_texts(made, from.about);
  made["allowwildcardsubs"] = from.allow_wildcard_subscriptions;
  json list = json::array();
  for (size_t i = 0; i < acl_type_count; ++i)
    for (const auto& each : from.acls[i])
      list.push_back({{"acltype", to_string(static_cast<acl_type>(i))},
                      {"topic", each.topic},
                      {"priority", each.priority},
                      {"allow", each.allow}});
  made["acls"] = std::move(list);
  return made;
}

json view_group(const std::string& name, const group& from) {
  json made{{"groupname", name}};
  put_texts(made, from.about);
  made["clients"] = json::array();
  for (const auto& each : from.clients)
    made["clients"].push_back({{"username", each.name}});
  made["roles"] = view_references(from.roles, "rolename");
  return made;
}

json view_client(const std::string& name, const client& from) {
  json made{{"username", name}};
  if (from.client_id)
    made["clientid"] = *from.client_id;
  put_texts(made, from.about);
  if (from.disabled)
    made["disabled"] = true;
  made["roles"] = view_references(from.roles, "rolename");
  made["groups"] = view_references(from.groups, "groupname");
  return made;
}

} // namespace troupe::security::dynsec
