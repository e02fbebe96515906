#include "actors/session.hpp"

#include "../broker/publications.hpp"
#include "fixture.hpp"

#include <caf/exit_reason.hpp>

#include <algorithm>
#include <memory>
#include <string>

using namespace troupe;
using namespace troupe::actors;
using broker::end_of_connection;
using protocol::qos;
using std::chrono::seconds;

namespace {

/// A connection as its session sees it.
struct client {
  broker::session_key key = 0;

  explicit client(caf::actor_system& sys) {
    handle = record<connection_actor>(
        sys, [this](const mail& message) { receive(message); });
  }

  void receive(const mail& message) {
    if (auto* ours = message.get_if<attached>()) {
      key = ours->key;
      text += !ours->session          ? "failed "
              : ours->session_present ? "resumed "
                                      : "new ";
    } else if (message.get_if<taken_over>()) {
      text += "taken-over ";
    } else if (auto* now = message.get_if<send_now>()) {
      for (const auto& each : now->deliveries)
        text += std::string{now->batch->items[each.item].message->payload()}
                + "/" + std::to_string(each.packet_id) + " ";
    } else if (auto* queued = message.get_if<send_queued>()) {
      for (const auto& each : queued->deliveries)
        text += "queued:" + std::string{each.message->payload()} + " ";
    } else if (auto* answer = message.get_if<send_suback>()) {
      text += answer->unsubscribe ? "unsuback" : "suback";
      text += std::to_string(answer->packet_id) + ":";
      for (auto code : answer->codes)
        text += std::to_string(static_cast<int>(code)) + ",";
      text += " ";
    }
  }

  std::string take() {
    auto result = std::move(text);
    text.clear();
    if (!result.empty())
      result.pop_back();
    return result;
  }

  connection_actor handle;
  std::string text;
};

/// A session on a loop that only tests turn, two subtrees and a registry that
/// write down what they are told.
struct fixture : caf_fixture {
  fixture() : home(sys, 0), anna(sys), bert(sys), cleo(sys) {
    CAF_REQUIRE_EQUAL(home.open(), "");
    std::vector<subtree_actor> subtrees;
    for (size_t i = 0; i < 2; ++i)
      subtrees.push_back(record<subtree_actor>(
          sys, [this, i](const mail& message) { on_subtree(i, message); }));
    routes = std::make_shared<const route_table>(subtrees);
    home.set_routes(routes);
    registry = record<registry_actor>(sys, [this](const mail& message) {
      if (auto* idle = message.get_if<session_idle>())
        log += idle->attaches == session_idle::failed
                   ? "failed "
                   : "idle" + std::to_string(idle->attaches) + " ";
    });
    actor = spawn_light<session>(sys, node, home, registry, "anna");
  }

  void on_subtree(size_t index, const mail& message) {
    log += std::to_string(index) + ":";
    if (auto* wanted = message.get_if<subscribe_filters>()) {
      log += "subscribe(" + wanted->filters.front().filter + ") ";
      requests[index] = wanted->request;
    } else if (auto* known = message.get_if<refill>()) {
      log +=
          "refill(" + known->subscribers.front().filters.front().filter + ") ";
    } else if (auto* unwanted = message.get_if<unsubscribe_filters>()) {
      log += "unsubscribe(" + unwanted->filters.front() + ") ";
      requests[index] = unwanted->request;
    } else if (auto* left = message.get_if<session_left>()) {
      log += "left(" + left->filters.front() + ") ";
    } else if (auto* again = message.get_if<redistribute>()) {
      log += "again(" + std::string{again->messages.front().message->payload()}
             + ") ";
    } else if (auto* will = message.get_if<route>()) {
      log += "route(" + std::string{will->batch->items[0].message->payload()}
             + ") ";
    } else if (auto* state = message.get_if<member_state>()) {
      log += "state" + std::to_string(static_cast<int>(state->state)) + " ";
    }
  }

