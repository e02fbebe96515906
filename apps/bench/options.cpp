#include "apps/bench/options.hpp"

#include "apps/bench/stamp.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <map>

namespace troupe::bench {

namespace {

const std::map<std::string, scenario> scenarios{
    {"pairs", scenario::pairs},     {"fanin", scenario::fanin},
    {"fanout", scenario::fanout},   {"subscriptions", scenario::subscriptions},
    {"latency", scenario::latency}, {"hold", scenario::hold},
    {"churn", scenario::churn},
};

/// Adds an option whose default follows from the scenario.
template <class T>
void add_by_scenario(CLI::App& app, const char* name, T& to, T most,
                     const char* text) {
  app.add_option(name, to, text)
      ->check(CLI::Range(T{0}, most))
      ->default_str("by scenario");
}

void add_scenario(CLI::App& app, options& to) {
  auto choose = [&to](const std::string& name) {
    auto found = scenarios.find(name);
    if (found == scenarios.end())
      throw CLI::ValidationError{"scenario", "there is no " + name};
    to.scenario = found->second;
  };
  app.add_option_function<std::string>(
         "scenario,--scenario", choose,
         "pairs, fanin, fanout, subscriptions, latency, hold or churn")
      ->required();
}

void add_broker_options(CLI::App& app, options& to) {
  app.add_option("--host", to.host, "numeric address of the broker");
  app.add_option("-p,--port", to.port, "port of the broker");
  app.add_option("--subscribe-port", to.subscribe_port,
                 "port of the broker to subscribe at, which is bridged to it")
      ->check(CLI::Range(1, 65'535))
      ->default_str("that of --port");
  auto set_version = [&to](int level) {
    to.version = static_cast<protocol::version>(level);
  };
  app.add_option_function<int>("--proto", set_version,
                               "3 (MQTT 3.1), 4 (3.1.1) or 5 (5.0)")
      ->check(CLI::Range(3, 5))
      ->default_str("4");
  app.add_option("-u,--username", to.user_name, "user name");
  app.add_option("-P,--password", to.password, "password");
  app.add_option("--pid", to.pid, "process whose CPU and memory to measure")
      ->check(CLI::Range(1, 1 << 30))
      ->default_str("none");
  app.add_option("--subscribe-pid", to.subscribe_pid,
                 "process of the broker at --subscribe-port, to measure too")
      ->check(CLI::Range(1, 1 << 30))
      ->default_str("none");
  app.add_option("--cpu", to.cpu, "core to run on")
      ->check(CLI::Range(0, 1023))
      ->default_str("any");
  app.add_flag("--json", to.json, "one line of JSON instead of a table");
}

void add_time_options(CLI::App& app, options& to) {
  app.add_option("--duration", to.duration, "seconds to measure")
      ->check(CLI::Range(0.1, 1e6));
  app.add_option("--warmup", to.warmup, "seconds before that")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--drain", to.drain, "seconds of silence that end the run")
      ->check(CLI::Range(0.1, 1e6));
}

void add_load_options(CLI::App& app, options& to) {
  app.add_option("--qos", to.qos, "of publishes and subscriptions")
      ->check(CLI::Range(0, 2));
  app.add_option("--payload", to.payload, "bytes per message")
      ->check(CLI::Range(uint32_t{payload_form::minimum}, uint32_t{1} << 27));
  add_by_scenario(app, "--publishers", to.publishers, 60'000, "how many");
  add_by_scenario(app, "--subscribers", to.subscribers, 60'000, "how many");
  add_by_scenario(app, "--window", to.window, 1'000'000,
                  "messages of a publisher under way at once; 0: flood");
  app.add_option("--batch", to.batch, "messages gathered before a write")
      ->check(CLI::Range(1, 1'000'000))
      ->default_str("a quarter of the window");
  app.add_option("--inflight", to.inflight,
                 "unacknowledged messages of a publisher (QoS 1, 2)")
      ->check(CLI::Range(1, 65'535));
  add_by_scenario(app, "--rate", to.rate, 1e9,
                  "messages per second in total; 0: as the window allows");
  app.add_option("--filters", to.filters, "of the scenario subscriptions")
      ->check(CLI::Range(1, 10'000'000));
}

void add_connection_options(CLI::App& app, options& to) {
  app.add_option("--connections", to.connections, "of the scenario hold")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--concurrency", to.concurrency, "connects at the same time")
      ->check(CLI::Range(1, 60'000));
  app.add_option("--per-address", to.per_address,
                 "connections from one source address")
      ->check(CLI::Range(1, 60'000));
}

struct scenario_defaults {
  int publishers;
  int subscribers;
  int window;
};

// Subscribers 0: as many as publishers.
scenario_defaults defaults_of(scenario value) {
  switch (value) {
  case scenario::pairs:
  case scenario::latency:
    return {50, 0, 64};
  case scenario::fanin:
    return {100, 1, 16};
  case scenario::fanout:
    return {1, 200, 16};
  case scenario::subscriptions:
    return {10, 100, 64};
  case scenario::hold:
  case scenario::churn:
    break;
  }
  return {1, 1, 1};
}

void fill_in(options& to) {
  auto defaults = defaults_of(to.scenario);
  if (to.publishers < 1)
    to.publishers = defaults.publishers;
  // The shape of these is what their name says.
  if (to.scenario == scenario::fanout)
    to.publishers = 1;
  if (to.scenario == scenario::fanin)
    to.subscribers = 1;
  else if (to.subscribers < 1)
    to.subscribers = defaults.subscribers;
  if (to.scenario == scenario::pairs || to.scenario == scenario::latency)
    to.subscribers = to.publishers;
  // A publisher without a topic would have nothing to do.
  if (to.scenario == scenario::subscriptions)
    to.publishers = std::min(to.publishers, to.filters);
  if (to.window < 0)
    to.window =
        to.qos == 0 ? defaults.window : std::min(defaults.window, to.inflight);
  if (to.batch < 0)
    to.batch = std::max(1, to.window / 4);
  // A batch larger than the window would never be complete.
  if (to.window != 0)
    to.batch = std::min(to.batch, to.window);
  if (to.rate < 0)
    to.rate = to.scenario == scenario::latency ? 1000 : 0;
}

/// What is wrong with the options together; null: nothing.
const char* find_fault(const options& in) noexcept {
  if (in.scenario == scenario::latency && in.rate == 0)
    return "--rate: latency needs one above 0";
  auto has_one_broker =
      in.scenario == scenario::hold || in.scenario == scenario::churn;
  if (has_one_broker && in.subscribe_port != 0)
    return "--subscribe-port: hold and churn have one broker only; leave it "
           "out";
  if (in.subscribe_pid != 0 && in.subscribe_port == 0)
    return "--subscribe-pid: needs --subscribe-port; add it";
  return nullptr;
}

} // namespace

const char* to_string(scenario value) noexcept {
  for (const auto& [name, known] : scenarios)
    if (known == value)
      return name.c_str();
  return "unknown";
}

const char* to_string(protocol::version value) noexcept {
  switch (value) {
  case protocol::version::v31:
    return "3.1";
  case protocol::version::v311:
    return "3.1.1";
  case protocol::version::v5:
    break;
  }
  return "5.0";
}

parsed_options parse(int argc, const char* const* argv) {
  CLI::App app{"Loads an MQTT broker, checks every delivery and measures.",
               "troupe bench"};
  app.option_defaults()->always_capture_default();
  options value;
  add_scenario(app, value);
  add_broker_options(app, value);
  add_time_options(app, value);
  add_load_options(app, value);
  add_connection_options(app, value);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& why) {
    return {std::nullopt, app.exit(why) == 0 ? 0 : 2};
  }
  fill_in(value);
  if (const auto* fault = find_fault(value)) {
    std::fprintf(stderr, "%s\n", fault);
    return {std::nullopt, 2};
  }
  return {std::move(value), 0};
}

} // namespace troupe::bench
