// The store on disk: what a message costs on its way in and out. Times are CPU
// of the one thread that uses the store; `process_us` has RocksDB's own threads
// besides. Needs a few hundred megabytes in /tmp.
#include "storage/rocks_store.hpp"

#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <time.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::broker;

namespace {

constexpr uint64_t batch_size = 100;

class database {
public:
  database() {
    std::string name = "/tmp/troupe-bench-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
      std::abort();
    directory_ = name;
    open();
  }
  ~database() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  void open() {
    store_.reset();
    auto opened =
        storage::open_store({directory_ + "/" + storage::database_name, false});
    if (!opened.store)
      std::abort();
    store_ = std::move(opened.store);
  }
  void commit() {
    if (!store_->commit(false))
      std::abort();
  }
  storage::rocks_store* operator->() { return store_.get(); }

private:
  std::string directory_;
  std::unique_ptr<storage::rocks_store> store_;
};

publication_ptr make_message(size_t size) {
  std::string payload(size, '\0');
  for (size_t i = 0; i < size; ++i)
    payload[i] = static_cast<char>(i * 2654435761u >> 3);
  protocol::message source;
  source.topic = "devices/4711/temperature";
  source.payload = payload;
  source.qos = protocol::qos::at_least_once;
  return publication::make(source, clock::now());
}

double process_us() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6
         + static_cast<double>(now.tv_nsec) / 1e3;
}

// Sessions in an order that no cache foresees, each with its own numbers.
struct traffic {
  explicit traffic(int64_t sessions) : next(static_cast<size_t>(sessions), 1) {}

  queue_target take() {
    turn = (turn + 7919) % next.size();
    return {turn + 1, next[turn]++, {}};
  }

  std::vector<uint64_t> next;
  size_t turn = 0;
};

// Messages for offline sessions, a hundred per commit.
void store_append(benchmark::State& state) {
  database on;
  traffic to{state.range(0)};
  auto message = make_message(static_cast<size_t>(state.range(1)));
  auto now = instant::now();
  auto begin = process_us();
  for (auto _ : state) {
    for (uint64_t i = 0; i < batch_size; ++i) {
      auto target = to.take();
      on->append(*message, {&target, 1}, now);
    }
    on.commit();
  }
  auto count = static_cast<double>(state.iterations() * batch_size);
  state.SetItemsProcessed(state.iterations() * batch_size);
  state.counters["process_us"] = (process_us() - begin) / count;
}
BENCHMARK(store_append)
    ->Args({1, 64})
    ->Args({1000, 64})
    ->Args({1000, 1024})
    ->Iterations(5000)
    ->Unit(benchmark::kMicrosecond);

// Messages that are acknowledged soon: a put and a removal each.
void store_append_and_erase(benchmark::State& state) {
  database on;
  traffic to{state.range(0)};
  auto message = make_message(64);
  auto now = instant::now();
  std::vector<queue_target> in_flight(static_cast<size_t>(state.range(1)));
  size_t at = 0;
  for (auto _ : state) {
    for (uint64_t i = 0; i < batch_size; ++i) {
      auto& slot = in_flight[at++ % in_flight.size()];
      if (slot.key != 0)
        on->erase_entry(slot.key, slot.sequence, 88);
      slot = to.take();
      on->append(*message, {&slot, 1}, now);
    }
    on.commit();
  }
  state.SetItemsProcessed(state.iterations() * batch_size);
}
BENCHMARK(store_append_and_erase)
    ->Args({1, 20})
    ->Args({1000, 20'000})
    ->Iterations(5000)
    ->Unit(benchmark::kMicrosecond);

// The same of one session, when twenty are acknowledged at a time: by a mark,
// or each by itself.
void store_append_and_finish(benchmark::State& state) {
  constexpr uint64_t at_once = 20;
  database on;
  auto message = make_message(64);
  auto now = instant::now();
  auto is_marked = state.range(0) != 0;
  uint64_t last = 0;
  auto begin = process_us();
  for (auto _ : state) {
    for (uint64_t i = 0; i < batch_size; ++i) {
      queue_target target{1, ++last, {}};
      on->append(*message, {&target, 1}, now);
      if (last % at_once != 0)
        continue;
      on.commit();
      if (is_marked)
        on->erase_until(1, last);
      for (auto each = last - at_once; !is_marked && each < last; ++each)
        on->erase_entry(1, each + 1, 88);
    }
  }
  auto count = static_cast<double>(state.iterations() * batch_size);
  state.SetItemsProcessed(state.iterations() * batch_size);
  state.counters["process_us"] = (process_us() - begin) / count;
}
BENCHMARK(store_append_and_finish)
    ->ArgName("marked")
    ->Arg(0)
    ->Arg(1)
    ->Iterations(5000)
    ->Unit(benchmark::kMicrosecond);

// One message for a thousand sessions.
void store_fan_out(benchmark::State& state) {
  database on;
  auto message = make_message(static_cast<size_t>(state.range(0)));
  auto now = instant::now();
  std::vector<queue_target> all;
  for (session_key key = 1; key <= 1000; ++key)
    all.push_back({key, 1, {}});
  for (auto _ : state) {
    on->append(*message, all, now);
    on.commit();
    for (auto& each : all)
      ++each.sequence;
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(store_fan_out)
    ->Arg(64)
    ->Arg(4096)
    ->Iterations(200)
    ->Unit(benchmark::kMicrosecond);

void fill_queues(database& on, int64_t sessions, int64_t count) {
  traffic to{sessions};
  auto message = make_message(64);
  auto now = instant::now();
  for (int64_t i = 0; i < count; ++i) {
    auto target = to.take();
    on->append(*message, {&target, 1}, now);
    if (i % 1000 == 999)
      on.commit();
  }
  on.commit();
}

// A returning client's queue, 256 entries at a time.
void store_read_queue(benchmark::State& state) {
  database on;
  fill_queues(on, state.range(0), 500'000);
  auto now = instant::now();
  session_key key = 1;
  uint64_t from = 1;
  int64_t entries = 0;
  for (auto _ : state) {
    auto slice = on->read_queue(key, from, 256, 1 << 18, now);
    entries += static_cast<int64_t>(slice.entries.size());
    from = slice.at_end ? 1 : slice.next;
    if (slice.at_end && ++key > static_cast<uint64_t>(state.range(0)))
      key = 1;
  }
  state.SetItemsProcessed(entries);
}
BENCHMARK(store_read_queue)->Arg(1)->Arg(1000);

// What a start does before the first CONNECT.
void store_recover(benchmark::State& state) {
  database on;
  for (int64_t i = 1; i <= state.range(0); ++i) {
    session_record record;
    record.key = static_cast<session_key>(i);
    record.client_id = "client-" + std::to_string(i);
    on->put_session(record);
    for (auto level : {"/status", "/command"}) {
      stored_subscription filter;
      filter.filter = "devices/" + std::to_string(i) + level;
      on->put_subscription(record.key, filter);
    }
    if (i % 1000 == 0)
      on.commit();
  }
  on.commit();
  fill_queues(on, state.range(0), state.range(1));
  for (auto _ : state) {
    on.open();
    size_t found = 0;
    on->for_each_session(
        [&](recovered_session&& each) { found += each.subscriptions.size(); },
        instant::now());
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(store_recover)
    ->Args({200'000, 0})
    ->Args({1000, 1'000'000})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

} // namespace
