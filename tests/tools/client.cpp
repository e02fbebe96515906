#include "apps/tools/client.hpp"

#include "protocol/encoder.hpp"

#include <caf/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;
using protocol::packet_type;
using protocol::reason;

namespace {

constexpr time_point start_time{1h};

struct recorder : tools::client_events {
  void on_connected() override { log.push_back("connected"); }
  void on_refused(uint8_t code) override {
    log.push_back("refused " + std::to_string(code));
  }
  bool on_message(const protocol::publish& packet) override {
    log.push_back("message " + std::string{packet.topic} + " "
                  + std::string{packet.payload});
    return takes_messages;
  }
  void on_published(uint16_t id, reason why, std::string_view) override {
    log.push_back("published " + std::to_string(id) + " "
                  + std::to_string(static_cast<int>(why)));
  }
  void on_subscribed(const protocol::suback&) override {
    log.push_back("subscribed");
  }
  void on_disconnected(reason) override { log.push_back("disconnected"); }

  std::vector<std::string> log;
  bool takes_messages = true;
};

/// A client and a broker made of the codec.
struct fixture {
  fixture() { options.client_id = "me"; }

  void start() {
    machine = std::make_unique<tools::client>(options, events);
    machine->start(start_time);
    sent();
  }
  /// Connects with this CONNACK and forgets what was said until then.
  void connect(const protocol::connack& answer = {}) {
    start();
    say(answer);
    events.log.clear();
  }
  std::optional<failure> say(const protocol::packet& packet,
                             time_point now = start_time) {
    byte_buffer bytes;
    protocol::encode(bytes, packet, options.version);
    return machine->feed(bytes.bytes(), now);
  }
  std::optional<failure> acknowledge(packet_type type, uint16_t id,
                                     reason why = reason::success) {
    return say(protocol::acknowledgement{type, id, why, {}});
  }
  std::optional<failure> deliver(std::string_view payload, protocol::qos qos,
                                 uint16_t id, uint16_t alias = 0,
                                 std::string_view topic = "t") {
    protocol::publish packet;
    packet.topic = topic;
    packet.payload = payload;
    packet.qos = qos;
    packet.packet_id = id;
    packet.topic_alias = alias;
    return say(packet);
  }
  tools::client::publish_result publish(std::string payload, protocol::qos qos,
                                        uint16_t alias = 0) {
    auto message = std::make_shared<tools::outgoing_message>();
    message->topic = "t";
    message->payload = std::move(payload);
    message->qos = qos;
    message->retain = retain;
    message->topic_alias = alias;
    return machine->publish(message);
  }
  /// What the client has written since, in words, and takes it away.
  std::vector<std::string> sent() {
    protocol::decoder in;
    in.set_version(options.version);
    in.feed(machine->output().bytes());
    machine->output().clear();
    std::vector<std::string> result;
    for (auto next = in.next(); next && *next; next = in.next())
      result.push_back(describe(**next));
    return result;
  }
  static std::string describe(const protocol::packet& packet) {
    std::string result = to_string(type_of(packet));
    if (const auto* publish = std::get_if<protocol::publish>(&packet))
      result += " " + std::to_string(publish->packet_id) + " "
                + std::string{publish->topic} + ":"
                + std::string{publish->payload} + (publish->dup ? " dup" : "")
                + (publish->retain ? " retain" : "");
    if (const auto* ack = std::get_if<protocol::acknowledgement>(&packet))
      result += " " + std::to_string(ack->packet_id)
                + (ack->reason == reason::success
                       ? ""
                       : " " + std::to_string(static_cast<int>(ack->reason)));
    return result;
  }

  using words = std::vector<std::string>;
  tools::client_options options;
  recorder events;
  std::unique_ptr<tools::client> machine;
  bool retain = false;
};

constexpr auto qos_0 = protocol::qos::at_most_once;
constexpr auto qos_1 = protocol::qos::at_least_once;
constexpr auto qos_2 = protocol::qos::exactly_once;

} // namespace

CAF_TEST_FIXTURE_SCOPE(client_tests, fixture)

CAF_TEST(a client is connected once CONNACK says so) {
  start();
  CAF_CHECK(!machine->is_connected());
  say(protocol::connack{});
  CAF_CHECK(machine->is_connected());
  CAF_CHECK(events.log == words{"connected"});
}

CAF_TEST(a refusal comes with its code) {
  start();
  protocol::connack refusal;
  refusal.code = 5;
  say(refusal);
  CAF_CHECK(!machine->is_connected());
  CAF_CHECK(events.log == words{"refused 5"});
}

CAF_TEST(an answer in the form of MQTT 3.1.1 refuses version 5) {
  options.version = protocol::version::v5;
  start();
  const uint8_t bytes[] = {0x20, 2, 0, 1};
  CAF_CHECK(!machine->feed(bytes, start_time));
  CAF_CHECK(events.log == words{"refused 132"});
}

