#include "protocol/topic.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::protocol;

namespace {

struct match_row {
  const char* filter;
  const char* topic;
  bool expected;
};

const match_row match_table[] = {
    {"a", "a", true},
    {"a", "b", false},
    {"a", "ab", false},
    {"ab", "a", false},
    {"a/b", "a/b", true},
    {"a/b", "a", false},
    {"a", "a/b", false},
    {"a/", "a", false},
    {"a/", "a/", true},
    {"a", "a/", false},
    {"/", "/", true},
    {"/a", "/a", true},
    {"/a", "a", false},
    {"#", "a", true},
    {"#", "/", true},
    {"#", "a/b/c", true},
    {"a/#", "a", true},
    {"a/#", "a/", true},
    {"a/#", "a/b", true},
    {"a/#", "a/b/c", true},
    {"a/#", "ab", false},
    {"a/#", "b/a", false},
    {"a/b/#", "a", false},
    {"+", "a", true},
    {"+", "a/b", false},
    {"+", "/a", false},
    {"/+", "/a", true},
    {"+/+", "/a", true},
    {"+/+", "a/b/c", false},
    {"a/+", "a", false},
    {"a/+", "a/", true},
    {"a/+", "a/b", true},
    {"a/+", "a/b/c", false},
    {"a/+/c", "a/b/c", true},
    {"a/+/c", "a//c", true},
    {"a/+/c", "a/b/d", false},
    {"+/b/#", "a/b", true},
    {"+/b/#", "a/b/c/d", true},
    {"+/b/#", "a/c", false},
    {"a/+/#", "a", false},
    {"a/+/#", "a/b", true},
    {"a/+/#", "a/b/c", true},
    {"+/#", "a", true},
    {"#", "$SYS/broker", false},
    {"+/broker", "$SYS/broker", false},
    {"+/#", "$SYS/broker", false},
    {"$SYS/#", "$SYS/broker", true},
    {"$SYS/+", "$SYS/broker", true},
    {"$SYS/broker", "$SYS/broker", true},
    {"a/+", "a/$b", true},
    {"a/#", "a/$b", true},
};

struct filter_row {
  const char* text;
  bool expected;
};

const filter_row filter_table[] = {
    {"a", true},       {"a/b", true},         {"/", true},     {"//", true},
    {"+", true},       {"#", true},           {"a/#", true},   {"/#", true},
    {"+/#", true},     {"+/+", true},         {"a/+/b", true}, {"/+", true},
    {"+/", true},      {"$SYS/#", true},      {"", false},     {"a#", false},
    {"#a", false},     {"#/", false},         {"#/a", false},  {"a/#/b", false},
    {"##", false},     {"a+", false},         {"+a", false},   {"a/b+", false},
    {"a/+b/c", false}, {"++", false},         {"+/a+", false}, {"a/##", false},
    {"\xff", false},   {"a/\xc0\x80", false},
};

struct share_row {
  const char* text;
  const char* share_name;
  const char* filter;
};

const share_row share_table[] = {
    {"a/b", "", "a/b"},
    {"$share/g/a", "g", "a"},
    {"$share/g/a/b/#", "g", "a/b/#"},
    {"$share/g//", "g", "/"},
    {"$share/g/+", "g", "+"},
    {"$share/g/$SYS/x", "g", "$SYS/x"},
    {"$share//a", "", "a"},
    {"$shared/g/a", "", "$shared/g/a"},
    {"$Share/g/a", "", "$Share/g/a"},
    {"a/$share/g", "", "a/$share/g"},
};

const char* const refused_shares[] = {
    "$share",      "$share/",      "$share/g",      "$share/g/",
    "$share/+/a",  "$share/#/a",   "$share/g+/a",   "$share/#",
    "$share/g/a#", "$share/g/#/a", "$share/\xff/a",
};

} // namespace

