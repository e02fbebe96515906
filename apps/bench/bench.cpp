#include "apps/bench/bench.hpp"

#include "apps/bench/churn.hpp"
#include "apps/bench/hold.hpp"
#include "apps/bench/options.hpp"
#include "apps/bench/report.hpp"
#include "apps/bench/traffic.hpp"

#include <sched.h>
#include <sys/prctl.h>

#include <cstdio>

namespace troupe::bench {

namespace {

bool pin_to(int cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<size_t>(cpu), &only);
  return sched_setaffinity(0, sizeof only, &only) == 0;
}

client_settings settings_of(const options& opts, const endpoint& broker) {
  client_settings made;
  made.broker = broker;
  made.version = opts.version;
  made.qos = static_cast<protocol::qos>(opts.qos);
  made.inflight = static_cast<uint16_t>(opts.inflight);
  made.user_name = opts.user_name;
  made.password = opts.password;
  return made;
}

report run(const options& opts, const client_settings& settings,
           const client_settings& subscribing) {
  switch (opts.scenario) {
  case scenario::hold:
    return hold{opts, settings}.run();
  case scenario::churn:
    return churn{opts, settings}.run();
  default:
    return traffic{opts, settings, subscribing}.run();
  }
}

int complain(const char* text) {
  std::fprintf(stderr, "troupe bench: %s\n", text);
  return 2;
}

} // namespace

int bench_main(int argc, char** argv) {
  auto parsed = parse(argc, argv);
  if (!parsed.value)
    return parsed.status;
  const auto& opts = *parsed.value;
  auto broker = make_endpoint(opts.host, opts.port);
  if (!broker)
    return complain("the host must be a numeric address");
  if (opts.cpu >= 0 && !pin_to(opts.cpu))
    return complain("there is no such core to run on");
  // The kernel may wake a sleeper 50 us late to save power: that would be
  // measured as latency.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  raise_file_limit();
  auto settings = settings_of(opts, *broker);
  auto subscribing = settings;
  if (opts.subscribe_port != 0)
    subscribing.broker = *make_endpoint(opts.host, opts.subscribe_port);
  auto result = run(opts, settings, subscribing);
  auto text = opts.json ? as_json(result, opts) : as_table(result, opts);
  std::fputs(text.c_str(), stdout);
  return result.is_good() ? 0 : 1;
}

} // namespace troupe::bench
