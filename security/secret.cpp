#include "security/secret.hpp"

#include <openssl/crypto.h>

namespace troupe::security {

void wipe(std::string& text) noexcept {
  // Up to its capacity nothing is allocated.
  text.resize(text.capacity());
  wipe(text.data(), text.size());
  text.clear();
}

void wipe(void* bytes, size_t size) noexcept {
  OPENSSL_cleanse(bytes, size);
}

bool equal_in_constant_time(std::string_view x, std::string_view y) noexcept {
  return x.size() == y.size()
         && CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

} // namespace troupe::security
