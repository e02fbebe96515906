#include "security/dynsec_initial.hpp"

#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

namespace troupe::security::dynsec {

namespace {

using types = std::vector<acl_type>;

role make_role(std::string_view description, std::string_view filter,
               const types& allowed) {
  role made;
  made.about.description = description;
  for (auto each : allowed)
    add_acl(made.list(each), {std::string{filter}, 0, true});
  return made;
}

void add_roles(document& to) {
  using enum acl_type;
  const types everything = {publish_client_send, publish_client_receive,
                            subscribe_pattern, unsubscribe_pattern};
  to.add_role("client", make_role("May use all topics of applications.", "#",
                                  everything));
  to.add_role("broker-admin", make_role("May control the broker in general.",
                                        "$CONTROL/broker/#", everything));
  to.add_role("dynsec-admin",
              make_role("May change clients, groups and roles.",
                        "$CONTROL/dynamic-security/#", everything));
  to.add_role("super-admin",
              make_role("May control everything.", "$CONTROL/#", everything));
  to.add_role("sys-notify",
              make_role("For bridges: may tell whether they are connected.",
                        "$SYS/broker/connection/%c/state",
                        {publish_client_send}));
  to.add_role("sys-observe",
              make_role("May read what the broker says about itself.", "$SYS/#",
                        {publish_client_receive, subscribe_pattern}));
  to.add_role("topic-observe",
              make_role("May read all topics of applications.", "#",
                        {publish_client_receive, subscribe_pattern,
                         unsubscribe_pattern}));
}

bool add_client(document& to, const std::string& name,
                std::string_view description, std::string password,
                std::initializer_list<std::string_view> roles) {
  client made;
  made.about.name = description;
  made.password = std::move(password);
  for (auto each : roles)
    add_by_priority(made.roles, each, no_priority);
  bool can_connect = !made.password.empty();
  return to.add_client(name, std::move(made)) && can_connect;
}

} // namespace

std::optional<document>
initial_document(const std::function<std::string(std::string_view)>& hash,
                 std::string_view admin_password,
                 const std::string* demo_password) {
  document made;
  made.default_access[static_cast<size_t>(action::receive)] = true;
  made.default_access[static_cast<size_t>(action::unsubscribe)] = true;
  add_roles(made);
  group anonymous;
  anonymous.about.name = "Clients without a user name";
  anonymous.about.description = "Its roles are those of clients that connect "
                                "without a user name, where that is allowed.";
  made.add_group("unauthenticated", std::move(anonymous));
  made.anonymous_group = "unauthenticated";
  if (!add_client(made, "admin", "Administrator", hash(admin_password),
                  {"super-admin", "sys-observe", "topic-observe"}))
    return std::nullopt;
  if (demo_password != nullptr
      && !add_client(made, "democlient", "For trying out; delete it afterwards",
                     hash(*demo_password), {"client"}))
    return std::nullopt;
  return made;
}

} // namespace troupe::security::dynsec
