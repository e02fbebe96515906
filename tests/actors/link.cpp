#include "actors/link.hpp"

#include "../broker/publications.hpp"
#include "protocol/decoder.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::actors;
using broker::test_start;
using protocol::packet_type;
using protocol::qos;
using protocol::reason;
using protocol::version;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct fixture {
  fixture() {
    own.name = "br";
    own.protocol_version = config::bridge_protocol::mqttv50;
    own.notification_topic = "$SYS/broker/connection/br/state";
    own.keepalive_interval = 60;
    remote.keep_alive = 60;
    rule("up/#", broker::bridge_direction::out, "", "far/");
    rule("down/#", broker::bridge_direction::in, "", "far/");
  }

  void rule(std::string pattern, broker::bridge_direction way,
            std::string here = "", std::string there = "") {
    rules.push_back({std::move(pattern), way, qos::exactly_once,
                     std::move(here), std::move(there)});
  }

  actors::link make() {
    auto made = std::make_shared<bridge_plan>();
    made->own = own;
    made->topics = broker::bridge_topics{rules};
    plan = made;
    link_setup setup;
    setup.plan = plan;
    setup.status = status;
    setup.remote = remote;
    setup.may_echo = may_echo;
    return actors::link{std::move(setup), now};
  }

  /// PINGREQ behind so many bytes of output. False: it is not due.
  bool ping(actors::link& on, size_t output = 0) {
    if (!on.should_ping(now))
      return false;
    on.pinged(output + 2, now);
    return true;
  }
  bool ping_and_write(actors::link& on) {
    if (!ping(on))
      return false;
    on.wrote(2, 0, now);
    return true;
  }

  /// The packets that `greet` makes, as words.
  std::string greet(actors::link& on) {
    std::vector<uint16_t> ids;
    for (uint16_t i = 0; i < actors::link::packet_ids_needed(*plan); ++i)
      ids.push_back(static_cast<uint16_t>(100 + i));
    troupe::byte_buffer out;
    on.greet(out, ids);
    auto bytes = out.bytes();
    std::string result;
    while (!bytes.empty()) {
      auto frame = protocol::next_frame(bytes, 1 << 20);
      CAF_REQUIRE(frame && frame->has_value());
      result += show(**frame) + " ";
      bytes = bytes.subspan((*frame)->size);
    }
    if (!result.empty())
      result.pop_back();
    return result;
  }
  std::string show(const protocol::frame& frame) {
    auto packet = protocol::decode(frame, plan->version());
    CAF_REQUIRE(packet);
    if (auto* in = std::get_if<protocol::subscribe>(&*packet)) {
      auto text = "sub" + std::to_string(in->packet_id);
      for (const auto& each : in->subscriptions)
        text += (each.options.no_local ? ":!" : ":") + std::string{each.filter};
      return text;
    }
    if (auto* off = std::get_if<protocol::unsubscribe>(&*packet)) {
      auto text = "unsub" + std::to_string(off->packet_id);
      for (const auto& each : off->filters)
        text += ":" + std::string{each};
      return text;
    }
    auto* sent = std::get_if<protocol::publish>(&*packet);
    CAF_REQUIRE(sent != nullptr);
    return "pub" + std::to_string(sent->packet_id) + ":"
           + std::to_string(static_cast<int>(sent->qos))
           + (sent->retain ? "r" : "") + ":" + std::string{sent->topic} + "="
           + std::string{sent->payload};
  }

  /// The name that a message gets there; "-": it is not sent.
  std::string there(actors::link& on, std::string_view topic,
                    broker::delivery_header& header) {
    auto message = broker::make_publication("x", topic);
    if (!on.prepare(header, *message, now))
      return "-";
    return std::string{header.added_prefix}
           + std::string{message->topic().substr(header.hidden_prefix)};
  }
  std::string there(actors::link& on, std::string_view topic) {
    broker::delivery_header header;
    return there(on, topic, header);
  }
  /// The name that it has here; "-": it is not taken.
  std::string here(actors::link& on, std::string_view topic,
                   std::string_view payload = "x") {
    protocol::publish packet;
    packet.topic = topic;
    packet.payload = payload;
    std::string name;
    return on.accept(packet, name, now) ? std::string{packet.topic} : "-";
  }
  /// What the session is told of messages that went with less, as words.
  std::string settled(actors::link& on) {
    std::string result;
    for (const auto& each : on.settled())
      result += std::string{protocol::to_string(each.type)}
                + std::to_string(each.packet_id) + " ";
    on.settled().clear();
    if (!result.empty())
      result.pop_back();
    return result;
  }

  config::bridge_settings own;
  std::vector<broker::bridge_rule> rules;
  remote_limits remote;
  bool may_echo = false;
  bridge_plan_ptr plan;
  std::shared_ptr<bridge_status> status = std::make_shared<bridge_status>("br");
  time_point now = test_start;
};

