#include "broker/bridge_topics.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace troupe::broker;
using troupe::protocol::qos;
using enum bridge_direction;

namespace {

constexpr auto qos0 = qos::at_most_once;
constexpr auto qos1 = qos::at_least_once;
constexpr auto qos2 = qos::exactly_once;
const std::string none = "-";

std::string renamed(std::string_view topic,
                    const std::optional<topic_change>& change) {
  if (!change)
    return none;
  return std::string{change->added}.append(topic.substr(change->stripped));
}

std::string there(const bridge_topics& topics, std::string_view topic) {
  return renamed(topic, topics.outgoing(topic));
}

std::string here(const bridge_topics& topics, std::string_view topic) {
  std::string name = none;
  CAF_CHECK_EQUAL(topics.incoming(topic, name),
                  topics.incoming(topic).has_value());
  CAF_CHECK_EQUAL(name, renamed(topic, topics.incoming(topic)));
  return name;
}

} // namespace

CAF_TEST(what has the local prefix here has the remote prefix there) {
  bridge_topics topics{{{"#", both, qos1, "site/", "plants/7/"}}};
  CAF_CHECK_EQUAL(there(topics, "site/a/b"), "plants/7/a/b");
  CAF_CHECK_EQUAL(here(topics, "plants/7/a/b"), "site/a/b");
  CAF_CHECK_EQUAL(there(topics, "sites/a"), none);
  CAF_CHECK_EQUAL(there(topics, "plants/7/a"), none);
  CAF_CHECK_EQUAL(here(topics, "site/a"), none);
  CAF_CHECK(topics.local_filters()
            == std::vector<bridge_filter>({{"site/#", qos1}}));
  CAF_CHECK(topics.remote_filters()
            == std::vector<bridge_filter>({{"plants/7/#", qos1}}));
}

CAF_TEST(without prefixes names stay) {
  bridge_topics topics{{{"a/+/c", both, qos0, "", ""}}};
  CAF_CHECK(topics.outgoing("a/b/c") == topic_change{});
  CAF_CHECK(topics.incoming("a/b/c") == topic_change{});
  CAF_CHECK(!topics.outgoing("a/b"));
  CAF_CHECK(!topics.incoming("a/b/c/d"));
}

CAF_TEST(an empty pattern lets two topics stand for each other) {
  bridge_topics topics{{{"", both, qos0, "lamp", "house/lamp/3"}}};
  CAF_CHECK_EQUAL(there(topics, "lamp"), "house/lamp/3");
  CAF_CHECK_EQUAL(here(topics, "house/lamp/3"), "lamp");
  CAF_CHECK_EQUAL(there(topics, "lamp/x"), none);
}

CAF_TEST(a rule works only in its direction) {
  bridge_topics topics{{{"a", out, qos0, "", ""}, {"b", in, qos0, "", ""}}};
  CAF_CHECK_EQUAL(there(topics, "a"), "a");
  CAF_CHECK_EQUAL(here(topics, "a"), none);
  CAF_CHECK_EQUAL(there(topics, "b"), none);
  CAF_CHECK_EQUAL(here(topics, "b"), "b");
}

CAF_TEST(the first rule that matches decides) {
  bridge_topics topics{
      {{"c/#", out, qos0, "", "one/"}, {"c/d", out, qos0, "", "two/"}}};
  CAF_CHECK_EQUAL(there(topics, "c/d"), "one/c/d");
}

CAF_TEST(rules with a prefix come before those without) {
  bridge_topics topics{
      {{"a/#", both, qos0, "", ""}, {"a/b", both, qos0, "", "remote/"}}};
  CAF_CHECK_EQUAL(there(topics, "a/b"), "remote/a/b");
  CAF_CHECK_EQUAL(there(topics, "a/c"), "a/c");
  CAF_CHECK_EQUAL(here(topics, "remote/a/b"), "a/b");
  CAF_CHECK_EQUAL(here(topics, "a/b"), "a/b");
}

