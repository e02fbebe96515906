#pragma once

#include "core/checked.hpp"
#include "security/dynsec_commands.hpp"
#include "security/dynsec_io.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::security::dynsec {

/// A file that is larger is neither written nor read: some 40,000 clients.
inline constexpr size_t most_file_bytes = 16 * 1024 * 1024;

/// Reads the file of dynamic security. Blocks.
checked<reading> load_file(const std::string& path);

/// Replaces the file in one step: whatever happens meanwhile, afterwards it
/// holds the old document or the new one, which is then on the disk. Nobody but
/// its owner can read it (mode 0600); the owner stays, symbolic links to it
/// too. Nothing: it is saved. Blocks.
std::optional<explanation> save_file(const std::string& path,
                                     const document& content);

/// Where the first password of `admin` comes from.
struct first_password {
  /// A file whose first line it is (`plugin_opt_password_init_file`); empty:
  /// none is named.
  std::string file;
  /// The value of MOSQUITTO_DYNSEC_PASSWORD, of at least 12 characters;
  /// nothing: it is not set. Unset it once it is read.
  std::optional<std::string> environment;
};

/// What the first start made.
struct creation {
  document content;
  /// Where the passwords are that were drawn by lot; empty: there are none.
  std::string password_file;
};

/// Makes the file where there is none, as Mosquitto 2.1 does: with the roles
/// that one needs and the client `admin`, whose password is the one given. If
/// none is given, passwords are drawn by lot for `admin` and `democlient` and
/// written to `path`.pw, which only its owner can read. `hash` is that of
/// `surroundings`; empty: PBKDF2. Blocks.
checked<creation>
create_file(const std::string& path, const first_password& given,
            const std::function<std::string(std::string_view)>& hash = {});

} // namespace troupe::security::dynsec
