#include "security/dynsec_document.hpp"

#include "security/dynsec_json.hpp"

#include <algorithm>
#include <utility>

namespace troupe::security::dynsec {

namespace {

constexpr std::array<std::string_view, acl_type_count> acl_type_names = {
    "publishClientSend", "publishClientReceive", "subscribeLiteral",
    "subscribePattern",  "unsubscribeLiteral",   "unsubscribePattern",
};

auto find_in(auto& list, std::string_view name) {
  return std::find_if(list.begin(), list.end(), [name](const reference& each) {
    return each.name == name;
  });
}

bool add_by_name(references& to, std::string_view name, int32_t priority) {
  auto place = std::lower_bound(
      to.begin(), to.end(), name,
      [](const reference& each, std::string_view n) { return each.name < n; });
  if (place != to.end() && place->name == name)
    return false;
  to.insert(place, {std::string{name}, priority});
  return true;
}

template <class T>
const T* find(const document::named<T>& in, std::string_view name) noexcept {
  auto found = in.find(name);
  return found == in.end() ? nullptr : found->second.get();
}

template <class T>
bool add(document::named<T>& to, const std::string& name, T added) {
  auto [place, is_new] = to.try_emplace(name);
  if (is_new)
    place->second = std::make_shared<const T>(std::move(added));
  return is_new;
}

/// A copy of its own in the place of what other documents may share.
template <class T>
T* edit(document::named<T>& in, std::string_view name) {
  auto found = in.find(name);
  if (found == in.end())
    return nullptr;
  auto own = std::make_shared<T>(*found->second);
  found->second = own;
  return own.get();
}

template <class T>
bool erase(document::named<T>& from, std::string_view name) {
  auto found = from.find(name);
  if (found == from.end())
    return false;
  from.erase(found);
  return true;
}

/// Takes a role out of the lists of all that have it.
template <class T>
void forget_role(document::named<T>& holders, std::string_view name) {
  for (auto& [holder, content] : holders) {
    if (find_in(content->roles, name) == content->roles.end())
      continue;
    auto own = std::make_shared<T>(*content);
    remove(own->roles, name);
    content = std::move(own);
  }
}

template <class T>
bool same(const document::named<T>& x, const document::named<T>& y) {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](const auto& a, const auto& b) {
                      return a.first == b.first && *a.second == *b.second;
                    });
}

} // namespace

std::string_view to_string(acl_type value) noexcept {
  return acl_type_names[static_cast<size_t>(value)];
}

std::optional<acl_type> parse_acl_type(std::string_view name) noexcept {
  for (size_t i = 0; i < acl_type_count; ++i)
    if (same_letters(acl_type_names[i], name))
      return static_cast<acl_type>(i);
  return std::nullopt;
}

bool add_by_priority(references& to, std::string_view name, int32_t priority) {
  if (find_in(to, name) != to.end())
    return false;
  auto before = [&](const reference& each) {
    return each.priority != priority ? each.priority > priority
                                     : each.name < name;
  };
  auto place = std::find_if_not(to.begin(), to.end(), before);
  to.insert(place, {std::string{name}, priority});
  return true;
}

bool remove(references& from, std::string_view name) {
  auto found = find_in(from, name);
  if (found == from.end())
    return false;
  from.erase(found);
  return true;
}

bool add_acl(std::vector<acl>& to, acl added) {
  for (const auto& each : to)
    if (each.topic == added.topic)
      return false;
  auto place = std::find_if(to.begin(), to.end(), [&](const acl& each) {
    return each.priority < added.priority;
  });
  to.insert(place, std::move(added));
  return true;
}

const client* document::find_client(std::string_view name) const noexcept {
  return find(clients_, name);
}

const group* document::find_group(std::string_view name) const noexcept {
  return find(groups_, name);
}

const role* document::find_role(std::string_view name) const noexcept {
  return find(roles_, name);
}

bool document::add_client(const std::string& name, client added) {
  return add(clients_, name, std::move(added));
}

bool document::add_group(const std::string& name, group added) {
  return add(groups_, name, std::move(added));
}

bool document::add_role(const std::string& name, role added) {
  return add(roles_, name, std::move(added));
}

client* document::edit_client(std::string_view name) {
  return edit(clients_, name);
}

group* document::edit_group(std::string_view name) {
  return edit(groups_, name);
}

role* document::edit_role(std::string_view name) {
  return edit(roles_, name);
}

bool document::erase_client(std::string_view name) {
  const auto* found = find_client(name);
  if (found == nullptr)
    return false;
  for (const auto& each : found->groups)
    remove(edit_group(each.name)->clients, name);
  return erase(clients_, name);
}

bool document::erase_group(std::string_view name) {
  const auto* found = find_group(name);
  if (found == nullptr)
    return false;
  for (const auto& each : found->clients)
    remove(edit_client(each.name)->groups, name);
  return erase(groups_, name);
}

bool document::erase_role(std::string_view name) {
  if (!erase(roles_, name))
    return false;
  forget_role(clients_, name);
  forget_role(groups_, name);
  return true;
}

bool document::join(std::string_view client_name, std::string_view group_name,
                    int32_t priority) {
  if (find_in(find_client(client_name)->groups, group_name)
      != find_client(client_name)->groups.end())
    return false;
  add_by_name(edit_group(group_name)->clients, client_name, priority);
  return add_by_priority(edit_client(client_name)->groups, group_name,
                         priority);
}

bool document::leave(std::string_view client_name,
                     std::string_view group_name) {
  const auto* found = find_client(client_name);
  if (found == nullptr
      || find_in(found->groups, group_name) == found->groups.end())
    return false;
  remove(edit_group(group_name)->clients, client_name);
  return remove(edit_client(client_name)->groups, group_name);
}

bool operator==(const document& x, const document& y) {
  return x.default_access == y.default_access
         && x.anonymous_group == y.anonymous_group
         && x.change_index == y.change_index && same(x.clients_, y.clients_)
         && same(x.groups_, y.groups_) && same(x.roles_, y.roles_);
}

} // namespace troupe::security::dynsec
