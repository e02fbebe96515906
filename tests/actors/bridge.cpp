#include "actors/bridge.hpp"

#include "bridge_fixture.hpp"

#include <array>
#include <memory>
#include <string>

using namespace troupe;
using namespace troupe::actors;
using protocol::version;

namespace {

/// One bridge and nobody who has made it.
struct fixture : bridge_fixture {
  ~fixture() { stop(); }

  /// The bridge goes by `own`.
  void change() {
    if (!actor)
      actor = spawn_light<bridge>(sys, node, home(), status);
    tell(actor, bridge_changed{make_plan()});
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
  std::string state() { return to_string(status->state.load()); }
  /// Nobody else has a handle to the bridge: it has ended.
  bool has_ended() {
    return actor->getf(caf::abstract_actor::is_terminated_flag);
  }

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
