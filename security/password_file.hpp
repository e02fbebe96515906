#pragma once

#include "core/checked.hpp"
#include "security/password_hash.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace troupe::security {

/// The users of a password file and their hashes. Never changes once it is
/// read, so all threads may ask at any time.
class password_file {
public:
  /// Nobody.
  password_file() = default;

  /// The stored hash of `user`, or nothing. Owned by the file.
  const password_hash* find(std::string_view user) const noexcept;
  /// What a user of whom there is nothing is checked against, to take as long
  /// as those there are: of the kind and cost of the file's first user.
  const password_hash& decoy() const noexcept { return decoy_; }
  /// What SCRAM pretends to know of a user without a hash for it: as costly as
  /// that of the first user who has one.
  const password_hash& scram_decoy() const noexcept { return scram_decoy_; }

  size_t size() const noexcept { return users_.size(); }

private:
  friend checked<password_file> parse_password_file(std::string_view text,
                                                    std::string_view name);

  std::map<std::string, password_hash, std::less<>> users_;
  password_hash decoy_ = make_decoy(hash_kind::sha512_pbkdf2, {});
  password_hash scram_decoy_ = make_decoy(hash_kind::scram_sha_256, {});
};

/// Reads the text of a password file: lines of the form `user:hash`, empty
/// lines, and comments that begin with `#`. White space around a line, a user
/// and a hash does not count, as in Mosquitto. `name` is the file's, for the
/// explanation: file, line, what is wrong, what would be right. Nothing that
/// might be a password is in it.
checked<password_file> parse_password_file(std::string_view text,
                                           std::string_view name);

/// Reads the password file at `path`, which only its owner and group may write.
/// Blocks.
checked<password_file> load_password_file(const std::string& path);

} // namespace troupe::security
