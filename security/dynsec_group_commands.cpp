#include "security/dynsec_command.hpp"
#include "security/dynsec_views.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace troupe::security::dynsec {

namespace {

/// The name of a group that must be there.
subject known_group_in(const command& in) {
  auto found = group_in(in.given);
  if (found && in.draft.find_group(found.name) == nullptr)
    found.wrong = group_not_found;
  return found;
}

answer create_group(command& in) {
  auto wanted = group_in(in.given);
  if (wanted && wanted.name.empty())
    wanted.wrong = "Empty groupname";
  if (!wanted)
    return refused{wanted.wrong};
  group made;
  auto wrong = read_texts(in.given, made.about);
  if (wrong.empty() && in.draft.find_group(wanted.name) != nullptr)
    wrong = "Group already exists";
  if (!wrong.empty())
    return refused{wrong};
  if (auto roles = roles_in(in.draft, in.given, wrong))
    made.roles = std::move(*roles);
  // Mosquitto says no more of this here, though it does for clients.
  if (!wrong.empty())
    return refused{wrong == role_not_found ? wrong : internal_error};
  in.draft.add_group(wanted.name, std::move(made));
  return done{fmt::format("groupname={}", wanted.name)};
}

answer delete_group(command& in) {
  auto wanted = known_group_in(in);
  if (wanted && wanted.name == in.draft.anonymous_group)
    wanted.wrong = "Deleting the anonymous group is forbidden";
  if (!wanted)
    return refused{wanted.wrong};
  in.disconnect_group(wanted.name);
  in.draft.erase_group(wanted.name);
  return done{fmt::format("groupname={}", wanted.name)};
}

answer get_group(command& in) {
  auto wanted = known_group_in(in);
  if (!wanted)
    return refused{wanted.wrong};
  return told{
      {{"group", view_group(wanted.name, *in.draft.find_group(wanted.name))}}};
}

answer list_groups(command& in) {
  return told{{{"totalCount", in.draft.groups().size()},
               {"groups", list_part(in.draft.groups(), in.given, view_group)}}};
}

/// The members that a group is to have; nothing: they stay.
std::optional<references> clients_in(const command& in,
                                     std::string_view& wrong) {
  const auto* list = member(in.given, "clients");
  if (list == nullptr || !list->is_array())
    return std::nullopt;
  references made;
  for (const auto& each : *list) {
    if (!each.is_object())
      continue;
    const auto* name = text_member(each, "username");
    if (name == nullptr)
      wrong = "'clients' contains an object with an invalid 'username'";
    else if (in.draft.find_client(*name) == nullptr)
      wrong = "'clients' contains an object with a 'username' that does not "
              "exist";
    else
      made.push_back({*name, priority_in(each)});
    if (!wrong.empty())
      break;
  }
  return made;
}

void change_clients(document& draft, const std::string& name,
                    const references& clients) {
  for (const auto& each : references{draft.find_group(name)->clients})
    draft.leave(each.name, name);
  for (const auto& each : clients)
    draft.join(each.name, name, each.priority);
}

answer modify_group(command& in) {
  auto wanted = known_group_in(in);
  if (!wanted)
    return refused{wanted.wrong};
  std::string_view wrong;
  auto roles = roles_in(in.draft, in.given, wrong);
  auto clients =
      wrong.empty() ? clients_in(in, wrong) : std::optional<references>{};
  if (!wrong.empty())
    return refused{wrong};
  if (clients) {
    in.disconnect_group(wanted.name);
    change_clients(in.draft, wanted.name, *clients);
  }
  auto& changed = *in.draft.edit_group(wanted.name);
  change_texts(in.given, changed.about);
  if (roles)
    changed.roles = std::move(*roles);
  in.disconnect_group(wanted.name);
  return done{fmt::format("groupname={}", wanted.name)};
}

/// The names of the client and the group that a command is about.
std::string_view read_membership(const command& in, subject& user,
                                 subject& wanted) {
  user = user_in(in.given);
  if (!user)
    return user.wrong;
  wanted = group_in(in.given);
  if (!wanted)
    return wanted.wrong;
  if (in.draft.find_client(user.name) == nullptr)
    return client_not_found;
  return in.draft.find_group(wanted.name) == nullptr ? group_not_found
                                                     : std::string_view{};
}

answer add_group_client(command& in) {
  subject user;
  subject wanted;
  if (auto wrong = read_membership(in, user, wanted); !wrong.empty())
    return refused{wrong};
  auto priority = priority_in(in.given);
  if (!in.draft.join(user.name, wanted.name, priority))
    return refused{"Client is already in this group"};
  in.disconnect(user.name);
  return done{fmt::format("groupname={} | username={} | priority={}",
                          wanted.name, user.name, priority)};
}

answer remove_group_client(command& in) {
  subject user;
  subject wanted;
  if (auto wrong = read_membership(in, user, wanted); !wrong.empty())
    return refused{wrong};
  in.draft.leave(user.name, wanted.name);
  in.disconnect(user.name);
  return done{
      fmt::format("groupname={} | username={}", wanted.name, user.name)};
}

/// The names of the group and the role that a command is about, both there.
std::string_view find_both(const command& in, subject& holder,
                           subject& wanted) {
  holder = group_in(in.given);
  if (!holder)
    return holder.wrong;
  wanted = role_in(in.given);
  if (!wanted)
    return wanted.wrong;
  if (in.draft.find_group(holder.name) == nullptr)
    return group_not_found;
  return in.draft.find_role(wanted.name) == nullptr ? role_not_found
                                                    : std::string_view{};
}

answer add_group_role(command& in) {
  subject holder;
  subject wanted;
  if (auto wrong = find_both(in, holder, wanted); !wrong.empty())
    return refused{wrong};
  auto priority = priority_in(in.given);
  if (!add_by_priority(in.draft.edit_group(holder.name)->roles, wanted.name,
                       priority))
    return refused{"Group is already in this role"};
  in.disconnect_group(holder.name);
  return done{fmt::format("groupname={} | rolename={} | priority={}",
                          holder.name, wanted.name, priority)};
}

answer remove_group_role(command& in) {
  subject holder;
  subject wanted;
  if (auto wrong = find_both(in, holder, wanted); !wrong.empty())
    return refused{wrong};
  remove(in.draft.edit_group(holder.name)->roles, wanted.name);
  in.disconnect_group(holder.name);
  return done{
      fmt::format("groupname={} | rolename={}", holder.name, wanted.name)};
}

answer set_anonymous_group(command& in) {
  auto wanted = known_group_in(in);
  if (!wanted)
    return refused{wanted.wrong};
  in.draft.anonymous_group = wanted.name;
  in.disconnect(std::nullopt);
  return done{fmt::format("groupname={}", wanted.name)};
}

answer get_anonymous_group(command& in) {
  return told{{{"group", {{"groupname", in.draft.anonymous_group}}}}};
}

constexpr std::array<command_entry, 11> entries = {{
    {"addGroupClient", add_group_client},
    {"createGroup", create_group},
    {"deleteGroup", delete_group},
    {"getGroup", get_group},
    {"listGroups", list_groups},
    {"modifyGroup", modify_group},
    {"removeGroupClient", remove_group_client},
    {"addGroupRole", add_group_role},
    {"removeGroupRole", remove_group_role},
    {"setAnonymousGroup", set_anonymous_group},
    {"getAnonymousGroup", get_anonymous_group},
}};

} // namespace

const command_entry* find_group_command(std::string_view name) noexcept {
  return find_entry(entries, name);
}

} // namespace troupe::security::dynsec
