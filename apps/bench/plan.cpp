#include "apps/bench/plan.hpp"

#include <fmt/format.h>

namespace troupe::bench {

namespace {

/// Adds a stream of `publisher` to `copies` subscribers from `subscriber` on.
void add_stream(plan& to, std::string topic, uint32_t publisher,
                uint32_t subscriber, uint32_t copies = 1) {
  auto index = static_cast<uint32_t>(to.streams.size());
  to.streams.push_back(
      {std::move(topic), publisher, subscriber, copies, to.flows});
  to.streams_of[publisher].push_back(index);
  to.flows += copies;
}

plan empty_plan(const options& opts) {
  plan made;
  made.publishers = static_cast<uint32_t>(opts.publishers);
  made.streams_of.resize(made.publishers);
  made.filters.resize(static_cast<size_t>(opts.subscribers));
  return made;
}

plan pairs(const options& opts) {
  auto made = empty_plan(opts);
  for (uint32_t i = 0; i < made.publishers; ++i) {
    auto topic = fmt::format("bench{}/pair/{}", i % 16, i);
    made.filters[i].push_back(topic);
    add_stream(made, std::move(topic), i, i);
  }
  return made;
}

plan fanin(const options& opts) {
  auto made = empty_plan(opts);
  made.filters[0].emplace_back("bench/in/+/value");
  for (uint32_t i = 0; i < made.publishers; ++i)
    add_stream(made, fmt::format("bench/in/{}/value", i), i, 0);
  return made;
}

plan fanout(const options& opts) {
  auto made = empty_plan(opts);
  for (auto& filters : made.filters)
    filters.emplace_back("bench/out/value");
  add_stream(made, "bench/out/value", 0, 0, made.subscribers());
  return made;
}

struct topic_and_filter {
  std::string topic;
  std::string filter;
};

// Six of ten filters are exact, the others have a wildcard in each place where
// one may stand; no topic matches the filter of another.
topic_and_filter one_of_many(uint32_t i) {
  auto site = fmt::format("site{}", i % 64);
  switch (i % 10) {
  case 6:
    return {fmt::format("{}/room/{}/value", site, i),
            fmt::format("{}/room/{}/+", site, i)};
  case 7:
    return {fmt::format("{}/roof/{}/value", site, i),
            fmt::format("+/roof/{}/value", i)};
  case 8:
    return {fmt::format("{}/yard/{}/value", site, i),
            fmt::format("{}/yard/{}/#", site, i)};
  case 9:
    return {fmt::format("{}/gate/g{}/value", site, i),
            fmt::format("{}/+/g{}/value", site, i)};
  default:
    auto topic = fmt::format("{}/hall/{}/value", site, i);
    return {topic, topic};
  }
}

plan subscriptions(const options& opts) {
  auto made = empty_plan(opts);
  auto count = static_cast<uint32_t>(opts.filters);
  for (uint32_t i = 0; i < count; ++i) {
    auto [topic, filter] = one_of_many(i);
    // Not in step with the publishers, or each would serve few subscribers.
    auto subscriber = (i / made.publishers + i) % made.subscribers();
    made.filters[subscriber].push_back(std::move(filter));
    add_stream(made, std::move(topic), i % made.publishers, subscriber);
  }
  return made;
}

} // namespace

plan make_plan(const options& opts) {
  switch (opts.scenario) {
  case scenario::fanin:
    return fanin(opts);
  case scenario::fanout:
    return fanout(opts);
  case scenario::subscriptions:
    return subscriptions(opts);
  default:
    return pairs(opts);
  }
}

} // namespace troupe::bench
