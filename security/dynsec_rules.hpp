#pragma once

#include "security/authority.hpp"
#include "security/dynsec_document.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::security::dynsec {

/// What made a decision. The texts belong to the document.
struct decision {
  enum class maker : uint8_t {
    /// An ACL of a role.
    acl,
    /// A role that forbids subscriptions with wildcards.
    wildcards,
    /// The default access, because no ACL has a say.
    defaults,
    /// That the user name is not known.
    stranger,
    /// That the topic name is none.
    bad_topic,
  };

  ruling verdict = ruling::pass;
  maker by = maker::defaults;
  /// Empty where no role decided.
  std::string_view role;
  /// The group that has the role; empty: the client has it itself.
  std::string_view group;
  /// Null where no ACL decided.
  const acl* rule = nullptr;
  /// Of `rule`.
  acl_type type{};
};

/// What `content` says, as Mosquitto's plugin finds it: the roles of the
/// client, then those of its groups, each list the highest priority first; in a
/// role the literal ACLs before the patterns, the highest priority first. The
/// first ACL that covers the topic decides, then the default access, which
/// never allows $CONTROL. Without a right: pass.
decision decide(const document& content, const client_identity& who,
                action what, std::string_view topic) noexcept;

/// The same in words for an operator, such as `role sensor of group hall:
/// publishClientSend plant/# (priority 3) allows it`.
std::string explain(const decision& made);

} // namespace troupe::security::dynsec
