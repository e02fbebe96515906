#include "apps/store/commands.hpp"
#include "apps/store/exit_status.hpp"
#include "apps/store/interrupt.hpp"
#include "apps/store/progress_line.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace troupe::store_tool {

namespace {

constexpr const char* stop_it =
    "a broker uses it: stop the broker first, or work on a backup of it";

int interrupted(const char* what) {
  fmt::print(stderr, "Interrupted: {}.\n", what);
  return interrupt::exit_status();
}

void list(const std::vector<std::string>& sentences) {
  for (const auto& each : sentences)
    fmt::print("{}\n", each);
}

/// Empty, or why nothing may be done to the database now.
std::string check_unused(const location& where) {
  return is_in_use(where) ? fmt::format("{}: {}", where.database, stop_it)
                          : std::string{};
}

std::string check_idle_database(const location& where) {
  auto error = check_database(where);
  return error.empty() ? check_unused(where) : error;
}

storage::check_report
check_with_progress(const location& where, const char* what,
                    storage::check_report (*check)(const std::string&,
                                                   const storage::progress&)) {
  progress_line line{what};
  return check(where.database, line.teller());
}

} // namespace

int verify(const location& where) {
  if (auto error = check_idle_database(where); !error.empty())
    return complain(error);
  auto report = check_with_progress(where, "verifying", storage::verify);
  list(report.damage);
  if (interrupt::signal() != 0)
    return interrupted("not everything was checked, nothing was changed");
  if (!report.error.empty())
    return complain(report.error);
  if (report.damage.empty()) {
    fmt::print("{} records, all sound.\n", report.records);
    return success;
  }
  fmt::print("{} records, damage in {} places: `troupe store repair` moves it "
             "aside.\n",
             report.records, report.damage.size());
  return failed;
}

int repair(const location& where) {
  if (auto error = check_idle_database(where); !error.empty())
    return complain(error);
  auto report = check_with_progress(where, "repairing", storage::repair);
  give_to_owner(where, where.database);
  give_to_owner(where, where.directory + "/quarantine");
  list(report.damage);
  if (interrupt::signal() != 0)
    return interrupted("what was found so far has been moved aside");
  if (!report.error.empty())
    return complain(report.error);
  fmt::print("{} records, {}.\n", report.records,
             report.damage.empty() ? "all sound: nothing to repair"
                                   : "the damaged ones have been moved aside");
  return success;
}

int restore(const location& where, const options& given) {
  if (auto error = check_unused(where); !error.empty())
    return complain(error);
  auto aside = where.database + ".before-restore";
  auto was_there = check_database(where).empty();
  std::string error;
  {
    progress_line line{"restoring"};
    error = storage::restore(given.argument, where.database, line.teller());
  }
  if (!error.empty() && interrupt::signal() != 0)
    return interrupted("nothing was changed");
  if (!error.empty())
    return complain(error);
  give_to_owner(where, where.database);
  fmt::print("Restored {} from {}.\n", where.database, given.argument);
  if (was_there)
    fmt::print("What was there before is now {}.\n", aside);
  return success;
}

} // namespace troupe::store_tool
