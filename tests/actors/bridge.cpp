#include "actors/bridge.hpp"

#include "../broker/publications.hpp"
#include "../net/pairs.hpp"
#include "actors/authorship.hpp"
#include "actors/journaling.hpp"
#include "actors/registry.hpp"
#include "actors/subtree.hpp"
#include "fixture.hpp"
#include "net/listener.hpp"
#include "protocol/decoder.hpp"
#include "protocol/encoder.hpp"

#include <caf/exit_reason.hpp>

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

using namespace troupe;
using namespace troupe::actors;
using protocol::qos;
using protocol::version;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr auto speaks = version::v5;

/// A remote broker on a unix socket: says what came, and answers as it is told.
class remote_broker {
public:
  remote_broker() {
    std::string folder = "/tmp/troupe-bridge-XXXXXX";
    CAF_REQUIRE(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    auto listening = net::listen_unix(path());
    CAF_REQUIRE_EQUAL(listening.error, "");
    listening_ = std::move(listening.sockets.front());
  }
  ~remote_broker() {
    ::unlink(path().c_str());
    ::rmdir(folder_.c_str());
  }

  std::string path() const { return folder_ + "/socket"; }

  /// Takes what has come and answers it.
  void serve() {
    if (auto next = net::accept_from(listening_);
        next.what == net::accepted::kind::connection) {
      socket_ = std::move(next.connection);
      input_.clear();
      ++connections;
    }
    std::array<uint8_t, 65536> room;
    while (socket_.is_open()) {
      auto got = socket_.read(room);
      if (got.what != net::io_result::kind::done) {
        if (got.what != net::io_result::kind::would_block) {
          socket_.close();
          text_ += "end ";
        }
        break;
      }
      input_.append(std::span<const uint8_t>{room}.first(got.bytes));
    }
    for (;;) {
      auto frame = protocol::next_frame(input_.bytes(), 1 << 20);
      CAF_REQUIRE(frame);
      if (!frame->has_value())
        break;
      take(**frame);
      input_.consume((*frame)->size);
    }
  }

  std::string take_text() {
    auto result = std::exchange(text_, {});
    if (!result.empty())
      result.pop_back();
    return result;
  }

  template <class Packet>
  void send(const Packet& packet) {
    troupe::byte_buffer out;
    protocol::encode(out, packet, speaks);
    socket_.write(out.bytes());
  }
  void close() { socket_.close(); }

  /// For CONNECT; nothing: no answer.
  std::optional<uint8_t> answer = 0;
  int connections = 0;

private:
  void take(const protocol::frame& frame) {
    auto decoded = protocol::decode(frame, speaks);
    CAF_REQUIRE(decoded);
    if (auto* hello = std::get_if<protocol::connect>(&*decoded)) {
      text_ += "CONNECT:" + std::string{hello->client_id} + " ";
      if (!answer)
        return;
      protocol::connack packet;
      packet.code = *answer;
      send(packet);
    } else if (auto* in = std::get_if<protocol::subscribe>(&*decoded)) {
      text_ += "SUBSCRIBE ";
      protocol::suback packet;
      packet.packet_id = in->packet_id;
      packet.codes.resize(in->subscriptions.size());
      send(packet);
    } else if (auto* sent = std::get_if<protocol::publish>(&*decoded)) {
      text_ += std::string{sent->topic} + "=" + std::string{sent->payload}
               + (sent->dup ? "!" : "") + " ";
      if (sent->qos == qos::at_least_once) {
        troupe::byte_buffer out;
        protocol::encode_acknowledgement(out, protocol::packet_type::puback,
                                         sent->packet_id,
                                         protocol::reason::success, speaks);
        socket_.write(out.bytes());
      }
    } else if (std::holds_alternative<protocol::pingreq>(*decoded)) {
      send(protocol::pingresp{});
    } else if (std::holds_alternative<protocol::disconnect>(*decoded)) {
      text_ += "DISCONNECT ";
    }
  }

  std::string folder_;
  net::socket listening_;
  net::socket socket_;
  troupe::byte_buffer input_;
  std::string text_;
};

/// A bridge with a true registry, true sessions and a subtree, on a loop that
/// only tests turn.
struct fixture : caf_fixture {
  fixture() {
    node.loops.push_back(std::make_unique<loop>(sys, 0));
    node.subtrees.push_back(std::make_unique<subtree_stats>());
    CAF_REQUIRE_EQUAL(home().open(), "");
    topics =
        spawn_light<subtree>(sys, 0, subtree_options{}, *node.subtrees.front());
    home().set_routes(std::make_shared<const route_table>(
        std::vector<subtree_actor>{topics}));
    node.registries.push_back(spawn_light<registry>(sys, node, home()));
    watcher = record<supervisor_actor>(sys, [this](const mail& message) {
      if (message.get_if<drain_finished>())
        ++drained;
    });
    deref<registry>(registry_handle()).set_supervisor(watcher);
    own.name = "br";
    own.addresses.push_back({"", 0, remote.path()});
    own.topics = {{"up/#", config::bridge_direction::out, 1, "", ""},
                  {"down/#", config::bridge_direction::in, 1, "", ""}};
    own.protocol_version = config::bridge_protocol::mqttv50;
    own.remote_clientid = "here";
    own.local_clientid = "local.here";
    own.notifications = false;
    own.restart_base = seconds{5};
    own.restart_cap = seconds{0};
    own.queue_qos0_messages = true;
  }

