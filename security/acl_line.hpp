#pragma once

#include "core/checked.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::security {

/// What a line of an ACL file gives or takes: bits of `acl_line::rights`.
enum acl_right : uint8_t {
  deny_right = 1,
  read_right = 2,
  write_right = 4,
  subscribe_right = 8,
};

/// One line of an ACL file as Mosquitto reads it. Views into the line.
struct acl_line {
  enum class kind : uint8_t {
    /// Empty, or a comment.
    nothing,
    /// `text` is a user name.
    user,
    /// `text` is a topic filter, for the user of the last such line.
    topic,
    /// `text` is a topic filter with %c and %u, for everybody.
    pattern,
  };

  kind is = kind::nothing;
  uint8_t rights = 0;
  std::string_view text;
};

/// Reads one line without its line end. Words end at spaces, not at tabs; a
/// filter may hold spaces if a right stands before it. The explanation says
/// what is wrong and what would be right, but not where.
checked<acl_line> parse_acl_line(std::string_view line);

/// Why a line, although allowed, may do something else than its author meant.
std::optional<std::string> doubt_about(const acl_line& line);

} // namespace troupe::security
