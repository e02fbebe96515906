#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Passwords as dynamic security keeps them: as in a password file.
namespace troupe::security::dynsec {

/// The parts of `$7$ITERATIONS$SALT$HASH`; both in base64.
struct pbkdf2_parts {
  int iterations = 0;
  std::string salt;
  std::string hash;
};

/// More would let a file keep a worker busy for seconds per attempt.
inline constexpr int most_iterations = 10'000'000;

/// Nothing: it has another form. Does not look at salt and hash.
std::optional<pbkdf2_parts> split_pbkdf2(std::string_view encoded);

/// Whether this can be a stored password: `$7$` and `$6$` with base64 of the
/// right lengths, or `$argon2id$`.
bool is_password_hash(std::string_view encoded);

/// A new `$7$` form with a random salt, which Mosquitto 2.0 and 2.1 read;
/// empty: no random numbers can be had. Takes about a millisecond.
std::string make_password_hash(std::string_view password);

/// Whether `password` is the one; compares in constant time. Of the forms only
/// `$7$` is known here. Takes about a millisecond per 1000 iterations.
bool check_pbkdf2(std::string_view encoded, std::string_view password);

/// A password of 20 letters and digits; empty: no random numbers can be had.
std::string make_random_password();

/// Overwrites the text, in a way that is not optimised out.
void wipe(std::string& secret) noexcept;

} // namespace troupe::security::dynsec