  ~fixture() {
    stop();
    caf::anon_send_exit(registry_handle(), caf::exit_reason::kill);
    pass(seconds{3600});
    node.registries.clear();
  }

  loop& home() { return *node.loops.front(); }
  registry_actor& registry_handle() { return node.registries.front(); }

  /// The bridge goes by `own`.
  void change() {
    if (!actor)
      actor = spawn_light<bridge>(sys, node, home(), status);
    auto plan = std::make_shared<bridge_plan>();
    plan->own = own;
    std::vector<broker::bridge_rule> rules;
    for (const auto& each : own.topics)
      rules.push_back({each.pattern,
                       each.direction == config::bridge_direction::out
                           ? broker::bridge_direction::out
                           : broker::bridge_direction::in,
                       static_cast<qos>(each.qos), each.local_prefix,
                       each.remote_prefix});
    plan->topics = broker::bridge_topics{rules};
    plan->limits.queue_qos0_messages = *own.queue_qos0_messages;
    plan->limits.max_queued_age = own.max_queued_age;
    plan->policy = home().policy().listeners.front();
    tell(actor, bridge_changed{plan});
  }
  void turn() {
    home().run_one_turn(at);
    remote.serve();
  }
  void turn(int count) {
    while (count-- > 0)
      turn();
  }
  void settle() { turn(15); }
  void pass(milliseconds time) {
    at += time;
    settle();
  }
  void start() {
    change();
    settle();
  }
  void stop() {
    if (actor)
      tell(actor, stop_node{});
    tell(registry_handle(), stop_node{});
    pass(seconds{1});
  }
  void publish_here(std::string_view topic, std::string_view payload,
                    qos level = qos::at_least_once) {
    protocol::message message;
    message.topic = topic;
    message.payload = payload;
    message.qos = level;
    auto made = broker::publication::make(message, at);
    run_on(home(),
           [this, made] { actors::publish(node, home(), made, 0, nullptr); });
    settle();
  }
  /// Messages that wait; -1: there is no such session.
  int waiting() {
    auto found = deref<registry>(registry_handle()).queue_of("local.here");
    return found ? static_cast<int>(found->messages) : -1;
  }
  std::string state() { return to_string(status->state.load()); }
  /// Nobody else has a handle to the bridge: it has ended.
  bool has_ended() {
    return actor->getf(caf::abstract_actor::is_terminated_flag);
  }
  uint64_t subscriptions() { return home().stats().subscriptions.value(); }

