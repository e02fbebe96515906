// The message flow of one session, both halves: nanoseconds per message are
// 1e9 / items_per_second. Memory is what malloc says it gave out.
#include "broker/session.hpp"

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::broker;
using protocol::packet_type;
using protocol::qos;
using protocol::reason;

namespace {

constexpr time_point now{std::chrono::hours{1}};

publication_ptr make_message() {
  protocol::message message;
  message.topic = "devices/4711/temperature";
  message.payload = "{\"celsius\": 21.5}";
  return publication::make(message, now);
}

// A client with one batch of `size` messages that is sent again and again.
struct flow {
  flow(size_t size, qos level, const session_limits& given)
      : limits(given), batch(nullptr, 1, 0) {
    std::vector<queued_delivery> none;
    out.on_connected({}, now, none);
    for (size_t i = 0; i < size; ++i) {
      batch.add(make_message());
      delivery what;
      what.item = static_cast<uint32_t>(i);
      what.qos = level;
      wanted.push_back(what);
    }
  }

  void send() {
    deliveries = wanted;
    out.accept(batch, deliveries, now);
  }
  void acknowledge(packet_type type, uint16_t id) {
    packet.type = type;
    packet.packet_id = id;
    out.on_acknowledgement(packet, now, answers);
  }

  session_limits limits;
  sender out{limits};
  publication_batch batch;
  std::vector<delivery> wanted;
  std::vector<delivery> deliveries;
  std::vector<queued_delivery> answers;
  protocol::acknowledgement packet;
};

session_limits unlimited() {
  session_limits limits;
  limits.max_inflight_messages = 0;
  limits.max_queued_messages = 0;
  return limits;
}

void sender_qos0(benchmark::State& state) {
  flow client{static_cast<size_t>(state.range(0)), qos::at_most_once, {}};
  for (auto _ : state)
    client.send();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sender_qos0)->Arg(1)->Arg(16);

void sender_qos1(benchmark::State& state) {
  flow client{static_cast<size_t>(state.range(0)), qos::at_least_once, {}};
  for (auto _ : state) {
    client.send();
    for (const auto& what : client.deliveries)
      client.acknowledge(packet_type::puback, what.packet_id);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sender_qos1)->Arg(1)->Arg(16);

void sender_qos2(benchmark::State& state) {
  flow client{static_cast<size_t>(state.range(0)), qos::exactly_once, {}};
  for (auto _ : state) {
    client.send();
    for (const auto& what : client.deliveries)
      client.acknowledge(packet_type::pubrec, what.packet_id);
    for (const auto& what : client.deliveries)
      client.acknowledge(packet_type::pubcomp, what.packet_id);
    client.answers.clear();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sender_qos2)->Arg(1)->Arg(16);

// The window is always full: each message waits, and each acknowledgement lets
// one go.
void sender_qos1_behind_a_full_window(benchmark::State& state) {
  session_limits limits;
  limits.max_inflight_messages = 20;
  flow client{16, qos::at_least_once, limits};
  client.send();
  client.send();
  std::vector<uint16_t> ids;
  for (uint16_t id = 1; id <= 20; ++id)
    ids.push_back(id);
  for (auto _ : state) {
    client.send();
    client.answers.clear();
    for (size_t i = 0; i < 16; ++i)
      client.acknowledge(packet_type::puback, ids[i]);
    ids.erase(ids.begin(), ids.begin() + 16);
    for (const auto& next : client.answers)
      ids.push_back(next.packet_id);
  }
  state.SetItemsProcessed(state.iterations() * 16);
}
BENCHMARK(sender_qos1_behind_a_full_window);

// All identifiers in flight, acknowledged in random order; each acknowledgement
// lets one more go.
void sender_qos1_65535_out_of_order(benchmark::State& state) {
  flow client{1, qos::at_least_once, unlimited()};
  std::vector<uint16_t> ids;
  for (uint32_t i = 0; i < 65'535; ++i) {
    client.send();
    ids.push_back(client.deliveries.front().packet_id);
  }
  std::shuffle(ids.begin(), ids.end(), std::mt19937{1});
  size_t next = 0;
  for (auto _ : state) {
    client.send();
    client.answers.clear();
    client.acknowledge(packet_type::puback, ids[next]);
    ids[next] = client.answers.front().packet_id;
    next = next + 1 == ids.size() ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sender_qos1_65535_out_of_order);

void sender_offline_queue(benchmark::State& state) {
  flow client{16, qos::at_least_once, unlimited()};
  for (auto _ : state) {
    client.out.on_disconnected(true);
    for (int i = 0; i < 64; ++i)
      client.send();
    client.answers.clear();
    client.out.on_connected({}, now, client.answers);
    for (const auto& sent : client.answers) {
      client.packet.packet_id = sent.packet_id;
      std::vector<queued_delivery> none;
      client.out.on_acknowledgement(client.packet, now, none);
    }
  }
  state.SetItemsProcessed(state.iterations() * 64 * 16);
}
BENCHMARK(sender_offline_queue);

void receiver_qos1(benchmark::State& state) {
  receiver in;
  std::vector<receiver::acknowledgement> due;
  std::vector<reason> codes(static_cast<size_t>(state.range(0)));
  uint64_t batch = 0;
  uint16_t id = 0;
  for (auto _ : state) {
    ++batch;
    for (size_t i = 0; i < codes.size(); ++i)
      benchmark::DoNotOptimize(in.on_publish(qos::at_least_once, ++id, batch));
    in.on_batch_complete(batch, codes);
    due.clear();
    in.take_due(due);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(receiver_qos1)->Arg(1)->Arg(16);

void receiver_qos2(benchmark::State& state) {
  receiver in;
  std::vector<receiver::acknowledgement> due;
  std::vector<reason> codes(static_cast<size_t>(state.range(0)));
  uint64_t batch = 0;
  uint16_t id = 0;
  for (auto _ : state) {
    ++batch;
    for (size_t i = 0; i < codes.size(); ++i)
      benchmark::DoNotOptimize(in.on_publish(qos::exactly_once, ++id, batch));
    in.on_batch_complete(batch, codes);
    due.clear();
    in.take_due(due);
    for (const auto& packet : due)
      benchmark::DoNotOptimize(in.on_pubrel(packet.packet_id));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(receiver_qos2)->Arg(1)->Arg(16)->Arg(65'535);

// What an idle durable session with one filter of 21 characters costs.
void idle_session_memory(benchmark::State& state) {
  constexpr size_t count = 10'000;
  session_limits limits;
  size_t before = 0;
  size_t after = 0;
  for (auto _ : state) {
    std::vector<std::unique_ptr<session>> sessions;
    sessions.reserve(count);
    before = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (size_t i = 0; i < count; ++i) {
      auto name = "client-" + std::to_string(i);
      sessions.push_back(std::make_unique<session>(name, i, limits));
      sessions.back()->subscribe("devices/4711/commands", {}, 0);
    }
    after = mallinfo2().uordblks + mallinfo2().hblkhd;
  }
  state.counters["sizeof"] = static_cast<double>(sizeof(session));
  state.counters["bytes_each"] =
      static_cast<double>(after - before) / static_cast<double>(count);
}
BENCHMARK(idle_session_memory)->Unit(benchmark::kMillisecond);

} // namespace
