// The subscription trie and the retained set at the sizes brokers have. Memory
// is what malloc says it gave out, its own overhead included, and address space
// for huge pages, of which the last may not be used yet.
#include "broker/retained_set.hpp"
#include "broker/subscription_trie.hpp"

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::broker;

namespace {

size_t allocated() {
  auto info = mallinfo2();
  return info.uordblks + info.hblkhd + block_memory::mapped();
}

trie_entry subscriber(uint32_t number) {
  trie_entry entry;
  entry.subscriber = number;
  return entry;
}

// Topics in an order that no cache foresees.
std::vector<std::string> shuffled(std::vector<std::string> topics) {
  std::shuffle(topics.begin(), topics.end(), std::mt19937{1});
  if (topics.size() > 65'536)
    topics.resize(65'536);
  return topics;
}

void match_all(benchmark::State& state, const subscription_trie& trie,
               const std::vector<std::string>& topics) {
  size_t next = 0;
  size_t hits = 0;
  for (auto _ : state) {
    trie.match(topics[next], [&](const trie_entry& x) {
      benchmark::DoNotOptimize(x.subscriber);
      ++hits;
    });
    if (++next == topics.size())
      next = 0;
  }
  state.counters["hits"] =
      static_cast<double>(hits) / static_cast<double>(state.iterations());
}

std::vector<std::string> flat_topics(int64_t count) {
  std::vector<std::string> topics;
  for (int64_t i = 0; i < count; ++i)
    topics.push_back("a/" + std::to_string(i) + "/v");
  return topics;
}

// site/<10>/device<n>/<4 names>: four levels.
std::vector<std::string> deep_topics(int64_t count) {
  static const char* names[] = {"temperature", "humidity", "state", "battery"};
  std::vector<std::string> topics;
  for (int64_t i = 0; i < count; ++i)
    topics.push_back("site/" + std::to_string(i % 10) + "/device"
                     + std::to_string(i / 4) + "/" + names[i % 4]);
  return topics;
}

void subscribe(subscription_trie& trie, const std::vector<std::string>& to) {
  for (uint32_t i = 0; i < to.size(); ++i)
    trie.insert(to[i], subscriber(i));
}

// `a/<n>/v`: a node with as many children as there are filters.
void trie_match_flat(benchmark::State& state) {
  auto before = allocated();
  auto topics = flat_topics(state.range(0));
  auto of_topics = allocated() - before;
  subscription_trie trie;
  subscribe(trie, topics);
  state.counters["bytes_per_filter"] =
      static_cast<double>(allocated() - before - of_topics)
      / static_cast<double>(state.range(0));
  match_all(state, trie, shuffled(topics));
}
BENCHMARK(trie_match_flat)
    ->Arg(50)
    ->Arg(200)
    ->Arg(20'000)
    ->Arg(100'000)
    ->Arg(1'000'000);

// Four levels, and a few wildcards that also match.
void trie_match_deep(benchmark::State& state) {
  auto topics = deep_topics(state.range(0));
  subscription_trie trie;
  subscribe(trie, topics);
  for (auto filter : {"site/+/+/temperature", "site/3/#", "$SYS/#", "+/x/y"})
    trie.insert(filter, subscriber(1));
  match_all(state, trie, shuffled(topics));
}
BENCHMARK(trie_match_deep)->Arg(50)->Arg(200)->Arg(20'000)->Arg(1'000'000);

// Nobody subscribed.
void trie_match_nothing(benchmark::State& state) {
  subscription_trie trie;
  subscribe(trie, flat_topics(state.range(0)));
  auto topics = flat_topics(state.range(0));
  for (auto& topic : topics)
    topic.back() = 'w';
  match_all(state, trie, shuffled(topics));
}
BENCHMARK(trie_match_nothing)->Arg(200)->Arg(20'000);

// One topic, one subscriber: what a pair of clients causes.
void trie_match_same(benchmark::State& state) {
  auto topics = flat_topics(state.range(0));
  subscription_trie trie;
  subscribe(trie, topics);
  match_all(state, trie, {"a/7/v"});
}
BENCHMARK(trie_match_same)->Arg(50)->Arg(20'000);

// Every level `+` or the name itself: 2^4 filters match each topic.
void trie_match_overlapping(benchmark::State& state) {
  subscription_trie trie;
  for (uint32_t i = 0; i < 16; ++i) {
    std::string filter;
    for (uint32_t bit = 1; bit < 16; bit *= 2)
      filter += (i & bit) != 0 ? "+/" : "a/";
    filter.pop_back();
    trie.insert(filter, subscriber(i));
  }
  match_all(state, trie, {"a/a/a/a"});
}
BENCHMARK(trie_match_overlapping);

void trie_insert_erase(benchmark::State& state) {
  subscription_trie trie;
  auto topics = flat_topics(state.range(0));
  subscribe(trie, topics);
  size_t next = 0;
  for (auto _ : state) {
    trie.insert(topics[next] + "x", subscriber(1));
    trie.erase(topics[next] + "x", 1, false);
    next = (next + 7919) % topics.size();
  }
}
BENCHMARK(trie_insert_erase)->Arg(200)->Arg(1'000'000);

// All subscribers of one filter come, and leave in random order.
void trie_crowd_leaves(benchmark::State& state) {
  std::vector<uint32_t> crowd(static_cast<size_t>(state.range(0)));
  for (uint32_t i = 0; i < crowd.size(); ++i)
    crowd[i] = i;
  std::shuffle(crowd.begin(), crowd.end(), std::mt19937{1});
  for (auto _ : state) {
    subscription_trie trie;
    for (uint32_t i = 0; i < crowd.size(); ++i)
      trie.insert("a/b", subscriber(i));
    for (auto who : crowd)
      trie.erase("a/b", who, false);
  }
}
BENCHMARK(trie_crowd_leaves)->Arg(100'000)->Unit(benchmark::kMillisecond);

// CPU time of this thread in microseconds: other programs do not count.
double cpu_us() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6
         + static_cast<double>(now.tv_nsec) / 1e3;
}

// The longest time one insertion takes on the way to a million filters.
void trie_longest_insert(benchmark::State& state) {
  auto topics = flat_topics(1'000'000);
  double longest = 0;
  for (auto _ : state) {
    subscription_trie trie;
    for (uint32_t i = 0; i < topics.size(); ++i) {
      auto begin = cpu_us();
      trie.insert(topics[i], subscriber(i));
      longest = std::max(longest, cpu_us() - begin);
    }
  }
  state.counters["longest_us"] = longest;
}
BENCHMARK(trie_longest_insert)->Iterations(1)->Unit(benchmark::kMillisecond);

publication_ptr value(std::string_view topic) {
  static const std::string payload(64, 'x');
  protocol::message source;
  source.topic = topic;
  source.payload = payload;
  return publication::make(source, time_point{});
}

// 20 bytes each, `fan` topics below each device.
std::vector<std::string> retained_topics(int64_t count, int64_t fan) {
  std::vector<std::string> topics;
  for (int64_t i = 0; i < count; ++i) {
    auto text = "s/dev" + std::to_string(1'000'000 + i / fan) + "/v"
                + std::to_string(100'000 + i % fan);
    topics.push_back(text.substr(0, 20));
  }
  return topics;
}

void retained_store_new(benchmark::State& state) {
  auto topics = retained_topics(state.range(0), state.range(1));
  std::vector<publication_ptr> values;
  for (const auto& topic : topics)
    values.push_back(value(topic));
  for (auto _ : state) {
    retained_set set;
    for (const auto& x : values)
      set.store(x);
    state.PauseTiming();
    set = {};
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(retained_store_new)
    ->Args({20'000, 1})
    ->Args({20'000, 100})
    ->Args({1'000'000, 1})
    ->Unit(benchmark::kMillisecond);

void retained_store_again(benchmark::State& state) {
  auto before = allocated();
  auto topics = retained_topics(state.range(0), state.range(1));
  auto of_topics = allocated() - before;
  retained_set set;
  for (const auto& topic : topics)
    set.store(value(topic));
  state.counters["bytes_per_value"] =
      static_cast<double>(allocated() - before - of_topics)
      / static_cast<double>(state.range(0));
  topics = shuffled(topics);
  std::vector<publication_ptr> values;
  for (const auto& topic : topics)
    values.push_back(value(topic));
  size_t next = 0;
  for (auto _ : state) {
    set.store(values[next]);
    if (++next == values.size())
      next = 0;
  }
}
BENCHMARK(retained_store_again)
    ->Args({20'000, 1})
    ->Args({20'000, 100})
    ->Args({1'000'000, 1});

void replay_from(const retained_set& set, benchmark::State& state,
                 const char* filter) {
  std::vector<retained_message> out;
  size_t seen = 0;
  for (auto _ : state) {
    retained_set::cursor where;
    while (!where.done) {
      out.clear();
      set.replay(filter, where, 100, 1 << 20, time_point{}, out);
      seen += out.size();
    }
  }
  state.counters["seen"] =
      static_cast<double>(seen) / static_cast<double>(state.iterations());
}

void replay_all(benchmark::State& state, const char* filter, int64_t fan) {
  retained_set set;
  for (const auto& topic : retained_topics(state.range(0), fan))
    set.store(value(topic));
  replay_from(set, state, filter);
}

// As they come from many devices: what is below one was not stored together.
void replay_all_mixed(benchmark::State& state) {
  std::vector<std::string> topics;
  for (int64_t i = 0; i < state.range(0); ++i)
    topics.push_back("s/" + std::to_string(i % 100) + "/dev" + std::to_string(i)
                     + "/state");
  retained_set set;
  for (const auto& topic : topics)
    set.store(value(topic));
  replay_from(set, state, "#");
}
BENCHMARK(replay_all_mixed)
    ->Arg(20'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(replay_all, everything, "#", 1)
    ->Arg(20'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(replay_all, everything_below_few, "#", 100)
    ->Arg(20'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(replay_all, one_branch, "s/dev1000007/+", 100)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(replay_all, one_of_each_branch, "s/+/v100007", 100)
    ->Arg(20'000)
    ->Unit(benchmark::kMicrosecond);

} // namespace