  /// As the last connection heard it: it changes with a clean start.
  broker::session_key session_key() const {
    return std::max({anna.key, bert.key, cleo.key});
  }
  void turn(seconds passed = seconds{0}) { home.run_one_turn(at + passed); }
  template <class Message>
  void send(Message&& message) {
    tell(actor, std::forward<Message>(message));
    turn();
  }
  void attach(client& who, bool clean = true, uint32_t expiry = 0,
              std::string_view will = {}) {
    attach_connection request;
    request.connection = who.handle;
    request.parameters.clean_start = clean;
    request.parameters.expiry_interval = expiry;
    if (!will.empty())
      request.parameters.will = broker::make_publication(will, "will");
    send(std::move(request));
  }
  void detach(client& who,
              end_of_connection how = end_of_connection::by_client) {
    detached message;
    message.connection = who.handle;
    message.how = how;
    send(std::move(message));
  }
  void subscribe(std::string filter, uint16_t packet_id = 1) {
    client_subscribed message;
    message.packet_id = packet_id;
    message.requests.push_back({std::move(filter), {}});
    message.requests.front().options.qos = qos::at_least_once;
    send(std::move(message));
  }
  void in_force(size_t subtree) { send(filters_in_force{requests[subtree]}); }
  void deliver_one(std::string_view payload, uint16_t shared = 0) {
    broker::batch_ptr batch{new broker::publication_batch(nullptr, 1, 0),
                            false};
    batch->add(broker::make_publication(payload, "t"));
    broker::delivery what;
    what.qos = qos::at_least_once;
    what.shared = shared;
    send(deliver{session_key(), std::move(batch), {what}});
  }
  std::string take() {
    auto result = std::move(log);
    log.clear();
    if (!result.empty())
      result.pop_back();
    return result;
  }
  /// "0" or "1": the subtree that has the topics of this first level.
  std::string subtree_of(std::string_view topic) const {
    return std::to_string(routes->index_of(topic));
  }

