#include "actors/sys.hpp"

#include "fixture.hpp"

#include <map>
#include <memory>
#include <string>

using namespace troupe;
using namespace troupe::actors;
using std::chrono::seconds;

namespace {

/// What a node publishes of itself, round by round, and what a subtree then
/// retains of that.
struct fixture : caf_fixture {
  fixture() {
    node.settings.sys_interval = seconds{10};
    node.loops.push_back(std::make_unique<loop>(sys, 0));
    CAF_REQUIRE_EQUAL(home().open(), "");
    std::vector<subtree_actor> subtrees{
        record<subtree_actor>(sys, [this](const mail& message) {
          if (auto* routed = message.get_if<route>())
            retain(*routed->batch);
        })};
    home().set_routes(std::make_shared<const route_table>(subtrees));
    publisher = spawn_light<actors::sys>(sys, node, home());
  }
  ~fixture() {
    tell(publisher, stop_node{});
    turn();
    publisher = sys_actor{};
    home().discard_mail();
  }

  loop& home() { return *node.loops.front(); }

  void retain(const broker::publication_batch& batch) {
    for (const auto& each : batch.items) {
      CAF_CHECK(each.message->retain());
      ++published;
      std::string topic{each.message->topic()};
      if (each.message->payload().empty())
        CAF_CHECK_EQUAL(retained.erase(topic), 1u);
      else
        retained[topic] = each.message->payload();
    }
  }
  void turn() {
    for (auto i = 0; i < 2; ++i) // what a timer sends is read in the next
      home().run_one_turn(now);
  }
  void pass_round() {
    now += node.settings.sys_interval;
    turn();
  }
  /// There is a bridge of each name.
  void set_bridges(std::vector<std::string> names) {
    std::vector<bridge_list::entry> all;
    for (auto& name : names)
      all.push_back(std::make_shared<bridge_status>(std::move(name)));
    node.bridges.set(std::move(all));
  }
  /// How many topics begin so.
  size_t count(const std::string& start) const {
    size_t found = 0;
    for (const auto& [topic, value] : retained)
      found += topic.starts_with("$SYS/broker/" + start) ? 1 : 0;
    return found;
  }

  node_context node;
  time_point now = clock::now();
  sys_actor publisher;
  std::map<std::string, std::string> retained;
  size_t published = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(sys_tests, fixture)

CAF_TEST(a bridge that is gone leaves no topic behind) {
  pass_round();
  auto without = retained.size();
  set_bridges({"a", "a/b"});
  pass_round();
  auto of_both = count("bridge/a/");
  auto of_one = count("bridge/a/b/");
  CAF_CHECK(of_one > 10);
  CAF_CHECK_EQUAL(of_both, 2 * of_one);
  set_bridges({"a/b"});
  pass_round();
  CAF_CHECK_EQUAL(count("bridge/a/"), of_one);
  CAF_CHECK_EQUAL(count("bridge/a/b/"), of_one);
  set_bridges({});
  pass_round();
  CAF_CHECK_EQUAL(count("bridge/"), 0u);
  CAF_CHECK(retained.size() >= without);
  set_bridges({"a"});
  pass_round();
  CAF_CHECK_EQUAL(count("bridge/a/"), of_one);
}

CAF_TEST(what a lost subtree retained is published again) {
  set_bridges({"a"});
  pass_round();
  pass_round(); // averages come with the second round
  auto all = std::exchange(retained, {});
  tell(publisher, routes_changed{});
  turn();
  pass_round();
  CAF_CHECK_EQUAL(retained.size(), all.size());
  auto before = published;
  pass_round();
  CAF_CHECK(published - before < all.size()); // only what has changed
}

CAF_TEST(a bridge that goes while a subtree is lost leaves nothing behind) {
  set_bridges({"a"});
  pass_round();
  tell(publisher, routes_changed{}); // another subtree was lost
  set_bridges({});
  turn();
  pass_round();
  CAF_CHECK_EQUAL(count("bridge/"), 0u);
}

CAF_TEST(no topic has a wildcard whatever a bridge is called) {
  set_bridges({"a+b/#", "a%2Bb/%23"});
  pass_round();
  CAF_CHECK_EQUAL(retained["$SYS/broker/bridge/a%2Bb/%23/state"], "stopped");
  CAF_CHECK_EQUAL(retained["$SYS/broker/bridge/a%252Bb/%2523/state"],
                  "stopped");
  for (const auto& [topic, value] : retained)
    CAF_CHECK_EQUAL(topic.find_first_of("+#"), std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
