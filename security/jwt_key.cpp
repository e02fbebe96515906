#include "security/jwt_key.hpp"

#include "security/openssl_handles.hpp"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <array>

namespace troupe::security {

namespace {

using param_builder_handle =
    openssl_handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using params_handle = openssl_handle<OSSL_PARAM, OSSL_PARAM_free>;
using ecdsa_handle = openssl_handle<ECDSA_SIG, ECDSA_SIG_free>;

/// A coordinate, and each half of a signature, on P-256.
constexpr size_t p256_bytes = 32;
constexpr size_t sha256_bytes = 32;

const uint8_t* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const uint8_t*>(text.data());
}

bignum_handle number_of(std::string_view bytes) {
  return bignum_handle{
      BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr)};
}

/// A public key of the kind `type` from its parameters, or null.
std::shared_ptr<EVP_PKEY> make_public(const char* type, OSSL_PARAM* params) {
  key_context_handle context{
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
  EVP_PKEY* made = nullptr;
  if (params == nullptr || !context
      || EVP_PKEY_fromdata_init(context.get()) <= 0
      || EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params)
             <= 0)
    return nullptr;
  return {made, EVP_PKEY_free};
}

bool is_sound(EVP_PKEY* key) {
  key_context_handle context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  return context && EVP_PKEY_public_check(context.get()) == 1;
}

bool is_on_p256(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  size_t size = 0;
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1
         && std::string_view{name.data(), size} == SN_X9_62_prime256v1;
}

/// The form in which OpenSSL takes an ECDSA signature, from the two numbers in
/// a row that a token has (RFC 7518, section 3.4). Empty: it is none.
std::vector<uint8_t> ecdsa_der(std::string_view signature) {
  if (signature.size() != 2 * p256_bytes)
    return {};
  auto r = number_of(signature.substr(0, p256_bytes));
  auto s = number_of(signature.substr(p256_bytes));
  ecdsa_handle pair{ECDSA_SIG_new()};
  if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1)
    return {};
  // They belong to the pair now.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  uint8_t* made = nullptr;
  auto size = i2d_ECDSA_SIG(pair.get(), &made);
  std::vector<uint8_t> der;
  if (size > 0)
    der.assign(made, made + size);
  OPENSSL_free(made);
  return der;
}

bool verify_public(EVP_PKEY* key, std::string_view text, const uint8_t* data,
                   size_t size) {
  digest_context_handle context{EVP_MD_CTX_new()};
  return context
         && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                                 key)
                == 1
         && EVP_DigestVerify(context.get(), data, size, bytes_of(text),
                             text.size())
                == 1;
}

bool verify_secret(const std::vector<uint8_t>& secret, std::string_view text,
                   std::string_view signature) {
  std::array<uint8_t, sha256_bytes> made{};
  unsigned size = 0;
  auto done = HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                   bytes_of(text), text.size(), made.data(), &size)
              != nullptr;
  auto equal =
      done && size == made.size() && signature.size() == made.size()
      && CRYPTO_memcmp(made.data(), signature.data(), made.size()) == 0;
  OPENSSL_cleanse(made.data(), made.size());
  return equal;
}

/// The algorithm that a public key is for, or why none.
checked<jwt_algorithm> judge(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    auto bits = EVP_PKEY_get_bits(key);
    if (bits < jwt_key::least_rsa_bits || bits > jwt_key::most_rsa_bits)
      return explanation{fmt::format(
          "an RSA key of {} bits; use one of {} to {}", bits,
          int{jwt_key::least_rsa_bits}, int{jwt_key::most_rsa_bits})};
    return jwt_algorithm::rs256;
  }
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    if (!is_on_p256(key))
      return explanation{"an elliptic curve key on another curve than P-256 "
                         "(prime256v1)"};
    return jwt_algorithm::es256;
  }
  const auto* kind = EVP_PKEY_get0_type_name(key);
  return explanation{fmt::format("a key of the kind {}; use RSA for RS256 or "
                                 "an elliptic curve key on P-256 for ES256",
                                 kind != nullptr ? kind : "unknown")};
}

} // namespace

std::string_view to_string(jwt_algorithm value) noexcept {
  constexpr std::string_view names[] = {"RS256", "ES256", "HS256"};
  return names[static_cast<size_t>(value)];
}

std::optional<jwt_algorithm>
parse_jwt_algorithm(std::string_view name) noexcept {
  for (auto each :
       {jwt_algorithm::rs256, jwt_algorithm::es256, jwt_algorithm::hs256})
    if (name == to_string(each))
      return each;
  return std::nullopt;
}

checked<jwt_key> jwt_key::from_public(std::shared_ptr<evp_pkey_st> key) {
  openssl_errors meanwhile;
  if (!key)
    return explanation{"no key; its numbers are impossible"};
  auto algorithm = judge(key.get());
  if (!algorithm)
    return algorithm.error();
  if (!is_sound(key.get()))
    return explanation{"no sound key; its numbers are impossible"};
  jwt_key made;
  made.algorithm_ = *algorithm;
  made.public_ = std::move(key);
  return made;
}

checked<jwt_key> jwt_key::from_rsa(std::string_view modulus,
                                   std::string_view exponent) {
  openssl_errors meanwhile;
  // More than an exponent and a modulus can need is not worth computing with.
  constexpr size_t most_bytes = most_rsa_bits / 8 + 1;
  if (modulus.size() > most_bytes || exponent.size() > most_bytes)
    return explanation{
        fmt::format("an RSA key of more than {} bits", int{most_rsa_bits})};
  auto n = number_of(modulus);
  auto e = number_of(exponent);
  param_builder_handle builder{OSSL_PARAM_BLD_new()};
  if (!n || !e || !builder
      || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get())
             != 1
      || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get())
             != 1)
    return explanation{"no key; memory is short"};
  params_handle params{OSSL_PARAM_BLD_to_param(builder.get())};
  return from_public(make_public("RSA", params.get()));
}

checked<jwt_key> jwt_key::from_p256(std::string_view x, std::string_view y) {
  openssl_errors meanwhile;
  // The point in full: 4, x, y (SEC 1, section 2.3.3).
  std::string point = "\x04";
  point.append(x).append(y);
  if (x.size() != p256_bytes || y.size() != p256_bytes)
    return explanation{"an elliptic curve key whose x and y are not 32 bytes "
                       "each"};
  std::string group = SN_X9_62_prime256v1;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(),
                                       0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                        point.size()),
      OSSL_PARAM_construct_end()};
  return from_public(make_public("EC", params));
}

checked<jwt_key> jwt_key::from_secret(std::string_view secret) {
  if (secret.size() < least_secret)
    return explanation{fmt::format(
        "a secret of {} bytes; HS256 needs at least {}, which `openssl rand "
        "-hex 32` gives",
        secret.size(), size_t{least_secret})};
  jwt_key made;
  made.secret_ = {new std::vector<uint8_t>(secret.begin(), secret.end()),
                  [](std::vector<uint8_t>* old) {
                    OPENSSL_cleanse(old->data(), old->size());
                    delete old;
                  }};
  return made;
}

bool jwt_key::verify(std::string_view text, std::string_view signature) const {
  openssl_errors meanwhile;
  switch (algorithm_) {
  case jwt_algorithm::hs256:
    return verify_secret(*secret_, text, signature);
  case jwt_algorithm::rs256:
    return verify_public(public_.get(), text, bytes_of(signature),
                         signature.size());
  case jwt_algorithm::es256: {
    auto der = ecdsa_der(signature);
    return !der.empty()
           && verify_public(public_.get(), text, der.data(), der.size());
  }
  }
  return false;
}

} // namespace troupe::security
