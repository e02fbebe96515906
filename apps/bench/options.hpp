#pragma once

#include "protocol/types.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::bench {

enum class scenario : uint8_t {
  pairs,
  fanin,
  fanout,
  subscriptions,
  latency,
  hold,
  churn,
};

const char* to_string(scenario value) noexcept;
/// "3.1", "3.1.1" or "5.0".
const char* to_string(protocol::version value) noexcept;

/// The command line of `troupe bench`. A value of -1 stands for the scenario's
/// own default until `parse` has filled it in.
struct options {
  bench::scenario scenario = scenario::pairs;
  /// A numeric IPv4 or IPv6 address. Default: 127.0.0.1
  std::string host = "127.0.0.1";
  /// Default: 1883
  uint16_t port = 1883;
  /// Where subscribers connect, at the other end of a bridge; 0: where
  /// publishers do. Default: 0
  uint16_t subscribe_port = 0;
  /// Default: 4
  protocol::version version = protocol::version::v311;
  std::string user_name;
  std::string password;

  /// Of publishes and subscriptions. Default: 0
  int qos = 0;
  /// Bytes per message. Default: 64
  uint32_t payload = 64;
  /// Seconds that are measured. Default: 3
  double duration = 3;
  /// Seconds before that. Default: 0.5
  double warmup = 0.5;
  /// Seconds without a delivery that end the wait for the rest. Default: 3
  double drain = 3;

  int publishers = -1;
  int subscribers = -1;
  /// Messages of a publisher between publish and delivery; 0: no limit.
  int window = -1;
  /// Messages a publisher gathers before it writes. Default: a quarter of the
  /// window
  int batch = -1;
  /// Unacknowledged messages of a publisher (QoS 1 and 2). Default: 20
  int inflight = 20;
  /// Messages per second of all publishers together; 0: as fast as the window
  /// lets them. Default: 0, latency: 1000
  double rate = -1;
  /// Filters of the scenario subscriptions. Default: 20000
  int filters = 20'000;

  /// Connections that `hold` opens. Default: 1000
  int connections = 1000;
  /// How many connect at the same time. Default: 50
  int concurrency = 50;
  /// Connections from one source address (127.0.0.1, .2 and so on), where the
  /// host is 127.0.0.1. Default: 10000
  int per_address = 10'000;

  /// The broker's process; 0: not measured. Default: 0
  int pid = 0;
  /// That of the broker at `subscribe_port`; 0: not measured. Default: 0
  int subscribe_pid = 0;
  /// The core to run on; -1: any. Default: -1
  int cpu = -1;
  bool json = false;
};

/// What `parse` made of a command line: options, or an exit status after help
/// or a complaint was printed.
struct parsed_options {
  std::optional<options> value;
  int status = 0;
};

/// Reads `argv` behind its first element. Prints help and complaints.
parsed_options parse(int argc, const char* const* argv);

} // namespace troupe::bench
