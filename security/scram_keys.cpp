#include "security/scram_keys.hpp"

#include "security/digest.hpp"

namespace troupe::security {

scram_keys derive_scram_keys(std::string_view password, std::string_view salt,
                             uint32_t iterations) {
  auto salted = pbkdf2(sha2::sha256, password, salt, iterations);
  if (salted.empty())
    return {};
  scram_keys keys;
  keys.client_key = secret{hmac(sha2::sha256, salted.view(), "Client Key")};
  keys.server_key = hmac(sha2::sha256, salted.view(), "Server Key");
  if (!keys.client_key.empty())
    keys.stored_key = digest(sha2::sha256, keys.client_key.view());
  return keys;
}

} // namespace troupe::security
