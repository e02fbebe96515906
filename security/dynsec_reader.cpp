#include "security/dynsec_io.hpp"
#include "security/dynsec_json.hpp"
#include "security/dynsec_password.hpp"
#include "security/dynsec_views.hpp"
#include "security/password_hash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <set>
#include <utility>

namespace troupe::security::dynsec {

namespace {

using complaint = std::optional<std::string>;
using names = std::initializer_list<std::string_view>;

/// As it stands there, short and without control characters.
std::string shown(const json& given) {
  constexpr size_t enough = 80;
  auto text = given.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() > enough ? text.substr(0, enough) + "..." : text;
}

class reader {
public:
  explicit reader(std::string_view filename) : filename_(filename) {}

  /// What is wrong, without the place, which is then in `place()`.
  complaint read(const json& root);
  std::string place() const;
  reading take() { return std::move(made_); }

private:
  /// Calls `read_one` with each entry of a list of objects.
  template <class F>
  complaint each(const json& from, std::string_view name, F read_one);
  complaint read_default_access(const json& root);
  complaint read_role(const json& from);
  complaint read_acl(const json& from, role& to);
  /// As add_acl would have done, but in a time that a long list can bear.
  void put_in_order(role& in);
  complaint read_client(const json& from);
  complaint read_password(const json& from, client& to);
  complaint read_group(const json& from);
  complaint read_member(const json& from, const std::string& group_name);
  complaint read_anonymous_group(const json& root);
  complaint read_texts(const json& from, texts& to);
  complaint read_roles(const json& from, references& to);
  /// Leaves `to` as it is where there is no such member.
  complaint read_text(const json& from, std::string_view name,
                      std::optional<std::string>& to);
  complaint read_bool(const json& from, std::string_view name, bool& to);
  complaint read_priority(const json& from, int32_t& to);
  /// The name of an entry; empty: it has none and is to be left out.
  complaint read_name(const json& from, std::string_view name, std::string& to);
  void warn_of_unknown(const json& from, names known);
  void warn(std::string_view text) {
    made_.warnings.push_back(fmt::format("{}: {}", place(), text));
  }

