#include "apps/store/options.hpp"

#include "apps/store/exit_status.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace troupe::store_tool {

namespace {

constexpr const char* overview =
    "Examples:\n"
    "  troupe store info -d /var/lib/troupe\n"
    "  troupe store sessions -c /etc/troupe.json --json\n"
    "  troupe store queue meter-17 --limit 20\n"
    "  troupe store backup /backup/troupe-monday\n"
    "  troupe store restore /backup/troupe-monday\n"
    "  troupe store import /var/lib/mosquitto/mosquitto.db\n"
    "\n"
    "info, sessions, queue and backup also work while a broker runs.\n"
    "Exit status: 0 done, 1 it could not be done or damage was found, 2 bad\n"
    "usage, 130 and 143 interrupted by SIGINT and SIGTERM.\n";

/// One subcommand with its examples.
CLI::App& add(CLI::App& app, options& to, command what, const char* name,
              const char* summary, const char* examples) {
  auto* made = app.add_subcommand(name, summary);
  made->footer(std::string{"Examples:\n"} + examples);
  made->callback([&to, what] { to.command = what; });
  made->add_option("-d,--directory", to.directory,
                   "the broker's persistence_location. Default: that of -c, "
                   "else the current directory")
      ->type_name("DIR");
  made->add_option("-c,--config-file", to.config_file,
                   "take persistence_location from this configuration")
      ->type_name("FILE");
  return *made;
}

void add_json(CLI::App& to, options& out) {
  to.add_flag("--json", out.json, "JSON instead of text");
}

void add_argument(CLI::App& to, options& out, const char* name,
                  const char* meaning) {
  to.add_option(name, out.argument, meaning)->required()->type_name("");
}

void add_looks(CLI::App& app, options& to) {
  auto& info = add(app, to, command::info, "info",
                   "what the database holds: counts and sizes",
                   "  troupe store info -d /var/lib/troupe\n"
                   "  troupe store info --json | jq .sessions\n");
  add_json(info, to);
  auto& sessions =
      add(app, to, command::sessions, "sessions",
          "every durable session: expiry, subscriptions, queue",
          "  troupe store sessions\n"
          "  troupe store sessions --json | jq '.[] | select(.queued > 0)'\n");
  add_json(sessions, to);
  auto& queue = add(app, to, command::queue, "queue",
                    "the messages that wait for one client, oldest first",
                    "  troupe store queue meter-17\n"
                    "  troupe store queue meter-17 --json --limit 1\n");
  add_argument(queue, to, "CLIENT", "client identifier");
  add_json(queue, to);
  queue.add_option("--limit", to.limit, "the oldest N only. Default: all")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 62));
}

void add_care(CLI::App& app, options& to) {
  add(app, to, command::verify, "verify",
      "read and check every record; changes nothing",
      "  troupe store verify -d /var/lib/troupe && echo sound\n");
  add(app, to, command::repair, "repair",
      "as verify, and move what is damaged to quarantine/",
      "  troupe store repair -d /var/lib/troupe\n");
  auto& backup = add(app, to, command::backup, "backup",
                     "copy the database, also that of a running broker",
                     "  troupe store backup /backup/troupe-$(date +%F)\n");
  add_argument(backup, to, "DIR", "where the copy goes; must not exist");
  auto& restore = add(app, to, command::restore, "restore",
                      "put a backup in the place of the database",
                      "  troupe store restore /backup/troupe-monday\n");
  add_argument(restore, to, "DIR", "what `backup` made");
}

void add_import(CLI::App& app, options& to) {
  auto& import =
      add(app, to, command::import_file, "import",
          "take over sessions, queues and retained messages from Mosquitto",
          "  troupe store import /var/lib/mosquitto/mosquitto.db\n"
          "  troupe store import -d /var/lib/troupe --keep mosquitto.db\n");
  add_argument(import, to, "FILE", "mosquitto.db of Mosquitto up to 2.1");
  auto choose = [&to](storage::on_conflict what) {
    return [&to, what] { to.conflict = what; };
  };
  auto* keep = import.add_flag_callback(
      "--keep", choose(storage::on_conflict::keep),
      "a session or retained message that is there already stays");
  auto* replace = import.add_flag_callback(
      "--replace", choose(storage::on_conflict::replace),
      "a session or retained message that is there already is replaced");
  keep->excludes(replace);
  import.add_flag("--salvage", to.salvage,
                  "import what can be read of a damaged file");
}

} // namespace

parsed_options parse(int argc, const char* const* argv) {
  CLI::App app{"Looks at and looks after the database in which troupe keeps "
               "sessions, queues and\nretained messages.",
               "troupe store"};
  options value;
  app.require_subcommand(1);
  app.get_formatter()->column_width(24);
  app.footer(overview);
  add_looks(app, value);
  add_care(app, value);
  add_import(app, value);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return {std::nullopt, app.exit(done)};
  } catch (const CLI::ParseError& wrong) {
    std::fprintf(stderr, "Error: %s\nUse 'troupe store --help' to see usage.\n",
                 wrong.what());
    return {std::nullopt, bad_usage};
  }
  return {std::move(value), success};
}

} // namespace troupe::store_tool
