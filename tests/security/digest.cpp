#include "security/digest.hpp"

#include <caf/test/dsl.hpp>

#include <string>
#include <string_view>

using namespace troupe::security;

namespace {

std::string hex(std::string_view bytes) {
  constexpr auto digits = "0123456789abcdef";
  std::string text;
  for (auto each : bytes) {
    text += digits[static_cast<uint8_t>(each) >> 4];
    text += digits[each & 15];
  }
  return text;
}

} // namespace

CAF_TEST(digests are those of FIPS 180) {
  auto abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CAF_CHECK_EQUAL(hex(digest(sha2::sha256, "abc")), abc);
  CAF_CHECK_EQUAL(hex(digest(sha2::sha256, "a", "bc")), abc);
  CAF_CHECK_EQUAL(
      hex(digest(sha2::sha256, "")),
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CAF_CHECK_EQUAL(hex(digest(sha2::sha512, "abc")).substr(0, 32),
                  "ddaf35a193617abacc417349ae204131");
}

CAF_TEST(HMAC is that of RFC 4231) {
  CAF_CHECK_EQUAL(
      hex(hmac(sha2::sha256, "Jefe", "what do ya want for nothing?")),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CAF_CHECK_EQUAL(
      hex(hmac(sha2::sha256, "", "")),
      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

CAF_TEST(PBKDF2 is that of RFC 7914) {
  CAF_CHECK_EQUAL(
      hex(pbkdf2(sha2::sha256, "passwd", "salt", 1).view()),
      "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
  CAF_CHECK_EQUAL(pbkdf2(sha2::sha512, {}, "salt", 1).view().size(), 64u);
}

CAF_TEST(random bytes are as many as asked for and never the same) {
  CAF_CHECK_EQUAL(random_bytes(0), "");
  CAF_CHECK_EQUAL(random_bytes(24).size(), 24u);
  CAF_CHECK(random_bytes(24) != random_bytes(24));
}
