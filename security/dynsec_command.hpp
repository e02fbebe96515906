#pragma once

#include "security/dynsec_commands.hpp"
#include "security/dynsec_json.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// What the handlers of single commands share. Inside of dynamic security only.
namespace troupe::security::dynsec {

/// Done; `details` is what the log tells of it.
struct done {
  std::string details;
};
/// Nothing was done, and why.
struct refused {
  std::string_view why;
};
/// What was asked for.
struct told {
  json data;
};
using answer = std::variant<done, refused, told>;

/// One command while it is carried out.
struct command {
  const json& given;
  document& draft;
  const surroundings& around;
  outcome& result;

  /// Nothing: clients without a user name.
  void disconnect(const std::optional<std::string>& user_name);
  /// All in the group, and clients without a user name if it is theirs.
  void disconnect_group(const std::string& name);
  /// All that have the role, by themselves or through a group.
  void disconnect_role(const std::string& name);
};

using handler = answer (*)(command&);

/// A handler by the name of its command, as it is spelt in answers.
struct command_entry {
  std::string_view name;
  handler handle;
};

/// Null: there is none. In letters of either case.
template <class Entries>
const command_entry* find_entry(const Entries& in,
                                std::string_view name) noexcept {
  for (const auto& each : in)
    if (same_letters(each.name, name))
      return &each;
  return nullptr;
}
const command_entry* find_client_command(std::string_view name) noexcept;
const command_entry* find_group_command(std::string_view name) noexcept;
const command_entry* find_role_command(std::string_view name) noexcept;
const command_entry* find_general_command(std::string_view name) noexcept;

/// A name that a command is about, or what is wrong with it.
struct subject {
  std::string name;
  std::string_view wrong;

  explicit operator bool() const noexcept { return wrong.empty(); }
};
subject user_in(const json& given);
subject group_in(const json& given);
subject role_in(const json& given);

/// `priority`, within its limits.
int32_t priority_in(const json& given, int32_t otherwise = no_priority);

/// Reads `textname` and `textdescription` where they are; the result says what
/// is wrong with them.
std::string_view read_texts(const json& given, texts& to);
/// The same, but passes over what is no text, as changes do.
void change_texts(const json& given, texts& to);

/// The list `roles`; nothing: there is none. `wrong`, if it is not empty, says
/// what is wrong with it.
std::optional<references> roles_in(const document& draft, const json& given,
                                   std::string_view& wrong);

/// The part of `all` that a list command asks for, each as `view` shows it, or
/// just its name.
template <class T, class View>
json list_part(const document::named<T>& all, const json& given, View view) {
  auto verbose = bool_member(given, "verbose").value_or(false);
  int64_t count = number_member(given, "count").value_or(-1);
  int64_t skip = number_member(given, "offset").value_or(0);
  json list = json::array();
  for (const auto& [name, each] : all) {
    if (skip-- > 0)
      continue;
    list.push_back(verbose ? view(name, *each) : json(name));
    // A count of 0 lists one, as Mosquitto's does.
    if (count >= 0 && --count <= 0)
      break;
  }
  return list;
}

inline constexpr std::string_view client_not_found = "Client not found";
inline constexpr std::string_view group_not_found = "Group not found";
inline constexpr std::string_view role_not_found = "Role not found";
inline constexpr std::string_view bad_roles =
    "'roles' not an array or missing/invalid rolename";
inline constexpr std::string_view internal_error = "Internal error";

} // namespace troupe::security::dynsec
