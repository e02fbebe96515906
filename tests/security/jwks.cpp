#include "security/jwt_key.hpp"
#include "tests/security/tokens.hpp"

#include <caf/test/dsl.hpp>

#include <string>

using namespace troupe;
using namespace troupe::security;
using namespace troupe::test;

namespace {

std::string set_of(std::string_view keys) {
  return "{\"keys\":[" + std::string{keys} + "]}";
}

/// A good key and one more of these members.
checked<jwt_key_set> beside_a_good_one(const std::string& members) {
  return parse_jwks(set_of("{" + oct_members(secret()) + ",\"kid\":\"good\"},{"
                           + members + "}"),
                    "set");
}

/// Whether the key is left out with a warning that has `hint` in it.
bool is_left_out(const std::string& members, std::string_view hint) {
  auto read = beside_a_good_one(members);
  if (!read || read->keys.size() != 1 || read->keys[0].id() != "good"
      || read->warnings.empty())
    return false;
  CAF_MESSAGE(read->warnings.back());
  return read->warnings.back().starts_with("set: key 2")
         && read->warnings.back().find(hint) != std::string::npos;
}

bool is_taken(const std::string& members) {
  auto read = beside_a_good_one(members);
  return read && read->keys.size() == 2 && read->warnings.empty();
}

bool is_refused(std::string_view text, std::string_view hint) {
  auto read = parse_jwks(text, "set");
  return !read && read.error().text.starts_with("set: ")
         && read.error().text.find(hint) != std::string::npos;
}

} // namespace

CAF_TEST(keys of all three kinds are read) {
  auto read = parse_jwks(set_of("{" + rsa_members(rsa_key())
                                + R"(,"kid":"r","use":"sig","alg":"RS256"},{)"
                                + ec_members(ec_key())
                                + R"(,"kid":"e","key_ops":["verify"]},{)"
                                + oct_members(secret()) + "}"),
                         "set");
  CAF_REQUIRE(read.has_value());
  CAF_REQUIRE_EQUAL(read->keys.size(), 3u);
  CAF_CHECK(read->warnings.empty());
  CAF_CHECK_EQUAL(read->keys[0].id(), "r");
  CAF_CHECK(read->keys[0].verify("text", openssl_signature(rsa_key(), "text")));
  CAF_CHECK_EQUAL(read->keys[1].id(), "e");
  CAF_CHECK(read->keys[1].verify(
      "text", raw_ecdsa(openssl_signature(ec_key(), "text"))));
  CAF_CHECK_EQUAL(read->keys[2].id(), "");
  CAF_CHECK(read->keys[2].verify("text", hmac(secret(), "text")));
}

CAF_TEST(keys that are for something else are left out with a warning) {
  auto rsa = rsa_members(rsa_key());
  CAF_CHECK(is_left_out(R"("kty":"OKP","crv":"Ed25519","x":"AA")", "`kty`"));
  CAF_CHECK(is_left_out(R"("kty":"rsa")", "`kty`"));
  CAF_CHECK(is_left_out(R"("kty":7)", "`kty`"));
  CAF_CHECK(is_left_out("", "`kty`"));
  CAF_CHECK(is_left_out(rsa + R"(,"use":"enc")", "`use`"));
  CAF_CHECK(is_left_out(rsa + R"(,"use":["sig"])", "`use`"));
  CAF_CHECK(is_left_out(rsa + R"(,"key_ops":["sign"])", "`key_ops`"));
  CAF_CHECK(is_left_out(rsa + R"(,"key_ops":"verify")", "`key_ops`"));
  CAF_CHECK(is_left_out(rsa + R"(,"kid":5)", "`kid`"));
  CAF_CHECK(
      is_left_out(ec_members(new_ec_key()) + R"(,"alg":"ES384")", "`alg`"));
}

