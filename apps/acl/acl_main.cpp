#include "apps/acl/acl_tool.hpp"
#include "apps/acl/complain.hpp"
#include "apps/acl/exit_status.hpp"
#include "apps/acl/judges.hpp"
#include "apps/acl/options.hpp"
#include "apps/acl/wish.hpp"
#include "security/acl_file.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

namespace troupe::acl_tool {

namespace {

void warn_of(const security::acl_file& file) {
  for (const auto& warning : file.warnings())
    std::fprintf(stderr, "Warning: %s\n", warning.c_str());
}

std::string counted(size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

int check(const options& given) {
  auto read = security::acl_file::load(given.acl_file);
  if (!read)
    return complain(read.error().text, refused);
  const auto& file = **read;
  warn_of(file);
  auto text = fmt::format(
      "{}: {}, {}; {}", file.name(), counted(file.rules(), "rule"),
      counted(file.users(), "user"),
      file.restricts_subscribing() ? "SUBSCRIBE needs the right `subscribe`"
                                   : "every SUBSCRIBE is allowed");
  std::puts(text.c_str());
  return success;
}

int explain(const options& given) {
  auto judges = find_judges(given);
  if (!judges)
    return complain(judges.error().text);
  if (given.command == command::explain_batch)
    return answer_all(std::cin, *judges);
  return answer(given.asked, *judges);
}

} // namespace

} // namespace troupe::acl_tool

namespace troupe {

int acl_main(int argc, char** argv) {
  auto parsed = acl_tool::parse(argc, argv);
  if (!parsed.value)
    return parsed.status;
  if (parsed.value->command == acl_tool::command::check)
    return acl_tool::check(*parsed.value);
  return acl_tool::explain(*parsed.value);
}

} // namespace troupe
