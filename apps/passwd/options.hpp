#pragma once

#include "core/checked.hpp"
#include "security/password_hash.hpp"
#include "security/secret.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::passwd_tool {

enum class deed : uint8_t { set, remove, upgrade, help };

struct options {
  passwd_tool::deed deed = passwd_tool::deed::set;
  /// Of -c.
  bool is_new_file = false;
  std::string file;
  std::string user;
  /// Of -b.
  std::optional<security::secret> password;
  security::hash_kind kind = security::hash_kind::sha512_pbkdf2;
  /// Of -I; 0: not given.
  uint32_t iterations = 0;
};

/// Reads the command line; `argv[0]` is skipped. The password of -b is wiped
/// there, so that `ps` does not show it for longer than needed.
checked<options> parse(int argc, char** argv);

/// What --help prints.
const char* help_text() noexcept;

} // namespace troupe::passwd_tool
