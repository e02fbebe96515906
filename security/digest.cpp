#include "security/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <climits>
#include <memory>

namespace troupe::security {

namespace {

struct context_deleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using context_ptr = std::unique_ptr<EVP_MD_CTX, context_deleter>;

const EVP_MD* implementation(sha2 function) {
  return function == sha2::sha256 ? EVP_sha256() : EVP_sha512();
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// OpenSSL takes "no key" and "no password" only as a pointer to nothing.
std::string_view never_null(std::string_view text) {
  return text.data() == nullptr ? std::string_view{""} : text;
}

} // namespace

std::string digest(sha2 function, std::string_view first,
                   std::string_view second) {
  context_ptr context{EVP_MD_CTX_new()};
  std::string made(size_of(function), '\0');
  bool ok =
      context
      && EVP_DigestInit_ex(context.get(), implementation(function), nullptr)
             == 1
      && EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1
      && EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1
      && EVP_DigestFinal_ex(context.get(), bytes_of(made), nullptr) == 1;
  return ok ? made : std::string{};
}

std::string hmac(sha2 function, std::string_view key, std::string_view text) {
  key = never_null(key);
  if (key.size() > INT_MAX)
    return {};
  std::string made(size_of(function), '\0');
  auto* done =
      HMAC(implementation(function), key.data(), static_cast<int>(key.size()),
           bytes_of(text), text.size(), bytes_of(made), nullptr);
  return done == nullptr ? std::string{} : made;
}

secret pbkdf2(sha2 function, std::string_view password, std::string_view salt,
              uint32_t iterations) {
  password = never_null(password);
  if (password.size() > INT_MAX || salt.size() > INT_MAX
      || iterations > INT_MAX)
    return {};
  std::string made(size_of(function), '\0');
  auto status = PKCS5_PBKDF2_HMAC(
      password.data(), static_cast<int>(password.size()), bytes_of(salt),
      static_cast<int>(salt.size()), static_cast<int>(iterations),
      implementation(function), static_cast<int>(made.size()), bytes_of(made));
  return status == 1 ? secret{std::move(made)} : secret{};
}

std::string random_bytes(size_t count) {
  std::string made(count, '\0');
  bool ok = count <= INT_MAX
            && RAND_bytes(bytes_of(made), static_cast<int>(count)) == 1;
  return ok ? made : std::string{};
}

} // namespace troupe::security
