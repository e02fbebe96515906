#pragma once

#include "security/secret.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The functions of cryptography that passwords are made of. Each answers with
/// bytes, not text, and with nothing at all if the library refuses (out of
/// memory): nothing equals no stored hash.
namespace troupe::security {

/// The two functions of the SHA-2 family that passwords use.
enum class sha2 : uint8_t { sha256, sha512 };

/// 32 for SHA-256, 64 for SHA-512.
constexpr size_t size_of(sha2 function) noexcept {
  return function == sha2::sha256 ? 32 : 64;
}

/// The digest of `first` followed by `second`.
std::string digest(sha2 function, std::string_view first,
                   std::string_view second = {});

/// RFC 2104.
std::string hmac(sha2 function, std::string_view key, std::string_view text);

/// RFC 8018, section 5.2, with HMAC; as many bytes as the function yields.
/// Slow: time grows with `iterations`. REQUIRES: iterations > 0.
secret pbkdf2(sha2 function, std::string_view password, std::string_view salt,
              uint32_t iterations);

/// From the system's generator for keys.
std::string random_bytes(size_t count);

} // namespace troupe::security
