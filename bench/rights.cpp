// What it costs to ask what a client may do: of an ACL file, and of a session's
// memory of it.
#include "security/access.hpp"
#include "security/acl_file.hpp"

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

using namespace troupe::security;

namespace {

std::string topic_of(int64_t i) {
  return "site/" + std::to_string(i % 100) + "/device" + std::to_string(i)
         + "/power";
}

// Users with ten lines each; every fourth line has a wildcard.
std::string file_of(int64_t lines) {
  std::string text = "pattern readwrite devices/%c/#\n";
  for (int64_t i = 0; i < lines; ++i) {
    if (i % 10 == 0)
      text += "user user" + std::to_string(i / 10) + "\n";
    auto topic = topic_of(i);
    text += "topic read "
            + (i % 4 == 0 ? topic.substr(0, topic.rfind('/')) + "/#" : topic)
            + "\n";
  }
  return text;
}

std::shared_ptr<const acl_file> parsed(int64_t lines) {
  auto made = acl_file::parse(file_of(lines), "acl");
  if (!made)
    std::abort();
  return *made;
}

size_t allocated() {
  auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void acl_load(benchmark::State& state) {
  auto text = file_of(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(acl_file::parse(text, "acl"));
  auto before = allocated();
  auto made = acl_file::parse(text, "acl");
  state.counters["bytes_per_line"] = static_cast<double>(allocated() - before)
                                     / static_cast<double>(state.range(0));
}
BENCHMARK(acl_load)->Arg(100)->Arg(100'000)->Unit(benchmark::kMillisecond);

// Each time another user and another line.
void acl_decide(benchmark::State& state) {
  auto file = parsed(state.range(0));
  std::vector<std::pair<client_identity, std::string>> asked;
  for (int64_t i = 0; i < state.range(0); ++i)
    asked.push_back({{"c1", "user" + std::to_string(i / 10)}, topic_of(i)});
  std::shuffle(asked.begin(), asked.end(), std::mt19937{1});
  size_t next = 0;
  size_t allowed = 0;
  for (auto _ : state) {
    const auto& [who, topic] = asked[next];
    allowed += file->rule(who, action::receive, topic) == ruling::allow;
    if (++next == asked.size())
      next = 0;
  }
  state.counters["allowed"] =
      static_cast<double>(allowed) / static_cast<double>(state.iterations());
}
BENCHMARK(acl_decide)->Arg(100)->Arg(10'000)->Arg(100'000);

void acl_deny_by_pattern(benchmark::State& state) {
  auto file = parsed(100'000);
  client_identity who{"c1", "nobody"};
  for (auto _ : state)
    benchmark::DoNotOptimize(
        file->rule(who, action::publish, "devices/c2/power"));
}
BENCHMARK(acl_deny_by_pattern);

void access_unrestricted(benchmark::State& state) {
  client_access rights;
  for (auto _ : state)
    benchmark::DoNotOptimize(rights.may(action::receive, "devices/c1/power"));
}
BENCHMARK(access_unrestricted);

// A client that receives so many topics in turn: 50 fit into the cache.
void access_cached(benchmark::State& state) {
  auto judges = std::make_shared<authorities>();
  judges->push_back(parsed(100'000));
  client_access rights{{"c1", "user7"}, judges};
  std::vector<std::string> topics;
  for (int64_t i = 0; i < state.range(0); ++i)
    topics.push_back("devices/c1/channel" + std::to_string(i));
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(rights.may(action::receive, topics[next]));
    if (++next == topics.size())
      next = 0;
  }
  state.counters["bytes"] = static_cast<double>(rights.memory());
}
BENCHMARK(access_cached)->Arg(1)->Arg(5)->Arg(50)->Arg(5000);

} // namespace
