#include "security/dynsec_authority.hpp"

#include "security/dynsec_match.hpp"

#include <cassert>
#include <cstddef>
#include <utility>

namespace troupe::security::dynsec {

namespace {

/// The wish of a client, as the roles are asked for it.
struct wish {
  const client_identity& who;
  action what;
  std::string_view topic;
};

ruling ruling_of(const acl& found) noexcept {
  return found.allow ? ruling::allow : ruling::deny;
}

ruling find_literal(const std::vector<acl>& list,
                    std::string_view topic) noexcept {
  for (const auto& each : list)
    if (each.topic == topic)
      return ruling_of(each);
  return ruling::pass;
}

ruling find_pattern(const std::vector<acl>& list, const wish& of) noexcept {
  for (const auto& each : list)
    switch (covers(each.topic, of.topic, of.who)) {
    case coverage::none:
      break;
    case coverage::covers:
      return ruling_of(each);
    case coverage::broken:
      return ruling::deny;
    }
  return ruling::pass;
}

ruling ask_about_filter(const role& holder, const wish& of, acl_type literal,
                        acl_type pattern) noexcept {
  auto found = find_literal(holder.list(literal), of.topic);
  return found != ruling::pass ? found : find_pattern(holder.list(pattern), of);
}

ruling ask(const role& holder, const wish& of) noexcept {
  switch (of.what) {
  case action::publish:
    return find_pattern(holder.list(acl_type::publish_client_send), of);
  case action::receive:
    return find_pattern(holder.list(acl_type::publish_client_receive), of);
  case action::subscribe:
    if (!holder.allow_wildcard_subscriptions && has_wildcard(of.topic))
      return ruling::deny;
    return ask_about_filter(holder, of, acl_type::subscribe_literal,
                            acl_type::subscribe_pattern);
  case action::unsubscribe:
    return ask_about_filter(holder, of, acl_type::unsubscribe_literal,
                            acl_type::unsubscribe_pattern);
  }
  return ruling::deny;
}

ruling ask_all(const document& content, const references& roles,
               const wish& of) noexcept {
  for (const auto& each : roles)
    if (const auto* holder = content.find_role(each.name))
      if (auto found = ask(*holder, of); found != ruling::pass)
        return found;
  return ruling::pass;
}

ruling ask_group(const document& content, std::string_view name,
                 const wish& of) noexcept {
  const auto* found = content.find_group(name);
  return found != nullptr ? ask_all(content, found->roles, of) : ruling::pass;
}

ruling ask_client(const document& content, const client& asking,
                  const wish& of) noexcept {
  auto found = ask_all(content, asking.roles, of);
  for (const auto& each : asking.groups) {
    if (found != ruling::pass)
      break;
    found = ask_group(content, each.name, of);
  }
  return found;
}

/// $CONTROL must be allowed in so many words.
ruling by_default(const document& content, const wish& of) noexcept {
  bool allowed = content.default_access[static_cast<size_t>(of.what)]
                 && !of.topic.starts_with("$CONTROL");
  return allowed ? ruling::allow : ruling::pass;
}

} // namespace

ruling decide(const document& content, const client_identity& who, action what,
              std::string_view topic) noexcept {
  wish of{who, what, topic};
  auto found = ruling::pass;
  bool is_name = what == action::publish || what == action::receive;
  // It is none then, and a role that denies some topics cannot tell.
  if (is_name && has_wildcard(topic))
    return ruling::deny;
  if (who.user_name) {
    const auto* asking = content.find_client(*who.user_name);
    // Somebody else let it in, and knows what it may do.
    if (asking == nullptr)
      return ruling::pass;
    found = ask_client(content, *asking, of);
  } else if (!content.anonymous_group.empty()) {
    found = ask_group(content, content.anonymous_group, of);
  }
  return found != ruling::pass ? found : by_default(content, of);
}

dynamic_authority::dynamic_authority(std::shared_ptr<const document> content)
    : content_(std::move(content)) {
  assert(content_);
}

ruling dynamic_authority::rule(const client_identity& who, action what,
                               std::string_view topic) const {
  return decide(*content(), who, what, topic);
}

uint64_t dynamic_authority::version() const noexcept {
  return version_.load(std::memory_order_acquire);
}

std::optional<account>
dynamic_authority::find(std::string_view user_name) const {
  auto now = content();
  const auto* found = now->find_client(user_name);
  if (found == nullptr)
    return std::nullopt;
  return account{found->password, found->client_id, found->disabled};
}

std::shared_ptr<const document> dynamic_authority::content() const {
  std::lock_guard lock{guard_};
  return content_;
}

void dynamic_authority::replace(std::shared_ptr<const document> content) {
  assert(content);
  {
    std::lock_guard lock{guard_};
    content_.swap(content);
  }
  // Who sees the new number finds the new document. Whoever asks in between
  // may remember a new ruling under the old number, which does no harm.
  version_.fetch_add(1, std::memory_order_release);
}

} // namespace troupe::security::dynsec
