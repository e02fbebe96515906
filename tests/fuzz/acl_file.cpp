// libFuzzer target for ACL files. Whatever the bytes: they are refused with the
// line, or decide as they do when they are read line by line for each question.
// The question stands in the first line: action, user, client id, topic,
// separated by spaces, the user `-` for none.
#include "security/acl_file.hpp"

#include "security/topic_levels.hpp"
#include "tests/security/acl_model.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

using namespace troupe::security;

namespace {

void require(bool condition) {
  if (!condition)
    std::abort();
}

std::string_view take(std::string_view& text, char end) {
  auto at = text.find(end);
  auto word = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return word;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text{reinterpret_cast<const char*>(data), size};
  auto question = take(text, '\n');
  auto kind = take(question, ' ');
  auto what = static_cast<action>(kind.empty() ? 0 : kind[0] % 4);
  client_identity who;
  auto user = take(question, ' ');
  if (user != "-")
    who.user_name = user;
  who.client_id = take(question, ' ');
  auto made = acl_file::parse(std::string{text}, "acl");
  if (!made) {
    require(made.error().text.starts_with("acl:"));
    return 0;
  }
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  const auto& file = **made;
  auto about = what == action::subscribe ? without_share(question) : question;
  auto expected = acl_model{text}.may(who, what, about);
  auto answer = file.explain(who, what, question);
  require((answer.verdict == ruling::allow) == expected);
  require(file.rule(who, what, question) == answer.verdict);
  require(answer.reason.starts_with("acl:"));
  return 0;
}
