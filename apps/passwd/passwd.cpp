#include "apps/passwd/passwd.hpp"

#include "apps/passwd/exit_status.hpp"
#include "apps/passwd/options.hpp"
#include "apps/passwd/prompt.hpp"
#include "apps/passwd/user_lines.hpp"
#include "security/file_swap.hpp"
#include "security/protected_file.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <string>

namespace troupe::passwd_tool {

namespace {

int complain(const std::string& what, int status = failed) {
  fmt::print(stderr, "Error: {}\n", what);
  return status;
}

/// With -c the file may be `-`, standard output, which is then for nothing
/// else.
bool writes_to_output(const options& given) {
  return given.is_new_file && given.file == "-";
}

checked<std::string> hash_text(const options& given,
                               std::string_view password) {
  auto made = security::make_password_hash(given.kind, password,
                                           {given.iterations, 0, 0});
  if (!made)
    return made.error();
  return to_string(*made);
}

/// What would keep the password from being stored; before it is asked for.
std::string obstacle(const options& given) {
  if (writes_to_output(given))
    return {};
  if (!given.is_new_file) {
    auto content = security::read_protected_file(given.file);
    return content ? std::string{}
                   : content.error().text
                         + (::access(given.file.c_str(), F_OK) != 0
                                ? "; -c makes a new file"
                                : "");
  }
  if (::access(given.file.c_str(), F_OK) == 0)
    return fmt::format("{} exists already; without -c users are added to it",
                       given.file);
  return {};
}

/// Sees to `given.password`; the status to end with if there is none.
int get_password(options& given) {
  auto* talk = writes_to_output(given) ? stderr : stdout;
  if (!given.password) {
    auto first = ask("Password", talk);
    if (!first)
      return complain(first.error().text);
    auto again = ask("Reenter password", talk);
    if (!again)
      return complain(again.error().text);
    if (!security::equal_in_constant_time(first->view(), again->view()))
      return complain("Passwords do not match.", passwords_differ);
    given.password = std::move(*first);
  }
  return given.password->empty() ? complain("Empty password.") : success;
}

std::string store(const options& given, const std::string& hash) {
  auto line = fmt::format("{}:{}\n", given.user, hash);
  if (writes_to_output(given)) {
    fmt::print("{}", line);
    return std::fflush(stdout) == 0 ? "" : "cannot write to standard output";
  }
  if (given.is_new_file) {
    fmt::print("Adding password for user {}\n", given.user);
    return security::create_file(given.file, line);
  }
  return security::change_file(given.file, [&](const std::string& text) {
    auto made = set_user(text, given.user, hash);
    fmt::print("{} password for user {}\n",
               made.found > 0 ? "Updating" : "Adding", given.user);
    return checked<std::string>{std::move(made.text)};
  });
}

int set(options& given) {
  if (auto problem = obstacle(given); !problem.empty())
    return complain(problem);
  if (auto status = get_password(given); status != success)
    return status;
  auto hash = hash_text(given, given.password->view());
  if (!hash)
    return complain(hash.error().text);
  auto problem = store(given, *hash);
  return problem.empty() ? success : complain(problem);
}

int remove(const options& given) {
  auto problem = security::change_file(
      given.file, [&](const std::string& text) -> checked<std::string> {
        auto made = remove_user(text, given.user);
        if (made.found == 0)
          return explanation{
              fmt::format("User {} not found in password file.", given.user)};
        return std::move(made.text);
      });
  return problem.empty() ? success : complain(problem);
}

int upgrade_all(const options& given) {
  upgraded made;
  auto hash = [&given](std::string_view password) {
    return hash_text(given, password);
  };
  auto problem = security::change_file(
      given.file, [&](const std::string& text) -> checked<std::string> {
        auto done = upgrade(text, given.file, hash);
        if (!done)
          return done.error();
        made = std::move(*done);
        return made.text;
      });
  if (!problem.empty())
    return complain(problem);
  fmt::print("Hashed {} passwords; {} were hashed already.\n", made.hashed,
             made.kept);
  return success;
}

} // namespace

} // namespace troupe::passwd_tool

namespace troupe {

int passwd_main(int argc, char** argv) {
  using namespace passwd_tool;
  auto given = parse(argc, argv);
  if (!given) {
    complain(given.error().text);
    fmt::print(stderr, "Use 'troupe passwd --help' to see usage.\n");
    return failed;
  }
  switch (given->deed) {
  case deed::set:
    return set(*given);
  case deed::remove:
    return passwd_tool::remove(*given);
  case deed::upgrade:
    return upgrade_all(*given);
  case deed::help:
    break;
  }
  fmt::print("{}", help_text());
  return success;
}

} // namespace troupe