  time_point at = clock::now();
  node_context node;
  loop home;
  client anna;
  client bert;
  client cleo;
  std::shared_ptr<const route_table> routes;
  uint32_t requests[2] = {0, 0};
  std::string log;
  registry_actor registry;
  session_actor actor;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_tests, fixture)

// -- connections come and go --------------------------------------------------

CAF_TEST(a connection gets the session at once if nobody has it) {
  attach(anna);
  CAF_CHECK_EQUAL(anna.take(), "new");
  CAF_CHECK_EQUAL(take(), "");
  CAF_CHECK_EQUAL(home.stats().sessions.value(), 1u);
}

// [MQTT-3.1.4-3]
CAF_TEST(a new connection gets the session when the old one has ended) {
  attach(anna);
  attach(bert);
  CAF_CHECK_EQUAL(anna.take(), "new taken-over");
  CAF_CHECK_EQUAL(bert.take(), "");
  detach(anna, end_of_connection::taken_over);
  CAF_CHECK_EQUAL(bert.take(), "new");
}

CAF_TEST(of several new connections the last one keeps the session) {
  attach(anna);
  attach(bert);
  attach(cleo);
  CAF_CHECK_EQUAL(anna.take(), "new taken-over");
  detach(anna, end_of_connection::taken_over);
  CAF_CHECK_EQUAL(bert.take(), "new taken-over");
  CAF_CHECK_EQUAL(cleo.take(), "");
  detach(bert, end_of_connection::taken_over);
  CAF_CHECK_EQUAL(cleo.take(), "new");
  CAF_CHECK_EQUAL(take(), "");
}

CAF_TEST(only the connection that has the session can give it back) {
  attach(anna);
  detach(bert);
  CAF_CHECK_EQUAL(take(), "");
  deliver_one("x");
  CAF_CHECK_EQUAL(anna.take(), "new x/1");
}

CAF_TEST(a clean session is idle when its connection ends) {
  attach(anna);
  detach(anna);
  CAF_CHECK_EQUAL(take(), "idle1");
}

CAF_TEST(a session that ends unsubscribes everywhere and is gone) {
  attach(anna);
  subscribe("a/b");
  subscribe("#");
  take();
  detach(anna);
  take();
  self->monitor(actor);
  send(end_session{});
  auto text = take();
  CAF_CHECK(text.find(subtree_of("a") + ":left") != std::string::npos);
  CAF_CHECK(text.find("0:left(#") != std::string::npos);
  CAF_CHECK(text.find("1:left(#") != std::string::npos);
  auto is_down = false;
  self->receive([&](caf::down_msg&) { is_down = true; },
                caf::after(seconds{0}) >> [] {});
  CAF_CHECK(is_down);
  CAF_CHECK_EQUAL(home.stats().sessions.value(), 0u);
  CAF_CHECK_EQUAL(home.stats().subscriptions.value(), 0u);
}

CAF_TEST(a connection that comes before the end finds a new session) {
  attach(anna);
  detach(anna);
  attach(bert);
  CAF_CHECK_EQUAL(bert.take(), "new");
  CAF_CHECK_EQUAL(take(), "idle1");
  detach(bert);
  CAF_CHECK_EQUAL(take(), "idle2");
}

CAF_TEST(a session with an expiry interval is idle when it is over) {
  attach(anna, true, 60);
  detach(anna);
  turn(seconds{59});
  CAF_CHECK_EQUAL(take(), "");
  turn(seconds{60}); // the timer fires behind the actors
  turn(seconds{60});
  CAF_CHECK_EQUAL(take(), "idle1");
  CAF_CHECK_EQUAL(home.stats().sessions_expired.value(), 1u);
}

CAF_TEST(a client that comes back in time finds its session) {
  attach(anna, true, 60);
  subscribe("a");
  detach(anna);
  attach(bert, false, 60);
  CAF_CHECK_EQUAL(bert.take(), "resumed");
  take();
  turn(seconds{61});
  CAF_CHECK_EQUAL(take(), "");
}

CAF_TEST(a clean start drops the old subscriptions) {
  attach(anna, true, 60);
  subscribe("a");
  detach(anna);
  take();
  attach(bert, true, 60);
  CAF_CHECK_EQUAL(bert.take(), "new");
  CAF_CHECK_EQUAL(take(), subtree_of("a") + ":left(a)");
}

CAF_TEST(the will is routed when the connection is lost) {
  attach(anna, true, 0, "farewell");
  detach(anna, end_of_connection::abnormal);
  CAF_CHECK_EQUAL(take(), subtree_of("will") + ":route(farewell) idle1");
}

CAF_TEST(the will is not routed when the client disconnects) {
  attach(anna, true, 0, "farewell");
  detach(anna);
  CAF_CHECK_EQUAL(take(), "idle1");
}

CAF_TEST(a session that fails ends its connections and is forgotten) {
  attach(anna);
  attach(bert);
  anna.take();
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  turn();
  CAF_CHECK_EQUAL(anna.take(), "taken-over");
  CAF_CHECK_EQUAL(bert.take(), "taken-over failed");
  CAF_CHECK_EQUAL(take(), "failed");
  CAF_CHECK_EQUAL(home.stats().sessions.value(), 0u);
}

// -- subscriptions ------------------------------------------------------------

CAF_TEST(SUBACK waits for every subtree that has the filter) {
  attach(anna);
  anna.take();
  subscribe("#", 7);
  CAF_CHECK_EQUAL(take(), "0:subscribe(#) 1:subscribe(#)");
  in_force(1);
  CAF_CHECK_EQUAL(anna.take(), "");
  in_force(0);
  CAF_CHECK_EQUAL(anna.take(), "suback7:1,");
}

CAF_TEST(UNSUBACK waits for the subtree and tells what was not there) {
  attach(anna);
  subscribe("a");
  anna.take();
  take();
  send(client_unsubscribed{8, {{"a"}, {"b"}}});
  CAF_CHECK_EQUAL(take(), subtree_of("a") + ":unsubscribe(a)");
  CAF_CHECK_EQUAL(anna.take(), "");
  in_force(routes->index_of("a"));
  CAF_CHECK_EQUAL(anna.take(), "unsuback8:0,17,");
}

CAF_TEST(UNSUBACK for unknown filters waits for nobody) {
  attach(anna);
  anna.take();
  send(client_unsubscribed{8, {{"b"}}});
  CAF_CHECK_EQUAL(anna.take(), "unsuback8:17,");
}

CAF_TEST(an answer for a connection that is gone goes nowhere) {
  attach(anna, true, 60);
  subscribe("a");
  detach(anna);
  attach(bert, false, 60);
  bert.take();
  in_force(routes->index_of("a"));
  CAF_CHECK_EQUAL(bert.take(), "");
}

CAF_TEST(a new subtree is given the subscriptions it should have) {
  attach(anna);
  subscribe("#");
  subscribe("a");
  take();
  send(routes_changed{routes, 1, nullptr});
  auto text = take();
  CAF_CHECK(text.find("1:refill(#)") != std::string::npos);
  CAF_CHECK(text.find("0:") == std::string::npos);
}

CAF_TEST(nobody waits for a subtree that failed) {
  attach(anna);
  anna.take();
  subscribe("#", 7);
  send(routes_changed{routes, 1, nullptr});
  CAF_CHECK_EQUAL(anna.take(), "suback7:1,");
}

// -- messages -----------------------------------------------------------------

CAF_TEST(messages for a client that is away wait for it) {
  attach(anna, true, 60);
  subscribe("t");
  detach(anna);
  deliver_one("1");
  deliver_one("2");
  CAF_CHECK_EQUAL(home.stats().stored_messages.value(), 2u);
  attach(bert, false, 60);
  CAF_CHECK_EQUAL(bert.take(), "resumed queued:1 queued:2");
}

CAF_TEST(messages wait while the client does not read) {
  attach(anna);
  anna.take();
  send(output_writable{false});
  deliver_one("x");
  CAF_CHECK_EQUAL(anna.take(), "");
  send(output_writable{true});
  CAF_CHECK_EQUAL(anna.take(), "queued:x");
}

CAF_TEST(what a full queue drops is counted) {
  config::settings limited;
  limited.max_queued_messages = 1;
  home.set_policy(make_policy(limited));
  attach(anna);
  send(output_writable{false});
  deliver_one("1");
  deliver_one("2");
  using enum broker::drop_reason;
  CAF_CHECK_EQUAL(home.stats().dropped[static_cast<size_t>(queue_full)].value(),
                  1u);
}

// -- shared subscriptions -----------------------------------------------------

CAF_TEST(a member tells its groups whether it can take messages) {
  attach(anna, true, 60);
  subscribe("$share/g/t");
  take();
  auto subtree = subtree_of("t");
  send(output_writable{false});
  CAF_CHECK_EQUAL(take(), subtree + ":state1");
  send(output_writable{true});
  CAF_CHECK_EQUAL(take(), subtree + ":state0");
  detach(anna);
  CAF_CHECK_EQUAL(take(), subtree + ":state1");
}

CAF_TEST(messages of a member that ends go to another one after it left) {
  attach(anna);
  subscribe("$share/g/t");
  deliver_one("orphan", 1);
  detach(anna);
  take();
  send(end_session{});
  auto subtree = subtree_of("t");
  CAF_CHECK_EQUAL(take(),
                  subtree + ":left($share/g/t) " + subtree + ":again(orphan)");
}

CAF_TEST(messages that wait go to another member on UNSUBSCRIBE) {
  attach(anna);
  subscribe("$share/g/t");
  send(output_writable{false});
  deliver_one("orphan", 1);
  take();
  send(client_unsubscribed{9, {{"$share/g/t"}}});
  auto subtree = subtree_of("t");
  CAF_CHECK_EQUAL(take(), subtree + ":unsubscribe($share/g/t) " + subtree
                              + ":again(orphan)");
  CAF_CHECK_EQUAL(home.stats().stored_messages.value(), 0u);
}

// -- for bridges
// ---------------------------------------------------------------

CAF_TEST(a client can want some filters and no others) {
  attach(anna);
  subscribe("a");
  subscribe("b");
  take();
  anna.take();
  client_subscribed all;
  all.replaces_all = true;
  all.requests.push_back({"b", {}});
  all.requests.push_back({"c", {}});
  send(std::move(all));
  auto text = take();
  CAF_CHECK(text.find("unsubscribe(a)") != std::string::npos);
  CAF_CHECK(text.find("unsubscribe(b)") == std::string::npos);
  CAF_CHECK_EQUAL(home.stats().subscriptions.value(), 2u);
}

CAF_TEST(who takes no messages only changes subscriptions) {
  attach_connection request;
  request.connection = anna.handle;
  request.parameters.expiry_interval = 100;
  request.parameters.client.takes_messages = false;
  send(std::move(request));
  deliver_one("a");
  CAF_CHECK_EQUAL(anna.take(), "new");
  detach(anna);
  attach(bert, false, 100);
  CAF_CHECK_EQUAL(bert.take(), "resumed queued:a");
}

CAF_TEST_FIXTURE_SCOPE_END()
