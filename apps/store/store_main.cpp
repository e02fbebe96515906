#include "apps/store/commands.hpp"
#include "apps/store/exit_status.hpp"
#include "apps/store/options.hpp"
#include "apps/store/store_tool.hpp"

#include <cstdio>

namespace troupe::store_tool {

namespace {

int run(const options& given) {
  auto where = find_location(given);
  if (!where.error.empty())
    return complain(where.error);
  switch (given.command) {
  case command::info:
    return show_info(where, given);
  case command::sessions:
    return show_sessions(where, given);
  case command::queue:
    return show_queue(where, given);
  case command::verify:
    return verify(where);
  case command::repair:
    return repair(where);
  case command::backup:
    return back_up(where, given);
  case command::restore:
    return restore(where, given);
  case command::import_file:
    return import_file(where, given);
  }
  return bad_usage;
}

} // namespace

int complain(std::string_view what) {
  std::fprintf(stderr, "Error: %.*s\n", static_cast<int>(what.size()),
               what.data());
  return failed;
}

} // namespace troupe::store_tool

namespace troupe {

int store_main(int argc, char** argv) {
  auto parsed = store_tool::parse(argc, argv);
  if (!parsed.value)
    return parsed.status;
  return store_tool::run(*parsed.value);
}

} // namespace troupe
