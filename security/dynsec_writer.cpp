#include "security/dynsec_io.hpp"
#include "security/dynsec_json.hpp"
#include "security/dynsec_password.hpp"
#include "security/dynsec_views.hpp"

namespace troupe::security::dynsec {

namespace {

/// As three members where it can be so: 2.1 reads both ways, 2.0 this one.
void put_password(json& to, const std::string& encoded) {
  if (encoded.empty())
    return;
  auto parts = split_pbkdf2(encoded);
  if (!parts) {
    to["encoded_password"] = encoded;
    return;
  }
  to["password"] = parts->hash;
  to["salt"] = parts->salt;
  to["iterations"] = parts->iterations;
}

json client_entry(const std::string& name, const client& from) {
  json made{{"username", name}};
  if (from.client_id)
    made["clientid"] = *from.client_id;
  put_texts(made, from.about);
  if (from.disabled)
    made["disabled"] = true;
  made["roles"] = view_references(from.roles, "rolename");
  put_password(made, from.password);
  return made;
}

json group_entry(const std::string& name, const group& from) {
  json made{{"groupname", name}};
  put_texts(made, from.about);
  made["roles"] = view_references(from.roles, "rolename");
  made["clients"] = view_references(from.clients, "username");
  return made;
}

} // namespace

std::string write_document(const document& content) {
  json root = json::object();
  root["changeIndex"] = content.change_index;
  root["defaultACLAccess"] = json::object();
  for (size_t i = 0; i < default_access_names.size(); ++i)
    root["defaultACLAccess"][std::string{default_access_names[i]}] =
        content.default_access[i];
  root["clients"] = json::array();
  for (const auto& [name, each] : content.clients())
    root["clients"].push_back(client_entry(name, *each));
  root["groups"] = json::array();
  for (const auto& [name, each] : content.groups())
    root["groups"].push_back(group_entry(name, *each));
  if (!content.anonymous_group.empty())
    root["anonymousGroup"] = content.anonymous_group;
  root["roles"] = json::array();
  for (const auto& [name, each] : content.roles())
    root["roles"].push_back(view_role(name, *each));
  return root.dump(1, '\t', false, json::error_handler_t::replace) + "\n";
}

} // namespace troupe::security::dynsec
