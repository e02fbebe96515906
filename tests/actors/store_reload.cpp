// What the store tells a subtree that was started anew.
#include "actors/refilling.hpp"
#include "actors/routes.hpp"
#include "store_fixture.hpp"

#include <map>
#include <memory>

using namespace troupe;
using namespace troupe::actors;
using namespace troupe::actors::store_test;

namespace {

/// Two subtrees that write down what they are told.
struct reload_fixture : store_fixture<test::memory_store> {
  reload_fixture() {
    std::vector<subtree_actor> subtrees;
    for (size_t i = 0; i < 2; ++i)
      subtrees.push_back(record<subtree_actor>(
          sys, [this, i](const mail& message) { on_subtree(i, message); }));
    routes = std::make_shared<const route_table>(std::move(subtrees));
    wanted.change.routes = routes;
    wanted.change.lost = routes->index_of("a");
    wanted.change.until =
        std::make_shared<refilling>(routes->subtree(wanted.change.lost));
    wanted.subscriber = caf::actor_cast<subscriber_actor>(sink);
  }

  void on_subtree(size_t index, const mail& message) {
    if (index != routes->index_of("a"))
      log += "wrong ";
    if (auto* known = message.get_if<refill>()) {
      for (const auto& each : known->subscribers)
        for (const auto& request : each.filters)
          filters[each.key] += request.filter + " ";
      for (const auto& each : known->retained)
        retained += std::string{each.message->topic()} + " ";
      log += "refill ";
    } else if (message.get_if<refilled>()) {
      log += "refilled ";
    }
  }
  void retain(std::string_view topic) {
    protocol::message source;
    source.topic = topic;
    source.payload = "x";
    source.retain = true;
    remember_retained what;
    what.messages.push_back({broker::publication::make(source, at), nullptr});
    tell(actor, std::move(what));
  }
  void ask() {
    tell(actor, std::move(wanted));
    for (int i = 0; i < 10; ++i)
      turn();
  }
  /// A topic of the other subtree.
  std::string elsewhere() const {
    for (int i = 0;; ++i)
      if (auto name = "b" + std::to_string(i);
          routes->index_of(name) != routes->index_of("a"))
        return name;
  }

  std::shared_ptr<const route_table> routes;
  std::map<broker::session_key, std::string> filters;
  std::string retained;
  reload wanted;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(store_reload_tests, reload_fixture)

CAF_TEST(a new subtree is told of the filters that concern it) {
  change(1, "a/b", 7);
  change(2, elsewhere(), 7);
  change(3, "$share/g/a", 8);
  change(4, "+/x", 8);
  change(5, "a", 9);
  wanted.keys = {7, 8, 10};
  ask();
  CAF_CHECK_EQUAL(filters[7], "a/b ");
  CAF_CHECK_EQUAL(filters[8], "$share/g/a +/x ");
  CAF_CHECK_EQUAL(filters.size(), 2u);
  auto text = take();
  CAF_CHECK(text.ends_with("refill refilled"));
}

CAF_TEST(a new subtree is told of what it retained) {
  retain("a/1");
  retain("a/2");
  retain(elsewhere());
  wanted.retained = true;
  ask();
  CAF_CHECK_EQUAL(retained, "a/1 a/2 ");
  CAF_CHECK_EQUAL(take(), "refill refilled");
}

CAF_TEST(many sessions are looked up some at a time) {
  for (broker::session_key key = 1; key <= 3000; ++key) {
    remember what;
    what.key = key;
    what.subscribed.push_back({"a", {}, 0, 0});
    tell(actor, std::move(what));
    wanted.keys.push_back(key);
  }
  ask();
  CAF_CHECK_EQUAL(filters.size(), 3000u);
  CAF_CHECK_EQUAL(take(), "refill refill refill refilled");
}

CAF_TEST_FIXTURE_SCOPE_END()
