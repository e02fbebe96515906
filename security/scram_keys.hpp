#pragma once

#include "security/secret.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::security {

/// What SCRAM-SHA-256 derives from a password (RFC 5802, section 3).
struct scram_keys {
  /// Whoever has it can pass for the client.
  secret client_key;
  /// What the server keeps: to check the client's proof, and for its own.
  std::string stored_key;
  std::string server_key;
};

/// Slow: time grows with `iterations`. Empty keys if memory does not suffice.
/// REQUIRES: iterations > 0.
scram_keys derive_scram_keys(std::string_view password, std::string_view salt,
                             uint32_t iterations);

} // namespace troupe::security
