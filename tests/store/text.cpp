#include "apps/store/text.hpp"

#include <caf/test/unit_test.hpp>

#include <string>

using namespace std::string_view_literals;
using namespace troupe;
using namespace troupe::store_tool;

CAF_TEST(sizes are told in the unit that fits) {
  CAF_CHECK_EQUAL(to_size(0), "0 bytes");
  CAF_CHECK_EQUAL(to_size(1), "1 byte");
  CAF_CHECK_EQUAL(to_size(1023), "1023 bytes");
  CAF_CHECK_EQUAL(to_size(1024), "1.0 KiB");
  CAF_CHECK_EQUAL(to_size(1536 * 1024), "1.5 MiB");
  CAF_CHECK_EQUAL(to_size(UINT64_MAX), "16777216.0 TiB");
}

CAF_TEST(what a terminal must not see is escaped) {
  CAF_CHECK_EQUAL(to_printable("plain \xc3\xa9"), "plain \xc3\xa9");
  CAF_CHECK_EQUAL(to_printable("\0\x1b[2J\n\r\t\x7f"sv),
                  "\\x00\\x1b[2J\\n\\r\\t\\x7f");
  // Not UTF-8, and a control character of the second block.
  CAF_CHECK_EQUAL(to_printable("\xff\xc2\x9b"), "\\xff\\xc2\\x9b");
}

CAF_TEST(a long text is cut off between characters) {
  CAF_CHECK_EQUAL(to_printable("abcdef", 6), "abcdef");
  CAF_CHECK_EQUAL(to_printable("abcdef", 5), "abcde\xe2\x80\xa6");
  CAF_CHECK_EQUAL(to_printable("\xc3\xa9\xc3\xa9\xc3\xa9", 2),
                  "\xc3\xa9\xc3\xa9\xe2\x80\xa6");
  CAF_CHECK_EQUAL(to_printable("", 0), "");
}

CAF_TEST(times are told in UTC where programs read them) {
  CAF_CHECK_EQUAL(to_utc(0), "1970-01-01T00:00:00.000Z");
  CAF_CHECK_EQUAL(to_utc(1'700'000'000'042), "2023-11-14T22:13:20.042Z");
}

CAF_TEST(members of an object are written one by one) {
  std::string text;
  tools::json_writer out{text, false};
  out.begin_object();
  put_number(out, "n", 7);
  put_flag(out, "f", true);
  put_text(out, "t", "a\"b");
  put_time(out, "never", 0);
  put_time(out, "once", 1000);
  out.end_object();
  CAF_CHECK_EQUAL(text, R"({"n":7,"f":true,"t":"a\"b","never":null,)"
                        R"("once":"1970-01-01T00:00:01.000Z"})");
}