CAF_TEST(a key whose algorithm is not that of its kind is left out) {
  auto rsa = rsa_members(rsa_key());
  for (const auto* name : {"HS256", "ES256", "PS256", "none", "rs256", ""})
    CAF_CHECK(is_left_out(rsa + R"(,"alg":")" + name + '"', "`alg`"));
  CAF_CHECK(is_left_out(rsa + R"(,"alg":null)", "`alg`"));
  CAF_CHECK(is_left_out(oct_members(secret()) + R"(,"alg":"RS256")", "`alg`"));
}

CAF_TEST(keys with members missing or broken are left out) {
  CAF_CHECK(is_left_out(R"("kty":"RSA","n":"AQAB")", "`n` and `e`"));
  CAF_CHECK(is_left_out(R"("kty":"RSA","n":"AQAB","e":65537)", "`n` and `e`"));
  CAF_CHECK(is_left_out(R"("kty":"RSA","n":"AQAB==","e":"AQAB")", "base64url"));
  CAF_CHECK(is_left_out(R"("kty":"RSA","n":"AQAB","e":"AQAB")", "bits"));
  CAF_CHECK(is_left_out(rsa_members(new_rsa_key(1024)), "1024 bits"));
  CAF_CHECK(is_left_out(R"("kty":"EC","crv":"P-256","x":"AA")", "`x` and `y`"));
  CAF_CHECK(
      is_left_out(R"("kty":"EC","crv":"P-256","x":"AA","y":"AA")", "32 bytes"));
  CAF_CHECK(
      is_left_out(R"("kty":"EC","crv":"P-521","x":"AA","y":"AA")", "`crv`"));
  CAF_CHECK(is_left_out(R"("kty":"oct")", "`k`"));
  CAF_CHECK(is_left_out(oct_members(secret().substr(1)), "31 bytes"));
}

CAF_TEST(unknown members of a key are ignored) {
  CAF_CHECK(is_taken(ec_members(ec_key())
                     + R"(,"x5c":["AA"],"x5t":"AA","ext":true)"));
}

CAF_TEST(a private half is warned of and not used) {
  auto read =
      parse_jwks(set_of("{" + ec_members(ec_key()) + R"(,"d":"AA"})"), "set");
  CAF_REQUIRE(read.has_value());
  CAF_CHECK_EQUAL(read->keys.size(), 1u);
  CAF_REQUIRE_EQUAL(read->warnings.size(), 1u);
  CAF_CHECK(read->warnings[0].find("private half") != std::string::npos);
}

CAF_TEST(a warning shows no control characters of a key id) {
  auto read = beside_a_good_one(R"("kty":"OKP","kid":"a\nb")");
  CAF_REQUIRE(read.has_value());
  CAF_REQUIRE_EQUAL(read->warnings.size(), 1u);
  CAF_CHECK(read->warnings[0].find('\n') == std::string::npos);
}

CAF_TEST(what is no set is refused) {
  CAF_CHECK(is_refused("", "not a JSON object"));
  CAF_CHECK(is_refused("[]", "not a JSON object"));
  CAF_CHECK(is_refused("{\"keys\":[],\"keys\":[]}", "twice"));
  CAF_CHECK(is_refused("{" + oct_members(secret()) + "}", "not a JWK set"));
  CAF_CHECK(is_refused("{\"keys\":{}}", "not a JWK set"));
  CAF_CHECK(is_refused("{\"keys\":[]}", "no key"));
  CAF_CHECK(is_refused("{\"keys\":[1,[],null,\"a\"]}", "not an object"));
}

CAF_TEST(a set of too many keys is refused) {
  std::string keys = "{" + oct_members(secret()) + "}";
  for (int i = 0; i < 64; ++i)
    keys += ",{" + oct_members(secret()) + "}";
  CAF_CHECK(is_refused(set_of(keys), "65 keys"));
}

CAF_TEST(a set that is cut anywhere is refused) {
  auto whole = set_of("{" + ec_members(ec_key()) + "}");
  for (size_t size = 0; size < whole.size(); ++size)
    CAF_CHECK(!parse_jwks(whole.substr(0, size), "set").has_value());
}
