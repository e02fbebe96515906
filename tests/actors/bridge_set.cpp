#include "actors/bridge_set.hpp"

#include "actors/supervisor.hpp"
#include "bridge_fixture.hpp"

#include <memory>
#include <string>

using namespace troupe;
using namespace troupe::actors;

namespace {

/// A supervisor with the bridges of a configuration that changes.
struct fixture : bridge_fixture {
  fixture() {
    publisher = record<sys_actor>(sys, [](const mail&) {});
    set_owner = sys.spawn<supervisor>(
        node, std::vector<subtree_actor>{}, std::vector<greeter_actor>{},
        publisher, policy_changed{home().policy_in_force(), nullptr}, [] {});
    consume_messages();
  }
  ~fixture() {
    if (!is_stopped)
      stop();
    caf::anon_send_exit(set_owner, caf::exit_reason::user_shutdown);
    consume_messages();
  }

  /// Another configuration: `own` as often as it is named; the client
  /// identifier of its session is `local.here` throughout.
  void change_to(std::initializer_list<std::string> names) {
    auto policy = std::make_shared<node_policy>(home().policy());
    policy->bridges.clear();
    for (const auto& name : names) {
      own.name = name;
      policy->bridges.push_back(make_plan());
    }
    auto token = std::make_shared<int>();
    until = token;
    tell(set_owner, policy_changed{policy, nullptr, std::move(token)});
    consume_messages();
  }
  void stop() {
    is_stopped = true;
    tell(set_owner, stop_node{});
    settle_all();
  }
  /// Turns the loop and lets the supervisor hear of what has happened.
  void turn_all(int count) {
    while (count-- > 0) {
      turn();
      consume_messages();
    }
  }
  void settle_all() { turn_all(30); }
  bool is_reloaded() { return until.expired(); }
  /// Of the bridges that there are.
  std::string states() {
    std::string result;
    for (const auto& each : node.bridges.all())
      result += each->name() + "=" + to_string(each->state.load()) + " ";
    if (!result.empty())
      result.pop_back();
    return result;
  }

  sys_actor publisher;
  supervisor_actor set_owner;
  std::weak_ptr<int> until;
  bool is_stopped = false;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(bridge_set_tests, fixture)

CAF_TEST(bridges come and go with the configuration) {
  change_to({"br"});
  settle_all();
  CAF_CHECK_EQUAL(states(), "br=connected");
  CAF_CHECK(is_reloaded());
  change_to({});
  CAF_CHECK_EQUAL(states(), "");
  settle_all();
  CAF_CHECK_EQUAL(remote.take_text(), "CONNECT:here SUBSCRIBE end DISCONNECT");
  CAF_CHECK_EQUAL(waiting(), -1);
  CAF_CHECK_EQUAL(subscriptions(), 0u);
}

CAF_TEST(a bridge that is added again at any time loses nothing from then on) {
  for (int before = 0; before < 15; ++before) {
    for (int between = 0; between < 15; ++between) {
      change_to({"br"});
      turn_all(before);
      change_to({});
      turn_all(between);
      change_to({"br"});
      for (int turns = 0; turns < 60 && !is_reloaded(); ++turns)
        turn_all(1);
      remote.take_text();
      publish_here("up/a", "1");
      settle_all();
      CAF_CHECK(remote.take_text().ends_with("up/a=1"));
      CAF_CHECK_EQUAL(states(), "br=connected");
      CAF_CHECK_EQUAL(subscriptions(), 1u);
      CAF_CHECK_EQUAL(node.sessions.load(), 1);
      change_to({});
      settle_all();
      CAF_CHECK_EQUAL(waiting(), -1);
    }
  }
}

CAF_TEST(what waits stays whatever names its bridge gets and when) {
  for (int turns = 0; turns < 15; ++turns) {
    remote.answer.reset();
    change_to({"br"});
    settle_all();
    publish_here("up/a", "1");
    change_to({"other"});
    turn_all(turns);
    change_to({"br"});
    turn_all(turns);
    change_to({"another"});
    publish_here("up/a", "2");
    settle_all();
    CAF_CHECK_EQUAL(waiting(), 2);
    remote.answer = 0;
    remote.close();
    settle_all();
    at += seconds{5};
    settle_all();
    CAF_CHECK_EQUAL(states(), "another=connected");
    CAF_CHECK(remote.take_text().ends_with("up/a=1 up/a=2"));
    change_to({});
    settle_all();
  }
}

CAF_TEST(a bridge that is removed before it could start leaves nothing) {
  for (int turns = 0; turns < 15; ++turns) {
    change_to({"br"});
    turn_all(turns);
    change_to({});
    change_to({"br"});
    turn_all(turns / 2);
    change_to({});
    CAF_CHECK_EQUAL(states(), "");
    settle_all();
    CAF_CHECK(is_reloaded());
    CAF_CHECK_EQUAL(waiting(), -1);
    CAF_CHECK_EQUAL(subscriptions(), 0u);
    CAF_CHECK_EQUAL(node.sessions.load(), 0);
  }
}

CAF_TEST(a bridge that must wait says so) {
  change_to({"br"});
  settle_all();
  change_to({});
  change_to({"br"});
  CAF_CHECK_EQUAL(states(), "br=waiting");
  CAF_CHECK(!is_reloaded());
  settle_all();
  CAF_CHECK_EQUAL(states(), "br=connected");
  CAF_CHECK(is_reloaded());
}

CAF_TEST(bridges that have nothing in common do not wait for one another) {
  change_to({"br"});
  settle_all();
  own.local_clientid = "local.more";
  change_to({"more"});
  CAF_CHECK_EQUAL(states(), "more=stopped");
  settle_all();
  CAF_CHECK_EQUAL(states(), "more=connected");
}

CAF_TEST(the node can stop while a bridge waits for the one before it) {
  change_to({"br"});
  settle_all();
  change_to({});
  change_to({"br"});
  CAF_CHECK(!is_reloaded());
  stop();
  CAF_CHECK(is_reloaded());
}

CAF_TEST_FIXTURE_SCOPE_END()
