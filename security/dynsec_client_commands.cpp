#include "security/dynsec_command.hpp"
#include "security/dynsec_password.hpp"
#include "security/dynsec_views.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace troupe::security::dynsec {

namespace {

std::string hash_of(const command& in, const std::string& password) {
  return in.around.hash ? in.around.hash(password)
                        : make_stored_password(password);
}

/// An empty client id binds to none.
std::optional<std::string> bound_id(const std::string& text) {
  if (text.empty())
    return std::nullopt;
  return text;
}

/// Reads a member that may be missing but is otherwise a text.
std::string_view read_optional(const json& given, std::string_view name,
                               const std::string*& to, std::string_view wrong) {
  to = text_member(given, name);
  return to == nullptr && member(given, name) != nullptr ? wrong
                                                         : std::string_view{};
}

/// What a client is made of, but for its groups.
std::string_view read_new_client(const command& in, client& to,
                                 const std::string*& password) {
  const std::string* client_id = nullptr;
  auto wrong =
      read_optional(in.given, "password", password, "Invalid/missing password");
  if (wrong.empty())
    wrong = read_optional(in.given, "clientid", client_id,
                          "Invalid/missing client id");
  if (wrong.empty() && client_id != nullptr && !is_mqtt_text(*client_id))
    wrong = "Client ID not valid UTF-8";
  if (wrong.empty())
    wrong = read_texts(in.given, to.about);
  if (client_id != nullptr)
    to.client_id = bound_id(*client_id);
  return wrong;
}

/// Puts a new client into its groups; says why that cannot be.
std::string_view join_new(command& in, const std::string& name) {
  const auto* list = member(in.given, "groups");
  if (list == nullptr || !list->is_array())
    return {};
  for (const auto& each : *list) {
    const auto* group_name = text_member(each, "groupname");
    if (group_name == nullptr)
      continue;
    if (in.draft.find_group(*group_name) == nullptr)
      return group_not_found;
    if (!in.draft.join(name, *group_name, priority_in(each)))
      return internal_error;
  }
  return {};
}

answer create_client(command& in) {
  auto user = user_in(in.given);
  if (user && user.name.empty())
    user.wrong = "Empty username";
  if (!user)
    return refused{user.wrong};
  client made;
  const std::string* password = nullptr;
  auto wrong = read_new_client(in, made, password);
  if (wrong.empty() && in.draft.find_client(user.name) != nullptr)
    wrong = "Client already exists";
  if (wrong.empty())
    if (auto roles = roles_in(in.draft, in.given, wrong))
      made.roles = std::move(*roles);
  if (!wrong.empty())
    return refused{wrong};
  // Nobody can connect with an empty one.
  bool has_password = password != nullptr && !password->empty();
  if (has_password) {
    made.password = hash_of(in, *password);
    if (made.password.empty())
      return refused{internal_error};
  }
  in.draft.add_client(user.name, std::move(made));
  wrong = join_new(in, user.name);
  if (!wrong.empty()) {
    in.draft.erase_client(user.name);
    return refused{wrong};
  }
  return done{fmt::format("username={} | password={}", user.name,
                          has_password ? "*****" : "no password")};
}

answer delete_client(command& in) {
  auto user = user_in(in.given);
  if (!user)
    return refused{user.wrong};
  if (!in.draft.erase_client(user.name))
    return refused{client_not_found};
  in.disconnect(user.name);
  return done{fmt::format("username={}", user.name)};
}

answer set_disabled(command& in, bool disabled) {
  auto user = user_in(in.given);
  if (!user)
    return refused{user.wrong};
  auto* found = in.draft.edit_client(user.name);
  if (found == nullptr)
    return refused{client_not_found};
  found->disabled = disabled;
  if (disabled)
    in.disconnect(user.name);
  return done{fmt::format("username={}", user.name)};
}

answer disable_client(command& in) {
  return set_disabled(in, true);
}
answer enable_client(command& in) {
  return set_disabled(in, false);
}

answer set_client_id(command& in) {
  auto user = user_in(in.given);
  if (!user)
    return refused{user.wrong};
  const std::string* client_id = nullptr;
  auto wrong = read_optional(in.given, "clientid", client_id,
                             "Invalid/missing client ID");
  if (!wrong.empty())
    return refused{wrong};
  if (client_id != nullptr && !is_mqtt_text(*client_id))
    return refused{"Client ID not valid UTF-8"};
  auto* found = in.draft.edit_client(user.name);
  if (found == nullptr)
    return refused{client_not_found};
  found->client_id = client_id != nullptr ? bound_id(*client_id) : std::nullopt;
  in.disconnect(user.name);
  return done{fmt::format("username={} | clientid={}", user.name,
                          found->client_id.value_or("(any)"))};
}

answer set_client_password(command& in) {
  auto user = user_in(in.given);
  if (!user)
    return refused{user.wrong};
  const auto* password = text_member(in.given, "password");
  if (password == nullptr)
    return refused{"Invalid/missing password"};
  if (password->empty())
    return refused{"Empty password is not allowed"};
  if (in.draft.find_client(user.name) == nullptr)
    return refused{client_not_found};
  auto hash = hash_of(in, *password);
  if (hash.empty())
    return refused{internal_error};
  in.draft.edit_client(user.name)->password = std::move(hash);
  in.disconnect(user.name);
  return done{fmt::format("username={} | password=*****", user.name)};
}

/// The groups that a client is to be in; nothing: they stay.
std::optional<references> groups_in(const command& in,
                                    std::string_view& wrong) {
  const auto* list = member(in.given, "groups");
  if (list == nullptr || !list->is_array())
    return std::nullopt;
  references made;
  for (const auto& each : *list) {
    if (!each.is_object())
      continue;
    const auto* name = text_member(each, "groupname");
    if (name == nullptr)
      wrong = "'groups' contains an object with an invalid 'groupname'";
    else if (in.draft.find_group(*name) == nullptr)
      wrong = "'groups' contains an object with a 'groupname' that does not "
              "exist";
    else
      add_by_priority(made, *name, priority_in(each));
    if (!wrong.empty())
      break;
  }
  return made;
}

void change_groups(document& draft, const std::string& name,
                   const references& groups) {
  for (const auto& each : references{draft.find_client(name)->groups})
    draft.leave(name, each.name);
  for (const auto& each : groups)
    draft.join(name, each.name, each.priority);
}

answer modify_client(command& in) {
  auto user = user_in(in.given);
  if (!user)
    return refused{user.wrong};
  if (in.draft.find_client(user.name) == nullptr)
    return refused{client_not_found};
  std::string_view wrong;
  auto roles = roles_in(in.draft, in.given, wrong);
  auto groups =
      wrong.empty() ? groups_in(in, wrong) : std::optional<references>{};
  if (!wrong.empty())
    return refused{wrong};
  const auto* password = text_member(in.given, "password");
  bool new_password = password != nullptr && !password->empty();
  auto hash = new_password ? hash_of(in, *password) : std::string{};
  if (new_password && hash.empty())
    return refused{internal_error};
  if (groups)
    change_groups(in.draft, user.name, *groups);
  auto& changed = *in.draft.edit_client(user.name);
  if (new_password)
    changed.password = std::move(hash);
  if (const auto* client_id = text_member(in.given, "clientid"))
    changed.client_id = bound_id(*client_id);
  change_texts(in.given, changed.about);
  if (roles)
    changed.roles = std::move(*roles);
  in.disconnect(user.name);
  return done{fmt::format("username={}", user.name)};
}

json describe(const command& in, const std::string& name, const client& from) {
  auto made = view_client(name, from);
  json list = json::array();
  if (in.around.addresses)
    for (const auto& each : in.around.addresses(name, from.client_id))
      list.push_back({{"address", each}});
  made["connections"] = std::move(list);
  return made;
}

answer get_client(command& in) {
  auto user = user_in(in.given);
  if (!user)
    return refused{user.wrong};
  const auto* found = in.draft.find_client(user.name);
  if (found == nullptr)
    return refused{client_not_found};
  return told{{{"client", describe(in, user.name, *found)}}};
}

answer list_clients(command& in) {
  auto list = list_part(in.draft.clients(), in.given,
                        [&](const std::string& name, const client& each) {
                          return describe(in, name, each);
                        });
  return told{{{"totalCount", in.draft.clients().size()},
               {"clients", std::move(list)}}};
}

/// The client and the role of a command, both there.
std::string_view find_both(const command& in, subject& user, subject& wanted) {
  user = user_in(in.given);
  if (!user)
    return user.wrong;
  wanted = role_in(in.given);
  if (!wanted)
    return wanted.wrong;
  if (in.draft.find_client(user.name) == nullptr)
    return client_not_found;
  return in.draft.find_role(wanted.name) == nullptr ? role_not_found
                                                    : std::string_view{};
}

answer add_client_role(command& in) {
  subject user;
  subject wanted;
  if (auto wrong = find_both(in, user, wanted); !wrong.empty())
    return refused{wrong};
  auto priority = priority_in(in.given);
  if (!add_by_priority(in.draft.edit_client(user.name)->roles, wanted.name,
                       priority))
    return refused{internal_error};
  in.disconnect(user.name);
  return done{fmt::format("username={} | rolename={} | priority={}", user.name,
                          wanted.name, priority)};
}

answer remove_client_role(command& in) {
  subject user;
  subject wanted;
  if (auto wrong = find_both(in, user, wanted); !wrong.empty())
    return refused{wrong};
  remove(in.draft.edit_client(user.name)->roles, wanted.name);
  in.disconnect(user.name);
  return done{fmt::format("username={} | rolename={}", user.name, wanted.name)};
}

constexpr std::array<command_entry, 11> entries = {{
    {"createClient", create_client},
    {"deleteClient", delete_client},
    {"getClient", get_client},
    {"listClients", list_clients},
    {"modifyClient", modify_client},
    {"setClientPassword", set_client_password},
    {"setClientId", set_client_id},
    {"addClientRole", add_client_role},
    {"removeClientRole", remove_client_role},
    {"enableClient", enable_client},
    {"disableClient", disable_client},
}};

} // namespace

const command_entry* find_client_command(std::string_view name) noexcept {
  return find_entry(entries, name);
}

} // namespace troupe::security::dynsec
