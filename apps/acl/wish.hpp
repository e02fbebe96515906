#pragma once

#include "core/checked.hpp"
#include "security/access.hpp"

#include <istream>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::acl_tool {

/// What is asked: may this client do that with this topic?
struct wish {
  security::client_identity who;
  security::action what = security::action::publish;
  std::string topic;
};

/// The action called `name`; nothing if there is none.
std::optional<security::action> action_named(std::string_view name) noexcept;

/// Why `asked` is no question: a topic name with wildcards, a broken filter.
std::optional<explanation> fault_of(const wish& asked);

/// Reads a wish as a line of JSON: {"user": null, "client": "c1",
/// "action": "publish", "topic": "a/b"}.
checked<wish> parse_wish(const std::string& line);

/// Writes `allowed: REASON` or `denied: REASON` to the standard output; returns
/// the exit status.
int answer(const wish& asked, const security::authorities& judges);

/// The same for each line of `in`, see `parse_wish`, until one is broken.
/// Success even if something is denied.
int answer_all(std::istream& in, const security::authorities& judges);

} // namespace troupe::acl_tool
