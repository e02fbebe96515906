#include "security/acl_line.hpp"

#include <caf/test/dsl.hpp>

#include <string>

using namespace troupe::security;

namespace {

using kind = acl_line::kind;

std::string text_of(std::string_view line) {
  auto parsed = parse_acl_line(line);
  return parsed ? std::string{parsed->text} : parsed.error().text;
}

uint8_t rights_of(std::string_view line) {
  auto parsed = parse_acl_line(line);
  return parsed ? parsed->rights : 0;
}

std::string complaint(std::string_view line) {
  auto parsed = parse_acl_line(line);
  return parsed ? "none" : parsed.error().text;
}

bool complains(std::string_view line, std::string_view about) {
  return complaint(line).find(about) != std::string::npos;
}

bool doubts(std::string_view line, std::string_view about) {
  auto parsed = parse_acl_line(line);
  if (!parsed)
    return false;
  auto doubt = doubt_about(*parsed);
  return about.empty() ? !doubt
                       : doubt && doubt->find(about) != std::string::npos;
}

} // namespace

CAF_TEST(blank lines and comments say nothing) {
  for (auto line :
       {"", " ", "  \t ", "\t", "\r", "#", "# topic a", "#topic a"}) {
    auto parsed = parse_acl_line(line);
    CAF_REQUIRE(parsed.has_value());
    CAF_CHECK(parsed->is == kind::nothing);
  }
}

CAF_TEST(each right has its word) {
  CAF_CHECK_EQUAL(rights_of("topic read a"), read_right);
  CAF_CHECK_EQUAL(rights_of("topic write a"), write_right);
  CAF_CHECK_EQUAL(rights_of("topic readwrite a"), read_right | write_right);
  CAF_CHECK_EQUAL(rights_of("topic deny a"), deny_right);
  CAF_CHECK_EQUAL(rights_of("topic subscribe a"), subscribe_right);
  CAF_CHECK_EQUAL(rights_of("topic a"), read_right | write_right);
}

CAF_TEST(users topics and patterns are told apart) {
  CAF_CHECK(parse_acl_line("user a")->is == kind::user);
  CAF_CHECK(parse_acl_line("topic a")->is == kind::topic);
  CAF_CHECK(parse_acl_line("pattern a/%c")->is == kind::pattern);
}

CAF_TEST(spaces around words do not count) {
  CAF_CHECK_EQUAL(text_of("  topic   read   a/b  \t\r"), "a/b");
  CAF_CHECK_EQUAL(text_of("user \t ann  lee \r"), "ann  lee");
  CAF_CHECK_EQUAL(text_of("topic   a"), "a");
}

CAF_TEST(a filter behind a right may hold spaces) {
  CAF_CHECK_EQUAL(text_of("topic read a b/c  d"), "a b/c  d");
  CAF_CHECK_EQUAL(text_of("pattern read a b/%c"), "a b/%c");
  CAF_CHECK_EQUAL(text_of("topic write read a"), "read a");
}

CAF_TEST(a right without filter is a filter) {
  CAF_CHECK_EQUAL(text_of("topic deny"), "deny");
  CAF_CHECK_EQUAL(rights_of("topic deny "), read_right | write_right);
}

CAF_TEST(a filter with spaces needs a right before it) {
  CAF_CHECK(complains("topic front door", "`front` is no right"));
}

CAF_TEST(rights and keywords are in small letters) {
  CAF_CHECK(complains("topic READ a", "`READ` is no right"));
  CAF_CHECK(complains("Topic read a", "`Topic` begins no line"));
  CAF_CHECK(complains("users a", "`users` begins no line"));
}

CAF_TEST(tabs do not separate words) {
  CAF_CHECK(complains("topic\tread a", "use spaces"));
  CAF_CHECK(complains("\ttopic read a", "use spaces"));
  CAF_CHECK(doubts("topic read\ta", "tab"));
}

CAF_TEST(a comment begins at the very front) {
  CAF_CHECK(complains(" # comment", "very first character"));
  CAF_CHECK(complains("topic read a # comment", "line of its own"));
}

CAF_TEST(something must follow each keyword) {
  CAF_CHECK(complains("user", "name is missing"));
  CAF_CHECK(complains("user  \t", "name is missing"));
  CAF_CHECK(complains("topic", "filter is missing"));
  CAF_CHECK(complains("pattern  ", "filter is missing"));
}

CAF_TEST(broken filters are refused) {
  for (auto line : {"topic a/#/b", "topic read a+", "pattern %c/a#"})
    CAF_CHECK(complains(line, "no topic filter"));
  CAF_CHECK(complains("topic " + std::string(201, '/'), "no topic filter"));
  CAF_CHECK(complains("topic " + std::string(65'536, 'a'), "no topic filter"));
}

CAF_TEST(a zero byte is no text) {
  CAF_CHECK(complains(std::string_view{"topic a\0b", 9}, "zero byte"));
  CAF_CHECK(complains(std::string_view{"#\0", 2}, "zero byte"));
}

CAF_TEST(complaints are short and harmless on a terminal) {
  auto text = complaint(std::string(100'000, '\x1b'));
  CAF_CHECK(text.size() < 1000);
  CAF_CHECK(text.find('\x1b') == std::string::npos);
}

CAF_TEST(what a line does not mean is doubted) {
  CAF_CHECK(doubts("topic deny", "`deny` is taken for a topic filter"));
  CAF_CHECK(doubts("topic read a/%c", "stand for themselves"));
  CAF_CHECK(doubts("pattern read a-%c/b", "is not replaced"));
  CAF_CHECK(doubts("pattern read %c%u", "is not replaced"));
  CAF_CHECK(doubts("pattern read a/b", "every client alike"));
  CAF_CHECK(doubts("topic read \xff", "UTF-8"));
  CAF_CHECK(doubts("user \xff", "UTF-8"));
}

CAF_TEST(ordinary lines are not doubted) {
  for (auto line : {"", "user ann", "topic a/b", "topic read a b",
                    "topic deny $SYS/#", "pattern write %c/%u/#", "# %c"})
    CAF_CHECK(doubts(line, ""));
}
