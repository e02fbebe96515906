#include "apps/broker_main.hpp"

#include "actors/broker_node.hpp"
#include "config/difference.hpp"
#include "config/load.hpp"
#include "core/log.hpp"
#include "net/inherited_sockets.hpp"
#include "net/service_manager.hpp"
#include "storage/library_pages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <grp.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

namespace {

constexpr int exit_failure = 1;
constexpr int exit_bad_configuration = 3;

/// What the command line said.
struct command_line {
  std::string config_file;
  std::optional<uint16_t> port;
  bool verbose = false;
  bool quiet = false;
  bool daemon = false;
  bool test_config = false;
};

/// The exit status to end with, or nothing to go on.
std::optional<int> parse(int argc, char** argv, command_line& out) {
  CLI::App app{"troupe is an MQTT broker (3.1, 3.1.1, 5.0).\n"
               "Tools: troupe pub, troupe sub, troupe bench, troupe store, "
               "troupe passwd, troupe acl, troupe config; see each with "
               "--help."};
  app.name("troupe");
  app.set_version_flag("--version", "troupe version " TROUPE_VERSION);
  app.add_option("-c,--config-file", out.config_file,
                 "Read settings from this file: JSON or mosquitto.conf")
      ->type_name("FILE");
  app.add_option("-p,--port", out.port,
                 "Listen on this port of the loopback addresses. No effect "
                 "when the configuration has listeners. Default: 1883")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65535));
  app.add_flag("-v,--verbose", out.verbose,
               "Log everything, each packet included");
  app.add_flag("-q,--quiet", out.quiet, "Log nothing");
  app.add_flag("-d,--daemon", out.daemon, "Run in the background");
  app.add_flag("--test-config", out.test_config,
               "Check the configuration and exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& wrong) {
    fmt::print(stderr, "Error: {}\nUse 'troupe --help' to see usage.\n",
               wrong.what());
    return exit_bad_configuration;
  }
  return std::nullopt;
}

/// Settings from file and command line; warnings and errors go to the log.
std::optional<config::settings> settings_for(const command_line& given) {
  config::settings settings;
  if (!given.config_file.empty()) {
    auto loaded = config::load(given.config_file);
    if (!loaded) {
      log::write(log::level::error, "Error: {}", loaded.error().text);
      return std::nullopt;
    }
    for (const auto& warning : loaded->warnings)
      log::write(log::level::warning, "Warning: {}", warning);
    settings = std::move(loaded->settings);
  }
  if (given.port)
    if (auto warning = config::with_port(settings, *given.port);
        !warning.empty())
      log::write(log::level::warning, "Warning: {}", warning);
  if (given.verbose)
    settings.log.types = log::all_levels;
  if (given.quiet)
    settings.log.types = log::no_levels;
  return settings;
}

/// Every client is a file descriptor: take as many as the system gives.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/// Publications come and go in bursts of a few megabytes. By default glibc
/// gives that memory back to the kernel after each burst and faults it in again
/// with the next: a third of the time where messages are large.
void tune_allocator() {
  constexpr int mebibyte = 1024 * 1024;
  mallopt(M_TRIM_THRESHOLD, 8 * mebibyte);
  mallopt(M_TOP_PAD, mebibyte / 4);
  mallopt(M_MMAP_THRESHOLD, mebibyte);
}

sigset_t block_signals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (auto each : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&set, each);
  // Before any thread starts: all of them inherit it.
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

bool write_pid_file(const std::string& path) {
  if (path.empty())
    return true;
  std::ofstream file{path, std::ios::trunc};
  file << getpid() << '\n';
  file.close();
  if (!file.fail())
    return true;
  log::write(log::level::error, "Error: cannot write pid_file {}: {}", path,
             std::strerror(errno));
  return false;
}