broker::delivery_header header_of(qos level, uint16_t packet_id) {
  broker::delivery_header header;
  header.qos = level;
  header.packet_id = packet_id;
  return header;
}

protocol::suback suback_of(uint16_t packet_id, std::vector<reason> codes) {
  protocol::suback packet;
  packet.packet_id = packet_id;
  packet.codes = std::move(codes);
  return packet;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_tests, fixture)

// -- what the remote broker is told first -------------------------------------

CAF_TEST(it unsubscribes and subscribes and says that it is there) {
  auto on = make();
  CAF_CHECK_EQUAL(greet(on), "unsub100:far/up/# sub101:!far/down/# "
                             "pub102:1r:$SYS/broker/connection/br/state=1");
  CAF_CHECK(!on.takes_answer(protocol::packet_type::puback, 101));
  CAF_CHECK(on.takes_answer(protocol::packet_type::puback, 102));
}

CAF_TEST(the identifier of its notice is free again once it is answered) {
  auto on = make();
  greet(on);
  CAF_CHECK(on.takes_answer(protocol::packet_type::puback, 102));
  CAF_CHECK(!on.takes_answer(protocol::packet_type::puback, 102));
}

CAF_TEST(what it says goes by what is configured and allowed) {
  own.attempt_unsubscribe = false;
  remote.max_qos = qos::at_most_once;
  remote.retain_available = false;
  auto on = make();
  CAF_CHECK_EQUAL(
      greet(on), "sub100:!far/down/# pub0:0:$SYS/broker/connection/br/state=1");
  CAF_CHECK(!on.takes_answer(protocol::packet_type::puback, 0));
  own.notifications_local_only = true;
  own.protocol_version = config::bridge_protocol::mqttv311;
  auto other = make();
  CAF_CHECK_EQUAL(greet(other), "sub100:far/down/#");
}

CAF_TEST(many filters go in several packets) {
  rules.clear();
  for (int i = 0; i < 101; ++i)
    rule(std::to_string(i), broker::bridge_direction::both);
  own.notifications = false;
  auto on = make();
  auto text = greet(on);
  CAF_CHECK_EQUAL(std::count(text.begin(), text.end(), ' '), 2);
  CAF_CHECK(text.ends_with(" sub102:!100"));
}

CAF_TEST(a shared filter is not asked for without what is local) {
  rules.clear();
  rule("a/#", broker::bridge_direction::in, "", "$share/g/");
  own.notifications = false;
  auto on = make();
  CAF_CHECK_EQUAL(greet(on), "sub100:$share/g/a/#");
}

CAF_TEST(a filter that is refused is named) {
  rule("more/#", broker::bridge_direction::in);
  auto on = make();
  greet(on);
  CAF_CHECK_EQUAL(on.on_suback(suback_of(99, {reason::not_authorized})), "");
  CAF_CHECK_EQUAL(
      on.on_suback(suback_of(101, {reason::success, reason::not_authorized})),
      "the remote broker refuses the subscription to more/# (code 135)");
  CAF_CHECK_EQUAL(on.on_suback(suback_of(101, {reason::not_authorized})), "");
}

// -- messages
// -----------------------------------------------------------------

CAF_TEST(messages change their names on the way) {
  auto on = make();
  CAF_CHECK_EQUAL(there(on, "up/a"), "far/up/a");
  CAF_CHECK_EQUAL(here(on, "far/down/a"), "down/a");
  CAF_CHECK_EQUAL(here(on, "far/up/a"), "-");
  CAF_CHECK_EQUAL(status->messages_out.load(), 1u);
  CAF_CHECK_EQUAL(status->messages_in.load(), 2u);
  CAF_CHECK_EQUAL(status->unwanted.load(), 1u);
}

