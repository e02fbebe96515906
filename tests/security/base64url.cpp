#include "security/base64url.hpp"

#include "tests/security/tokens.hpp"

#include <caf/test/dsl.hpp>

#include <string>

using troupe::security::decode_base64url;
using troupe::test::encode_base64url;

CAF_TEST(bytes of every length come back) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    auto back = decode_base64url(encode_base64url(bytes));
    CAF_REQUIRE(back.has_value());
    CAF_CHECK_EQUAL(*back, bytes);
    bytes += static_cast<char>(i * 7);
  }
}

CAF_TEST(the text of RFC 7515 appendix C is understood) {
  CAF_CHECK_EQUAL(decode_base64url("A-z_4ME").value_or(""),
                  "\x03\xec\xff\xe0\xc1");
}

CAF_TEST(every byte that is no digit is refused) {
  std::string digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (int c = 0; c < 256; ++c) {
    std::string text = "AAAA";
    text[2] = static_cast<char>(c);
    CAF_CHECK_EQUAL(decode_base64url(text).has_value(),
                    digits.find(text[2]) != std::string::npos);
  }
}

CAF_TEST(padding and impossible lengths are refused) {
  for (const auto* text : {"A", "AA==", "AAA=", "AAAAA", "=", "AA=", "QQ=A"})
    CAF_CHECK(!decode_base64url(text).has_value());
}

CAF_TEST(bits behind the last byte are refused) {
  CAF_CHECK(decode_base64url("QQ").has_value());
  CAF_CHECK(!decode_base64url("QR").has_value());
  CAF_CHECK(decode_base64url("QUE").has_value());
  CAF_CHECK(!decode_base64url("QUF").has_value());
}