CAF_TEST(filters match topics by level) {
  for (const auto& row : match_table)
    if (matches(row.filter, row.topic) != row.expected)
      CAF_ERROR(std::string{row.filter} + " and " + row.topic);
  CAF_CHECK(matches("a/#", "a/b"));
}

CAF_TEST(filters follow the grammar of wildcards) {
  for (const auto& row : filter_table)
    if (is_topic_filter(row.text) != row.expected)
      CAF_ERROR(row.text);
  CAF_CHECK(!is_topic_filter(std::string_view{"a\0b", 3}));
}

CAF_TEST(a topic name is text without wildcards) {
  for (auto good : {"a", "/", "a/b", "$SYS/x", "a b", "eight.by/eight.by",
                    "caf\xc3\xa9/cr\xc3\xa8me"})
    CAF_CHECK(is_topic_name(good));
  for (auto bad : {"", "+", "#", "a/+", "a+", "long enough for words/#", "\xff",
                   "letters.\xc3"})
    CAF_CHECK(!is_topic_name(bad));
}

CAF_TEST(a wildcard or zero is found at every place of a topic) {
  for (size_t size = 1; size < 40; ++size)
    for (size_t at = 0; at < size; ++at)
      for (auto bad : {'+', '#', '\0', '\xff', '\x80'}) {
        std::string topic(size, 'a');
        CAF_REQUIRE(is_topic_name(topic));
        topic[at] = bad;
        CAF_REQUIRE(!is_topic_name(topic));
      }
}

CAF_TEST(the neighbours of the wildcards are letters like any other) {
  for (auto good : {'"', '$', '*', ',', '\x01', '\x7f'})
    for (size_t size = 1; size < 20; ++size)
      CAF_REQUIRE(is_topic_name(std::string(size, good)));
}

CAF_TEST(a topic has at most 200 slashes) {
  CAF_CHECK(is_topic_name(std::string(200, '/')));
  CAF_CHECK(!is_topic_name(std::string(201, '/')));
  CAF_CHECK(is_topic_filter(std::string(200, '/')));
  CAF_CHECK(!is_topic_filter(std::string(201, '/')));
  CAF_CHECK(is_topic_name(std::string(60'000, 'a')));
}

CAF_TEST(a shared subscription is split into share name and filter) {
  for (const auto& row : share_table) {
    auto parsed = parse_filter(row.text);
    CAF_REQUIRE(parsed.has_value());
    CAF_CHECK_EQUAL(std::string{parsed->share_name}, row.share_name);
    CAF_CHECK_EQUAL(std::string{parsed->filter}, row.filter);
  }
}

CAF_TEST(a broken shared subscription is refused) {
  for (auto text : refused_shares) {
    auto parsed = parse_filter(text);
    if (parsed)
      CAF_ERROR(text);
    else
      CAF_CHECK(parsed.error().code == ec::topic_filter_invalid);
  }
}

CAF_TEST(a filter with too many slashes is a protocol error) {
  auto parsed = parse_filter(std::string(201, '/'));
  CAF_REQUIRE(!parsed);
  CAF_CHECK(parsed.error().code == ec::protocol_error);
  CAF_CHECK(parse_filter(std::string(200, '/')).has_value());
}

CAF_TEST(the first level ends at the first slash) {
  CAF_CHECK_EQUAL(std::string{first_level("a/b/c")}, "a");
  CAF_CHECK_EQUAL(std::string{first_level("abc")}, "abc");
  CAF_CHECK_EQUAL(std::string{first_level("/a")}, "");
  CAF_CHECK_EQUAL(std::string{first_level("")}, "");
}

CAF_TEST(only filters that begin with plus or hash start with a wildcard) {
  CAF_CHECK(starts_with_wildcard("+/a"));
  CAF_CHECK(starts_with_wildcard("#"));
  CAF_CHECK(!starts_with_wildcard("a/#"));
  CAF_CHECK(!starts_with_wildcard(""));
}
