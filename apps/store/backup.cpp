#include "apps/store/commands.hpp"
#include "apps/store/control.hpp"
#include "apps/store/exit_status.hpp"
#include "apps/store/interrupt.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace fs = std::filesystem;

namespace troupe::store_tool {

namespace {

int done(const std::string& directory) {
  fmt::print("Backup made: {}\n", directory);
  return success;
}

int interrupted() {
  fmt::print(stderr, "Interrupted: the broker may still be writing.\n");
  return interrupt::exit_status();
}

int back_up_idle(const location& where, const std::string& directory) {
  auto opened = open_existing(where, false);
  if (!opened.store)
    return complain(opened.error);
  for (const auto& each : opened.findings)
    fmt::print(stderr, "Warning: {}\n", each);
  auto status = opened.store->backup(directory);
  opened.store.reset();
  give_to_owner(where, where.database);
  return status ? done(directory) : complain(status.text);
}

} // namespace

int back_up(const location& where, const options& given) {
  std::error_code error;
  auto path = fs::absolute(given.argument, error).lexically_normal();
  if (!path.has_filename())
    path = path.parent_path();
  if (auto there = check_database(where); !there.empty())
    return complain(there);
  if (fs::exists(path, error))
    return complain(path.string()
                    + " exists already: a backup goes into a new directory");
  if (path.string().find('\n') != std::string::npos)
    return complain("the directory's name has a line break");
  interrupt::watch();
  auto answer =
      control_client::ask(where.control_socket(), "backup " + path.string());
  switch (answer.what) {
  case control_answer::kind::ok:
    return done(path.string());
  case control_answer::kind::no_broker:
    return back_up_idle(where, path.string());
  case control_answer::kind::interrupted:
    return interrupted();
  case control_answer::kind::failed:
    break;
  }
  return complain(answer.text);
}

} // namespace troupe::store_tool
