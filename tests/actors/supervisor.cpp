#include "actors/supervisor.hpp"

#include "../broker/publications.hpp"
#include "actors/refilling.hpp"
#include "fixture.hpp"

#include <caf/exit_reason.hpp>

#include <map>
#include <memory>
#include <string>

using namespace troupe;
using namespace troupe::actors;

namespace {

/// Two loops that are not started, two registries, three subtrees.
struct fixture : caf_fixture {
  fixture() {
    for (size_t i = 0; i < 2; ++i)
      node.loops.push_back(std::make_unique<loop>(sys, i));
    for (size_t i = 0; i < 2; ++i)
      node.registries.push_back(record<registry_actor>(
          sys, [this, i](const mail& message) { on_registry(i, message); }));
    for (size_t i = 0; i < 3; ++i) {
      node.subtrees.push_back(std::make_unique<subtree_stats>());
      subtrees.push_back(start_subtree(sys, node, i));
    }
    greeter = record<greeter_actor>(sys, [this](const mail& message) {
      log += message.get_if<stop_node>() ? "greeter " : "? ";
    });
    publisher = record<sys_actor>(sys, [this](const mail& message) {
      log += message.get_if<stop_node>()        ? "sys "
             : message.get_if<routes_changed>() ? ""
                                                : "? ";
    });
    watcher = sys.spawn<supervisor>(
        node, subtrees, std::vector<greeter_actor>{greeter}, publisher,
        policy_changed{}, [this] { log += "drained "; });
    consume_messages();
  }
  ~fixture() {
    caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
    consume_messages();
  }

  void on_registry(size_t index, const mail& message) {
    if (auto* changed = message.get_if<routes_changed>()) {
      log += "lost" + std::to_string(changed->lost) + "@"
             + std::to_string(index) + " ";
      routes = changed->routes;
      if (index == 1 && registry_takes_time)
        until = changed->until;
    } else if (message.get_if<stop_node>()) {
      log += "registry" + std::to_string(index) + " ";
    }
  }
  void fail(const subtree_actor& which) {
    caf::anon_send_exit(which, caf::exit_reason::kill);
    consume_messages();
  }
  std::string take() {
    auto result = std::move(log);
    log.clear();
    if (!result.empty())
      result.pop_back();
    return result;
  }
  /// Does the subtree deliver what is published there?
  bool works(const subtree_actor& which) {
    // What it holds back now may come when we are gone.
    auto delivered = std::make_shared<bool>(false);
    auto session = record<session_actor>(sys, [delivered](const mail& message) {
      *delivered = *delivered || message.get_if<deliver>() != nullptr;
    });
    subscribe_filters request;
    request.session = session;
    request.subscriber = caf::actor_cast<subscriber_actor>(session);
    request.key = 1;
    request.filters.push_back({"a", {}, 0, 0, true});
    tell(which, std::move(request));
    broker::batch_ptr batch{new broker::publication_batch(nullptr, 1, 0),
                            false};
    batch->add(broker::make_publication("x", "a"));
    tell(which, route{std::move(batch)});
    tell(which, session_left{1, {"a"}});
    consume_messages();
    return *delivered;
  }

  /// The origin that the subtree gives to what a peer is sent.
  broker::message_origin origin_by(const subtree_actor& which) {
    auto path = std::make_shared<std::string>();
    auto session = record<session_actor>(sys, [path](const mail& message) {
      if (auto* got = message.get_if<deliver>())
        *path = got->batch->items.front().message->path();
    });
    subscribe_filters request;
    request.session = session;
    request.subscriber = caf::actor_cast<subscriber_actor>(session);
    request.key = 1;
    request.filters.push_back({"a", {}, 0, 0, true});
    request.filters.front().options.is_peer = true;
    tell(which, std::move(request));
    broker::batch_ptr batch{new broker::publication_batch(nullptr, 1, 0),
                            false};
    batch->add(broker::make_publication("x", "a"));
    tell(which, route{std::move(batch)});
    tell(which, session_left{1, {"a"}});
    consume_messages();
    auto read = broker::message_path::parse(*path);
    CAF_REQUIRE(read);
    return read->origin();
  }

