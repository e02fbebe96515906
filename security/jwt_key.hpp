#pragma once

#include "core/checked.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;

namespace troupe::security {

/// How a token may be signed (RFC 7518, section 3.1).
enum class jwt_algorithm : uint8_t {
  /// RSASSA-PKCS1-v1_5 with SHA-256.
  rs256,
  /// ECDSA on P-256 with SHA-256.
  es256,
  /// HMAC with SHA-256.
  hs256,
};

/// The algorithm's name as it stands in a token.
std::string_view to_string(jwt_algorithm value) noexcept;

/// The algorithm of exactly this name; nothing for any other, `none` included.
std::optional<jwt_algorithm>
parse_jwt_algorithm(std::string_view name) noexcept;

/// A key that tells whether a token was signed with its other half. It serves
/// one algorithm, which its kind alone decides: no token can choose to have a
/// public key taken for a secret. Immutable; copies share the material, which
/// is wiped with the last. Any thread may verify at any time.
class jwt_key {
public:
  /// Secrets for HS256 have at least this many bytes (RFC 7518, section 3.2).
  static constexpr size_t least_secret = 32;
  /// How many bits the modulus of an RSA key may have.
  static constexpr int least_rsa_bits = 2048;
  static constexpr int most_rsa_bits = 8192;

  /// An RSA key from modulus and exponent, big-endian.
  static checked<jwt_key> from_rsa(std::string_view modulus,
                                   std::string_view exponent);
  /// A key on P-256 from the coordinates of its point, 32 bytes each.
  static checked<jwt_key> from_p256(std::string_view x, std::string_view y);
  /// A secret shared with whoever makes the tokens; copied.
  static checked<jwt_key> from_secret(std::string_view secret);
  /// A public RSA or P-256 key of OpenSSL's, which is shared.
  static checked<jwt_key> from_public(std::shared_ptr<evp_pkey_st> key);

  jwt_algorithm algorithm() const noexcept { return algorithm_; }

  /// The `kid` by which tokens name this key; empty: it has none.
  const std::string& id() const noexcept { return id_; }
  void set_id(std::string id) { id_ = std::move(id); }

  /// Whether `signature` is this key's for `text`. Secrets are compared in
  /// constant time.
  bool verify(std::string_view text, std::string_view signature) const;

private:
  jwt_key() = default;

  jwt_algorithm algorithm_ = jwt_algorithm::hs256;
  std::string id_;
  std::shared_ptr<evp_pkey_st> public_;
  std::shared_ptr<const std::vector<uint8_t>> secret_;
};

/// What a key file holds.
struct jwt_key_set {
  std::vector<jwt_key> keys;
  /// What was left out of it and why, for the log.
  std::vector<std::string> warnings;
};

/// Reads what `text`, the content of the file `name`, holds: public keys or
/// certificates as PEM, or a secret, of which a line's end behind it is no
/// part.
checked<jwt_key_set> parse_jwt_key_file(std::string_view text,
                                        std::string_view name);

/// Reads a JWK set (RFC 7517): `text` is the content of the file `name`. Keys
/// that cannot verify tokens here are left out with a warning.
checked<jwt_key_set> parse_jwks(std::string_view text, std::string_view name);

} // namespace troupe::security
