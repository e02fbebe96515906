#pragma once

#include "core/checked.hpp"
#include "core/clock.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace troupe::security {

/// Who a token says a client is.
struct jwt_identity {
  std::string user_name;
  /// The client id that the token is for; nothing: for any.
  std::optional<std::string> client_id;
  /// When the token, leeway included, is no longer accepted; 0: never.
  wall_time expires = 0;
};

/// Objects and arrays in each other that claims may have.
inline constexpr int claims_depth = 16;

/// What the claims of a token must be, from `jwt_settings`.
struct jwt_claim_rules {
  std::vector<std::string> audience;
  std::string issuer;
  /// The names that lead to the claim, outermost first.
  std::vector<std::string> user_path;
  /// Empty: the client id is free.
  std::vector<std::string> client_id_path;
  bool require_expiry = true;
  /// Milliseconds.
  wall_time leeway = 0;
};

/// Who the claims of a token whose signature is right say a client is at `now`,
/// or what is wrong with them. REQUIRES: claims.is_object().
checked<jwt_identity> judge_claims(const nlohmann::json& claims,
                                   const jwt_claim_rules& rules, wall_time now);

} // namespace troupe::security