  std::string_view filename_;
  /// Where the reader is, such as `clients[3]`, `roles[0]`.
  std::vector<std::string> path_;
  reading made_;
};

std::string reader::place() const {
  return path_.empty()
             ? std::string{filename_}
             : fmt::format("{}: {}", filename_, fmt::join(path_, "."));
}

complaint reader::read(const json& root) {
  if (!root.is_object())
    return fmt::format("{} is not an object; the file of dynamic security is "
                       "one with clients, groups and roles",
                       shown(root));
  warn_of_unknown(root, {"changeIndex", "defaultACLAccess", "clients", "groups",
                         "anonymousGroup", "roles"});
  if (const auto* index = member(root, "changeIndex"))
    if (index->is_number_integer())
      made_.content.change_index = index->get<int64_t>();
  auto wrong = read_default_access(root);
  if (!wrong)
    wrong =
        each(root, "roles", [&](const json& one) { return read_role(one); });
  if (!wrong)
    wrong = each(root, "clients",
                 [&](const json& one) { return read_client(one); });
  if (!wrong)
    wrong =
        each(root, "groups", [&](const json& one) { return read_group(one); });
  return wrong ? wrong : read_anonymous_group(root);
}

template <class F>
complaint reader::each(const json& from, std::string_view name, F read_one) {
  const auto* list = member(from, name);
  if (list == nullptr)
    return std::nullopt;
  path_.emplace_back(name);
  if (!list->is_array())
    return fmt::format("{} is not a list; write [ ] around the entries",
                       shown(*list));
  for (size_t i = 0; i < list->size(); ++i) {
    path_.back() = fmt::format("{}[{}]", name, i);
    if (!(*list)[i].is_object())
      return fmt::format("{} is not an object; write {{ }} around its members",
                         shown((*list)[i]));
    if (auto wrong = read_one((*list)[i]))
      return wrong;
  }
  path_.pop_back();
  return std::nullopt;
}

complaint reader::read_default_access(const json& root) {
  const auto* from = member(root, "defaultACLAccess");
  if (from == nullptr)
    return std::nullopt;
  path_.emplace_back("defaultACLAccess");
  if (!from->is_object())
    return fmt::format("{} is not an object; use {{\"subscribe\": true}}",
                       shown(*from));
  for (size_t i = 0; i < default_access_names.size(); ++i)
    if (auto wrong = read_bool(*from, default_access_names[i],
                               made_.content.default_access[i]))
      return wrong;
  warn_of_unknown(*from, {"publishClientSend", "publishClientReceive",
                          "subscribe", "unsubscribe"});
  path_.pop_back();
  return std::nullopt;
}

complaint reader::read_role(const json& from) {
  role made;
  std::string name;
  if (auto wrong = read_name(from, "rolename", name))
    return wrong;
  if (name.empty())
    return std::nullopt;
  warn_of_unknown(from, {"rolename", "textname", "textdescription",
                         "allowwildcardsubs", "acls"});
  if (auto wrong = read_texts(from, made.about))
    return wrong;
  if (auto wrong = read_bool(from, "allowwildcardsubs",
                             made.allow_wildcard_subscriptions))
    return wrong;
  if (auto wrong = each(from, "acls",
                        [&](const json& one) { return read_acl(one, made); }))
    return wrong;
  put_in_order(made);
  if (!made_.content.add_role(name, std::move(made)))
    return fmt::format("there are two roles \"{}\"; remove one", name);
  return std::nullopt;
}

complaint reader::read_acl(const json& from, role& to) {
  warn_of_unknown(from, {"acltype", "topic", "priority", "allow"});
  acl made;
  std::optional<std::string> type;
  std::optional<std::string> topic;
  if (auto wrong = read_text(from, "acltype", type))
    return wrong;
  if (auto wrong = read_text(from, "topic", topic))
    return wrong;
  if (auto wrong = read_priority(from, made.priority))
    return wrong;
  if (auto wrong = read_bool(from, "allow", made.allow))
    return wrong;
  auto known = type ? parse_acl_type(*type) : std::nullopt;
  if (!known) {
    warn("left out: it has no acltype that is known, such as "
         "publishClientSend");
    return std::nullopt;
  }
  if (!topic || topic->empty()) {
    warn("left out: it has no topic");
    return std::nullopt;
  }
  made.topic = std::move(*topic);
  to.list(*known).push_back(std::move(made));
  return std::nullopt;
}

void reader::put_in_order(role& in) {
  for (auto& list : in.acls) {
    std::set<std::string, std::less<>> seen;
    std::erase_if(list, [&](const acl& each) {
      bool again = !seen.insert(each.topic).second;
      if (again)
        warn(fmt::format("acls: {} is there twice; the first one counts",
                         shown(each.topic)));
      return again;
    });
    std::stable_sort(list.begin(), list.end(), [](const acl& x, const acl& y) {
      return x.priority > y.priority;
    });
  }
}

complaint reader::read_client(const json& from) {
  client made;
  std::string name;
  if (auto wrong = read_name(from, "username", name))
    return wrong;
  if (name.empty())
    return std::nullopt;
  warn_of_unknown(from, {"username", "clientid", "textname", "textdescription",
                         "disabled", "roles", "encoded_password", "password",
                         "salt", "iterations"});
  if (auto wrong = read_texts(from, made.about))
    return wrong;
  if (auto wrong = read_text(from, "clientid", made.client_id))
    return wrong;
  if (auto wrong = read_bool(from, "disabled", made.disabled))
    return wrong;
  if (auto wrong = read_password(from, made))
    return wrong;
  if (auto wrong = read_roles(from, made.roles))
    return wrong;
  if (!made_.content.add_client(name, std::move(made)))
    return fmt::format("there are two clients \"{}\"; remove one", name);
  return std::nullopt;
}

complaint reader::read_password(const json& from, client& to) {
  std::optional<std::string> encoded;
  std::optional<std::string> hash;
  std::optional<std::string> salt;
  if (auto wrong = read_text(from, "encoded_password", encoded))
    return wrong;
  if (auto wrong = read_text(from, "password", hash))
    return wrong;
  if (auto wrong = read_text(from, "salt", salt))
    return wrong;
  if (!encoded && hash && salt)
    encoded = fmt::format("$7${}${}${}",
                          number_member(from, "iterations").value_or(0), *salt,
                          *hash);
  if (!encoded && (hash || salt))
    return "a password needs password, salt and iterations; leave all three "
           "out for a client that must not connect";
  if (encoded && !is_password_hash(*encoded))
    return fmt::format("the password is not a hash that is known, with 1 to {} "
                       "iterations; set it anew with setClientPassword, or "
                       "leave it out",
                       most_iterations);
  to.password = encoded.value_or("");
  return std::nullopt;
}

complaint reader::read_group(const json& from) {
  group made;
  std::string name;
  if (auto wrong = read_name(from, "groupname", name))
    return wrong;
  if (name.empty())
    return std::nullopt;
  warn_of_unknown(
      from, {"groupname", "textname", "textdescription", "roles", "clients"});
  if (auto wrong = read_texts(from, made.about))
    return wrong;
  if (auto wrong = read_roles(from, made.roles))
    return wrong;
  if (!made_.content.add_group(name, std::move(made)))
    return fmt::format("there are two groups \"{}\"; remove one", name);
  return each(from, "clients",
              [&](const json& one) { return read_member(one, name); });
}

complaint reader::read_member(const json& from, const std::string& group_name) {
  reference made;
  if (auto wrong = read_name(from, "username", made.name))
    return wrong;
  if (auto wrong = read_priority(from, made.priority))
    return wrong;
  if (made.name.empty())
    return std::nullopt;
  if (made_.content.find_client(made.name) == nullptr)
    warn(fmt::format("left out: there is no client \"{}\"", made.name));
  else if (!made_.content.join(made.name, group_name, made.priority))
    warn(fmt::format("left out: \"{}\" is there twice", made.name));
  return std::nullopt;
}

complaint reader::read_anonymous_group(const json& root) {
  std::optional<std::string> name;
  if (auto wrong = read_text(root, "anonymousGroup", name))
    return wrong;
  if (!name || name->empty())
    return std::nullopt;
  if (made_.content.find_group(*name) == nullptr)
    warn(fmt::format("anonymousGroup is left out: there is no group \"{}\"",
                     *name));
  else
    made_.content.anonymous_group = *name;
  return std::nullopt;
}

complaint reader::read_texts(const json& from, texts& to) {
  auto wrong = read_text(from, "textname", to.name);
  return wrong ? wrong : read_text(from, "textdescription", to.description);
}

complaint reader::read_roles(const json& from, references& to) {
  return each(from, "roles", [&](const json& one) -> complaint {
    reference made;
    if (auto wrong = read_name(one, "rolename", made.name))
      return wrong;
    if (auto wrong = read_priority(one, made.priority))
      return wrong;
    if (made.name.empty())
      return std::nullopt;
    if (made_.content.find_role(made.name) == nullptr)
      warn(fmt::format("left out: there is no role \"{}\"", made.name));
    else if (!add_by_priority(to, made.name, made.priority))
      warn(fmt::format("left out: \"{}\" is there twice", made.name));
    return std::nullopt;
  });
}

complaint reader::read_text(const json& from, std::string_view name,
                            std::optional<std::string>& to) {
  const auto* found = member(from, name);
  if (found == nullptr)
    return std::nullopt;
  if (!found->is_string())
    return fmt::format("{} is {}, which is not a text; write it between quotes",
                       name, shown(*found));
  to = found->get<std::string>();
  return std::nullopt;
}

complaint reader::read_bool(const json& from, std::string_view name, bool& to) {
  const auto* found = member(from, name);
  if (found == nullptr)
    return std::nullopt;
  if (!found->is_boolean())
    return fmt::format("{} is {}; use true or false", name, shown(*found));
  to = found->get<bool>();
  return std::nullopt;
}

complaint reader::read_priority(const json& from, int32_t& to) {
  const auto* found = member(from, "priority");
  if (found == nullptr)
    return std::nullopt;
  if (!found->is_number())
    return fmt::format("priority is {}; use a whole number", shown(*found));
  to = std::clamp(*number_member(from, "priority"), -most_priority,
                  most_priority);
  return std::nullopt;
}

complaint reader::read_name(const json& from, std::string_view name,
                            std::string& to) {
  std::optional<std::string> found;
  if (auto wrong = read_text(from, name, found))
    return wrong;
  if (!found || found->empty())
    warn(fmt::format("left out: it has no {}", name));
  else if (!is_mqtt_text(*found))
    return fmt::format("{} is {}; MQTT allows no control characters", name,
                       shown(*found));
  else
    to = std::move(*found);
  return std::nullopt;
}

void reader::warn_of_unknown(const json& from, names known) {
  for (auto each = from.begin(); each != from.end(); ++each)
    if (std::none_of(known.begin(), known.end(), [&](std::string_view name) {
          return same_letters(name, each.key());
        }))
      warn(fmt::format("{} is not known here and goes with the next change",
                       shown(each.key())));
}

} // namespace

checked<reading> read_document(std::string_view text,
                               std::string_view filename) {
  auto root = parse_json(text, filename);
  if (!root)
    return root.error();
  reader made{filename};
  if (auto wrong = made.read(*root))
    return explanation{fmt::format("{}: {}", made.place(), *wrong)};
  return made.take();
}

} // namespace troupe::security::dynsec
