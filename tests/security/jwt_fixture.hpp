#pragma once

#include "security/jwt.hpp"
#include "tests/security/tokens.hpp"

#include <caf/test/dsl.hpp>

#include <memory>
#include <string>

namespace troupe::test {

/// The moment at which tests take place, in seconds and as wall time.
inline constexpr int64_t now_seconds = 1'700'000'000;
inline constexpr wall_time now = now_seconds * 1000;

/// A verifier with the keys of `text`, or of a JWK set.
inline std::shared_ptr<const security::jwt_verifier>
verifier_of(checked<security::jwt_key_set> keys,
            const security::jwt_settings& settings = {}) {
  CAF_REQUIRE(keys.has_value());
  auto made = security::jwt_verifier::make(settings, std::move(*keys));
  CAF_REQUIRE(made.has_value());
  return *made;
}

inline std::shared_ptr<const security::jwt_verifier>
with_key(std::string_view text, const security::jwt_settings& settings = {}) {
  return verifier_of(security::parse_jwt_key_file(text, "key"), settings);
}

inline std::shared_ptr<const security::jwt_verifier>
with_jwks(std::string_view keys, const security::jwt_settings& settings = {}) {
  return verifier_of(
      security::parse_jwks("{\"keys\":[" + std::string{keys} + "]}", "set"),
      settings);
}

/// Claims of the user `u` that end in an hour, and `more`.
inline std::string claims(std::string_view more = "") {
  return R"({"sub":"u","exp":)" + std::to_string(now_seconds + 3600)
         + std::string{more} + '}';
}

/// Whether the token is refused with words that have `hint` in them.
inline bool is_refused(const security::jwt_verifier& by, std::string_view token,
                       std::string_view hint, wall_time at = now) {
  auto judged = by.verify(token, at);
  if (judged)
    return false;
  auto found = judged.error().text.find(hint) != std::string::npos;
  if (!found)
    CAF_MESSAGE("refused, but: " << judged.error().text);
  return found;
}

inline bool is_accepted(const security::jwt_verifier& by,
                        std::string_view token, wall_time at = now) {
  auto judged = by.verify(token, at);
  if (!judged)
    CAF_MESSAGE(judged.error().text);
  return judged.has_value();
}

} // namespace troupe::test
