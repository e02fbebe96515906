#include "broker/connect_policy.hpp"

#include "protocol/encoder.hpp"
#include "publications.hpp"

#include <caf/test/unit_test.hpp>

#include <functional>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::broker;
using protocol::qos;
using protocol::version;
using kind = connect_decision::kind;

namespace {

constexpr std::string_view uuid = "01234567-89ab-cdef-0123-456789abcdef";

// What one version is answered: "ok", "close" or the code.
struct answers {
  const char* v31;
  const char* v311;
  const char* v5;
};

struct row {
  const char* what;
  std::function<void(protocol::connect&, connect_rules&)> make;
  answers expected;
};

protocol::connect ordinary(version v) {
  protocol::connect packet;
  packet.version = v;
  packet.client_id = "client";
  packet.keep_alive = 60;
  return packet;
}

protocol::will& will_of(protocol::connect& packet) {
  if (!packet.will) {
    packet.will.emplace();
    packet.will->topic = "will/topic";
    packet.will->payload = "gone";
  }
  return *packet.will;
}

std::string answer(const row& each, version v) {
  auto packet = ordinary(v);
  connect_rules rules;
  each.make(packet, rules);
  auto decision = judge(packet, rules, uuid, test_start);
  CAF_CHECK_EQUAL(decision.what == kind::accept, decision.why.empty());
  CAF_CHECK_EQUAL(decision.code, decision.answer.code);
  switch (decision.what) {
  case kind::accept:
    return "ok";
  case kind::close_silently:
    return "close";
  case kind::refuse:
    return std::to_string(decision.code);
  }
  return "";
}

connect_decision accept(const protocol::connect& packet,
                        const connect_rules& rules = {}) {
  auto decision = judge(packet, rules, uuid, test_start);
  CAF_REQUIRE(decision.what == kind::accept);
  return decision;
}

using packet_ref = protocol::connect&;
using rules_ref = connect_rules&;

const std::vector<row> rows{
    {"an ordinary client", [](packet_ref, rules_ref) {}, {"ok", "ok", "ok"}},
    {"only 5.0 accepted",
     [](packet_ref, rules_ref r) { r.accept_v31 = r.accept_v311 = false; },
     {"1", "1", "ok"}},
    {"only 3.1.1 accepted",
     [](packet_ref, rules_ref r) { r.accept_v31 = r.accept_v5 = false; },
     {"1", "ok", "132"}},
    // -- client id
    {"empty id, clean",
     [](packet_ref p, rules_ref) { p.client_id = ""; },
     {"2", "ok", "ok"}},
    {"empty id, not clean",
     [](packet_ref p, rules_ref) {
       p.client_id = "";
       p.clean_start = false;
     },
     {"2", "2", "ok"}},
    {"empty id forbidden",
     [](packet_ref p, rules_ref r) {
       p.client_id = "";
       r.allow_zero_length_clientid = false;
     },
     {"2", "2", "128"}},
    {"id without the prefix",
     [](packet_ref, rules_ref r) { r.clientid_prefixes = "dev-"; },
     {"5", "5", "135"}},
    {"id with the prefix",
     [](packet_ref, rules_ref r) { r.clientid_prefixes = "cli"; },
     {"ok", "ok", "ok"}},
    {"generated id without the prefix",
     [](packet_ref p, rules_ref r) {
       p.client_id = "";
       r.clientid_prefixes = "dev-";
     },
     {"2", "5", "135"}},
    {"generated id with the prefix",
     [](packet_ref p, rules_ref r) {
       p.client_id = "";
       r.clientid_prefixes = "auto-";
     },
     {"2", "ok", "ok"}},
    {"id that is not UTF-8",
     [](packet_ref p, rules_ref) { p.client_id = "a\xff"; },
     {"close", "close", "133"}},
    {"id with a control character",
     [](packet_ref p, rules_ref) { p.client_id = "a\x01"; },
     {"close", "close", "133"}},
    {"id with U+FFFF",
     [](packet_ref p, rules_ref) { p.client_id = "a\xef\xbf\xbf"; },
     {"close", "close", "133"}},
    // -- user
    {"password without user name",
     [](packet_ref p, rules_ref) { p.password = "password"; },
     {"close", "close", "ok"}},
    // -- keep alive
    {"keep alive at the maximum",
     [](packet_ref, rules_ref r) { r.max_keepalive = 60; },
     {"ok", "ok", "ok"}},
    {"keep alive above the maximum",
     [](packet_ref, rules_ref r) { r.max_keepalive = 59; },
     {"2", "2", "ok"}},
    {"no keep alive although there is a maximum",
     [](packet_ref p, rules_ref r) {
       p.keep_alive = 0;
       r.max_keepalive = 60;
     },
     {"2", "2", "ok"}},
    // -- properties
    {"receive maximum 0",
     [](packet_ref p, rules_ref) {
       if (p.version == version::v5)
         p.properties.receive_maximum = 0;
     },
     {"ok", "ok", "130"}},
    {"maximum packet size 0",
     [](packet_ref p, rules_ref) {
       if (p.version == version::v5)
         p.properties.maximum_packet_size = 0;
     },
     {"ok", "ok", "130"}},
    {"authentication method",
     [](packet_ref p, rules_ref) {
       if (p.version == version::v5)
         p.properties.authentication_method = "SCRAM";
     },
     {"ok", "ok", "140"}},
    {"authentication method that there is",
     [](packet_ref p, rules_ref r) {
       r.authentication_method = "SCRAM";
       if (p.version == version::v5)
         p.properties.authentication_method = "SCRAM";
     },
     {"ok", "ok", "ok"}},
    {"maximum packet size that CONNACK just fits",
     [](packet_ref p, rules_ref) {
       if (p.version == version::v5)
         p.properties.maximum_packet_size = 16;
     },
     {"ok", "ok", "ok"}},
    {"maximum packet size that CONNACK does not fit",
     [](packet_ref p, rules_ref) {
       if (p.version == version::v5)
         p.properties.maximum_packet_size = 15;
     },
     {"ok", "ok", "close"}},
    {"maximum packet size that the refusal does not fit",
     [](packet_ref p, rules_ref r) {
       r.clientid_prefixes = "other";
       if (p.version == version::v5)
         p.properties.maximum_packet_size = 4;
     },
     {"5", "5", "close"}},
    {"maximum packet size that the refusal just fits",
     [](packet_ref p, rules_ref r) {
       r.clientid_prefixes = "other";
       if (p.version == version::v5)
         p.properties.maximum_packet_size = 5;
     },
     {"5", "5", "135"}},
    // -- will
    {"a will", [](packet_ref p, rules_ref) { will_of(p); }, {"ok", "ok", "ok"}},
    {"will without topic",
     [](packet_ref p, rules_ref) { will_of(p).topic = ""; },
     {"close", "close", "130"}},
    {"will to a wildcard",
     [](packet_ref p, rules_ref) { will_of(p).topic = "a/+"; },
     {"close", "close", "close"}},
    {"will to $CONTROL",
     [](packet_ref p, rules_ref) { will_of(p).topic = "$CONTROL/x"; },
     {"close", "close", "close"}},
    {"will to $SYS",
     [](packet_ref p, rules_ref) { will_of(p).topic = "$SYS/x"; },
     {"ok", "ok", "ok"}},
    {"will with a QoS above the maximum",
     [](packet_ref p, rules_ref r) {
       will_of(p).qos = qos::exactly_once;
       r.max_qos = 1;
     },
     {"close", "close", "155"}},
    {"retained will where retain is not available",
     [](packet_ref p, rules_ref r) {
       will_of(p).retain = true;
       r.retain_available = false;
     },
     {"close", "close", "154"}},
    {"will at message_size_limit",
     [](packet_ref p, rules_ref r) {
       will_of(p);
       r.message_size_limit = 4;
     },
     {"ok", "ok", "ok"}},
    {"will above message_size_limit",
     [](packet_ref p, rules_ref r) {
       will_of(p);
       r.message_size_limit = 3;
     },
     {"5", "5", "149"}},
};

} // namespace

