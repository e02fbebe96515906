#include "apps/config/options.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <utility>

namespace troupe::config_tool {

namespace {

constexpr const char* overview =
    "Examples:\n"
    "  troupe config check /etc/mosquitto/mosquitto.conf\n"
    "  troupe config convert mosquitto.conf > troupe.json\n"
    "  troupe config show -c troupe.json\n"
    "\n"
    "Exit status: 0 done, 1 no output, 2 bad usage, 3 the file cannot be "
    "used.\n";

/// One subcommand with its examples.
CLI::App& add(CLI::App& app, options& to, command what, const char* name,
              const char* summary, const char* examples) {
  auto* made = app.add_subcommand(name, summary);
  made->footer(std::string{"Examples:\n"} + examples);
  made->callback([&to, what] { to.command = what; });
  return *made;
}

void add_file(CLI::App& to, options& out) {
  to.add_option("FILE", out.file, "JSON or mosquitto.conf")
      ->required()
      ->type_name("");
}

void add_commands(CLI::App& app, options& to) {
  add_file(add(app, to, command::check, "check",
               "say what is wrong with a file, or has no effect here",
               "  troupe config check troupe.json && echo fine\n"),
           to);
  add_file(add(app, to, command::convert, "convert",
               "write a file as JSON, with what differs from the defaults",
               "  troupe config convert /etc/mosquitto/mosquitto.conf\n"),
           to);
  auto& show =
      add(app, to, command::show, "show",
          "every option with its value and where that came from",
          "  troupe config show\n"
          "  troupe config show -c troupe.json --json | jq .options\n");
  show.add_option("-c,--config-file", to.file,
                  "JSON or mosquitto.conf. Default: none, the defaults")
      ->type_name("FILE");
  show.add_flag("--json", to.json, "JSON instead of text");
  add(app, to, command::schema, "schema",
      "write the JSON Schema of configurations, for editors",
      "  troupe config schema > troupe.schema.json\n");
}

} // namespace

parsed_options parse(int argc, const char* const* argv) {
  CLI::App app{"Checks, converts and shows configurations.", "troupe config"};
  options value;
  app.require_subcommand(1);
  app.get_formatter()->column_width(24);
  app.footer(overview);
  add_commands(app, value);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return {std::nullopt, app.exit(done)};
  } catch (const CLI::ParseError& wrong) {
    std::fprintf(stderr,
                 "Error: %s\nUse 'troupe config --help' to see usage.\n",
                 wrong.what());
    return {std::nullopt, bad_usage};
  }
  return {std::move(value), success};
}

} // namespace troupe::config_tool
