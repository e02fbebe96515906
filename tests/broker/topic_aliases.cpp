#include "broker/topic_aliases.hpp"

#include <caf/test/unit_test.hpp>

#include <string>

using namespace troupe;
using namespace troupe::broker;

namespace {

protocol::publish packet(std::string_view topic, uint16_t alias) {
  protocol::publish result;
  result.topic = topic;
  result.topic_alias = alias;
  return result;
}

/// The topic after resolving, or the name of the failure.
std::string resolve(incoming_aliases& aliases, std::string_view topic,
                    uint16_t alias) {
  auto what = packet(topic, alias);
  auto done = aliases.resolve(what);
  return std::string{done ? what.topic : to_string(done.error().code)};
}

} // namespace

CAF_TEST(a topic alias stands for the topic it was given) {
  incoming_aliases aliases{10};
  CAF_CHECK_EQUAL(resolve(aliases, "a/b", 1), "a/b");
  CAF_CHECK_EQUAL(resolve(aliases, "c", 10), "c");
  CAF_CHECK_EQUAL(resolve(aliases, "", 1), "a/b");
  CAF_CHECK_EQUAL(resolve(aliases, "", 10), "c");
}

CAF_TEST(a topic alias may be given another topic) {
  incoming_aliases aliases{2};
  CAF_CHECK_EQUAL(resolve(aliases, "old", 2), "old");
  CAF_CHECK_EQUAL(resolve(aliases, "new", 2), "new");
  CAF_CHECK_EQUAL(resolve(aliases, "", 2), "new");
}

CAF_TEST(without an alias nothing happens) {
  incoming_aliases aliases{0};
  CAF_CHECK_EQUAL(resolve(aliases, "a", 0), "a");
}

CAF_TEST(an alias above the announced maximum is invalid) {
  incoming_aliases aliases{3};
  CAF_CHECK_EQUAL(resolve(aliases, "a", 4), "topic_alias_invalid");
  CAF_CHECK_EQUAL(resolve(aliases, "a", 65'535), "topic_alias_invalid");
  incoming_aliases none{0};
  CAF_CHECK_EQUAL(resolve(none, "a", 1), "topic_alias_invalid");
}

CAF_TEST(an alias that nobody defined is a protocol error) {
  incoming_aliases aliases{5};
  CAF_CHECK_EQUAL(resolve(aliases, "", 2), "protocol_error");
  CAF_CHECK_EQUAL(resolve(aliases, "a", 3), "a");
  CAF_CHECK_EQUAL(resolve(aliases, "", 2), "protocol_error");
  CAF_CHECK_EQUAL(resolve(aliases, "", 4), "protocol_error");
}

CAF_TEST(towards a client the first topics get the aliases) {
  outgoing_aliases aliases{2};
  CAF_CHECK_EQUAL(aliases.choose("a").alias, 1);
  CAF_CHECK_EQUAL(aliases.choose("b").alias, 2);
  CAF_CHECK_EQUAL(aliases.choose("c").alias, 0);
  CAF_CHECK_EQUAL(aliases.choose("b").alias, 2);
}

CAF_TEST(towards a client a topic is known from its second use on) {
  outgoing_aliases aliases{1};
  CAF_CHECK(!aliases.choose("a").known);
  CAF_CHECK(aliases.choose("a").known);
  CAF_CHECK(!aliases.choose("b").known);
  CAF_CHECK(!aliases.choose("b").known);
}

CAF_TEST(a client that allows no aliases is sent none) {
  outgoing_aliases none{0};
  CAF_CHECK_EQUAL(none.choose("a").alias, 0);
  CAF_CHECK(!none.choose("a").known);
}
