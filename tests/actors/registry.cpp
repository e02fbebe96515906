#include "actors/registry.hpp"

#include "../net/pairs.hpp"
#include "actors/appender.hpp"
#include "actors/subtree.hpp"
#include "fixture.hpp"
#include "protocol/decoder.hpp"
#include "protocol/encoder.hpp"

#include <caf/exit_reason.hpp>

#include <array>
#include <memory>
#include <string>

using namespace troupe;
using namespace troupe::actors;
using protocol::version;
using std::chrono::seconds;

namespace {

/// The far end of a connection.
struct peer {
  /// The names of the packets that came, then "end" if the broker closed.
  std::string take() {
    std::array<uint8_t, 4096> room;
    std::string result;
    for (;;) {
      auto got = socket.read(room);
      if (got.what != net::io_result::kind::done) {
        if (got.what != net::io_result::kind::would_block)
          result += "end ";
        break;
      }
      auto bytes = std::span<const uint8_t>{room}.first(got.bytes);
      while (!bytes.empty()) {
        auto frame = protocol::next_frame(bytes, 1 << 20);
        CAF_REQUIRE(frame && frame->has_value());
        result += protocol::to_string((*frame)->type());
        result += " ";
        bytes = bytes.subspan((*frame)->size);
      }
    }
    if (!result.empty())
      result.pop_back();
    return result;
  }
  /// The properties of the PUBLISH that came.
  std::string take_properties() {
    std::array<uint8_t, 4096> room;
    auto got = socket.read(room);
    auto frame = protocol::next_frame(
        std::span<const uint8_t>{room}.first(got.bytes), 1 << 20);
    CAF_REQUIRE(frame && frame->has_value());
    auto packet = protocol::decode_publish(**frame, version::v5);
    CAF_REQUIRE(packet);
    return std::string{packet->forwarded_properties};
  }
  template <class Packet>
  void send(const Packet& packet) {
    byte_buffer out;
    protocol::encode(out, packet, version::v5);
    socket.write(out.bytes());
  }

  net::socket socket;
};

/// A registry with true sessions, connections and a subtree on a loop that only
/// tests turn.
struct fixture : caf_fixture {
  using byte_buffer = troupe::byte_buffer;

  fixture() {
    node.loops.push_back(std::make_unique<loop>(sys, 0));
    node.subtrees.push_back(std::make_unique<subtree_stats>());
    CAF_REQUIRE_EQUAL(home().open(), "");
    topics =
        spawn_light<subtree>(sys, 0, subtree_options{}, *node.subtrees.front());
    home().set_routes(std::make_shared<const route_table>(
        std::vector<subtree_actor>{topics}));
    actor = spawn_light<registry>(sys, node, home());
    watcher = record<supervisor_actor>(sys, [this](const mail& message) {
      if (message.get_if<drain_finished>())
        ++drained;
    });
    deref<registry>(actor).set_supervisor(watcher);
  }
  ~fixture() {
    // Registry and sessions hold each other: all of them must end.
    tell(actor, stop_node{});
    settle();
    settle(seconds{3600});
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    settle(seconds{3600});
  }

  loop& home() { return *node.loops.front(); }
  void settle(seconds passed = seconds{0}) {
    for (int i = 0; i < 5; ++i)
      home().run_one_turn(at + passed);
  }

  /// A CONNECT was accepted.
  peer connect(std::string client_id, bool clean = true, uint32_t expiry = 0,
               uint16_t keep_alive = 0) {
    peer result;
    auto client = std::make_shared<newcomer>();
    auto [near, far] = net::make_pair();
    client->stream = net::stream{std::move(near)};
    result.socket = std::move(far);
    client->version = version::v5;
    client->decision.what = broker::connect_decision::kind::accept;
    client->decision.client_id = std::move(client_id);
    client->decision.keep_alive = keep_alive;
    auto& parameters = client->decision.parameters;
    parameters.clean_start = clean;
    parameters.expiry_interval = expiry;
    parameters.client.version = version::v5;
    parameters.client.is_peer = as_peer;
    client->policy = home().policy().listeners.front();
    client->slot = std::move(*node.admission.take(*client->policy));
    tell(actor, handed_over{std::move(client)});
    return result;
  }

