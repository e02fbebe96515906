#include "security/jwt_key.hpp"

#include "tests/security/tokens.hpp"

#include <caf/test/dsl.hpp>
#include <openssl/x509.h>

#include <string>

using namespace troupe;
using namespace troupe::security;
using namespace troupe::test;

namespace {

constexpr const char* file = "keys";

/// Whether the file is refused with words that have `hint` in them.
bool is_refused(std::string_view text, std::string_view hint) {
  auto read = parse_jwt_key_file(text, file);
  if (read)
    return false;
  const auto& words = read.error().text;
  CAF_MESSAGE(words);
  return words.starts_with("keys: ") && words.find(hint) != std::string::npos;
}

bool holds(std::string_view text, jwt_algorithm algorithm) {
  auto read = parse_jwt_key_file(text, file);
  return read && read->keys.size() == 1
         && read->keys[0].algorithm() == algorithm && read->keys[0].id().empty()
         && read->warnings.empty();
}

std::string certificate_pem(const private_key& key) {
  certificate_handle made{X509_new()};
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key.get());
  X509_sign(made.get(), key.get(), EVP_sha256());
  bio_handle out{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(out.get(), made.get());
  return text_of(out.get());
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  auto size = EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()),
                              reinterpret_cast<const uint8_t*>(bytes.data()),
                              static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

} // namespace

CAF_TEST(a public key decides the algorithm by its kind) {
  CAF_CHECK(holds(public_pem(rsa_key()), jwt_algorithm::rs256));
  CAF_CHECK(holds(public_pem(ec_key()), jwt_algorithm::es256));
  CAF_CHECK(holds(secret(), jwt_algorithm::hs256));
}

CAF_TEST(a certificate stands for its key) {
  CAF_CHECK(holds(certificate_pem(rsa_key()), jwt_algorithm::rs256));
  CAF_CHECK(holds(certificate_pem(ec_key()), jwt_algorithm::es256));
}

CAF_TEST(a file may hold several keys with words between them) {
  auto read = parse_jwt_key_file("old key\n" + public_pem(rsa_key())
                                     + "\nthe new one\n" + public_pem(ec_key()),
                                 file);
  CAF_REQUIRE(read.has_value());
  CAF_REQUIRE_EQUAL(read->keys.size(), 2u);
  CAF_CHECK(read->keys[0].algorithm() == jwt_algorithm::rs256);
  CAF_CHECK(read->keys[1].algorithm() == jwt_algorithm::es256);
}

CAF_TEST(a private key is refused with the command that makes a public one) {
  CAF_CHECK(is_refused(private_pem(rsa_key()), "-pubout"));
  CAF_CHECK(is_refused(private_pem(ec_key()), "-pubout"));
  CAF_CHECK(is_refused(public_pem(rsa_key()) + private_pem(rsa_key()),
                       "block 2 is a private key"));
}

CAF_TEST(keys of other kinds and sizes are refused) {
  CAF_CHECK(is_refused(public_pem(new_rsa_key(1024)), "1024 bits"));
  CAF_CHECK(is_refused(public_pem(new_ec_key("P-384")), "P-256"));
  CAF_CHECK(is_refused(public_pem(new_ec_key("secp256k1")), "P-256"));
  CAF_CHECK(is_refused(public_pem(new_ed25519_key()), "ED25519"));
}

CAF_TEST(a PEM file that is cut anywhere is refused) {
  auto whole = public_pem(ec_key());
  // What is cut before the second word of its first line is a secret.
  for (auto size = std::string_view{"-----BEGIN "}.size();
       size + 2 < whole.size(); ++size)
    CAF_CHECK(!parse_jwt_key_file(whole.substr(0, size), file).has_value());
  auto two = public_pem(rsa_key()) + whole;
  CAF_CHECK(is_refused(two.substr(0, two.size() - 40), "block 2 is damaged"));
}

CAF_TEST(a PEM block with another content is refused) {
  CAF_CHECK(is_refused("-----BEGIN PUBLIC KEY-----\nAAAA\n"
                       "-----END PUBLIC KEY-----\n",
                       "block 1 is no key"));
  CAF_CHECK(
      is_refused("-----BEGIN FISH-----\nAAAA\n-----END FISH-----\n", "FISH"));
}

CAF_TEST(a secret may end in one line end that does not count) {
  for (const auto* end : {"", "\n", "\r\n"}) {
    auto read = parse_jwt_key_file(secret() + end, file);
    CAF_REQUIRE(read.has_value());
    CAF_CHECK(read->keys[0].verify("text", hmac(secret(), "text")));
  }
  auto read = parse_jwt_key_file(secret() + "\n\n", file);
  CAF_REQUIRE(read.has_value());
  CAF_CHECK(read->keys[0].verify("text", hmac(secret() + "\n", "text")));
}

CAF_TEST(a secret of fewer than 32 bytes is refused) {
  CAF_CHECK(is_refused("", "0 bytes"));
  CAF_CHECK(is_refused(secret().substr(1), "31 bytes"));
  CAF_CHECK(is_refused(secret().substr(1) + "\n", "31 bytes"));
}

CAF_TEST(a public key in any clothes is never taken for a secret) {
  for (const auto& key : {rsa_key(), ec_key()}) {
    auto der = public_der(key);
    CAF_CHECK(is_refused(der, "everybody knows it"));
    CAF_CHECK(is_refused(base64(der), "everybody knows it"));
    CAF_CHECK(is_refused(base64(der) + "\n", "everybody knows it"));
    CAF_CHECK(is_refused("  {\"keys\":[{" + rsa_members(rsa_key()) + "}]}",
                         "jwt_jwks_file"));
  }
}

CAF_TEST(numbers that are no key are refused) {
  std::string ones(32, '\1');
  CAF_CHECK(!jwt_key::from_p256(ones, ones).has_value());
  CAF_CHECK(!jwt_key::from_p256("", "").has_value());
  CAF_CHECK(!jwt_key::from_p256(std::string(33, '\0'), std::string(31, '\0'))
                 .has_value());
  CAF_CHECK(!jwt_key::from_rsa("", "").has_value());
  CAF_CHECK(!jwt_key::from_rsa("\1", "\1").has_value());
  auto n = number_in(rsa_key(), OSSL_PKEY_PARAM_RSA_N);
  for (std::string e : {std::string{}, std::string(1, '\0'), std::string{"\1"},
                        std::string{"\2"}})
    CAF_CHECK(!jwt_key::from_rsa(n, e).has_value());
  CAF_CHECK(!jwt_key::from_rsa(std::string(256, '\xff'), "\1\0\1").has_value());
  CAF_CHECK(!jwt_key::from_rsa(std::string(100000, '\xff'), "\3").has_value());
  CAF_CHECK(!jwt_key::from_public(nullptr).has_value());
}

CAF_TEST(errors of a refused signature do not stay with the thread) {
  auto read = parse_jwt_key_file(public_pem(rsa_key()), file);
  CAF_REQUIRE(read.has_value());
  CAF_CHECK(!read->keys[0].verify("text", "no signature"));
  CAF_CHECK_EQUAL(ERR_peek_error(), 0u);
  static_cast<void>(parse_jwt_key_file("-----BEGIN X-----", file));
  CAF_CHECK_EQUAL(ERR_peek_error(), 0u);
}