CAF_TEST(a topic that matches without the prefix keeps its whole name) {
  bridge_topics topics{{{"#", out, qos0, "foo/", "bar/"}}};
  CAF_CHECK_EQUAL(there(topics, "foo"), "bar/foo");
  CAF_CHECK_EQUAL(there(topics, "foo/"), "bar/");
}

CAF_TEST(a wildcard in front does not take topics of the broker along) {
  bridge_topics topics{{{"#", both, qos0, "", ""}, {"+/x", out, qos0, "", ""}}};
  CAF_CHECK_EQUAL(there(topics, "$SYS/broker/uptime"), none);
  CAF_CHECK_EQUAL(there(topics, "$SYS/x"), none);
  CAF_CHECK_EQUAL(here(topics, "$SYS/broker/uptime"), none);
  CAF_CHECK_EQUAL(there(topics, "a"), "a");
  bridge_topics named{{{"#", out, qos0, "$SYS/", "sys/"}}};
  CAF_CHECK_EQUAL(there(named, "$SYS/broker/uptime"), "sys/broker/uptime");
}

CAF_TEST(each filter is subscribed to once with the highest QoS) {
  bridge_topics topics{{{"a/#", out, qos0, "", "x/"},
                        {"b/#", both, qos1, "", ""},
                        {"a/#", out, qos2, "", "y/"},
                        {"a/#", out, qos1, "", "z/"},
                        {"b/#", in, qos2, "", ""}}};
  CAF_CHECK(topics.local_filters()
            == std::vector<bridge_filter>({{"a/#", qos2}, {"b/#", qos1}}));
  CAF_CHECK(topics.remote_filters()
            == std::vector<bridge_filter>({{"b/#", qos2}}));
}

CAF_TEST(what is only sent is not wanted back) {
  bridge_topics topics{{{"a/#", out, qos0, "", "x/"},
                        {"a/#", out, qos1, "l/", "x/"},
                        {"b/#", out, qos0, "", ""},
                        {"b/#", in, qos0, "", ""},
                        {"c", both, qos0, "", ""}}};
  CAF_CHECK(topics.unwanted_remote_filters()
            == std::vector<std::string>({"x/a/#"}));
}

CAF_TEST(what may come back is known by its remote name) {
  bridge_topics topics{
      {{"#", out, qos0, "up/", "site/"}, {"#", in, qos0, "", "site/down/"}}};
  CAF_CHECK(!topics.echoes("site/a"));
  CAF_CHECK(topics.echoes("site/down/a"));
}

CAF_TEST(a shared subscription is no part of names) {
  bridge_topics by_prefix{{{"#", in, qos1, "east/", "$share/g/plant/"}}};
  CAF_CHECK(by_prefix.remote_filters()
            == std::vector<bridge_filter>({{"$share/g/plant/#", qos1}}));
  CAF_CHECK_EQUAL(here(by_prefix, "plant/a"), "east/a");
  bridge_topics by_pattern{{{"$share/g/a/#", out, qos1, "", ""}}};
  CAF_CHECK(by_pattern.local_filters()
            == std::vector<bridge_filter>({{"$share/g/a/#", qos1}}));
  CAF_CHECK_EQUAL(there(by_pattern, "a/b"), "a/b");
}

CAF_TEST(no rules let nothing cross) {
  bridge_topics topics;
  CAF_CHECK_EQUAL(there(topics, "a"), none);
  CAF_CHECK_EQUAL(here(topics, "a"), none);
}

CAF_TEST(a rule for all topics takes none that begins with a dollar) {
  bridge_topics topics{{{"#", both, qos0, "", ""}}};
  CAF_CHECK_EQUAL(here(topics, "$CONTROL/dynamic-security/v1"), none);
  CAF_CHECK_EQUAL(there(topics, "$SYS/broker/uptime"), none);
}
