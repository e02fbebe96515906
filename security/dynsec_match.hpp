#pragma once

#include "security/authority.hpp"

#include <cstdint>
#include <string_view>

/// Which topics and filters the filter of an ACL covers.
namespace troupe::security::dynsec {

enum class coverage : uint8_t {
  none,
  covers,
  /// The filter breaks the grammar in the level that decides. Mosquitto stores
  /// such a filter in a role and then denies.
  broken,
};

/// Whether `filter` covers the topic name `given`, or all topics that the topic
/// filter `given` can match. `%c` and `%u` stand for the client id and the user
/// name where they are a whole level; an id or name that has a separator or
/// wildcard in it, or is empty, matches nothing.
coverage covers(std::string_view filter, std::string_view given,
                const client_identity& who) noexcept;

/// Whether there is a `+` or `#` in it.
bool has_wildcard(std::string_view topic) noexcept;

} // namespace troupe::security::dynsec
