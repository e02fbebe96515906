#include "protocol/topic.hpp"

#include <caf/test/unit_test.hpp>

#include <memory>
#include <string>

using namespace troupe::protocol;

namespace {

struct text_row {
  const char* name;
  std::string text;
  bool is_string;
  bool is_plain;
};

const text_row text_table[] = {
    {"empty", "", true, true},
    {"ASCII", "Hello, world 0123456789", true, true},
    {"U+0000", std::string(1, '\0'), false, false},
    {"U+0001", "\x01", true, false},
    {"U+001F", "\x1f", true, false},
    {"U+0020", " ", true, true},
    {"U+007E", "~", true, true},
    {"U+007F", "\x7f", true, false},
    {"U+0080", "\xc2\x80", true, false},
    {"U+009F", "\xc2\x9f", true, false},
    {"U+00A0", "\xc2\xa0", true, true},
    {"U+07FF", "\xdf\xbf", true, true},
    {"U+0800", "\xe0\xa0\x80", true, true},
    {"U+D7FF", "\xed\x9f\xbf", true, true},
    {"U+D800, a surrogate", "\xed\xa0\x80", false, false},
    {"U+DFFF, a surrogate", "\xed\xbf\xbf", false, false},
    {"U+E000", "\xee\x80\x80", true, true},
    {"U+FDCF", "\xef\xb7\x8f", true, true},
    {"U+FDD0, a noncharacter", "\xef\xb7\x90", true, false},
    {"U+FDEF, a noncharacter", "\xef\xb7\xaf", true, false},
    {"U+FDF0", "\xef\xb7\xb0", true, true},
    {"U+FEFF", "\xef\xbb\xbf", true, true},
    {"U+FFFD", "\xef\xbf\xbd", true, true},
    {"U+FFFE, a noncharacter", "\xef\xbf\xbe", true, false},
    {"U+FFFF, a noncharacter", "\xef\xbf\xbf", true, false},
    {"U+10000", "\xf0\x90\x80\x80", true, true},
    {"U+1FFFE, a noncharacter", "\xf0\x9f\xbf\xbe", true, false},
    {"U+10FFFD", "\xf4\x8f\xbf\xbd", true, true},
    {"U+10FFFF, a noncharacter", "\xf4\x8f\xbf\xbf", true, false},
    {"U+110000", "\xf4\x90\x80\x80", false, false},
    {"lead byte F5", "\xf5\x80\x80\x80", false, false},
    {"byte FE", "\xfe", false, false},
    {"byte FF", "\xff", false, false},
    {"continuation byte alone", "\x80", false, false},
    {"continuation byte behind a letter", "a\xbf", false, false},
    {"overlong U+0000", "\xc0\x80", false, false},
    {"overlong slash of two bytes", "\xc0\xaf", false, false},
    {"overlong U+007F", "\xc1\xbf", false, false},
    {"overlong U+07FF", "\xe0\x9f\xbf", false, false},
    {"overlong U+FFFF", "\xf0\x8f\xbf\xbf", false, false},
    {"two bytes cut", "\xc3", false, false},
    {"three bytes cut", "\xe2\x82", false, false},
    {"four bytes cut", "\xf0\x9f\x98", false, false},
    {"lead byte before a letter", "\xc3(", false, false},
    {"third byte is a letter", "\xe2\x82(", false, false},
    {"fourth byte is a letter", "\xf0\x9f\x98(", false, false},
    {"letters around", "caf\xc3\xa9 cr\xc3\xa8me et quelques lettres", true,
     true},
};

} // namespace

CAF_TEST(text is what the table says) {
  for (const auto& row : text_table) {
    if (is_utf8_string(row.text) != row.is_string)
      CAF_ERROR(std::string{"as a string: "} + row.name);
    if (is_plain_text(row.text) != row.is_plain)
      CAF_ERROR(std::string{"as plain text: "} + row.name);
  }
  CAF_CHECK(is_utf8_string("\xe2\x82\xac"));
}

CAF_TEST(text means the same wherever it stands) {
  for (const auto& row : text_table)
    for (size_t before = 0; before < 18; ++before)
      for (size_t behind = 0; behind < 10; ++behind) {
        // On the heap without a byte to spare: reads past the end would show.
        auto text =
            std::string(before, 'x') + row.text + std::string(behind, 'x');
        auto exact = std::make_unique<char[]>(text.size());
        text.copy(exact.get(), text.size());
        std::string_view view{exact.get(), text.size()};
        if (is_utf8_string(view) != row.is_string)
          CAF_FAIL(row.name);
        if (is_plain_text(view) != row.is_plain)
          CAF_FAIL(row.name);
      }
  CAF_CHECK(is_utf8_string("x"));
}