CAF_TEST(a message whose name there is no name is not sent) {
  rule("#", broker::bridge_direction::out, "strip/", "");
  auto on = make();
  auto longest = "up/" + std::string(65'535 - 7, 'x');
  CAF_CHECK_EQUAL(there(on, longest), "far/" + longest);
  CAF_CHECK_EQUAL(there(on, longest + "x"), "-");
  CAF_CHECK_EQUAL(there(on, "strip/"), "-");
  CAF_CHECK_EQUAL(there(on, "strip/a"), "a");
  CAF_CHECK_EQUAL(settled(on), "");
}

CAF_TEST(for the session a message that is not sent is done) {
  auto on = make();
  auto topic = "up/" + std::string(65'532, 'x');
  auto first = header_of(qos::at_least_once, 7);
  CAF_CHECK_EQUAL(there(on, topic, first), "-");
  auto second = header_of(qos::exactly_once, 8);
  CAF_CHECK_EQUAL(there(on, topic, second), "-");
  CAF_CHECK_EQUAL(settled(on), "PUBACK7 PUBREC8");
  CAF_CHECK(on.swallows_pubrel(8));
  CAF_CHECK_EQUAL(settled(on), "PUBCOMP8");
  CAF_CHECK(!on.swallows_pubrel(8));
}

CAF_TEST(a message whose name here is no name is not taken) {
  rule("#", broker::bridge_direction::in, "long/", "there/");
  auto on = make();
  CAF_CHECK_EQUAL(here(on, "there/" + std::string(65'529, 'x')),
                  "long/" + std::string(65'529, 'x'));
  rules.clear();
  rule("#", broker::bridge_direction::in, "much/longer/", "there/");
  auto other = make();
  CAF_CHECK_EQUAL(here(other, "there/" + std::string(65'529, 'x')), "-");
  CAF_CHECK_EQUAL(here(other, "there/a"), "much/longer/a");
}

CAF_TEST(retained goes along as far as that is wanted and allowed) {
  for (auto wanted : {false, true})
    for (auto allowed : {false, true}) {
      own.outgoing_retain = wanted;
      remote.retain_available = allowed;
      auto on = make();
      broker::delivery_header header;
      header.retain = true;
      there(on, "up/a", header);
      CAF_CHECK_EQUAL(header.retain, wanted && allowed);
    }
}

CAF_TEST(without QoS 2 there messages go with QoS 1) {
  remote.max_qos = qos::at_least_once;
  auto on = make();
  auto header = header_of(qos::exactly_once, 7);
  there(on, "up/a", header);
  CAF_CHECK(header.qos == qos::at_least_once);
  CAF_CHECK_EQUAL(settled(on), "");
  CAF_CHECK(on.translate(packet_type::puback, 7) == packet_type::pubrec);
  CAF_CHECK(on.translate(packet_type::puback, 8) == packet_type::puback);
  CAF_CHECK(on.swallows_pubrel(7));
  CAF_CHECK_EQUAL(settled(on), "PUBCOMP7");
  CAF_CHECK(on.translate(packet_type::puback, 7) == packet_type::puback);
}

// What an earlier link lowered, this one has never seen.
CAF_TEST(without QoS 2 there no PUBREL is sent) {
  remote.max_qos = qos::at_least_once;
  auto on = make();
  CAF_CHECK(on.swallows_pubrel(7));
  CAF_CHECK_EQUAL(settled(on), "PUBCOMP7");
  remote.max_qos = qos::exactly_once;
  auto other = make();
  CAF_CHECK(!other.swallows_pubrel(7));
}

CAF_TEST(without QoS 1 there messages are done when they are sent) {
  remote.max_qos = qos::at_most_once;
  auto on = make();
  for (auto level :
       {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
    auto header = header_of(level, static_cast<uint16_t>(level));
    there(on, "up/a", header);
    CAF_CHECK(header.qos == qos::at_most_once);
  }
  CAF_CHECK_EQUAL(settled(on), "PUBACK1 PUBREC2");
  CAF_CHECK(on.swallows_pubrel(2));
  CAF_CHECK_EQUAL(settled(on), "PUBCOMP2");
}

CAF_TEST(the session asks for no more than the remote broker has) {
  rule("s/#", broker::bridge_direction::out, "$share/g/");
  remote.max_qos = qos::at_least_once;
  auto wanted = make().subscriptions();
  CAF_CHECK(wanted.replaces_all);
  CAF_REQUIRE_EQUAL(wanted.requests.size(), 2u);
  for (const auto& each : wanted.requests) {
    CAF_CHECK(each.options.qos == qos::at_least_once);
    CAF_CHECK(each.options.is_peer);
    CAF_CHECK(each.options.retain_as_published);
    CAF_CHECK_EQUAL(each.options.no_local, each.filter == "up/#");
  }
}

CAF_TEST(what a broker that knows no bridges sends back is not taken) {
  own.protocol_version = config::bridge_protocol::mqttv311;
  rules.clear();
  rule("a/#", broker::bridge_direction::both, "", "far/");
  may_echo = true;
  auto on = make();
  CAF_CHECK_EQUAL(there(on, "a/1"), "far/a/1");
  CAF_CHECK_EQUAL(here(on, "far/a/1"), "-");
  CAF_CHECK_EQUAL(here(on, "far/a/1"), "a/1"); // somebody else's
  CAF_CHECK_EQUAL(status->echoes.load(), 1u);
}

// -- keep alive
// ---------------------------------------------------------------

CAF_TEST(a ping goes at once and then each interval) {
  auto on = make();
  CAF_CHECK(ping_and_write(on));
  CAF_CHECK(!on.should_ping(now));
  on.on_pingresp(now + milliseconds{3});
  CAF_CHECK_EQUAL(status->round_trip.load(), 3000u);
  CAF_CHECK(on.deadline(now) == now + seconds{60});
  CAF_CHECK(!on.should_ping(now + seconds{59}));
  CAF_CHECK(on.should_ping(now + seconds{60}));
}

CAF_TEST(a silent broker is dead after half an interval) {
  auto on = make();
  CAF_CHECK(!on.is_dead(now + seconds{1000}, now)); // was not asked
  CAF_CHECK(ping_and_write(on));
  CAF_CHECK(on.deadline(now) == now + seconds{30});
  CAF_CHECK(!on.is_dead(now + seconds{29}, now));
  CAF_CHECK(on.is_dead(now + seconds{30}, now));
  CAF_CHECK(!on.is_dead(now + seconds{30}, now + seconds{1})); // it sends
  CAF_CHECK(on.deadline(now + seconds{30}) == now + seconds{31});
  on.on_pingresp(now + seconds{30});
  CAF_CHECK(!on.is_dead(now + seconds{31}, now));
}

CAF_TEST(without keep alive there is no ping and no death) {
  remote.keep_alive = 0;
  auto on = make();
  CAF_CHECK(!on.should_ping(now));
  CAF_CHECK(!on.is_dead(now + seconds{100'000}, now));
  CAF_CHECK(on.deadline(now) == never);
}

CAF_TEST(a broker that is not read from is not dead) {
  own.max_rate_in = 100;
  auto on = make();
  CAF_CHECK(ping_and_write(on));
  on.read(10'000, now); // 100 s worth
  CAF_CHECK(!on.is_dead(now + seconds{99}, now));
  CAF_CHECK(!on.is_dead(now + seconds{100}, now));
  CAF_CHECK(on.is_dead(now + seconds{130}, now));
}

CAF_TEST(a broker is not dead while the rate holds back what asks it) {
  own.max_rate_out = 100;
  auto on = make();
  CAF_CHECK(ping(on, 4998));
  on.wrote(64, 4936, now);
  now += seconds{40};
  on.wrote(4000, 936, now); // 40 s worth, and the ping is behind it
  CAF_CHECK(!on.is_dead(now + seconds{69}, now));
  CAF_CHECK(on.is_dead(now + seconds{70}, now));
  now += seconds{40};
  on.wrote(936, 0, now);
  CAF_CHECK(!on.is_dead(now + seconds{29}, test_start));
  CAF_CHECK(on.is_dead(now + seconds{30}, test_start));
  on.wrote(1000, 0, now + seconds{20}); // others say nothing of it
  CAF_CHECK(on.is_dead(now + seconds{30}, test_start));
}

CAF_TEST(a broker that takes no more is dead) {
  auto on = make();
  CAF_CHECK(ping(on, 1000));
  now += seconds{10};
  on.wrote(500, 502, now);
  CAF_CHECK(!on.is_dead(now + seconds{29}, test_start));
  CAF_CHECK(on.is_dead(now + seconds{30}, test_start));
}

CAF_TEST(the round trip begins when the ping goes) {
  own.max_rate_out = 100;
  auto on = make();
  CAF_CHECK(ping(on, 98));
  now += seconds{1};
  on.wrote(100, 0, now);
  on.on_pingresp(now + milliseconds{3});
  CAF_CHECK_EQUAL(status->round_trip.load(), 3000u);
}

// -- pace
// ---------------------------------------------------------------------

CAF_TEST(without delay or rate all output goes at once) {
  auto on = make();
  CAF_CHECK_EQUAL(on.allowance(0, now), 0u);
  CAF_CHECK_EQUAL(on.allowance(100, now), SIZE_MAX);
}

CAF_TEST(output waits for more) {
  own.batch_delay = milliseconds{50};
  remote.keep_alive = 0;
  auto on = make();
  CAF_CHECK_EQUAL(on.allowance(100, now), 0u);
  CAF_CHECK(on.deadline(now) == now + milliseconds{50});
  now += milliseconds{49};
  CAF_CHECK_EQUAL(on.allowance(200, now), 0u);
  now += milliseconds{1};
  CAF_CHECK_EQUAL(on.allowance(200, now), SIZE_MAX);
  on.wrote(200, 0, now);
  CAF_CHECK(on.deadline(now) == never);
  CAF_CHECK_EQUAL(on.allowance(100, now), 0u); // the next one waits again
}

CAF_TEST(a lot of output does not wait) {
  own.batch_delay = milliseconds{50};
  auto on = make();
  CAF_CHECK_EQUAL(on.allowance(65'536, now), SIZE_MAX);
}

CAF_TEST(a ping does not wait and takes along what does) {
  own.batch_delay = milliseconds{65'535};
  auto on = make();
  CAF_CHECK(ping_and_write(on));
  now += seconds{59};
  CAF_CHECK_EQUAL(on.allowance(100, now), 0u);
  now += seconds{1};
  CAF_CHECK(ping(on, 100));
  CAF_CHECK_EQUAL(on.allowance(102, now), SIZE_MAX);
  on.wrote(102, 0, now);
  CAF_CHECK_EQUAL(on.allowance(100, now), 0u); // the next one waits again
}

CAF_TEST(what the socket did not take does not wait again) {
  own.batch_delay = milliseconds{50};
  remote.keep_alive = 0;
  auto on = make();
  on.allowance(200, now);
  now += milliseconds{50};
  CAF_CHECK_EQUAL(on.allowance(200, now), SIZE_MAX);
  on.wrote(50, 150, now);
  CAF_CHECK(on.deadline(now) == never); // the socket tells
  CAF_CHECK_EQUAL(on.allowance(150, now), SIZE_MAX);
}

CAF_TEST(output keeps to its rate in small portions) {
  own.max_rate_out = 10'000;
  remote.keep_alive = 0;
  auto on = make();
  CAF_CHECK_EQUAL(on.allowance(5000, now), 1000u);
  on.wrote(1000, 4000, now);
  CAF_CHECK_EQUAL(on.allowance(4000, now), 0u);
  CAF_CHECK(on.deadline(now) == now + milliseconds{100});
  CAF_CHECK_EQUAL(on.allowance(4000, now + milliseconds{100}), 1000u);
}

CAF_TEST(a delay that is over does not keep the loop busy) {
  own.batch_delay = milliseconds{50};
  own.max_rate_out = 1000;
  remote.keep_alive = 0;
  auto on = make();
  on.allowance(300, now);
  now += milliseconds{50};
  CAF_CHECK_EQUAL(on.allowance(300, now), 100u);
  on.wrote(100, 200, now);
  CAF_CHECK(on.deadline(now) == now + milliseconds{100});
}

CAF_TEST_FIXTURE_SCOPE_END()
