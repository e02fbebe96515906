#pragma once

#include "security/openssl_handles.hpp"

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// Makes keys and tokens, as an identity provider would.
namespace troupe::test {

inline std::string encode_base64url(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
                                      "nopqrstuvwxyz0123456789-_";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (auto c : bytes) {
    bits = (bits << 8 | static_cast<uint8_t>(c)) & 0xffffU;
    for (count += 8; count >= 6; count -= 6)
      text += digits[bits >> (count - 6) & 63U];
  }
  if (count > 0)
    text += digits[bits << (6 - count) & 63U];
  return text;
}

using private_key = std::shared_ptr<EVP_PKEY>;

inline private_key new_rsa_key(unsigned bits = 2048) {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{bits}),
          EVP_PKEY_free};
}

inline private_key new_ec_key(const char* curve = "P-256") {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve), EVP_PKEY_free};
}

inline private_key new_ed25519_key() {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
}

/// Keys that take long to make, the same in all tests of a program.
inline const private_key& rsa_key() {
  static const auto key = new_rsa_key();
  return key;
}

inline const private_key& ec_key() {
  static const auto key = new_ec_key();
  return key;
}

inline const std::string& secret() {
  static const std::string text = "0123456789abcdef0123456789abcdef";
  return text;
}

inline std::string text_of(BIO* memory) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(size)};
}

inline std::string public_pem(const private_key& key) {
  security::bio_handle out{BIO_new(BIO_s_mem())};
  PEM_write_bio_PUBKEY(out.get(), key.get());
  return text_of(out.get());
}

inline std::string private_pem(const private_key& key) {
  security::bio_handle out{BIO_new(BIO_s_mem())};
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                           nullptr);
  return text_of(out.get());
}

inline std::string public_der(const private_key& key) {
  uint8_t* data = nullptr;
  auto size = i2d_PUBKEY(key.get(), &data);
  std::string der{reinterpret_cast<char*>(data), static_cast<size_t>(size)};
  OPENSSL_free(data);
  return der;
}

/// A number of `key`, big-endian, in at least `bytes` bytes.
inline std::string number_in(const private_key& key, const char* name,
                             size_t bytes = 0) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key.get(), name, &number);
  auto size = std::max(bytes, static_cast<size_t>(BN_num_bytes(number)));
  std::string text(size, '\0');
  BN_bn2binpad(number, reinterpret_cast<uint8_t*>(text.data()),
               static_cast<int>(size));
  BN_free(number);
  return text;
}

/// The members that every RSA JWK has, without braces.
inline std::string rsa_members(const private_key& key) {
  return R"("kty":"RSA","n":")"
         + encode_base64url(number_in(key, OSSL_PKEY_PARAM_RSA_N))
         + R"(","e":")"
         + encode_base64url(number_in(key, OSSL_PKEY_PARAM_RSA_E)) + '"';
}

inline std::string ec_members(const private_key& key) {
  return R"("kty":"EC","crv":"P-256","x":")"
         + encode_base64url(number_in(key, OSSL_PKEY_PARAM_EC_PUB_X, 32))
         + R"(","y":")"
         + encode_base64url(number_in(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32)) + '"';
}

inline std::string oct_members(std::string_view key) {
  return R"("kty":"oct","k":")" + encode_base64url(key) + '"';
}

inline std::string hmac(std::string_view key, std::string_view text) {
  uint8_t made[32];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const uint8_t*>(text.data()), text.size(), made, &size);
  return {reinterpret_cast<char*>(made), size};
}

/// What OpenSSL signs: for ECDSA this is DER.
inline std::string openssl_signature(const private_key& key,
                                     std::string_view text) {
  security::digest_context_handle context{EVP_MD_CTX_new()};
  const auto* data = reinterpret_cast<const uint8_t*>(text.data());
  size_t size = 0;
  EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
  EVP_DigestSign(context.get(), nullptr, &size, data, text.size());
  std::string made(size, '\0');
  EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(made.data()), &size,
                 data, text.size());
  made.resize(size);
  return made;
}

/// The two numbers of an ECDSA signature in a row.
inline std::string raw_ecdsa(std::string_view der) {
  const auto* data = reinterpret_cast<const uint8_t*>(der.data());
  auto* pair = d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
  std::string raw(64, '\0');
  auto* out = reinterpret_cast<uint8_t*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
  ECDSA_SIG_free(pair);
  return raw;
}

/// Header and claims as they are signed.
inline std::string unsigned_token(std::string_view header,
                                  std::string_view claims) {
  return encode_base64url(header) + '.' + encode_base64url(claims);
}

inline std::string with_signature(const std::string& text,
                                  std::string_view signature) {
  return text + '.' + encode_base64url(signature);
}

inline std::string hs256_token(std::string_view claims,
                               std::string_view header = R"({"alg":"HS256"})",
                               std::string_view key = secret()) {
  auto text = unsigned_token(header, claims);
  return with_signature(text, hmac(key, text));
}

inline std::string rs256_token(std::string_view claims,
                               std::string_view header = R"({"alg":"RS256"})",
                               const private_key& key = rsa_key()) {
  auto text = unsigned_token(header, claims);
  return with_signature(text, openssl_signature(key, text));
}

inline std::string es256_token(std::string_view claims,
                               std::string_view header = R"({"alg":"ES256"})",
                               const private_key& key = ec_key()) {
  auto text = unsigned_token(header, claims);
  return with_signature(text, raw_ecdsa(openssl_signature(key, text)));
}

} // namespace troupe::test
