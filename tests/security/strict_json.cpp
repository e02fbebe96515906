#include "security/strict_json.hpp"

#include <caf/test/dsl.hpp>

#include <string>

using namespace troupe::security;

namespace {

constexpr int depth = 4;

bool parses(std::string_view text) {
  return parse_strict_object(text, depth).has_value();
}

std::string repeated(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i)
    result += text;
  return result;
}

} // namespace

CAF_TEST(an object is read) {
  auto root = parse_strict_object(R"({"a":"b","c":[1,{"d":null}]})", depth);
  CAF_REQUIRE(root.has_value());
  CAF_REQUIRE(find_text(*root, "a") != nullptr);
  CAF_CHECK_EQUAL(*find_text(*root, "a"), "b");
  CAF_CHECK(find_text(*root, "c") == nullptr);
  CAF_CHECK(find_text(*root, "e") == nullptr);
}

CAF_TEST(anything but an object is refused) {
  for (const auto* text : {"",
                           " ",
                           "1",
                           "null",
                           "true",
                           "\"a\"",
                           "[]",
                           "[{}]",
                           "{",
                           "}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{'a':1}",
                           "{}{}",
                           "{} x",
                           "/**/{}",
                           "{\"a\":01}",
                           "{\"a\":NaN}",
                           "{\"a\":1e999}",
                           "{\"a\":\"\n\"}"})
    CAF_CHECK(!parses(text));
}

CAF_TEST(a name that stands twice is refused at every depth) {
  CAF_CHECK(!parses(R"({"a":1,"a":1})"));
  CAF_CHECK(!parses(R"({"a":1,"b":2,"\u0061":3})"));
  CAF_CHECK(!parses(R"({"x":{"a":1,"a":2}})"));
  CAF_CHECK(!parses(R"({"x":[{"a":1,"a":2}]})"));
  CAF_CHECK(parses(R"({"a":{"a":{"a":1}},"b":{"a":1}})"));
}

CAF_TEST(values nested too deeply are refused) {
  CAF_CHECK(parses(R"({"a":{"a":{"a":{"a":1}}}})"));
  CAF_CHECK(!parses(R"({"a":{"a":{"a":{"a":{}}}}})"));
  CAF_CHECK(parses(R"({"a":[[[1]]]})"));
  CAF_CHECK(!parses(R"({"a":[[[[]]]]})"));
  CAF_CHECK(
      !parses("{\"a\":" + repeated("[", 100000) + repeated("]", 100000) + "}"));
  CAF_CHECK(!parses(repeated("{\"a\":", 100000)));
}

CAF_TEST(text that is not UTF8 is refused) {
  CAF_CHECK(!parses("{\"a\":\"\xff\"}"));
  CAF_CHECK(!parses("{\"\xc0\x80\":1}"));
  CAF_CHECK(!parses("{\"a\":\"\xed\xa0\x80\"}"));
  CAF_CHECK(!parses(R"({"a":"\ud800"})"));
}
