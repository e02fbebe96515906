#pragma once

#include "core/checked.hpp"
#include "core/clock.hpp"
#include "security/jwt_claims.hpp"
#include "security/jwt_key.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::security {

/// Which JSON Web Tokens (RFC 7519) let a client in, and as whom.
struct jwt_settings {
  /// Public keys or certificates as PEM, or a secret. Default: none
  std::string key_file;
  /// A JWK set (RFC 7517). Default: none
  std::string jwks_file;
  /// The algorithms accepted, of RS256, ES256, HS256. Default: those that the
  /// keys are for
  std::vector<std::string> algorithms;
  /// One of these `aud` must name. Empty: tokens with `aud` are refused.
  /// Default: empty
  std::vector<std::string> audience;
  /// What `iss` must be. Empty: anything. Default: empty
  std::string issuer;
  /// The claim that is the user name: `a.b` is `b` within `a`, `\.` a dot in a
  /// name. Default: sub
  std::string user_claim = "sub";
  /// The claim that the client id must equal. Empty: none. Default: empty
  std::string client_id_claim;
  /// Refuse tokens without `exp`. Default: true
  bool require_expiry = true;
  /// How far the clock of whoever makes the tokens may be off. Default: 60 s
  std::chrono::seconds leeway{60};

  /// Whether tokens are wanted at all.
  bool is_set() const noexcept {
    return !key_file.empty() || !jwks_file.empty();
  }
};

/// Judges tokens. Immutable: any thread may ask at any time.
class jwt_verifier {
public:
  /// No longer token is looked at.
  static constexpr size_t most_bytes = 8192;

  /// REQUIRES: keys are those of the settings' files, which are not read.
  static checked<std::shared_ptr<const jwt_verifier>>
  make(const jwt_settings& settings, jwt_key_set keys);

  /// The identity that `token` proves at `now`, or why it proves none, in words
  /// for the log that give nothing of the token away but its names.
  checked<jwt_identity> verify(std::string_view token, wall_time now) const;

  /// What was left out of the key files and why, for the log.
  const std::vector<std::string>& warnings() const noexcept {
    return warnings_;
  }

private:
  jwt_verifier() = default;
  bool accepts(jwt_algorithm which) const;
  std::optional<explanation> check_signature(std::string_view token,
                                             size_t last_dot) const;

  std::vector<jwt_key> keys_;
  std::vector<jwt_algorithm> algorithms_;
  jwt_claim_rules rules_;
  std::vector<std::string> warnings_;
};

/// Reads the key files that `settings` name and makes their verifier. The
/// explanation names file or option. Blocks. REQUIRES: settings.is_set().
checked<std::shared_ptr<const jwt_verifier>>
load_jwt_verifier(const jwt_settings& settings);

/// Whether a password has the form of a token, so that it is worth verifying:
/// three parts of base64url between dots, the first of which begins as JSON.
bool looks_like_jwt(std::string_view password) noexcept;

/// Why a client that gave `user_name` (nothing: none) and `client_id` is not
/// whom its token is for; nothing if it is. A user name that is missing or
/// empty is taken from the token; any other must be equal.
std::optional<explanation>
find_mismatch(const jwt_identity& proved,
              std::optional<std::string_view> user_name,
              std::string_view client_id);

} // namespace troupe::security
