// Messages that cross bridges: which get an origin, and which were here before.
#include "actors/journaling.hpp"
#include "broker/message_path.hpp"
#include "subtree_fixture.hpp"

#include <functional>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::actors;
using namespace troupe::actors::subtree_test;
using std::chrono::seconds;

namespace {

constexpr broker::node_id here = 0xabc;

/// What was sent to a client that keeps it, as "payload:path".
std::vector<std::string> ways(const client& of) {
  std::vector<std::string> result;
  for (const auto& batch : of.kept)
    for (const auto& item : batch->items)
      result.push_back(std::string{item.message->payload()} + ":"
                       + std::string{item.message->path()});
  return result;
}

/// Anna is the bridge of another node, Bert and Cleo are ordinary clients.
struct fixture : subtree_fixture {
  fixture() {
    start_as({here, 0x10});
    anna.keep = bert.keep = true;
  }

  struct life {
    broker::node_id node = 0;
    uint64_t epoch = 0;
  };
  void start_as(const life& which, seconds expiry = seconds{0}) {
    subtree_options options;
    options.node = which.node;
    options.epoch = which.epoch;
    options.retain_expiry_interval = expiry;
    start(options);
  }

  static filter_request want_as_peer(std::string filter, qos level = qos1) {
    auto result = want(std::move(filter), level);
    result.options.is_peer = true;
    return result;
  }
  /// It came over a bridge.
  static broker::publication_ptr foreign(uint64_t sequence,
                                         std::string_view payload,
                                         bool retain = false,
                                         broker::node_id by_way_of = 2) {
    auto path =
        broker::append(broker::to_string({1, 5, 0, sequence}), by_way_of);
    return broker::with_path(*message("a", payload, qos1, retain), path);
  }
  static std::string own(std::string_view payload, std::string_view sequence,
                         std::string_view epoch = "10") {
    return std::string{payload} + ":0000000000000abc/" + std::string{epoch}
           + ".0/" + std::string{sequence};
  }
  void let_go() {
    anna.kept.clear();
    bert.kept.clear();
  }
};

using texts = std::vector<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(subtree_path_tests, fixture)

// -- origins ------------------------------------------------------------------

CAF_TEST(messages that a peer is sent are numbered) {
  subscribe(anna, want_as_peer("a"));
  publish("a", "x");
  publish("a", "y");
  CAF_CHECK(ways(anna) == (texts{own("x", "1"), own("y", "2")}));
}

CAF_TEST(all subscribers share the message with its origin) {
  subscribe(bert, want("#"));
  subscribe(anna, want_as_peer("a"));
  publish("a", "x", qos1);
  CAF_CHECK_EQUAL(anna.take(), "x@1");
  CAF_CHECK_EQUAL(bert.take(), "x");
  CAF_REQUIRE_EQUAL(bert.kept.size(), 1u);
  CAF_CHECK(anna.kept.front()->items[0].message
            == bert.kept.front()->items[0].message);
}

CAF_TEST(messages that nobody bridges stay what they are) {
  subscribe(anna, want_as_peer("b"));
  subscribe(bert, want("a"));
  auto sent = message("a", "x");
  publish(batch_of({sent}));
  CAF_REQUIRE_EQUAL(bert.kept.size(), 1u);
  CAF_CHECK(bert.kept.front()->items[0].message == sent);
}

CAF_TEST(of a run of one topic each gets a number of its own) {
  subscribe(anna, want_as_peer("a"));
  publish(batch_of({message("a", "1"), message("a", "2"), message("b", "3"),
                    message("a", "4"), message("a", "5")}));
  CAF_CHECK_EQUAL(anna.take(), "1 2 4 5");
  CAF_CHECK(ways(anna)
            == (texts{own("1", "1"), own("2", "2"), "3:", own("4", "3"),
                      own("5", "4")}));
}

CAF_TEST(a message has an origin once) {
  subscribe(anna, want_as_peer("#"));
  publish(batch_of({foreign(7, "x")}));
  CAF_CHECK(ways(anna) == texts{"x:0000000000000001/5.0/7 0000000000000002"});
}

CAF_TEST(a subtree in the place of another counts in an epoch of its own) {
  subscribe(anna, want_as_peer("a"));
  publish("a", "x");
  start_as({here, 0x11});
  subscribe(anna, want_as_peer("a"));
  publish("a", "y");
  CAF_CHECK(ways(anna) == (texts{own("x", "1"), own("y", "1", "11")}));
}

CAF_TEST(a peer in a shared subscription gets an origin in its turn) {
  subscribe(anna, want_as_peer("$share/g/a"));
  subscribe(bert, want("$share/g/a"));
  publish(batch_of({message("a", "1"), message("a", "2"), message("a", "3")}));
  CAF_CHECK_EQUAL(anna.take(), "1$ 3$");
  CAF_CHECK_EQUAL(bert.take(), "2$");
  CAF_CHECK(ways(anna) == (texts{own("1", "1"), "2:", own("3", "2")}));
}

CAF_TEST(what another member has left goes to a peer with an origin) {
  subscribe(anna, want_as_peer("$share/g/a"));
  redistribute_one("$share/g/a", "x");
  CAF_CHECK(ways(anna) == texts{own("x", "1")});
}

CAF_TEST(who subscribes again as an ordinary client ends the numbering) {
  subscribe(anna, want_as_peer("a"));
  subscribe(anna, want("a"));
  publish("a", "x");
  CAF_CHECK(ways(anna) == texts{"x:"});
}

// -- repeats ------------------------------------------------------------------

CAF_TEST(a message that comes on two ways is delivered once) {
  subscribe(bert, want("a", qos1));
  publish(batch_of({foreign(1, "x", false, 2)}));
  publish(batch_of({foreign(1, "x", false, 3)}));
  publish(batch_of({foreign(2, "y", false, 3)}));
  publish(batch_of({foreign(2, "y", false, 2), foreign(3, "z", false, 2)}));
  CAF_CHECK_EQUAL(bert.take(), "x@1 y@1 z@1");
  CAF_CHECK_EQUAL(stats.repeats.value(), 2u);
}

CAF_TEST(who brings a repeat has done well) {
  subscribe(bert, want("a"));
  publish(batch_of({foreign(1, "x")}));
  owner.matched = false;
  publish(batch_of({foreign(1, "x")}));
  let_go();
  CAF_CHECK_EQUAL(owner.completed, 2);
  CAF_CHECK(owner.matched);
}

CAF_TEST(what was seen before the start is a repeat) {
  auto seen = std::make_shared<broker::seen_set>();
  seen->insert(broker::message_origin{1, 5, 0, 1});
  subtree_options options;
  options.seen_before = std::move(seen);
  start(options);
  subscribe(bert, want("a"));
  publish(batch_of({foreign(1, "x"), foreign(2, "y")}));
  publish(batch_of({foreign(1, "x"), foreign(2, "y")}));
  CAF_CHECK_EQUAL(bert.take(), "y");
}

CAF_TEST(a repeat is not retained) {
  publish(batch_of({foreign(1, "old", true)}));
  retain("a", "new");
  publish(batch_of({foreign(1, "old", true)}));
  subscribe(bert, want("a"));
  CAF_CHECK_EQUAL(bert.take(), "newR~");
}

CAF_TEST(what was lost is delivered when it comes again) {
  subscribe(bert, want("a"));
  publish(batch_of({foreign(1, "x"), foreign(2, "y")}));
  tell(actor, forget_origins{{{1, 5, 0, 2}}});
  publish(batch_of({foreign(1, "x"), foreign(2, "y")}));
  publish(batch_of({foreign(2, "y")}));
  CAF_CHECK_EQUAL(bert.take(), "x y y");
}

CAF_TEST(whose repeat is lost was not lost) {
  subscribe(bert, want("a"));
  publish(batch_of({foreign(1, "x")}));
  publish(batch_of({foreign(1, "x", false, 3), foreign(2, "y", false, 3)}));
  loop home{sys, 0};
  CAF_REQUIRE_EQUAL(home.open(), "");
  home.set_routes(
      std::make_shared<const route_table>(std::vector<subtree_actor>{actor}));
  let_go();
  CAF_REQUIRE(owner.last != nullptr);
  forget_lost(home, *owner.last);
  consume_messages();
  publish(batch_of({foreign(1, "x", false, 3), foreign(2, "y", false, 3)}));
  CAF_CHECK_EQUAL(bert.take(), "x y y");
  home.set_routes(
      std::make_shared<const route_table>(std::vector<subtree_actor>{}));
}

CAF_TEST(messages of ordinary clients are never repeats) {
  subscribe(bert, want("a"));
  auto sent = message("a", "x");
  publish(batch_of({sent}));
  publish(batch_of({sent}));
  CAF_CHECK_EQUAL(bert.take(), "x x");
  CAF_CHECK_EQUAL(stats.repeats.value(), 0u);
}

// -- retained messages --------------------------------------------------------

CAF_TEST(a retained message keeps its path) {
  publish(batch_of({foreign(1, "x", true)}));
  subscribe(anna, want_as_peer("a"));
  CAF_CHECK(ways(anna) == texts{"x:0000000000000001/5.0/1 0000000000000002"});
}

CAF_TEST(what a peer was sent is retained with the same origin) {
  subscribe(anna, want_as_peer("a"));
  retain("a", "x");
  subscribe(bert, want_as_peer("a"));
  CAF_CHECK(ways(anna) == texts{own("x", "1")});
  CAF_CHECK(ways(bert) == texts{own("x", "1")});
}

CAF_TEST(what was retained before is the same for every peer) {
  retain("a", "x");
  retain("b", "y");
  subscribe(bert, want("#"));
  CAF_CHECK(ways(bert) == (texts{"x:", "y:"}));
  let_go();
  subscribe(anna, want_as_peer("#"));
  subscribe(bert, want_as_peer("#"));
  CAF_CHECK(ways(anna) == (texts{own("x", "1"), own("y", "2")}));
  CAF_CHECK(ways(bert) == ways(anna));
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 2u);
}

CAF_TEST(what grows too old does so whoever was sent it) {
  loop home{sys, 0};
  CAF_REQUIRE_EQUAL(home.open(), "");
  start_as({here, 0x10}, seconds{60});
  auto at = clock::now();
  auto turn = [&](seconds passed, std::function<void()> what) {
    run_on(home, std::move(what));
    home.run_one_turn(at + passed);
    consume_messages();
  };
  turn(seconds{0},
       [&] { tell(actor, route{batch_of({message("a", "x", qos1, true)})}); });
  subscribe(anna, want_as_peer("a"));
  CAF_CHECK(ways(anna) == texts{own("x", "1")});
  turn(seconds{60}, [&] { tell(actor, housekeeping{}); });
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
