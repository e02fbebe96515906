#include "apps/acl/options.hpp"

#include "apps/acl/exit_status.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace troupe::acl_tool {

namespace {

constexpr const char* overview =
    "Examples:\n"
    "  troupe acl check /etc/troupe/acl\n"
    "  troupe acl explain --acl-file acl --user ann --action publish a/b\n";

constexpr const char* explain_help =
    "Examples:\n"
    "  troupe acl explain --acl-file acl --action receive news/today\n"
    "  troupe acl explain -c /etc/mosquitto/mosquitto.conf --listener 8883 "
    "\\\n"
    "    --user ann --action publish a/b\n"
    "  troupe acl explain --acl-file acl --user ann --client meter-1 \\\n"
    "    --action subscribe 'meters/+/power'\n"
    "\n"
    "Prints `allowed` or `denied` and the line that decides. With --batch "
    "each line\n"
    "of the standard input is a question, answered by one line:\n"
    "  {\"user\": null, \"client\": \"c1\", \"action\": \"publish\", "
    "\"topic\": \"a/b\"}\n"
    "\n"
    "Exit status: 0 allowed, or all of a batch answered; 1 denied; 2 bad "
    "usage, or\n"
    "the file cannot be used.\n";

constexpr const char* check_help =
    "Example:\n"
    "  troupe acl check /etc/mosquitto/acl && echo sound\n"
    "\n"
    "Exit status: 0 the file can be used, 1 it cannot, 2 bad usage.\n";

/// What CLI11 fills in before it is understood.
struct raw_options {
  options value;
  std::string user;
  std::string action;
  bool has_user = false;
  bool batch = false;
};

void add_wish(CLI::App& to, raw_options& out) {
  to.add_option("--user,-u", out.user,
                "the client's user name. Default: it has none")
      ->type_name("NAME")
      ->each([&out](const std::string&) { out.has_user = true; });
  to.add_option("--client,-i", out.value.asked.who.client_id,
                "the client's identifier. Default: empty")
      ->type_name("ID");
  to.add_option("--action,-a", out.action,
                "publish, receive, subscribe or unsubscribe")
      ->type_name("ACTION")
      ->check(CLI::IsMember({"publish", "receive", "subscribe", "unsubscribe"}))
      ->option_text("ACTION");
  to.add_option("TOPIC", out.value.asked.topic,
                "the topic; to subscribe and unsubscribe: the topic filter")
      ->type_name("");
}

void add_explain(CLI::App& app, raw_options& out) {
  auto& made = *app.add_subcommand("explain", "what a client may do, and why");
  made.footer(explain_help);
  made.add_option("--acl-file", out.value.acl_file, "the file with the rights")
      ->type_name("FILE");
  made.add_option("--config,-c", out.value.config_file,
                  "the broker's configuration, which names the files")
      ->type_name("FILE")
      ->excludes("--acl-file");
  made.add_option("--listener", out.value.listener,
                  "the listener the client comes through, where they differ")
      ->type_name("PORT")
      ->needs("--config");
  add_wish(made, out);
  made.add_flag("--batch", out.batch, "questions come from standard input")
      ->excludes("TOPIC", "--action", "--user", "--client");
}

void add_check(CLI::App& app, raw_options& out) {
  auto& made = *app.add_subcommand("check", "whether an ACL file can be used");
  made.footer(check_help);
  made.add_option("FILE", out.value.acl_file, "the ACL file")
      ->type_name("")
      ->required();
  made.callback([&out] { out.value.command = command::check; });
}

/// What is wrong with the question of `explain`, or nothing.
std::string understand(raw_options& given) {
  auto& asked = given.value.asked;
  if (given.value.command == command::check)
    return {};
  if (given.value.acl_file.empty() && given.value.config_file.empty())
    return "--acl-file or --config is required";
  if (given.batch) {
    given.value.command = command::explain_batch;
    return {};
  }
  auto what = action_named(given.action);
  if (!what)
    return "--action is required";
  if (asked.topic.empty())
    return "TOPIC is required";
  asked.what = *what;
  if (given.has_user)
    asked.who.user_name = given.user;
  auto fault = fault_of(asked);
  return fault ? fault->text : "";
}

parsed_options refuse(const char* why) {
  std::fprintf(stderr, "Error: %s\nUse 'troupe acl --help' to see usage.\n",
               why);
  return {std::nullopt, bad_usage};
}

} // namespace

parsed_options parse(int argc, const char* const* argv) {
  CLI::App app{"Says who may do what with which topic, and why.", "troupe acl"};
  raw_options given;
  app.require_subcommand(1);
  app.get_formatter()->column_width(24);
  app.footer(overview);
  try {
    add_explain(app, given);
    add_check(app, given);
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return {std::nullopt, app.exit(done)};
  } catch (const CLI::Error& wrong) {
    return refuse(wrong.what());
  }
  auto problem = understand(given);
  if (!problem.empty())
    return refuse(problem.c_str());
  return {std::move(given.value), success};
}

} // namespace troupe::acl_tool
