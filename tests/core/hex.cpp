#include "core/hex.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace troupe;
using namespace std::string_view_literals;

CAF_TEST(two digits of either case are a byte) {
  CAF_CHECK(from_hex("00Ff7a9B") == "\x00\xff\x7a\x9b"sv);
  CAF_CHECK(from_hex("0123456789abcdefABCDEF")
            == "\x01\x23\x45\x67\x89\xab\xcd\xef\xab\xcd\xef"sv);
  CAF_CHECK(from_hex("") == ""sv);
}

CAF_TEST(a digit that is missing is a zero at the front) {
  CAF_CHECK(from_hex("7") == "\x07"sv);
  CAF_CHECK(from_hex("abc") == "\x0a\xbc"sv);
  CAF_CHECK(from_hex("000") == "\x00\x00"sv);
}

CAF_TEST(nothing else is taken wherever it stands) {
  auto digits = "0123456789abcdefABCDEF"sv;
  for (int letter = 0; letter < 256; ++letter) {
    auto each = static_cast<char>(letter);
    auto is_digit = each != '\0' && digits.find(each) != digits.npos;
    for (size_t at = 0; at < 4; ++at) {
      std::string text = "12a4";
      text[at] = each;
      CAF_CHECK_EQUAL(from_hex(text).has_value(), is_digit);
    }
  }
  for (auto text : {"0x12"sv, "-1"sv, "+1"sv, " 12"sv, "12 "sv, "1\0"sv})
    CAF_CHECK(!from_hex(text));
}
