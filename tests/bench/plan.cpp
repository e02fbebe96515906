#include "apps/bench/plan.hpp"

#include "protocol/topic.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe::bench;

namespace {

options options_of(scenario kind, int publishers, int subscribers) {
  options opts;
  opts.scenario = kind;
  opts.publishers = publishers;
  opts.subscribers = subscribers;
  return opts;
}

/// Copies of a message on `topic` that a broker delivers to `subscriber`.
uint32_t copies_to(const plan& made, uint32_t subscriber,
                   const std::string& topic) {
  uint32_t copies = 0;
  for (const auto& filter : made.filters[subscriber])
    copies += troupe::protocol::matches(filter, topic) ? 1 : 0;
  return copies;
}

/// True if every subscriber gets exactly what the plan says it shall get.
bool is_what_a_broker_does(const plan& made) {
  for (const auto& stream : made.streams)
    for (uint32_t i = 0; i < made.subscribers(); ++i) {
      auto wanted = i - stream.first_subscriber < stream.copies ? 1U : 0U;
      if (copies_to(made, i, stream.topic) != wanted)
        return false;
    }
  return true;
}

bool has_work_for_every_publisher(const plan& made) {
  for (const auto& streams : made.streams_of)
    if (streams.empty())
      return false;
  return true;
}

} // namespace

CAF_TEST(in every plan each message reaches those who shall get it only) {
  CAF_CHECK(
      is_what_a_broker_does(make_plan(options_of(scenario::pairs, 40, 40))));
  CAF_CHECK(
      is_what_a_broker_does(make_plan(options_of(scenario::fanin, 9, 1))));
  CAF_CHECK(
      is_what_a_broker_does(make_plan(options_of(scenario::fanout, 1, 7))));
  auto many = options_of(scenario::subscriptions, 7, 11);
  many.filters = 400;
  CAF_CHECK(is_what_a_broker_does(make_plan(many)));
}

CAF_TEST(every filter and topic of many subscriptions is valid) {
  auto opts = options_of(scenario::subscriptions, 10, 10);
  opts.filters = 100;
  auto made = make_plan(opts);
  for (const auto& filters : made.filters)
    for (const auto& filter : filters)
      CAF_CHECK(troupe::protocol::is_topic_filter(filter));
  for (const auto& stream : made.streams)
    CAF_CHECK(troupe::protocol::is_topic_name(stream.topic));
}

CAF_TEST(every publisher has a topic) {
  for (int publishers : {1, 3, 10}) {
    auto opts = options_of(scenario::subscriptions, publishers, 100);
    opts.filters = 10;
    CAF_CHECK(has_work_for_every_publisher(make_plan(opts)));
  }
  CAF_CHECK(has_work_for_every_publisher(
      make_plan(options_of(scenario::pairs, 5, 5))));
}

CAF_TEST(flows are numbered without a gap) {
  auto made = make_plan(options_of(scenario::fanin, 5, 1));
  uint32_t next = 0;
  for (const auto& stream : made.streams) {
    CAF_CHECK_EQUAL(stream.first_flow, next);
    next += stream.copies;
  }
  CAF_CHECK_EQUAL(made.flows, next);
}