CAF_TEST(what a broker may not send ends the connection) {
  start();
  CAF_CHECK(say(protocol::pingresp{}).has_value());
  connect();
  CAF_CHECK(say(protocol::connack{}).has_value());
  connect();
  CAF_CHECK(say(protocol::pingreq{}).has_value());
  connect();
  const uint8_t garbage[] = {0xff, 0xff, 0xff, 0xff, 0xff};
  CAF_CHECK(machine->feed(garbage, start_time).has_value());
}

CAF_TEST(messages of QoS 0 are sent and forgotten) {
  connect();
  publish("x", qos_0);
  CAF_CHECK(sent() == words{"PUBLISH 0 t:x"});
  CAF_CHECK(machine->is_idle());
}

CAF_TEST(a message of QoS 1 ends with PUBACK) {
  connect();
  publish("x", qos_1);
  CAF_CHECK(sent() == words{"PUBLISH 1 t:x"});
  CAF_CHECK_EQUAL(machine->unacknowledged(), 1u);
  acknowledge(packet_type::puback, 1);
  CAF_CHECK(events.log == words{"published 1 0"});
  CAF_CHECK(machine->is_idle());
}

CAF_TEST(a message of QoS 2 ends with PUBCOMP) {
  connect();
  publish("x", qos_2);
  sent();
  acknowledge(packet_type::puback, 1);
  acknowledge(packet_type::pubcomp, 1);
  CAF_CHECK(events.log.empty());
  acknowledge(packet_type::pubrec, 1);
  acknowledge(packet_type::pubrec, 1);
  CAF_CHECK(sent() == (words{"PUBREL 1", "PUBREL 1"}));
  acknowledge(packet_type::pubcomp, 1);
  CAF_CHECK(events.log == words{"published 1 0"});
}

CAF_TEST(a PUBREC with an error ends a message without PUBREL) {
  options.version = protocol::version::v5;
  connect();
  publish("x", qos_2);
  sent();
  acknowledge(packet_type::pubrec, 1, reason::not_authorized);
  CAF_CHECK(events.log == words{"published 1 135"});
  CAF_CHECK(sent().empty());
  CAF_CHECK(machine->is_idle());
}

CAF_TEST(acknowledgements of nothing change nothing) {
  options.version = protocol::version::v5;
  connect();
  acknowledge(packet_type::puback, 7);
  acknowledge(packet_type::pubcomp, 7);
  CAF_CHECK(sent().empty());
  acknowledge(packet_type::pubrec, 7);
  acknowledge(packet_type::pubrel, 7);
  CAF_CHECK(sent() == (words{"PUBREL 7 146", "PUBCOMP 7 146"}));
  CAF_CHECK(events.log.empty());
}

CAF_TEST(no more messages are under way than the broker allows) {
  options.version = protocol::version::v5;
  protocol::connack answer;
  answer.properties.receive_maximum = 2;
  connect(answer);
  for (const auto* text : {"a", "b", "c"})
    publish(text, qos_1);
  CAF_CHECK(!machine->has_room());
  CAF_CHECK(sent() == (words{"PUBLISH 1 t:a", "PUBLISH 2 t:b"}));
  acknowledge(packet_type::puback, 2);
  CAF_CHECK(sent() == words{"PUBLISH 3 t:c"});
  acknowledge(packet_type::puback, 3);
  CAF_CHECK(machine->has_room());
}

CAF_TEST(long messages close the window before their number does) {
  connect();
  publish(std::string(17u << 20, 'x'), qos_1);
  machine->output().clear();
  CAF_CHECK(!machine->has_room());
  acknowledge(packet_type::puback, 1);
  CAF_CHECK(machine->has_room());
}

