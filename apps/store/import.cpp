#include "apps/store/commands.hpp"
#include "apps/store/exit_status.hpp"
#include "apps/store/file_view.hpp"
#include "apps/store/interrupt.hpp"
#include "apps/store/progress_line.hpp"
#include "apps/store/staging.hpp"
#include "storage/mosquitto_db.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace troupe::store_tool {

namespace {

storage::import_options options_for(const options& given, const file_view& file,
                                    const instant& now) {
  constexpr int64_t milliseconds = 1000;
  storage::import_options made;
  made.conflict = given.conflict;
  made.salvage = given.salvage;
  made.saved_at = std::min(file.written_at(), now.wall / milliseconds);
  return made;
}

storage::import_summary run(const options& given, const file_view& file,
                            storage::rocks_store& into) {
  auto now = instant::now();
  progress_line line{"importing"};
  return storage::import_mosquitto(
      file.bytes(), into, options_for(given, file, now), now, line.teller());
}

void show_damage(const options& given, const storage::import_summary& done) {
  for (const auto& each : done.damage)
    fmt::print(stderr, "{}: {}\n", given.argument, each);
  if (done.damaged > done.damage.size())
    fmt::print(stderr, "{}: and {} more\n", given.argument,
               done.damaged - done.damage.size());
}

/// What to do about it.
std::string advice(const storage::import_summary& done) {
  if (done.damaged != 0)
    return "; --salvage imports what can be read";
  if (done.error.find("in the store already") != std::string::npos)
    return "; --keep keeps those of the store, --replace takes those of the "
           "file";
  return {};
}

int refuse(const options& given, const storage::import_summary& done) {
  if (done.is_interrupted) {
    fmt::print(stderr, "Interrupted: nothing was imported.\n");
    return interrupt::exit_status();
  }
  return complain(fmt::format("{}: {}{}. Nothing was imported.", given.argument,
                              done.error, advice(done)));
}

void show(const storage::import_summary& done) {
  fmt::print("sessions       {}\n", done.sessions);
  fmt::print("subscriptions  {}\n", done.subscriptions);
  fmt::print("queued         {}, sent and not acknowledged {}\n", done.queued,
             done.in_flight);
  if (done.released + done.incoming != 0)
    fmt::print("QoS 2          {} to clients and {} from clients half done\n",
               done.released, done.incoming);
  fmt::print("retained       {}\n", done.retained);
  for (const auto& [why, count] : done.skipped)
    fmt::print("left out       {} {}\n", count, why);
  if (done.damaged != 0)
    fmt::print("damaged        {} records\n", done.damaged);
}

} // namespace

int import_file(const location& where, const options& given) {
  std::string error;
  auto file = file_view::open(given.argument, error);
  if (!file)
    return complain(error);
  // Before anything is made: it may be the wrong file.
  if (auto readable = storage::mosquitto_db::open(file->bytes()); !readable)
    return complain(
        fmt::format("{}: {}", given.argument, readable.error().text));
  interrupt::watch();
  staging made{where};
  if (auto problem = made.open(); !problem.empty())
    return complain(problem);
  auto done = run(given, *file, made.store());
  show_damage(given, done);
  if (!done.error.empty())
    return refuse(given, done);
  if (auto problem = made.publish(); !problem.empty())
    return complain(problem + ". Nothing was imported.");
  fmt::print("Imported {} (format {}) into {}.\n", given.argument, done.format,
             where.database);
  show(done);
  if (made.was_there())
    fmt::print("What was there before is now {}.\n", made.aside());
  return success;
}

} // namespace troupe::store_tool