  remote_broker remote;
  time_point at = clock::now();
  node_context node;
  subtree_actor topics;
  supervisor_actor watcher;
  int drained = 0;
  config::bridge_settings own;
  std::shared_ptr<bridge_status> status = std::make_shared<bridge_status>("br");
  bridge_actor actor;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(bridge_tests, fixture)

// -- from the start to a link -------------------------------------------------

CAF_TEST(a bridge connects and subscribes and forwards) {
  start();
  CAF_CHECK_EQUAL(remote.take_text(), "CONNECT:here SUBSCRIBE");
  CAF_CHECK_EQUAL(state(), "connected");
  publish_here("up/a", "1");
  publish_here("other", "2");
  CAF_CHECK_EQUAL(remote.take_text(), "up/a=1");
  CAF_CHECK_EQUAL(status->messages_out.load(), 1u);
  CAF_CHECK_EQUAL(status->links.load(), 1u);
}

CAF_TEST(messages wait although the remote broker was never reached) {
  remote.answer.reset();
  start();
  publish_here("up/a", "1");
  CAF_CHECK_EQUAL(state(), "connecting");
  CAF_CHECK_EQUAL(waiting(), 1);
  remote.take_text();
  remote.answer = 0;
  remote.close();
  settle();
  CAF_CHECK_EQUAL(state(), "waiting");
  pass(seconds{5});
  CAF_CHECK_EQUAL(remote.take_text(), "CONNECT:here SUBSCRIBE up/a=1");
  CAF_CHECK_EQUAL(waiting(), 0);
}

CAF_TEST(what waits is neither sent nor lost when filters are changed) {
  own.start_type = config::bridge_start::manual;
  start();
  CAF_CHECK_EQUAL(state(), "stopped");
  publish_here("up/a", "1", qos::at_most_once);
  publish_here("up/b", "2");
  CAF_CHECK_EQUAL(waiting(), 2);
  own.topics.push_back({"more/#", config::bridge_direction::out, 1, "", ""});
  start();
  CAF_CHECK_EQUAL(subscriptions(), 2u);
  CAF_CHECK_EQUAL(waiting(), 2);
  CAF_CHECK_EQUAL(home().stats().packets_sent.value(), 0u);
  own.start_type = config::bridge_start::automatic;
  start();
  CAF_CHECK_EQUAL(remote.take_text(), "CONNECT:here SUBSCRIBE up/a=1 up/b=2");
}

CAF_TEST(what has waited too long is not sent) {
  own.start_type = config::bridge_start::manual;
  own.max_queued_age = seconds{10};
  start();
  publish_here("up/a", "1");
  at += seconds{10};
  publish_here("up/b", "2");
  own.start_type = config::bridge_start::automatic;
  start();
  CAF_CHECK_EQUAL(remote.take_text(), "CONNECT:here SUBSCRIBE up/b=2");
  using enum broker::drop_reason;
  CAF_CHECK_EQUAL(home().stats().dropped[static_cast<size_t>(expired)].value(),
                  1u);
}

CAF_TEST(a lazy bridge connects when enough waits) {
  own.start_type = config::bridge_start::lazy;
  own.threshold = 2;
  start();
  CAF_CHECK_EQUAL(state(), "idle");
  publish_here("up/a", "1");
  pass(seconds{1});
  CAF_CHECK_EQUAL(state(), "idle");
  publish_here("up/a", "2");
  pass(seconds{1});
  CAF_CHECK_EQUAL(state(), "connected");
  CAF_CHECK_EQUAL(remote.take_text(), "CONNECT:here SUBSCRIBE up/a=1 up/a=2");
  for (int i = 0; i < 61; ++i)
    pass(seconds{1});
  CAF_CHECK_EQUAL(state(), "idle");
}

// -- what goes wrong ----------------------------------------------------------

CAF_TEST(a refusal is told and tried again later) {
  remote.answer = static_cast<uint8_t>(protocol::reason::not_authorized);
  start();
  CAF_CHECK_EQUAL(state(), "waiting");
  CAF_CHECK(status->last_error().starts_with(
      "the remote broker refuses with code 135"));
  CAF_CHECK_EQUAL(status->failures.load(), 1u);
  remote.answer = 0;
  pass(seconds{4});
  CAF_CHECK_EQUAL(state(), "waiting");
  pass(seconds{1});
  CAF_CHECK_EQUAL(state(), "connected");
}

CAF_TEST(a broker that does not answer is given up) {
  remote.answer.reset();
  start();
  for (int i = 0; i < 29; ++i)
    pass(seconds{1});
  CAF_CHECK_EQUAL(state(), "connecting");
  pass(seconds{1});
  CAF_CHECK_EQUAL(state(), "waiting");
  CAF_CHECK_EQUAL(status->last_error(),
                  "no answer within bridge_connect_timeout");
}

CAF_TEST(an answer that is no CONNACK is told) {
  remote.answer.reset();
  start();
  remote.send(protocol::pingresp{});
  settle();
  CAF_CHECK_EQUAL(status->last_error(),
                  "the answer to CONNECT is another packet");
}

CAF_TEST(a link that is lost comes back) {
  start();
  remote.close();
  settle();
  CAF_CHECK_EQUAL(state(), "waiting");
  CAF_CHECK_EQUAL(status->last_error(),
                  "the remote broker closed the connection");
  publish_here("up/a", "1");
  CAF_CHECK_EQUAL(waiting(), 1);
  remote.take_text();
  pass(seconds{5});
  CAF_CHECK_EQUAL(state(), "connected");
  CAF_CHECK_EQUAL(remote.take_text(), "CONNECT:here SUBSCRIBE up/a=1");
}

CAF_TEST(a session that cannot be had is asked for again) {
  config::settings nobody;
  nobody.global_max_clients = 0;
  home().set_policy(make_policy(nobody));
  start();
  CAF_CHECK_EQUAL(waiting(), -1);
  CAF_CHECK_EQUAL(remote.connections, 0);
  home().set_policy(make_policy({}));
  pass(seconds{4});
  CAF_CHECK_EQUAL(remote.connections, 0);
  pass(seconds{1});
  CAF_CHECK_EQUAL(state(), "connected");
}

CAF_TEST(a bridge without a session can be removed) {
  config::settings nobody;
  nobody.global_max_clients = 0;
  home().set_policy(make_policy(nobody));
  start();
  tell(actor, remove_bridge{});
  pass(seconds{5});
  CAF_CHECK(has_ended());
}

// With a full disk SUBACK does not come.
CAF_TEST(a bridge connects although its subscriptions are not confirmed) {
  std::vector<subtree_actor> silent{
      record<subtree_actor>(sys, [](const mail&) {})};
  home().set_routes(std::make_shared<const route_table>(std::move(silent)));
  start();
  CAF_CHECK_EQUAL(remote.connections, 0);
  pass(seconds{5});
  CAF_CHECK_EQUAL(state(), "connected");
}

// -- reloads, the end and others, at any time ---------------------------------

CAF_TEST(a bridge can change at any time) {
  for (int turns = 0; turns < 15; ++turns) {
    own.topics.front().pattern = "old/#";
    own.reload_type = config::bridge_reload::immediate;
    change();
    turn(turns);
    own.topics.front().pattern = "up/#";
    change();
    settle();
    pass(seconds{6});
    CAF_CHECK_EQUAL(state(), "connected");
    CAF_CHECK_EQUAL(subscriptions(), 1u);
    remote.take_text();
    publish_here("up/a", "1");
    publish_here("old/a", "2");
    CAF_CHECK_EQUAL(remote.take_text(), "up/a=1");
  }
}

CAF_TEST(a lazy change waits for the next link) {
  start();
  own.topics.front().pattern = "new/#";
  start();
  publish_here("up/a", "1");
  publish_here("new/a", "2");
  CAF_CHECK(remote.take_text().ends_with("up/a=1"));
  remote.close();
  settle();
  pass(seconds{5});
  remote.take_text();
  publish_here("up/a", "3");
  publish_here("new/a", "4");
  CAF_CHECK_EQUAL(remote.take_text(), "new/a=4");
}

CAF_TEST(a bridge can go at any time and its session with it) {
  for (int turns = 0; turns < 15; ++turns) {
    change();
    turn(turns);
    tell(actor, remove_bridge{});
    settle();
    pass(seconds{6});
    CAF_CHECK(has_ended());
    CAF_CHECK_EQUAL(waiting(), -1);
    CAF_CHECK_EQUAL(node.sessions.load(), 0);
    CAF_CHECK_EQUAL(subscriptions(), 0u);
    CAF_CHECK_EQUAL(state(), "stopped");
    actor = bridge_actor{};
  }
}

CAF_TEST(a bridge with another name takes over what waits) {
  own.start_type = config::bridge_start::manual;
  start();
  publish_here("up/a", "1");
  tell(actor, remove_bridge{true});
  settle();
  CAF_CHECK(has_ended());
  CAF_CHECK_EQUAL(waiting(), 1);
  actor = bridge_actor{};
  own.name = "other";
  own.start_type = config::bridge_start::automatic;
  start();
  CAF_CHECK_EQUAL(remote.take_text(), "CONNECT:here SUBSCRIBE up/a=1");
}

CAF_TEST(the node can stop while a bridge is linked) {
  start();
  stop();
  CAF_CHECK(has_ended());
  CAF_CHECK_EQUAL(drained, 1);
}

CAF_TEST(the node can stop while a bridge prepares) {
  change();
  turn(2);
  stop();
  CAF_CHECK(has_ended());
  CAF_CHECK_EQUAL(drained, 1);
}

CAF_TEST(the node can stop while a bridge waits for CONNACK) {
  remote.answer.reset();
  start();
  stop();
  CAF_CHECK(has_ended());
  CAF_CHECK_EQUAL(drained, 1);
}

CAF_TEST(a bridge can stop at any time) {
  for (int turns = 0; turns < 15; ++turns) {
    change();
    turn(turns);
    tell(actor, stop_node{});
    // Its link ends with the registry: as if the remote broker had gone.
    turn(2);
    remote.close();
    settle();
    CAF_CHECK(has_ended());
    actor = bridge_actor{};
  }
}

CAF_TEST(another client can take the session over at any time) {
  for (int turns = 0; turns < 15; ++turns) {
    change();
    turn(turns);
    auto client = std::make_shared<newcomer>();
    auto [near, far] = net::make_pair();
    client->stream = net::stream{std::move(near)};
    client->version = version::v5;
    client->decision.what = broker::connect_decision::kind::accept;
    client->decision.client_id = "local.here";
    client->decision.parameters.client.version = version::v5;
    client->decision.parameters.expiry_interval = 1000;
    client->policy = home().policy().listeners.front();
    client->slot = std::move(*node.admission.take(*client->policy));
    tell(registry_handle(), handed_over{std::move(client)});
    settle();
    std::array<uint8_t, 100> room;
    CAF_CHECK(far.read(room).what == net::io_result::kind::done);
    far.close();
    settle();
    for (int i = 0; i < 6; ++i)
      pass(seconds{1});
    CAF_CHECK_EQUAL(state(), "connected");
    CAF_CHECK_EQUAL(subscriptions(), 1u);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
