#include "security/dynsec_rules.hpp"

#include "security/dynsec_match.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace troupe::security::dynsec {

namespace {

/// The wish of a client, as the roles are asked for it.
struct wish {
  const client_identity& who;
  action what;
  std::string_view topic;
};

bool is_made(const decision& found) noexcept {
  return found.verdict != ruling::pass;
}

decision decide_by(const acl& found, acl_type type, bool allow) noexcept {
  return {allow ? ruling::allow : ruling::deny,
          decision::maker::acl,
          {},
          {},
          &found,
          type};
}

decision find_literal(const role& holder, acl_type type,
                      std::string_view topic) noexcept {
  for (const auto& each : holder.list(type))
    if (each.topic == topic)
      return decide_by(each, type, each.allow);
  return {};
}

decision find_pattern(const role& holder, acl_type type,
                      const wish& of) noexcept {
  for (const auto& each : holder.list(type))
    switch (covers(each.topic, of.topic, of.who)) {
    case coverage::none:
      break;
    case coverage::covers:
      return decide_by(each, type, each.allow);
    case coverage::broken:
      return decide_by(each, type, false);
    }
  return {};
}

decision ask_about_filter(const role& holder, const wish& of, acl_type literal,
                          acl_type pattern) noexcept {
  auto found = find_literal(holder, literal, of.topic);
  return is_made(found) ? found : find_pattern(holder, pattern, of);
}

decision ask(const role& holder, const wish& of) noexcept {
  switch (of.what) {
  case action::publish:
    return find_pattern(holder, acl_type::publish_client_send, of);
  case action::receive:
    return find_pattern(holder, acl_type::publish_client_receive, of);
  case action::subscribe:
    if (!holder.allow_wildcard_subscriptions && has_wildcard(of.topic))
      return {ruling::deny, decision::maker::wildcards, {}, {}, nullptr, {}};
    return ask_about_filter(holder, of, acl_type::subscribe_literal,
                            acl_type::subscribe_pattern);
  case action::unsubscribe:
    return ask_about_filter(holder, of, acl_type::unsubscribe_literal,
                            acl_type::unsubscribe_pattern);
  }
  return {};
}

decision ask_all(const document& content, const references& roles,
                 const wish& of) noexcept {
  for (const auto& each : roles) {
    const auto* holder = content.find_role(each.name);
    auto found = holder != nullptr ? ask(*holder, of) : decision{};
    if (!is_made(found))
      continue;
    found.role = each.name;
    return found;
  }
  return {};
}

decision ask_group(const document& content, std::string_view name,
                   const wish& of) noexcept {
  const auto* asked = content.find_group(name);
  auto found =
      asked != nullptr ? ask_all(content, asked->roles, of) : decision{};
  found.group = name;
  return found;
}

decision ask_client(const document& content, const client& asking,
                    const wish& of) noexcept {
  auto found = ask_all(content, asking.roles, of);
  for (const auto& each : asking.groups) {
    if (is_made(found))
      break;
    found = ask_group(content, each.name, of);
  }
  return found;
}

/// $CONTROL must be allowed in so many words.
decision by_default(const document& content, const wish& of) noexcept {
  bool allowed = content.default_access[static_cast<size_t>(of.what)]
                 && !of.topic.starts_with("$CONTROL");
  decision made;
  made.verdict = allowed ? ruling::allow : ruling::pass;
  return made;
}

decision refuse(ruling verdict, decision::maker by) noexcept {
  return {verdict, by, {}, {}, nullptr, {}};
}

std::string holder_of(const decision& made) {
  return made.group.empty()
             ? fmt::format("role {}", made.role)
             : fmt::format("role {} of group {}", made.role, made.group);
}

std::string explain_acl(const decision& made) {
  // A filter that breaks the grammar denies whatever it says.
  return fmt::format("{}: {} {} (priority {}) {} it", holder_of(made),
                     to_string(made.type), made.rule->topic,
                     made.rule->priority,
                     made.verdict == ruling::allow ? "allows" : "denies");
}

} // namespace

decision decide(const document& content, const client_identity& who,
                action what, std::string_view topic) noexcept {
  wish of{who, what, topic};
  decision found;
  bool is_name = what == action::publish || what == action::receive;
  // A role that denies some topics could not tell whether it is meant.
  if (is_name && has_wildcard(topic))
    return refuse(ruling::deny, decision::maker::bad_topic);
  if (who.user_name) {
    const auto* asking = content.find_client(*who.user_name);
    // Somebody else let it in, and knows what it may do.
    if (asking == nullptr)
      return refuse(ruling::pass, decision::maker::stranger);
    found = ask_client(content, *asking, of);
  } else if (!content.anonymous_group.empty()) {
    found = ask_group(content, content.anonymous_group, of);
  }
  return is_made(found) ? found : by_default(content, of);
}

std::string explain(const decision& made) {
  switch (made.by) {
  case decision::maker::acl:
    return explain_acl(made);
  case decision::maker::wildcards:
    return holder_of(made) + " allows no subscription with wildcards";
  case decision::maker::defaults:
    return made.verdict == ruling::allow ? "the default access allows it"
                                         : "no ACL and no default access "
                                           "allows it";
  case decision::maker::stranger:
    return "dynamic security has no client of that name";
  case decision::maker::bad_topic:
    return "a topic name has no wildcards";
  }
  return {};
}

} // namespace troupe::security::dynsec
