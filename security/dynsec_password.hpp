#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Passwords as dynamic security keeps them: as in a password file.
namespace troupe::security::dynsec {

/// The parts of `$7$ITERATIONS$SALT$HASH`; both in base64.
struct pbkdf2_parts {
  uint32_t iterations = 0;
  std::string salt;
  std::string hash;
};

/// Nothing: it has another form.
std::optional<pbkdf2_parts> split_pbkdf2(std::string_view encoded);

/// Whether this can be a stored password: `$7$` and `$6$` with a salt of a
/// length that Mosquitto knows, or `$argon2id$`.
bool is_password_hash(std::string_view encoded);

/// A new `$7$` form with a random salt, which Mosquitto 2.0 and 2.1 read;
/// empty: it cannot be made. Takes about a millisecond.
std::string make_stored_password(std::string_view password);

/// A password of 20 letters and digits; empty: no random numbers can be had.
std::string make_random_password();

} // namespace troupe::security::dynsec
