// What the codec costs per packet. The first figure is the one that counts:
// every message a client publishes passes through it.
#include "protocol/decoder.hpp"
#include "protocol/encoder.hpp"
#include "protocol/topic.hpp"

#include <benchmark/benchmark.h>

#include <string>

using namespace troupe;
using namespace troupe::protocol;

namespace {

constexpr std::string_view topic = "sensors/room-12/temperature";

template <class... Args>
byte_buffer encoded(const Args&... args) {
  byte_buffer out;
  encode(out, args...);
  return out;
}

publish message(std::string_view payload, qos level) {
  publish result;
  result.topic = topic;
  result.payload = payload;
  result.qos = level;
  result.packet_id = level == qos::at_most_once ? 0 : 1;
  return result;
}

publish message_with_properties(std::string_view payload) {
  static const auto properties = [] {
    byte_buffer out;
    append_content_type(out, "application/json");
    append_user_property(out, "origin", "bench");
    return out;
  }();
  auto result = message(payload, qos::at_least_once);
  result.message_expiry_interval = 60;
  result.forwarded_properties = properties.view();
  return result;
}

frame only_frame(const byte_buffer& in) {
  return **next_frame(in.bytes(), max_remaining_length + 1);
}

template <class Packet, class Decode>
void run_decode(benchmark::State& state, const Packet& packet, version v,
                Decode decode_it) {
  auto bytes = encoded(packet, v);
  for (auto _ : state) {
    auto found = next_frame(bytes.bytes(), max_remaining_length + 1);
    auto decoded = decode_it(**found, v);
    benchmark::DoNotOptimize(decoded);
  }
}

template <class Packet>
void run_encode(benchmark::State& state, const Packet& packet, version v) {
  byte_buffer out;
  for (auto _ : state) {
    out.clear();
    encode(out, packet, v);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations())
                          * static_cast<int64_t>(out.size()));
}

/// QoS 0 in 3.1.1, by size of the payload.
void decode_publish_qos0(benchmark::State& state) {
  std::string payload(static_cast<size_t>(state.range(0)), 'x');
  run_decode(state, message(payload, qos::at_most_once), version::v311,
             decode_publish);
}
BENCHMARK(decode_publish_qos0)->Arg(64)->Arg(1024)->Arg(65'536);

void decode_publish_qos1_v5(benchmark::State& state) {
  std::string payload(64, 'x');
  run_decode(state, message(payload, qos::at_least_once), version::v5,
             decode_publish);
}
BENCHMARK(decode_publish_qos1_v5);

void decode_publish_properties(benchmark::State& state) {
  std::string payload(64, 'x');
  run_decode(state, message_with_properties(payload), version::v5,
             decode_publish);
}
BENCHMARK(decode_publish_properties);

void encode_publish_qos0(benchmark::State& state) {
  std::string payload(static_cast<size_t>(state.range(0)), 'x');
  run_encode(state, message(payload, qos::at_most_once), version::v311);
}
BENCHMARK(encode_publish_qos0)->Arg(64)->Arg(1024)->Arg(65'536);

void encode_publish_properties(benchmark::State& state) {
  std::string payload(64, 'x');
  run_encode(state, message_with_properties(payload), version::v5);
}
BENCHMARK(encode_publish_properties);

void decode_puback(benchmark::State& state) {
  acknowledgement packet;
  packet.packet_id = 10;
  run_decode(state, packet, version::v311, decode_acknowledgement);
}
BENCHMARK(decode_puback);

void encode_puback(benchmark::State& state) {
  byte_buffer out;
  for (auto _ : state) {
    out.clear();
    encode_acknowledgement(out, packet_type::puback, 10, reason::success,
                           version::v311);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(encode_puback);

void decode_connect_v5(benchmark::State& state) {
  connect packet;
  packet.version = version::v5;
  packet.client_id = "bench-client-0001";
  packet.user_name = "user";
  packet.password = "password";
  packet.properties.session_expiry_interval = 3600;
  packet.properties.receive_maximum = 100;
  auto bytes = encoded(packet);
  auto in = only_frame(bytes);
  for (auto _ : state) {
    auto decoded = decode_connect(in);
    benchmark::DoNotOptimize(decoded);
  }
}
BENCHMARK(decode_connect_v5);

void match_filter(benchmark::State& state) {
  std::string_view filter = "sensors/+/temperature";
  for (auto _ : state) {
    benchmark::DoNotOptimize(filter);
    benchmark::DoNotOptimize(matches(filter, topic));
  }
}
BENCHMARK(match_filter);

void check_topic_name(benchmark::State& state) {
  auto text = topic;
  for (auto _ : state) {
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(is_topic_name(text));
  }
}
BENCHMARK(check_topic_name);

} // namespace