  time_point at = clock::now();
  node_context node;
  subtree_actor topics;
  supervisor_actor watcher;
  registry_actor actor;
  int drained = 0;
  /// Who connects next is a node of troupe.
  bool as_peer = false;
};

/// Properties with a path, as a node of troupe sends them.
std::string path_properties(std::string_view path) {
  troupe::byte_buffer out;
  protocol::append_user_property(out, broker::path_property, path);
  return std::string{out.view()};
}

protocol::publish publish_of(std::string_view properties) {
  protocol::publish result;
  result.topic = "a/b";
  result.payload = "x";
  result.qos = protocol::qos::at_least_once;
  result.packet_id = 1;
  result.forwarded_properties = properties;
  return result;
}

protocol::subscribe subscribe_to(std::string_view filter) {
  protocol::subscribe result;
  result.packet_id = 1;
  result.subscriptions.push_back({filter, {}});
  return result;
}

/// A store that has nothing and writes everything.
void answer_as_empty_store(const mail& message) {
  if (auto* wanted = message.get_if<load_session>())
    tell(wanted->answer_to,
         session_loaded{wanted->key, std::make_shared<broker::stored_session>(),
                        std::make_shared<broker::queue_slice>()});
  else if (auto* changes = message.get_if<remember>();
           changes != nullptr && changes->answer_to)
    tell(changes->answer_to, stored{changes->key, changes->ticket, false});
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(registry_tests, fixture)

CAF_TEST(an accepted client gets its CONNACK) {
  auto anna = connect("anna");
  settle();
  CAF_CHECK_EQUAL(anna.take(), "CONNACK");
  CAF_CHECK_EQUAL(node.sessions.load(), 1);
  CAF_CHECK_EQUAL(home().stats().connections.value(), 1u);
}

// [MQTT-3.1.4-3]
CAF_TEST(a second client of one name takes the first one over) {
  auto first = connect("anna");
  settle();
  CAF_CHECK_EQUAL(first.take(), "CONNACK");
  auto second = connect("anna");
  settle();
  CAF_CHECK_EQUAL(first.take(), "DISCONNECT end");
  CAF_CHECK_EQUAL(second.take(), "CONNACK");
  CAF_CHECK_EQUAL(node.sessions.load(), 1);
}

CAF_TEST(of many clients of one name that come at once the last one stays) {
  std::vector<peer> peers;
  for (int i = 0; i < 5; ++i)
    peers.push_back(connect("anna"));
  settle();
  settle();
  for (int i = 0; i < 4; ++i)
    CAF_CHECK(peers[i].take().ends_with("end"));
  CAF_CHECK_EQUAL(peers[4].take(), "CONNACK");
  CAF_CHECK_EQUAL(node.sessions.load(), 1);
}

CAF_TEST(a client that is gone leaves nothing behind) {
  auto anna = connect("anna");
  settle();
  anna.socket.close();
  settle();
  CAF_CHECK_EQUAL(node.sessions.load(), 0);
  CAF_CHECK_EQUAL(node.admission.connections(), 0);
  CAF_CHECK_EQUAL(home().policy().listeners[0]->state->connections.load(), 0);
  CAF_CHECK_EQUAL(home().stats().connections.value(), 0u);
  CAF_CHECK_EQUAL(home().stats().sessions.value(), 0u);
}

CAF_TEST(a client that comes while its session ends is served) {
  auto first = connect("anna");
  settle();
  first.socket.close();
  // One turn at a time: the second one comes at every stage of the end.
  for (int stage = 0; stage < 4; ++stage) {
    for (int i = 0; i < stage; ++i)
      home().run_one_turn(at);
    auto second = connect("anna");
    settle();
    CAF_CHECK_EQUAL(second.take(), "CONNACK");
    CAF_CHECK_EQUAL(node.sessions.load(), 1);
    second.socket.close();
  }
}

CAF_TEST(a session outlives its connection for its expiry interval) {
  auto first = connect("anna", true, 60);
  settle();
  first.socket.close();
  settle();
  CAF_CHECK_EQUAL(node.sessions.load(), 1);
  settle(seconds{61});
  CAF_CHECK_EQUAL(node.sessions.load(), 0);
}

CAF_TEST(more sessions than allowed are refused and counted off) {
  config::settings one_only;
  one_only.global_max_clients = 1;
  home().set_policy(make_policy(one_only));
  auto anna = connect("anna");
  auto bert = connect("bert");
  settle();
  CAF_CHECK_EQUAL(anna.take(), "CONNACK");
  CAF_CHECK_EQUAL(bert.take(), "CONNACK end");
  CAF_CHECK_EQUAL(node.sessions.load(), 1);
  CAF_CHECK_EQUAL(node.admission.connections(), 1);
}

CAF_TEST(a client whose session waits for it counts once) {
  config::settings one_only;
  one_only.global_max_clients = 1;
  home().set_policy(make_policy(one_only));
  node.store = record<store_actor>(sys, answer_as_empty_store);
  node.appenders.push_back(spawn_light<appender>(sys, node, home()));
  broker::offline_session known;
  known.client_id = "anna";
  known.queue = broker::disk_queue_ptr{new broker::disk_queue(1000, 1), false};
  object_of<appender>(node.appenders[0])->adopt(std::move(known));
  node.sessions = 1;
  auto bert = connect("bert");
  settle();
  CAF_CHECK_EQUAL(bert.take(), "CONNACK end");
  auto anna = connect("anna");
  settle();
  CAF_CHECK_EQUAL(anna.take(), "CONNACK");
  CAF_CHECK_EQUAL(node.sessions.load(), 1);
  anna.socket.close();
  settle();
}

// -- a bridge without a link --------------------------------------------------

CAF_TEST(who is introduced has a session and no connection) {
  bool has_session = false;
  auto bridge = record<connection_actor>(sys, [&](const mail& message) {
    if (auto* ours = message.get_if<attached>())
      has_session = static_cast<bool>(ours->session);
  });
  introduce wanted;
  wanted.client_id = "bridge";
  wanted.request.connection = bridge;
  tell(actor, std::move(wanted));
  settle();
  CAF_CHECK(has_session);
  CAF_CHECK_EQUAL(node.sessions.load(), 1);
  CAF_CHECK_EQUAL(home().stats().connections.value(), 0u);
  CAF_CHECK(deref<registry>(actor).queue_of("bridge").has_value());
  CAF_CHECK(!deref<registry>(actor).queue_of("nobody"));
}

CAF_TEST(who cannot have a session hears of it) {
  config::settings nobody;
  nobody.global_max_clients = 0;
  home().set_policy(make_policy(nobody));
  int answers = 0;
  auto bridge = record<connection_actor>(sys, [&](const mail& message) {
    auto* none = message.get_if<attached>();
    answers += none != nullptr && !none->session ? 1 : 0;
  });
  introduce wanted;
  wanted.client_id = "bridge";
  wanted.request.connection = bridge;
  tell(actor, std::move(wanted));
  settle();
  CAF_CHECK_EQUAL(answers, 1);
}

// What a bridge says of itself at the broker that it comes to.
CAF_TEST(below SYS clients publish only the state of bridges) {
  auto anna = connect("anna");
  settle();
  anna.take();
  protocol::publish state = publish_of({});
  state.retain = true;
  state.topic = "$SYS/broker/connection/far/state";
  anna.send(state);
  settle();
  auto bert = connect("bert");
  settle();
  bert.send(subscribe_to("$SYS/broker/connection/#"));
  settle();
  CAF_CHECK_EQUAL(bert.take(), "CONNACK SUBACK PUBLISH");
  for (std::string_view closed :
       {"$SYS/broker/connection/far/other/state", "$SYS/broker/uptime",
        "$SYS/broker/connection/far/states"}) {
    auto other = publish_of({});
    other.topic = closed;
    other.packet_id = 2;
    anna.send(other);
  }
  bert.send(subscribe_to("$SYS/#"));
  settle();
  CAF_CHECK_EQUAL(bert.take(), "SUBACK PUBLISH");
}

CAF_TEST(a message goes from one client to another) {
  auto anna = connect("anna");
  auto bert = connect("bert");
  settle();
  anna.take();
  bert.take();
  protocol::subscribe subscribe;
  subscribe.packet_id = 1;
  subscribe.subscriptions.push_back({"a/+", {}});
  anna.send(subscribe);
  settle();
  CAF_CHECK_EQUAL(anna.take(), "SUBACK");
  protocol::publish publish;
  publish.topic = "a/b";
  publish.payload = "x";
  publish.qos = protocol::qos::at_least_once;
  publish.packet_id = 1;
  bert.send(publish);
  settle();
  CAF_CHECK_EQUAL(anna.take(), "PUBLISH");
  CAF_CHECK_EQUAL(bert.take(), "PUBACK");
}

CAF_TEST(a client that is no node of troupe neither brings nor gets a path) {
  auto anna = connect("anna");
  auto bert = connect("bert");
  as_peer = true;
  auto cleo = connect("cleo");
  anna.send(subscribe_to("a/+"));
  cleo.send(subscribe_to("a/+"));
  settle();
  anna.take();
  bert.take();
  cleo.take();
  auto forged = path_properties("0000000000000001/5.0/7");
  bert.send(publish_of(forged));
  settle();
  CAF_CHECK_EQUAL(anna.take_properties(), "");
  CAF_CHECK_EQUAL(cleo.take_properties(),
                  path_properties("0000000000000000/0.0/1"));
}

CAF_TEST(what a node of troupe brings goes on with one more node) {
  node.node_id = 0xabc;
  as_peer = true;
  auto anna = connect("anna");
  auto bert = connect("bert");
  anna.send(subscribe_to("a/+"));
  settle();
  anna.take();
  bert.take();
  bert.send(publish_of(path_properties("0000000000000001/5.0/7")));
  settle();
  CAF_CHECK_EQUAL(anna.take_properties(),
                  path_properties("0000000000000001/5.0/7 0000000000000abc"));
  CAF_CHECK_EQUAL(bert.take(), "PUBACK");
}

CAF_TEST(what was here before is acknowledged and goes no further) {
  node.node_id = 0xabc;
  as_peer = true;
  auto anna = connect("anna");
  auto bert = connect("bert");
  anna.send(subscribe_to("a/+"));
  settle();
  anna.take();
  bert.take();
  bert.send(
      publish_of(path_properties("0000000000000001/5.0/7 0000000000000abc")));
  settle();
  CAF_CHECK_EQUAL(anna.take(), "");
  std::array<uint8_t, 64> room;
  auto got = bert.socket.read(room);
  CAF_REQUIRE_EQUAL(got.bytes, 4u); // success is left out
  CAF_CHECK_EQUAL(room[0], 0x40);
  CAF_CHECK_EQUAL(home().stats().loops.value(), 1u);
}

CAF_TEST(a message that found no subtree is not acknowledged as one that did) {
  auto anna = connect("anna");
  settle();
  anna.take();
  caf::anon_send_exit(topics, caf::exit_reason::kill);
  consume_messages();
  protocol::publish publish;
  publish.topic = "a/b";
  publish.payload = "x";
  publish.qos = protocol::qos::at_least_once;
  publish.packet_id = 1;
  anna.send(publish);
  settle();
  std::array<uint8_t, 64> room;
  auto got = anna.socket.read(room);
  CAF_REQUIRE_EQUAL(got.bytes, 5u);
  CAF_CHECK_EQUAL(room[0], 0x40);
  CAF_CHECK_EQUAL(room[4],
                  static_cast<uint8_t>(protocol::reason::unspecified_error));
}

CAF_TEST(a connection that ends while its output waits is gone in time) {
  auto anna = connect("anna");
  auto bert = connect("bert");
  settle();
  protocol::subscribe subscribe;
  subscribe.packet_id = 1;
  subscribe.subscriptions.push_back({"a", {}});
  anna.send(subscribe);
  settle();
  std::string payload(20'000, 'x');
  protocol::publish publish;
  publish.topic = "a";
  publish.payload = payload;
  for (int i = 0; i < 15; ++i) {
    bert.send(publish);
    settle();
  }
  auto next = connect("anna");
  settle();
  CAF_CHECK_EQUAL(node.admission.connections(), 3);
  std::array<uint8_t, 4096> room;
  while (anna.socket.read(room).what == net::io_result::kind::done)
    home().run_one_turn(at); // it can be written to again
  settle(seconds{2});
  CAF_CHECK_EQUAL(node.admission.connections(), 2);
}

CAF_TEST(a silent client is dropped after one and a half keep alives) {
  auto anna = connect("anna", true, 0, 60);
  settle();
  settle(seconds{80});
  anna.send(protocol::pingreq{});
  settle(seconds{81});
  CAF_CHECK_EQUAL(anna.take(), "CONNACK PINGRESP");
  settle(seconds{170});
  CAF_CHECK_EQUAL(anna.take(), "");
  settle(seconds{171});
  CAF_CHECK_EQUAL(anna.take(), "DISCONNECT end");
}

CAF_TEST(to stop tells every client and reports when all are gone) {
  auto anna = connect("anna");
  auto bert = connect("bert");
  settle();
  anna.take();
  bert.take();
  tell(actor, stop_node{});
  settle();
  CAF_CHECK_EQUAL(anna.take(), "DISCONNECT end");
  CAF_CHECK_EQUAL(bert.take(), "DISCONNECT end");
  CAF_CHECK_EQUAL(drained, 0);
  anna.socket.close();
  settle();
  CAF_CHECK_EQUAL(drained, 0);
  settle(seconds{2}); // bert does not close; nobody waits for ever
  CAF_CHECK_EQUAL(drained, 1);
}

CAF_TEST(who comes after the stop is refused) {
  tell(actor, stop_node{});
  auto anna = connect("anna");
  settle();
  CAF_CHECK_EQUAL(anna.take(), "CONNACK end");
  CAF_CHECK_EQUAL(drained, 1);
  CAF_CHECK_EQUAL(node.admission.connections(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