CAF_TEST(every client gets the answer of the table) {
  for (const auto& each : rows) {
    CAF_MESSAGE(each.what);
    CAF_CHECK_EQUAL(answer(each, version::v31), each.expected.v31);
    CAF_CHECK_EQUAL(answer(each, version::v311), each.expected.v311);
    CAF_CHECK_EQUAL(answer(each, version::v5), each.expected.v5);
  }
}

CAF_TEST(the default CONNACK announces what Mosquitto announces) {
  auto decision = accept(ordinary(version::v5));
  protocol::properties expected;
  expected.topic_alias_maximum = 10;
  expected.maximum_packet_size = 2'000'000;
  expected.receive_maximum = 20;
  CAF_CHECK(decision.answer.properties == expected);
  CAF_CHECK_EQUAL(decision.answer.code, 0u);
}

CAF_TEST(CONNACK has no properties for 3.x clients) {
  connect_rules rules;
  rules.max_qos = 1;
  rules.retain_available = false;
  auto packet = ordinary(version::v311);
  packet.client_id = "";
  auto decision = accept(packet, rules);
  CAF_CHECK(decision.answer.properties == protocol::properties{});
  CAF_CHECK_EQUAL(decision.client_id, "auto-" + std::string{uuid});
}

CAF_TEST(CONNACK announces what is limited and nothing that is not ) {
  connect_rules rules;
  rules.max_qos = 0;
  rules.retain_available = false;
  rules.max_topic_alias = 0;
  rules.max_packet_size = 0;
  rules.max_inflight_messages = 0;
  protocol::properties expected;
  expected.maximum_qos = 0;
  expected.retain_available = 0;
  auto decision = accept(ordinary(version::v5), rules);
  CAF_CHECK(decision.answer.properties == expected);
}