/// Gives up root's rights once the listeners are open. Empty, or what went
/// wrong.
std::string become(const std::string& user) {
  if (user.empty() || user == "root" || geteuid() != 0)
    return {};
  const auto* entry = getpwnam(user.c_str());
  if (entry == nullptr)
    return fmt::format("user: there is no user {}; name one that exists, or "
                       "root to stay root",
                       user);
  if (initgroups(user.c_str(), entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0
      || setuid(entry->pw_uid) != 0)
    return fmt::format("user: cannot become {}: {}", user,
                       std::strerror(errno));
  return {};
}

/// Log files are opened anew, whatever has become of the configuration: they
/// may have been renamed.
void configure_log_again(const config::settings& in_force) {
  if (auto failed = log::configure(in_force.log))
    log::write(log::level::error, "Error: {}", *failed);
}

/// Empty, or why nothing has changed.
std::string put_in_force(const config::settings& wanted,
                         config::settings& in_force,
                         actors::broker_node& node) {
  auto now = config::without_restart(in_force, wanted);
  if (auto failed = log::configure(now.log))
    return *failed;
  auto error = node.change(now);
  if (!error.empty()) {
    configure_log_again(in_force);
    return error;
  }
  for (const auto& line :
       config::describe(config::compare(in_force, wanted), in_force, wanted))
    log::write(log::level::notice, "{}", line);
  in_force = std::move(now);
  return {};
}

/// SIGHUP: the configuration is read again and put in force whole, or what was
/// in force stays.
void reload(const command_line& given, config::settings& in_force,
            actors::broker_node& node) {
  configure_log_again(in_force);
  log::write(log::level::notice, "Reloading config.");
  auto wanted = settings_for(given);
  auto error = wanted ? put_in_force(*wanted, in_force, node) : "see above";
  if (error.empty())
    log::write(log::level::notice, "Config reloaded.");
  else
    log::write(log::level::error,
               "Error: the configuration was not reloaded: {}; what was in "
               "force stays.",
               error);
}

void wait_for_end(const command_line& given, config::settings& in_force,
                  const sigset_t& set, const net::service_manager& manager,
                  actors::broker_node& node) {
  for (;;) {
    int got = 0;
    if (sigwait(&set, &got) != 0)
      continue;
    if (got != SIGHUP)
      return;
    manager.reloading(std::chrono::steady_clock::now());
    reload(given, in_force, node);
    manager.ready();
  }
}

void say_where(const command_line& given, const config::settings& settings,
               const actors::broker_node& node) {
  for (const auto& line : node.listening_on())
    log::write(log::level::notice, "{}", line);
  if (!settings.listeners_configured)
    log::write(log::level::notice,
               "Starting in local only mode: {} clients of this machine, all "
               "of them, without passwords. Configure a listener (-c FILE) to "
               "serve others.",
               given.config_file.empty() ? "no configuration, only"
                                         : "no listener configured, only");
  if (settings.persistence)
    log::write(log::level::notice,
               "Sessions, queues and retained messages are kept in {}.",
               settings.persistence_location);
  else
    log::write(log::level::notice,
               "Sessions, queues and retained messages are kept in memory "
               "only: they end with this process.");
}

/// What was read of libraries at the start, and may never be needed again.
void release_unused_pages(const config::settings& settings) {
  // The last one only where there is no database.
  constexpr std::array<std::string_view, 6> all{"/libcrypto",   "/libssl",
                                                "/libcaf_core", "/libspdlog",
                                                "/libstdc++",   "/librocksdb"};
  std::span<const std::string_view> names{all};
  storage::release_library_pages(
      settings.persistence ? names.first(all.size() - 1) : names);
}

int serve(const command_line& given, config::settings settings) {
  auto signals = block_signals();
  raise_file_limit();
  tune_allocator();
  actors::broker_node node{settings};
  log::write(log::level::notice, "troupe version " TROUPE_VERSION " starting");
  if (auto error = node.read_files(); !error.empty()) {
    log::write(log::level::error, "Error: {}", error);
    return exit_bad_configuration;
  }
  auto inherited =
      net::inherited_sockets::adopt(net::take_listen_environment(), getpid());
  if (!inherited) {
    log::write(log::level::error, "Error: {}", inherited.error().text);
    return exit_failure;
  }
  auto manager = net::service_manager::from_environment(getpid());
  if (auto error = node.open(std::move(*inherited)); !error.empty()) {
    log::write(log::level::error, "Error: {}", error);
    return exit_failure;
  }
  if (!write_pid_file(settings.pid_file))
    return exit_failure;
  if (auto error = become(settings.user); !error.empty()) {
    log::write(log::level::error, "Error: {}", error);
    return exit_failure;
  }
  if (auto error = node.open_store(); !error.empty()) {
    log::write(log::level::error, "Error: {}", error);
    return exit_failure;
  }
  release_unused_pages(settings);
  say_where(given, settings, node);
  if (auto error = node.start(); !error.empty()) {
    log::write(log::level::error, "Error: {}", error);
    return exit_failure;
  }
  log::write(log::level::notice, "troupe version " TROUPE_VERSION " running");
  manager.ready();
  wait_for_end(given, settings, signals, manager, node);
  manager.stopping();
  log::write(log::level::notice,
             "troupe version " TROUPE_VERSION " terminating");
  node.stop();
  if (!settings.pid_file.empty())
    unlink(settings.pid_file.c_str());
  return 0;
}

} // namespace

int broker_main(int argc, char** argv) {
  command_line given;
  if (auto status = parse(argc, argv, given))
    return *status;
  auto settings = settings_for(given);
  if (!settings)
    return exit_bad_configuration;
  if (auto error = log::configure(settings->log)) {
    fmt::print(stderr, "Error: {}\n", *error);
    return exit_bad_configuration;
  }
  if (given.test_config) {
    fmt::print(stderr, "Configuration file is OK.\n");
    return 0;
  }
  // Before threads and sockets exist: both stay in the child.
  if (given.daemon && daemon(1, 0) != 0) {
    log::write(log::level::error, "Error: cannot run in the background: {}",
               std::strerror(errno));
    return exit_failure;
  }
  return serve(given, std::move(*settings));
}

} // namespace troupe