CAF_TEST(output that is not written closes the window) {
  connect();
  publish(std::string(100'000, 'x'), qos_0);
  CAF_CHECK(!machine->has_room());
  machine->output().clear();
  CAF_CHECK(machine->has_room());
}

CAF_TEST(a resumed session gets again what it lacks in order) {
  connect();
  publish("a", qos_2);
  publish("b", qos_1);
  publish("c", qos_2);
  acknowledge(packet_type::pubrec, 1);
  sent();
  machine->start(start_time);
  sent();
  protocol::connack answer;
  answer.session_present = true;
  say(answer);
  CAF_CHECK(sent()
            == (words{"PUBREL 1", "PUBLISH 2 t:b dup", "PUBLISH 3 t:c dup"}));
  acknowledge(packet_type::pubcomp, 1);
  CAF_CHECK_EQUAL(machine->unacknowledged(), 2u);
}

CAF_TEST(a new session gets what the old one did not take as new) {
  connect();
  publish("a", qos_2);
  publish("b", qos_1);
  acknowledge(packet_type::pubrec, 1);
  sent();
  machine->start(start_time);
  sent();
  say(protocol::connack{});
  CAF_CHECK(sent() == words{"PUBLISH 2 t:b"});
}

CAF_TEST(received messages are acknowledged as their QoS asks) {
  connect();
  deliver("a", qos_0, 0);
  deliver("b", qos_1, 5);
  deliver("c", qos_2, 6);
  CAF_CHECK(sent() == (words{"PUBACK 5", "PUBREC 6"}));
  CAF_CHECK(!machine->is_idle());
  acknowledge(packet_type::pubrel, 6);
  CAF_CHECK(sent() == words{"PUBCOMP 6"});
  CAF_CHECK(machine->is_idle());
  CAF_CHECK(events.log == (words{"message t a", "message t b", "message t c"}));
}

CAF_TEST(a message of QoS 2 that comes twice is told once) {
  connect();
  deliver("c", qos_2, 6);
  deliver("c", qos_2, 6);
  CAF_CHECK(sent() == (words{"PUBREC 6", "PUBREC 6"}));
  CAF_CHECK_EQUAL(events.log.size(), 1u);
  acknowledge(packet_type::pubrel, 6);
  deliver("d", qos_2, 6);
  CAF_CHECK_EQUAL(events.log.size(), 2u);
}

CAF_TEST(a message that nobody takes is not acknowledged) {
  connect();
  events.takes_messages = false;
  deliver("b", qos_1, 5);
  deliver("c", qos_2, 6);
  CAF_CHECK(sent().empty());
  CAF_CHECK(machine->is_idle());
}

CAF_TEST(an alias received stands for the topic it came with) {
  options.version = protocol::version::v5;
  CAF_REQUIRE_EQUAL(tools::add_property(options.connect_properties,
                                        packet_type::connect,
                                        "topic-alias-maximum", "3", ""),
                    "");
  connect();
  deliver("a", qos_0, 0, 3);
  deliver("b", qos_0, 0, 3, "");
  CAF_CHECK(events.log == (words{"message t a", "message t b"}));
  CAF_CHECK(deliver("c", qos_0, 0, 2, "").has_value());
  CAF_CHECK(deliver("d", qos_0, 0, 4).has_value());
}

CAF_TEST(an alias sent stands for the topic from the second time on) {
  options.version = protocol::version::v5;
  protocol::connack answer;
  answer.properties.topic_alias_maximum = 3;
  connect(answer);
  publish("a", qos_0, 3);
  publish("b", qos_0, 3);
  publish("c", qos_0, 4);
  CAF_CHECK(sent()
            == (words{"PUBLISH 0 t:a", "PUBLISH 0 :b", "PUBLISH 0 t:c"}));
}

CAF_TEST(the limits in CONNACK are kept) {
  using result = tools::client::publish_result;
  options.version = protocol::version::v5;
  protocol::connack answer;
  answer.properties.maximum_qos = 1;
  answer.properties.retain_available = 0;
  answer.properties.maximum_packet_size = 20;
  connect(answer);
  retain = true;
  CAF_CHECK(publish("x", qos_2) == result::qos_not_supported);
  CAF_CHECK(publish(std::string(20, 'x'), qos_1) == result::packet_too_large);
  CAF_CHECK(publish("x", qos_1) == result::accepted);
  CAF_CHECK(sent() == words{"PUBLISH 1 t:x"});
}

CAF_TEST(silence is broken by PINGREQ and ends without PINGRESP) {
  options.keep_alive = 10;
  connect();
  CAF_CHECK(machine->deadline() == start_time + 10s);
  CAF_CHECK(machine->on_timer(start_time + 9s));
  CAF_CHECK(sent().empty());
  CAF_CHECK(machine->on_timer(start_time + 10s));
  CAF_CHECK(sent() == words{"PINGREQ"});
  machine->on_written(start_time + 10s);
  CAF_CHECK(machine->on_timer(start_time + 19s));
  say(protocol::pingresp{}, start_time + 19s);
  CAF_CHECK(machine->on_timer(start_time + 20s));
  CAF_CHECK(sent() == words{"PINGREQ"});
  CAF_CHECK(!machine->on_timer(start_time + 30s));
}

CAF_TEST(a broker that does not answer CONNECT is given up) {
  options.keep_alive = 10;
  start();
  CAF_CHECK(machine->on_timer(start_time + 9s));
  CAF_CHECK(!machine->on_timer(start_time + 10s));
}

CAF_TEST(the keep alive that the broker asks for counts) {
  options.version = protocol::version::v5;
  protocol::connack answer;
  answer.properties.server_keep_alive = 3;
  connect(answer);
  CAF_CHECK(machine->deadline() == start_time + 3s);
}

CAF_TEST(packets are shown with the identifier that the broker gave) {
  options.version = protocol::version::v5;
  options.client_id.clear();
  start();
  std::string shown;
  machine->trace_to([&](const std::string& line) { shown += line; });
  protocol::connack answer;
  answer.properties.assigned_client_id = "auto-1";
  say(answer);
  publish("x", qos_1);
  CAF_CHECK_EQUAL(shown, "Client auto-1 received CONNACK (0)\n"
                         "Client auto-1 sending PUBLISH (d0, q1, r0, m1, 't', "
                         "... (1 bytes))\n");
}

CAF_TEST_FIXTURE_SCOPE_END()
