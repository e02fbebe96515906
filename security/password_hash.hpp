#pragma once

#include "core/checked.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::security {

/// How a stored password was hashed.
enum class hash_kind : uint8_t {
  /// `$6$salt$hash`: SHA-512 once, as Mosquitto up to 1.6. Quick to guess.
  sha512,
  /// `$7$iterations$salt$hash`: PBKDF2 with HMAC-SHA-512, Mosquitto since 2.0.
  sha512_pbkdf2,
  /// `$argon2id$v=19$m=KIB,t=PASSES,p=LANES$salt$hash`, Mosquitto since 2.1.
  argon2id,
  /// `$scram-sha-256$iterations$salt$stored key$server key`: troupe's own. For
  /// SCRAM (RFC 7677), and for plain passwords as well.
  scram_sha_256,
};

/// The kind's name as `troupe passwd -H` takes it.
std::string_view to_string(hash_kind kind) noexcept;
/// Reads what `to_string` writes.
std::optional<hash_kind> hash_kind_of(std::string_view name) noexcept;

/// The most iterations of PBKDF2: some seconds.
inline constexpr uint32_t most_iterations = 10'000'000;
/// The most passes of Argon2 over `memory` KiB: some seconds, too.
/// REQUIRES: memory > 0.
constexpr uint32_t most_argon2_passes(uint32_t memory) noexcept {
  return 4 * 1024 * 1024 / memory;
}
/// The least of SCRAM (RFC 7677, section 4): clients ask for them.
inline constexpr uint32_t least_scram_iterations = 4096;

/// What one check of a password costs.
struct hash_cost {
  /// Rounds of PBKDF2, or passes of Argon2 over its memory; SHA-512: unused.
  uint32_t iterations = 0;
  /// Argon2 only, in KiB.
  uint32_t memory = 0;
  /// Argon2 only. They are computed one after the other, in one thread.
  uint32_t lanes = 0;

  friend bool operator==(const hash_cost&, const hash_cost&) = default;
};

/// What `make` takes if nothing else is asked for: `sha512_pbkdf2` 1000
/// iterations (Mosquitto 2.1's), `scram_sha_256` 4096 (RFC 7677, section 4),
/// `argon2id` one pass over 46 MiB with one lane.
hash_cost default_cost(hash_kind kind) noexcept;

/// A password as it is stored: enough to tell whether a password is the same,
/// not enough to know it. Salts and hashes are bytes, not text.
struct password_hash {
  hash_kind kind = hash_kind::sha512_pbkdf2;
  hash_cost cost;
  std::string salt;
  /// SCRAM: the stored key.
  std::string hash;
  /// SCRAM only.
  std::string server_key;

  /// Equal only if written alike: whether a client's password was changed.
  friend bool operator==(const password_hash&, const password_hash&) = default;
};

/// Reads one of the four forms. Costs that would keep a thread busy for more
/// than some seconds, or take over 1 GiB, are refused. The explanation never
/// holds any of `text`.
checked<password_hash> parse_password_hash(std::string_view text);

/// Writes what `parse_password_hash` reads.
std::string to_string(const password_hash& stored);

/// Whether `password` is the one that `stored` was made from. Slow on purpose
/// (`hash_cost`), so for worker threads; the time says nothing about how much
/// was right. False if memory does not suffice.
bool verify(const password_hash& stored, std::string_view password);

/// Hashes `password` with a salt of its own. Slow. `cost`: whatever is 0 in it
/// is taken from `default_cost`.
checked<password_hash> make_password_hash(hash_kind kind,
                                          std::string_view password,
                                          hash_cost cost = {});

/// A hash that no password has, and that takes as long to check as one of
/// `kind` and `cost`: to be checked for users who do not exist, so that they
/// cannot be told from others by the time it takes. What is 0 in `cost` is
/// taken from `default_cost`.
password_hash make_decoy(hash_kind kind, hash_cost cost);

} // namespace troupe::security
