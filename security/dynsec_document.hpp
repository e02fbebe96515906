#pragma once

#include "security/authority.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Mosquitto's dynamic security: clients, groups and roles that are changed
/// through a topic while the broker runs.
namespace troupe::security::dynsec {

/// What an ACL of a role is about, named as in the file.
enum class acl_type : uint8_t {
  publish_client_send,
  publish_client_receive,
  subscribe_literal,
  subscribe_pattern,
  unsubscribe_literal,
  unsubscribe_pattern,
};
inline constexpr size_t acl_type_count = 6;

/// The name in the file, such as publishClientSend.
std::string_view to_string(acl_type value) noexcept;
/// Letters of either case, as Mosquitto takes them.
std::optional<acl_type> parse_acl_type(std::string_view name) noexcept;

/// Priorities beyond these limits count as the limit.
inline constexpr int32_t most_priority = 100000;
/// The priority of a role or group that was given none.
inline constexpr int32_t no_priority = -1;

/// Allows or denies the topics that a filter covers.
struct acl {
  std::string topic;
  int32_t priority = 0;
  bool allow = false;

  friend bool operator==(const acl&, const acl&) = default;
};

/// Texts for people, as clients, groups and roles have them.
struct texts {
  std::optional<std::string> name;
  std::optional<std::string> description;

  friend bool operator==(const texts&, const texts&) = default;
};

/// A role, group or client by name, where it stands in the list of another.
struct reference {
  std::string name;
  int32_t priority = no_priority;

  friend bool operator==(const reference&, const reference&) = default;
};
using references = std::vector<reference>;

struct role {
  texts about;
  /// Whether its holders may subscribe with wildcards at all. Default: true
  bool allow_wildcard_subscriptions = true;
  /// By type; each list has every topic once, the highest priority first and
  /// equal ones as they were added.
  std::array<std::vector<acl>, acl_type_count> acls;

  std::vector<acl>& list(acl_type which) noexcept {
    return acls[static_cast<size_t>(which)];
  }
  const std::vector<acl>& list(acl_type which) const noexcept {
    return acls[static_cast<size_t>(which)];
  }
  friend bool operator==(const role&, const role&) = default;
};

struct group {
  texts about;
  /// The highest priority first, then by name.
  references roles;
  /// By name. Changed by document::join and leave only.
  references clients;

  friend bool operator==(const group&, const group&) = default;
};

struct client {
  /// The only client id it may connect with; nothing: any.
  std::optional<std::string> client_id;
  texts about;
  bool disabled = false;
  /// As in a password file, `$7$...` or another form; empty: it cannot connect.
  std::string password;
  /// The highest priority first, then by name.
  references roles;
  /// In the same order. Changed by document::join and leave only.
  references groups;

  friend bool operator==(const client&, const client&) = default;
};

/// Adds to a list that is ordered by priority; false: the name is there.
bool add_by_priority(references& to, std::string_view name, int32_t priority);
/// False: the name is not there.
bool remove(references& from, std::string_view name);
/// Adds behind those of the same priority; false: the topic is there.
bool add_acl(std::vector<acl>& to, acl added);

/// Everything that `dynamic-security.json` holds. A value: copies share what
/// neither of them changes, so a copy costs a pointer per name.
class document {
public:
  template <class T>
  using named = std::map<std::string, std::shared_ptr<const T>, std::less<>>;

  const named<client>& clients() const noexcept { return clients_; }
  const named<group>& groups() const noexcept { return groups_; }
  const named<role>& roles() const noexcept { return roles_; }

  /// Null: there is none of that name. Valid until the document changes.
  const client* find_client(std::string_view name) const noexcept;
  const group* find_group(std::string_view name) const noexcept;
  const role* find_role(std::string_view name) const noexcept;

  /// False: the name is taken. `added` must be in no group.
  bool add_client(const std::string& name, client added);
  /// False: the name is taken. `added` must have no clients.
  bool add_group(const std::string& name, group added);
  bool add_role(const std::string& name, role added);

  /// One to be changed; null: there is none. Valid until the next call.
  client* edit_client(std::string_view name);
  group* edit_group(std::string_view name);
  role* edit_role(std::string_view name);

  /// Takes it out of all lists, too; false: there is none.
  bool erase_client(std::string_view name);
  bool erase_group(std::string_view name);
  bool erase_role(std::string_view name);

  /// False: it was in the group. REQUIRES: both exist.
  bool join(std::string_view client_name, std::string_view group_name,
            int32_t priority);
  /// False: it was not in the group.
  bool leave(std::string_view client_name, std::string_view group_name);

  /// What is allowed where no ACL says anything, by `action`. Default: nothing
  std::array<bool, 4> default_access{};
  /// The group of clients without a user name; empty: none.
  std::string anonymous_group;
  /// Counts changes, as Mosquitto 2.1 does.
  int64_t change_index = 0;

  friend bool operator==(const document& x, const document& y);

private:
  named<client> clients_;
  named<group> groups_;
  named<role> roles_;
};

} // namespace troupe::security::dynsec
