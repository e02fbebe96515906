#include "apps/tools/message_format.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace troupe;
using tools::message_format;

namespace {

/// 2026-11-21 14:14:49 UTC.
constexpr tools::wall_time now{1795270489, 12'345'678};

tools::received_message rich() {
  tools::received_message result;
  result.topic = "f/topic";
  result.payload = "hello";
  result.qos = protocol::qos::at_least_once;
  result.packet_id = 7;
  result.payload_format = 1;
  result.message_expiry_interval = 77;
  result.content_type = "text/x";
  result.response_topic = "resp/t";
  result.correlation_data = std::string_view{"co\0rr", 5};
  result.subscription_ids = {42, 43};
  result.user_properties = {{"k", "v"}, {"k2", "v2"}};
  return result;
}

std::string render(std::string_view text,
                   const tools::received_message& message) {
  setenv("TZ", "UTC", 1);
  message_format format;
  auto problem = message_format::parse(text, format);
  if (!problem.empty())
    return problem;
  std::string out;
  format.append(out, message, now, false);
  return out;
}

tools::received_message payload(std::string_view text) {
  tools::received_message result;
  result.payload = text;
  return result;
}

std::string problem(std::string_view text) {
  message_format format;
  return message_format::parse(text, format);
}

} // namespace

CAF_TEST(every field of a message has its letter) {
  CAF_CHECK_EQUAL(render("%C|%E|%F|%l|%m|%P|%p|%q|%R|%r|%S|%t|%%", rich()),
                  "text/x|77|1|5|7|k:v k2:v2|hello|1|resp/t|0|42|f/topic|%");
  CAF_CHECK_EQUAL(render("%D", rich()), std::string("co\0rr", 5));
  CAF_CHECK_EQUAL(render("%x|%X", payload("J\xc3\xa9")), "4ac3a9|4AC3A9");
  auto retained = payload("");
  retained.topic_alias = 3;
  retained.retain = true;
  CAF_CHECK_EQUAL(render("%A %r", retained), "3 1");
}

CAF_TEST(what a message does not have is empty) {
  CAF_CHECK_EQUAL(render("%A|%C|%D|%E|%F|%P|%p|%R|%S|", {}), "|||||||||");
  CAF_CHECK_EQUAL(render("%m|%l|%q", {}), "0|0|0");
}

CAF_TEST(a width pads on the left and with a minus on the right) {
  CAF_CHECK_EQUAL(render("[%10t][%-10t]", rich()), "[   f/topic][f/topic   ]");
  CAF_CHECK_EQUAL(render("[%3t]", rich()), "[f/topic]");
  CAF_CHECK_EQUAL(render("[%5A]", {}), "[     ]");
}

CAF_TEST(a zero fills up numbers and payloads but no text) {
  CAF_CHECK_EQUAL(render("[%05l][%-05l][%05E]", rich()),
                  "[00005][5    ][00077]");
  CAF_CHECK_EQUAL(render("[%010t][%07p]", rich()), "[   f/topic][00hello]");
  CAF_CHECK_EQUAL(render("[%012x]", rich()), "[0068656c6c6f]");
}

CAF_TEST(a precision cuts text and nothing else) {
  CAF_CHECK_EQUAL(render("[%.3t][%10.2t][%-4.2t][%.0C]", rich()),
                  "[f/t][        f/][f/  ][]");
  CAF_CHECK_EQUAL(render("[%.2l][%.2p][%5.2p]", rich()), "[5][hello][hello]");
}

CAF_TEST(letters without width ignore one) {
  CAF_CHECK_EQUAL(render("[%5q][%05r][%9P][%9D]", rich()),
                  std::string("[1][0][k:v k2:v2][co\0rr]", 24));
}

CAF_TEST(an absurd width is clipped) {
  CAF_CHECK_EQUAL(render("%99999999999999999999999t", rich()).size(),
                  1'000'000u);
}

CAF_TEST(time comes as ISO 8601 as seconds and through strftime) {
  CAF_CHECK_EQUAL(render("%I", {}), "2026-11-21T14:14:49+0000");
  CAF_CHECK_EQUAL(render("%.10I", {}), "2026-11-21");
  CAF_CHECK_EQUAL(render("%U", {}), "1795270489.012345678");
  CAF_CHECK_EQUAL(render("@Y-@m-@d @H:@M:@S.@N @@", {}),
                  "2026-11-21 14:14:49.012345678 @");
}

CAF_TEST(a backslash writes what is hard to type) {
  CAF_CHECK_EQUAL(render("a\\\\ \\0 \\a \\e \\n \\r \\t \\v", {}),
                  std::string("a\\ \0 \a \033 \n \r \t \v", 16));
}

CAF_TEST(a format that breaks off or has unknown letters is refused) {
  for (auto text : {"%", "@", "%10", "%10.", "%-0.3", "a%"})
    CAF_CHECK_EQUAL(problem(text), "Incomplete format specifier.");
  CAF_CHECK_EQUAL(problem("\\"), "Incomplete escape specifier.");
  CAF_CHECK_EQUAL(problem("%Z"), "Invalid format specifier 'Z'.");
  CAF_CHECK_EQUAL(problem("\\z"), "Invalid escape specifier 'z'.");
  CAF_CHECK_EQUAL(problem(""), "");
}