CAF_TEST(a refusal announces nothing) {
  connect_rules rules;
  rules.clientid_prefixes = "other";
  rules.max_keepalive = 10;
  auto decision = judge(ordinary(version::v5), rules, uuid, test_start);
  CAF_CHECK(decision.answer.properties == protocol::properties{});
}

CAF_TEST(a client without id is told which one it was given) {
  auto packet = ordinary(version::v5);
  packet.client_id = "";
  connect_rules rules;
  rules.auto_id_prefix = "x-";
  auto decision = accept(packet, rules);
  CAF_CHECK(decision.client_id_assigned);
  CAF_CHECK_EQUAL(decision.client_id, "x-" + std::string{uuid});
  CAF_REQUIRE(decision.answer.properties.assigned_client_id.has_value());
  CAF_CHECK(*decision.answer.properties.assigned_client_id
            == decision.client_id);
  CAF_CHECK(!accept(ordinary(version::v5)).client_id_assigned);
}

CAF_TEST(the keep alive is lowered to the maximum for 5.0) {
  connect_rules rules;
  rules.max_keepalive = 30;
  auto decision = accept(ordinary(version::v5), rules);
  CAF_CHECK_EQUAL(decision.keep_alive, 30u);
  CAF_CHECK(decision.answer.properties.server_keep_alive == 30);
  auto packet = ordinary(version::v5);
  packet.keep_alive = 0;
  CAF_CHECK_EQUAL(accept(packet, rules).keep_alive, 30u);
  packet.keep_alive = 20;
  decision = accept(packet, rules);
  CAF_CHECK_EQUAL(decision.keep_alive, 20u);
  CAF_CHECK(!decision.answer.properties.server_keep_alive);
}

CAF_TEST(a session expiry above the maximum is lowered and announced) {
  connect_rules rules;
  rules.max_session_expiry = 100;
  auto packet = ordinary(version::v5);
  packet.properties.session_expiry_interval = 101;
  auto decision = accept(packet, rules);
  CAF_CHECK_EQUAL(decision.parameters.expiry_interval, 100u);
  CAF_CHECK(decision.answer.properties.session_expiry_interval == 100u);
  packet.properties.session_expiry_interval = 100;
  decision = accept(packet, rules);
  CAF_CHECK_EQUAL(decision.parameters.expiry_interval, 100u);
  CAF_CHECK(!decision.answer.properties.session_expiry_interval);
}

