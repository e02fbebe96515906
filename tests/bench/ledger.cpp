#include "apps/bench/ledger.hpp"

#include <caf/test/unit_test.hpp>

#include <string>

using namespace troupe::bench;
using troupe::time_point;

namespace {

time_point at(int64_t microseconds) {
  return time_point{std::chrono::microseconds{microseconds}};
}

plan plan_of(scenario kind, int publishers, int subscribers) {
  options opts;
  opts.scenario = kind;
  opts.publishers = publishers;
  opts.subscribers = subscribers;
  return make_plan(opts);
}

struct fixture {
  plan pairs = plan_of(scenario::pairs, 2, 2);
  ledger books{pairs, 64};

  std::string publish(uint32_t stream, time_point due = at(0)) {
    return std::string{books.publish(stream, due)};
  }
  bool deliver(uint32_t subscriber, uint32_t stream, std::string_view payload,
               time_point now = at(0)) {
    return books
        .delivered(subscriber, pairs.streams[stream].topic, payload, now)
        .has_value();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ledger_tests, fixture)

CAF_TEST(what arrives where it should is in order) {
  for (int i = 0; i < 3; ++i) {
    CAF_CHECK(deliver(0, 0, publish(0)));
    CAF_CHECK(deliver(1, 1, publish(1)));
  }
  auto found = books.judge();
  CAF_CHECK_EQUAL(found.expected, 6U);
  CAF_CHECK_EQUAL(found.received, 6U);
  CAF_CHECK_EQUAL(found.lost + found.duplicates + found.misordered, 0U);
  CAF_CHECK_EQUAL(found.stray + found.bad_payload, 0U);
}

CAF_TEST(a message that does not arrive is lost) {
  publish(0);
  CAF_CHECK(deliver(0, 0, publish(0)));
  publish(1);
  CAF_CHECK_EQUAL(books.judge().lost, 2U);
}

CAF_TEST(a duplicate is counted and gives no stamp) {
  auto payload = publish(0);
  CAF_CHECK(deliver(0, 0, payload));
  CAF_CHECK(!deliver(0, 0, payload));
  CAF_CHECK_EQUAL(books.judge().duplicates, 1U);
  CAF_CHECK_EQUAL(books.received(), 1U);
}

CAF_TEST(a delivery to another subscriber is stray) {
  CAF_CHECK(!deliver(1, 0, publish(0)));
  CAF_CHECK_EQUAL(books.judge().stray, 1U);
}

CAF_TEST(a delivery with the topic of another stream is stray) {
  CAF_CHECK(!deliver(0, 1, publish(0)));
  CAF_CHECK_EQUAL(books.judge().stray, 1U);
}

CAF_TEST(a message that was never published is stray) {
  payload_form form{64};
  CAF_CHECK(!deliver(0, 0, form.write({0, 0, at(0)})));
  CAF_CHECK(!deliver(0, 0, form.write({99, 0, at(0)})));
  CAF_CHECK_EQUAL(books.judge().stray, 2U);
}

CAF_TEST(a damaged payload is counted as such) {
  auto payload = publish(0);
  payload.back() ^= 1;
  CAF_CHECK(!deliver(0, 0, payload));
  CAF_CHECK_EQUAL(books.judge().bad_payload, 1U);
  CAF_CHECK_EQUAL(books.judge().lost, 1U);
}

CAF_TEST(latency counts from the moment a message was due) {
  books.measure(at(100), at(200));
  CAF_CHECK(deliver(0, 0, publish(0, at(150)), at(170)));
  CAF_CHECK_EQUAL(books.latencies().max(), 20'000);
}

CAF_TEST(latency counts what was due in the span and the rate what arrived) {
  books.measure(at(100), at(200));
  CAF_CHECK(deliver(0, 0, publish(0, at(90)), at(110)));
  CAF_CHECK_EQUAL(books.measured(), 1U);
  CAF_CHECK_EQUAL(books.latencies().count(), 0U);
  CAF_CHECK(deliver(0, 0, publish(0, at(190)), at(300)));
  CAF_CHECK_EQUAL(books.measured(), 1U);
  CAF_CHECK_EQUAL(books.latencies().count(), 1U);
  CAF_CHECK_EQUAL(books.latencies().max(), 110'000);
}

CAF_TEST(each subscriber of a fan out is followed for itself) {
  auto fanout = plan_of(scenario::fanout, 1, 3);
  ledger three{fanout, 64};
  std::string first{three.publish(0, at(0))};
  std::string second{three.publish(0, at(0))};
  const auto& topic = fanout.streams[0].topic;
  three.delivered(0, topic, first, at(1));
  three.delivered(0, topic, second, at(1));
  three.delivered(1, topic, second, at(1));
  three.delivered(1, topic, first, at(1));
  three.delivered(2, topic, second, at(1));
  auto found = three.judge();
  CAF_CHECK_EQUAL(found.expected, 6U);
  CAF_CHECK_EQUAL(found.received, 5U);
  CAF_CHECK_EQUAL(found.lost, 1U);
  CAF_CHECK_EQUAL(found.misordered, 1U);
}

CAF_TEST_FIXTURE_SCOPE_END()