  node_context node;
  std::string log;
  std::shared_ptr<const route_table> routes;
  std::shared_ptr<refilling> until;
  bool registry_takes_time = false;
  std::vector<subtree_actor> subtrees;
  greeter_actor greeter;
  sys_actor publisher;
  supervisor_actor watcher;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(supervisor_tests, fixture)

CAF_TEST(a subtree that fails is replaced and every registry is told) {
  CAF_CHECK(works(subtrees[1]));
  fail(subtrees[1]);
  CAF_CHECK_EQUAL(take(), "lost1@0 lost1@1");
  CAF_REQUIRE(routes != nullptr);
  CAF_REQUIRE_EQUAL(routes->size(), 3u);
  CAF_CHECK(routes->subtree(0) == subtrees[0]);
  CAF_CHECK(routes->subtree(1) != subtrees[1]);
  CAF_CHECK(routes->subtree(2) == subtrees[2]);
  CAF_CHECK(!works(subtrees[1]));
  CAF_CHECK(works(routes->subtree(1)));
}

CAF_TEST(a new subtree gives no origin that the lost one has given) {
  auto before = origin_by(subtrees[1]);
  CAF_CHECK_EQUAL(before.lane, 1u);
  CAF_CHECK_EQUAL(before.sequence, 1u);
  CAF_CHECK_EQUAL(origin_by(subtrees[1]).sequence, 2u);
  fail(subtrees[1]);
  auto after = origin_by(routes->subtree(1));
  CAF_CHECK_EQUAL(after.lane, 1u);
  CAF_CHECK_EQUAL(after.sequence, 1u);
  CAF_CHECK(after.epoch > before.epoch);
}

CAF_TEST(epochs rise whatever the clock says) {
  auto future = instant::now().wall + 1'000'000;
  node.begin_epochs_after(future);
  auto first = node.new_epoch();
  CAF_CHECK(first > static_cast<uint64_t>(future));
  CAF_CHECK(node.new_epoch() > first);
}

CAF_TEST(a new subtree serves when everybody has told it what it must know) {
  registry_takes_time = true;
  fail(subtrees[1]);
  CAF_CHECK(!works(routes->subtree(1)));
  until.reset();
  consume_messages();
  CAF_CHECK(works(routes->subtree(1)));
}

CAF_TEST(the store is asked for what the subtree retained) {
  node.store = record<store_actor>(sys, [this](const mail& message) {
    if (auto* wanted = message.get_if<reload>())
      log += wanted->retained && wanted->change.lost == 2 ? "reload " : "? ";
  });
  fail(subtrees[2]);
  CAF_CHECK(take().find("reload") != std::string::npos);
  node.store = store_actor{};
}

CAF_TEST(a subtree that fails again is replaced again) {
  fail(subtrees[0]);
  auto second = routes->subtree(0);
  fail(second);
  CAF_CHECK_EQUAL(take(), "lost0@0 lost0@1 lost0@0 lost0@1");
  CAF_CHECK(routes->subtree(0) != second);
  CAF_CHECK(works(routes->subtree(0)));
}

CAF_TEST(a subtree that failed before it was watched is replaced too) {
  auto dead = start_subtree(sys, node, 0);
  fail(dead);
  take();
  auto other = sys.spawn<supervisor>(node, std::vector<subtree_actor>{dead},
                                     std::vector<greeter_actor>{}, publisher,
                                     policy_changed{}, [] {});
  consume_messages();
  CAF_CHECK_EQUAL(take(), "lost0@0 lost0@1");
  caf::anon_send_exit(other, caf::exit_reason::user_shutdown);
  consume_messages();
}

CAF_TEST(nobody is told while nothing fails) {
  consume_messages();
  CAF_CHECK_EQUAL(take(), "");
}

CAF_TEST(to stop is passed on to everybody who serves clients) {
  tell(watcher, stop_node{});
  consume_messages();
  auto text = take();
  for (auto part : {"sys", "greeter", "registry0", "registry1"})
    CAF_CHECK(text.find(part) != std::string::npos);
  CAF_CHECK(text.find("drained") == std::string::npos);
}

CAF_TEST(what fails after the stop is not started anew) {
  tell(watcher, stop_node{});
  consume_messages();
  take();
  fail(subtrees[1]);
  CAF_CHECK_EQUAL(take(), "");
}

CAF_TEST(the node is drained once when the last registry is) {
  tell(watcher, drain_finished{1});
  tell(watcher, drain_finished{1});
  consume_messages();
  CAF_CHECK_EQUAL(take(), "");
  tell(watcher, drain_finished{0});
  consume_messages();
  CAF_CHECK_EQUAL(take(), "drained");
  tell(watcher, drain_finished{0});
  consume_messages();
  CAF_CHECK_EQUAL(take(), "");
}

CAF_TEST_FIXTURE_SCOPE_END()