CAF_TEST(clean session decides how long a 3.x session lasts) {
  auto packet = ordinary(version::v311);
  auto decision = accept(packet);
  CAF_CHECK(decision.parameters.clean_start);
  CAF_CHECK_EQUAL(decision.parameters.expiry_interval, 0u);
  packet.clean_start = false;
  decision = accept(packet);
  CAF_CHECK(!decision.parameters.clean_start);
  CAF_CHECK_EQUAL(decision.parameters.expiry_interval, session_never_expires);
  connect_rules rules;
  rules.max_session_expiry = 60;
  CAF_CHECK_EQUAL(accept(packet, rules).parameters.expiry_interval, 60u);
}

CAF_TEST(a 5.0 session lasts as long as the client asked) {
  auto packet = ordinary(version::v5);
  CAF_CHECK_EQUAL(accept(packet).parameters.expiry_interval, 0u);
  packet.properties.session_expiry_interval = session_never_expires;
  CAF_CHECK_EQUAL(accept(packet).parameters.expiry_interval,
                  session_never_expires);
}

CAF_TEST(what the client takes is handed to the sender) {
  auto packet = ordinary(version::v5);
  auto client = accept(packet).parameters.client;
  CAF_CHECK(client.version == version::v5);
  CAF_CHECK_EQUAL(client.receive_maximum, 65'535u);
  CAF_CHECK_EQUAL(client.maximum_packet_size, 0u);
  packet.properties.receive_maximum = 7;
  packet.properties.maximum_packet_size = 1000;
  client = accept(packet).parameters.client;
  CAF_CHECK_EQUAL(client.receive_maximum, 7u);
  CAF_CHECK_EQUAL(client.maximum_packet_size, 1000u);
}

CAF_TEST(a will is kept with its delay and without its expiry) {
  auto packet = ordinary(version::v5);
  auto& will = will_of(packet);
  will.qos = qos::at_least_once;
  will.retain = true;
  will.delay_interval = 5;
  will.message_expiry_interval = 30;
  auto parameters = accept(packet).parameters;
  CAF_REQUIRE(parameters.will);
  CAF_CHECK_EQUAL(std::string{parameters.will->payload()}, "gone");
  CAF_CHECK(parameters.will->qos() == qos::at_least_once);
  CAF_CHECK(parameters.will->retain());
  CAF_CHECK(parameters.will->expires_at() == never);
  CAF_CHECK(parameters.will_expiry_interval == 30u);
  CAF_CHECK(parameters.will_delay == std::chrono::seconds{5});
}

CAF_TEST(a will to the system topics is forgotten) {
  auto packet = ordinary(version::v5);
  will_of(packet).topic = "$SYS/broker/uptime";
  CAF_CHECK(!accept(packet).parameters.will);
  will_of(packet).topic = "$SYS/broker/connection/far/state"; // of a bridge
  CAF_CHECK(accept(packet).parameters.will);
}

CAF_TEST(a bridge may say by its will that it is gone) {
  auto packet = ordinary(version::v5);
  for (auto topic : {"$SYS/broker/connection/site/state", "$SYS", "$SYS/x/y",
                     "$SYS/broker/connection/site/x/state"}) {
    will_of(packet).topic = topic;
    CAF_CHECK_EQUAL(accept(packet).parameters.will != nullptr,
                    topic == std::string{"$SYS/broker/connection/site/state"});
  }
}

CAF_TEST(a will begins its path here whatever its client says) {
  auto packet = ordinary(version::v5);
  byte_buffer properties;
  protocol::append_user_property(properties, path_property,
                                 "9f86d081884c7d65/18c2f3a4b5d.0/1f2");
  will_of(packet).forwarded_properties = properties.view();
  auto parameters = accept(packet).parameters;
  CAF_REQUIRE(parameters.will);
  CAF_CHECK(parameters.will->path().empty());
  CAF_CHECK(parameters.will->properties().empty());
}
