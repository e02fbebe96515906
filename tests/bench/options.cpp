#include "apps/bench/options.hpp"

#include <caf/test/unit_test.hpp>

#include <vector>

using namespace troupe::bench;

namespace {

parsed_options parse_words(std::vector<const char*> words) {
  words.insert(words.begin(), "bench");
  return parse(static_cast<int>(words.size()), words.data());
}

} // namespace

CAF_TEST(each scenario has its own shape) {
  auto pairs = parse_words({"pairs", "--publishers", "7"});
  CAF_REQUIRE(pairs.value.has_value());
  CAF_CHECK_EQUAL(pairs.value->subscribers, 7);
  auto fanin = parse_words({"--scenario", "fanin", "--subscribers", "9"});
  CAF_REQUIRE(fanin.value.has_value());
  CAF_CHECK_EQUAL(fanin.value->subscribers, 1);
  auto fanout = parse_words({"fanout", "--subscribers", "9"});
  CAF_REQUIRE(fanout.value.has_value());
  CAF_CHECK_EQUAL(fanout.value->publishers, 1);
  CAF_CHECK_EQUAL(fanout.value->subscribers, 9);
}

CAF_TEST(a batch is never larger than the window) {
  auto parsed = parse_words({"pairs", "--window", "4", "--batch", "9"});
  CAF_REQUIRE(parsed.value.has_value());
  CAF_CHECK_EQUAL(parsed.value->batch, 4);
}

CAF_TEST(with QoS above 0 the window is not above the messages in flight) {
  auto parsed = parse_words({"pairs", "--qos", "1", "--inflight", "8"});
  CAF_REQUIRE(parsed.value.has_value());
  CAF_CHECK_EQUAL(parsed.value->window, 8);
}

CAF_TEST(the protocol version is chosen by its level) {
  auto parsed = parse_words({"pairs", "--proto", "5"});
  CAF_REQUIRE(parsed.value.has_value());
  CAF_CHECK(parsed.value->version == troupe::protocol::version::v5);
}

CAF_TEST(subscribers are where publishers are unless it is said) {
  auto near = parse_words({"pairs", "--port", "1884"});
  CAF_REQUIRE(near.value.has_value());
  CAF_CHECK_EQUAL(near.value->subscribe_port, 0);
  auto far = parse_words({"pairs", "--port", "1884", "--subscribe-port", "1885",
                          "--subscribe-pid", "7"});
  CAF_REQUIRE(far.value.has_value());
  CAF_CHECK_EQUAL(far.value->port, 1884);
  CAF_CHECK_EQUAL(far.value->subscribe_port, 1885);
  CAF_CHECK_EQUAL(far.value->subscribe_pid, 7);
}

CAF_TEST(only who publishes and subscribes has a second broker) {
  for (auto one : {"hold", "churn"})
    CAF_CHECK_EQUAL(parse_words({one, "--subscribe-port", "1885"}).status, 2);
  CAF_CHECK_EQUAL(parse_words({"pairs", "--subscribe-pid", "7"}).status, 2);
}

CAF_TEST(bad usage has status 2) {
  CAF_CHECK_EQUAL(parse_words({}).status, 2);
  CAF_CHECK_EQUAL(parse_words({"everything"}).status, 2);
  CAF_CHECK_EQUAL(parse_words({"pairs", "--proto", "6"}).status, 2);
  CAF_CHECK_EQUAL(parse_words({"pairs", "--payload", "15"}).status, 2);
  CAF_CHECK_EQUAL(parse_words({"latency", "--rate", "0"}).status, 2);
  CAF_CHECK_EQUAL(parse_words({"pairs", "--subscribe-port", "0"}).status, 2);
  CAF_CHECK(!parse_words({"everything"}).value.has_value());
}

CAF_TEST(help has status 0 and no options) {
  auto parsed = parse_words({"--help"});
  CAF_CHECK_EQUAL(parsed.status, 0);
  CAF_CHECK(!parsed.value.has_value());
}
