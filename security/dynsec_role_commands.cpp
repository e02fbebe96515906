#include "security/dynsec_command.hpp"
#include "security/dynsec_views.hpp"
#include "security/topic_levels.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace troupe::security::dynsec {

namespace {

/// The ACLs of a list; passes over what is none, as Mosquitto does.
void read_acls(const json& list, role& to) {
  for (const auto& each : list) {
    const auto* type = text_member(each, "acltype");
    const auto* topic = text_member(each, "topic");
    auto known = type != nullptr ? parse_acl_type(*type) : std::nullopt;
    if (!known || topic == nullptr || topic->empty())
      continue;
    add_acl(to.list(*known), {*topic, priority_in(each, 0),
                              bool_member(each, "allow").value_or(false)});
  }
}

/// The name of a role that must be there.
subject known_role_in(const command& in) {
  auto found = role_in(in.given);
  if (found && in.draft.find_role(found.name) == nullptr)
    found.wrong = role_not_found;
  return found;
}

answer create_role(command& in) {
  auto wanted = role_in(in.given);
  if (wanted && wanted.name.empty())
    wanted.wrong = "Empty rolename";
  if (!wanted)
    return refused{wanted.wrong};
  role made;
  auto wrong = read_texts(in.given, made.about);
  const auto* wildcards = member(in.given, "allowwildcardsubs");
  if (wrong.empty() && wildcards != nullptr && !wildcards->is_boolean())
    wrong = "Invalid allowwildcardsubs";
  if (wrong.empty() && in.draft.find_role(wanted.name) != nullptr)
    wrong = "Role already exists";
  if (!wrong.empty())
    return refused{wrong};
  if (wildcards != nullptr)
    made.allow_wildcard_subscriptions = wildcards->get<bool>();
  if (const auto* list = member(in.given, "acls"))
    if (list->is_array())
      read_acls(*list, made);
  in.draft.add_role(wanted.name, std::move(made));
  return done{fmt::format("rolename={}", wanted.name)};
}

answer delete_role(command& in) {
  auto wanted = known_role_in(in);
  if (!wanted)
    return refused{wanted.wrong};
  in.disconnect_role(wanted.name);
  in.draft.erase_role(wanted.name);
  return done{fmt::format("rolename={}", wanted.name)};
}

answer get_role(command& in) {
  auto wanted = known_role_in(in);
  if (!wanted)
    return refused{wanted.wrong};
  return told{
      {{"role", view_role(wanted.name, *in.draft.find_role(wanted.name))}}};
}

answer list_roles(command& in) {
  return told{{{"totalCount", in.draft.roles().size()},
               {"roles", list_part(in.draft.roles(), in.given, view_role)}}};
}

answer modify_role(command& in) {
  auto wanted = role_in(in.given);
  if (wanted && in.draft.find_role(wanted.name) == nullptr)
    wanted.wrong = "Role does not exist";
  if (!wanted)
    return refused{wanted.wrong};
  auto& changed = *in.draft.edit_role(wanted.name);
  auto before = changed;
  change_texts(in.given, changed.about);
  if (auto allowed = bool_member(in.given, "allowwildcardsubs"))
    changed.allow_wildcard_subscriptions = *allowed;
  const auto* list = member(in.given, "acls");
  bool new_acls = list != nullptr && list->is_array();
  if (new_acls) {
    changed.acls = {};
    read_acls(*list, changed);
  }
  if (new_acls
      || changed.allow_wildcard_subscriptions
             != before.allow_wildcard_subscriptions)
    in.disconnect_role(wanted.name);
  return done{fmt::format("rolename={}", wanted.name)};
}

/// Where an ACL stands, or what is wrong with the words that say so.
struct acl_place {
  subject holder;
  acl_type type{};
  std::string topic;
  std::string_view wrong;
};

acl_place read_place(const command& in) {
  acl_place place;
  place.holder = known_role_in(in);
  place.wrong = place.holder.wrong;
  if (!place.wrong.empty())
    return place;
  const auto* type = text_member(in.given, "acltype");
  auto known = type != nullptr ? parse_acl_type(*type) : std::nullopt;
  const auto* topic = text_member(in.given, "topic");
  if (type == nullptr)
    place.wrong = "Invalid/missing acltype";
  else if (!known)
    place.wrong = "Unknown acltype";
  else if (topic == nullptr)
    place.wrong = "Invalid/missing topic";
  else if (!is_mqtt_text(*topic))
    place.wrong = "Topic not valid UTF-8";
  else if (!is_filter(*topic))
    place.wrong = "Invalid ACL topic";
  if (!place.wrong.empty())
    return place;
  place.type = *known;
  place.topic = *topic;
  return place;
}

answer add_role_acl(command& in) {
  auto place = read_place(in);
  if (!place.wrong.empty())
    return refused{place.wrong};
  acl added{place.topic, priority_in(in.given, 0),
            bool_member(in.given, "allow").value_or(false)};
  auto details = fmt::format(
      "rolename={} | acltype={} | topic={} | priority={} | allow={}",
      place.holder.name, to_string(place.type), added.topic, added.priority,
      added.allow);
  auto& list = in.draft.edit_role(place.holder.name)->list(place.type);
  if (!add_acl(list, std::move(added)))
    return refused{"ACL with this topic already exists"};
  in.disconnect_role(place.holder.name);
  return done{std::move(details)};
}

answer remove_role_acl(command& in) {
  auto place = read_place(in);
  if (!place.wrong.empty())
    return refused{place.wrong};
  auto& list = in.draft.edit_role(place.holder.name)->list(place.type);
  auto removed = std::erase_if(
      list, [&](const acl& each) { return each.topic == place.topic; });
  if (removed == 0)
    return refused{"ACL not found"};
  in.disconnect_role(place.holder.name);
  return done{fmt::format("rolename={} | acltype={} | topic={}",
                          place.holder.name, to_string(place.type),
                          place.topic)};
}

constexpr std::array<command_entry, 7> entries = {{
    {"createRole", create_role},
    {"getRole", get_role},
    {"listRoles", list_roles},
    {"modifyRole", modify_role},
    {"deleteRole", delete_role},
    {"addRoleACL", add_role_acl},
    {"removeRoleACL", remove_role_acl},
}};

} // namespace

const command_entry* find_role_command(std::string_view name) noexcept {
  return find_entry(entries, name);
}

} // namespace troupe::security::dynsec
