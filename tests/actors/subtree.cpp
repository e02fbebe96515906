#include "actors/subtree.hpp"

#include "../broker/publications.hpp"
#include "fixture.hpp"

#include <malloc.h>

#include <algorithm>
#include <map>

using namespace troupe;
using namespace troupe::actors;
using protocol::qos;
using protocol::retain_handling;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

/// Bytes this process has allocated; 0 under AddressSanitizer.
size_t bytes_in_use() {
  auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// Counts the batches that were let go.
struct counting_owner final : broker::batch_owner {
  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    ++completed;
    matched = batch->items.back().matched;
    delete batch;
  }
  int completed = 0;
  bool matched = false;
};

/// One session as the subtree sees it: writes down what it is sent, as
/// "payload", then "@n" for QoS n > 0, "#n" for subscription identifier n, "R"
/// for retain, "~" for a replay and "$" for a shared subscription.
struct client {
  client(caf::actor_system& sys, broker::session_key its_key) : key(its_key) {
    handle = record<session_actor>(
        sys, [this](const mail& message) { receive(message); });
  }

  void receive(const mail& message) {
    if (auto* in_force = message.get_if<filters_in_force>()) {
      text += "ok" + std::to_string(in_force->request) + " ";
    } else if (auto* messages = message.get_if<deliver>()) {
      ++batches;
      for (const auto& each : messages->deliveries)
        write(*messages->batch, each);
      if (keep)
        kept.push_back(messages->batch);
    }
  }

  void write(const broker::publication_batch& batch,
             const broker::delivery& what) {
    const auto& message = *batch.items[what.item].message;
    text += message.payload();
    if (what.qos != qos::at_most_once)
      text += "@" + std::to_string(static_cast<int>(what.qos));
    if (what.subscription_id != 0)
      text += "#" + std::to_string(what.subscription_id);
    text += what.retain ? "R" : "";
    text += what.replayed ? "~" : "";
    text += what.shared != 0 ? "$" : "";
    text += " ";
    values.emplace_back(message.topic(), message.payload());
  }

  std::string take() {
    auto result = std::move(text);
    text.clear();
    if (!result.empty())
      result.pop_back();
    return result;
  }

  broker::session_key key;
  session_actor handle;
  std::string text;
  std::vector<std::pair<std::string, std::string>> values;
  std::vector<broker::batch_ptr> kept;
  size_t batches = 0;
  /// Does not let go of what it was sent.
  bool keep = false;
};

struct fixture : caf_fixture {
  fixture() : anna(sys, 1), bert(sys, 2), cleo(sys, 3) { start({}); }

  ~fixture() {
    // What is on its way refers to the clients.
    for (auto* each : {&anna, &bert, &cleo}) {
      each->keep = false;
      each->kept.clear();
    }
    consume_messages();
  }

  void start(subtree_options options) {
    actor = spawn_light<subtree>(sys, 0, options, stats);
  }

  // -- what sessions ask for --------------------------------------------------

  static filter_request want(std::string filter, qos level = qos::at_most_once,
                             uint32_t identifier = 0) {
    filter_request result;
    result.filter = std::move(filter);
    result.options.qos = level;
    result.identifier = identifier;
    result.shared = result.filter.starts_with("$share/") ? 1 : 0;
    return result;
  }
  void subscribe(client& who, filter_request request,
                 readiness state = readiness::ready, uint32_t number = 0) {
    subscribe_filters message;
    message.session = who.handle;
    message.subscriber = caf::actor_cast<subscriber_actor>(who.handle);
    message.key = who.key;
    message.request = number;
    message.state = state;
    message.filters.push_back(std::move(request));
    tell(actor, std::move(message));
    consume_messages();
  }
  void unsubscribe(client& who, std::string filter, uint32_t number = 1) {
    unsubscribe_filters message;
    message.session = who.handle;
    message.key = who.key;
    message.request = number;
    message.filters.push_back(std::move(filter));
    tell(actor, std::move(message));
    consume_messages();
  }
  void leave(client& who, std::vector<std::string> filters) {
    tell(actor, session_left{who.key, std::move(filters)});
    consume_messages();
  }
  void set_state(client& who, readiness state) {
    tell(actor, member_state{who.key, state});
    consume_messages();
  }

  // -- what publishers do -----------------------------------------------------

  static broker::publication_ptr message(std::string_view topic,
                                         std::string_view payload,
                                         qos level = qos::at_most_once,
                                         bool retain = false) {
    protocol::message source;
    source.topic = topic;
    source.payload = payload;
    source.qos = level;
    source.retain = retain;
    return broker::publication::make(source, clock::now());
  }
  broker::batch_ptr batch_of(std::vector<broker::publication_ptr> messages,
                             broker::session_key publisher = 99) {
    broker::batch_ptr batch{new broker::publication_batch(&owner, 1, publisher),
                            false};
    for (auto& each : messages)
      batch->add(std::move(each));
    return batch;
  }
  void publish(broker::batch_ptr batch) {
    tell(actor, route{std::move(batch)});
    consume_messages();
  }
  void publish(std::string_view topic, std::string_view payload,
               qos level = qos::at_most_once) {
    publish(batch_of({message(topic, payload, level)}));
  }
  void retain(std::string_view topic, std::string_view payload,
              qos level = qos::at_most_once) {
    publish(batch_of({message(topic, payload, level, true)}));
  }
  void retain_many(size_t count) {
    for (size_t i = 0; i < count; ++i)
      retain("many/" + std::to_string(i), "old");
  }
  void redistribute_one(std::string filter, std::string_view payload) {
    redistribute again;
    again.messages.push_back(
        {std::move(filter), message("a", payload, qos::at_least_once)});
    tell(actor, std::move(again));
    consume_messages();
  }

  subtree_stats stats;
  subtree_actor actor;
  counting_owner owner;
  client anna;
  client bert;
  client cleo;
};

constexpr auto qos1 = qos::at_least_once;
constexpr auto qos2 = qos::exactly_once;

} // namespace

CAF_TEST_FIXTURE_SCOPE(subtree_tests, fixture)

// -- subscribing --------------------------------------------------------------

CAF_TEST(a subscription is confirmed before its first message) {
  retain("a", "kept");
  subscribe(anna, want("a"), readiness::ready, 7);
  publish("a", "live");
  CAF_CHECK_EQUAL(anna.take(), "ok7 keptR~ live");
}

CAF_TEST(request zero wants no confirmation) {
  subscribe(anna, want("a"));
  CAF_CHECK_EQUAL(anna.take(), "");
}

CAF_TEST(messages go to exact and wildcard filters that match) {
  subscribe(anna, want("a/b"));
  subscribe(bert, want("a/+"));
  subscribe(cleo, want("#"));
  publish("a/b", "1");
  publish("a/c", "2");
  publish("a", "3");
  publish("$SYS/a", "4");
  CAF_CHECK_EQUAL(anna.take(), "1");
  CAF_CHECK_EQUAL(bert.take(), "1 2");
  CAF_CHECK_EQUAL(cleo.take(), "1 2 3");
}

CAF_TEST(overlapping subscriptions bring one copy each) {
  subscribe(anna, want("a/b", qos1, 5));
  subscribe(anna, want("a/#", qos2, 6));
  subscribe(anna, want("+/b", qos1));
  publish("a/b", "x", qos2);
  auto text = anna.take();
  CAF_CHECK_EQUAL(anna.values.size(), 3u);
  CAF_CHECK_EQUAL(anna.batches, 1u);
  CAF_CHECK(text.find("x@1#5") != std::string::npos);
  CAF_CHECK(text.find("x@2#6") != std::string::npos);
}

CAF_TEST(subscribing again replaces the subscription) {
  subscribe(anna, want("a", qos1, 5));
  subscribe(anna, want("a", qos2, 6));
  publish("a", "x", qos2);
  CAF_CHECK_EQUAL(anna.take(), "x@2#6");
  unsubscribe(anna, "a");
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "ok1");
}

CAF_TEST(one message to a session holds all of its deliveries of a batch) {
  subscribe(anna, want("a"));
  subscribe(bert, want("b"));
  publish(batch_of({message("a", "1"), message("b", "2"), message("a", "3"),
                    message("a", "4")}));
  CAF_CHECK_EQUAL(anna.take(), "1 3 4");
  CAF_CHECK_EQUAL(anna.batches, 1u);
  CAF_CHECK_EQUAL(bert.take(), "2");
}

// [MQTT-3.8.3-3]
CAF_TEST(no local keeps messages from their publisher only) {
  auto own = want("a");
  own.options.no_local = true;
  subscribe(anna, own);
  subscribe(bert, own);
  publish(batch_of({message("a", "x")}, anna.key));
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(bert.take(), "x");
  subscribe(anna, want("#"));
  publish(batch_of({message("a", "y")}, anna.key));
  CAF_CHECK_EQUAL(anna.take(), "y");
}

CAF_TEST(a batch without echo does not come back to its publisher) {
  subscribe(anna, want("a"));
  subscribe(bert, want("a"));
  auto batch = batch_of({message("a", "x")}, anna.key);
  batch->suppress_echo = true;
  publish(std::move(batch));
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(bert.take(), "x");
}

CAF_TEST(a message is delivered at the lower of both QoS) {
  subscribe(anna, want("a", qos1));
  publish("a", "0");
  publish("a", "1", qos1);
  publish("a", "2", qos2);
  CAF_CHECK_EQUAL(anna.take(), "0 1@1 2@1");
}

CAF_TEST(with upgrade_outgoing_qos the subscription decides) {
  start({true, seconds{0}, {}});
  subscribe(anna, want("a", qos2));
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "x@2");
}

// [MQTT-3.10.4-2]
CAF_TEST(unsubscribing is confirmed and ends the messages) {
  subscribe(anna, want("a"));
  unsubscribe(anna, "a", 9);
  unsubscribe(anna, "never/had", 10);
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "ok9 ok10");
}

CAF_TEST(who comes after a session that left does not get its messages) {
  subscribe(anna, want("a"));
  subscribe(anna, want("#"));
  leave(anna, {"a", "#"});
  subscribe(bert, want("b"));
  publish("a", "x");
  publish("b", "y");
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(bert.take(), "y");
}

CAF_TEST(a subtree that ends lets go of its sessions) {
  auto token = std::make_shared<int>();
  std::weak_ptr<int> session_lives = token;
  auto session =
      record<session_actor>(sys, [token = std::move(token)](const mail&) {});
  subscribe_filters message;
  message.subscriber = caf::actor_cast<subscriber_actor>(session);
  message.key = 9;
  message.filters.push_back(want("a"));
  tell(actor, std::move(message));
  session = session_actor{};
  consume_messages();
  CAF_CHECK(!session_lives.expired());
  object_of<subtree>(actor)->end();
  CAF_CHECK(session_lives.expired());
}

CAF_TEST(a session that keeps a filter stays) {
  subscribe(anna, want("a"));
  subscribe(anna, want("b"));
  leave(anna, {"a", "unknown"});
  publish("b", "x");
  CAF_CHECK_EQUAL(anna.take(), "x");
}

// -- what the publisher learns ------------------------------------------------

CAF_TEST(the publisher learns when the last delivery was dropped) {
  anna.keep = bert.keep = true;
  subscribe(anna, want("a"));
  subscribe(bert, want("a"));
  publish("a", "x");
  CAF_CHECK_EQUAL(owner.completed, 0);
  anna.kept.clear();
  CAF_CHECK_EQUAL(owner.completed, 0);
  bert.kept.clear();
  CAF_CHECK_EQUAL(owner.completed, 1);
}

CAF_TEST(the publisher learns whether anybody subscribed) {
  publish("a", "x");
  CAF_CHECK_EQUAL(owner.completed, 1);
  CAF_CHECK(!owner.matched);
  subscribe(anna, want("+"));
  publish("a", "x");
  CAF_CHECK_EQUAL(owner.completed, 2);
  CAF_CHECK(owner.matched);
}

CAF_TEST(a session that is no more does not hold a batch) {
  subscribe(anna, want("a"));
  deref<recorder<session_actor>>(anna.handle).quit();
  publish("a", "x");
  CAF_CHECK_EQUAL(owner.completed, 1);
}

// -- retained messages --------------------------------------------------------

// [MQTT-3.3.1-12], [MQTT-3.3.1-13]
CAF_TEST(live messages carry the retain flag only as published) {
  auto as_published = want("a");
  as_published.options.retain_as_published = true;
  subscribe(anna, as_published);
  subscribe(bert, want("a"));
  retain("a", "x");
  publish("a", "y");
  CAF_CHECK_EQUAL(anna.take(), "xR y");
  CAF_CHECK_EQUAL(bert.take(), "x y");
}

CAF_TEST(the last retained message of a topic is replayed) {
  retain("a", "old");
  retain("a", "new", qos2);
  publish("a", "not kept");
  subscribe(anna, want("+", qos1, 4));
  CAF_CHECK_EQUAL(anna.take(), "new@1#4R~");
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 1u);
  CAF_CHECK(stats.retained_bytes.value() > 0);
}

// [MQTT-3.3.1-6]
CAF_TEST(an empty payload removes the retained message and is passed on) {
  retain("a", "x");
  subscribe(bert, want("b"));
  subscribe(anna, want("a"));
  anna.take();
  retain("a", "");
  CAF_CHECK_EQUAL(anna.values.size(), 2u);
  subscribe(bert, want("a"));
  CAF_CHECK_EQUAL(bert.take(), "");
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 0u);
}

// [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11]
CAF_TEST(retain handling says when retained messages are replayed) {
  retain("a", "x");
  auto ask = [this](retain_handling how, bool is_new) {
    auto request = want("a");
    request.options.retain_handling = how;
    request.is_new = is_new;
    subscribe(anna, request);
    return anna.take();
  };
  CAF_CHECK_EQUAL(ask(retain_handling::always, true), "xR~");
  CAF_CHECK_EQUAL(ask(retain_handling::always, false), "xR~");
  CAF_CHECK_EQUAL(ask(retain_handling::if_new, true), "xR~");
  CAF_CHECK_EQUAL(ask(retain_handling::if_new, false), "");
  CAF_CHECK_EQUAL(ask(retain_handling::no_retained, true), "");
}

CAF_TEST(shared subscriptions get no retained messages) {
  retain("a", "x");
  subscribe(anna, want("$share/g/a"));
  CAF_CHECK_EQUAL(anna.take(), "");
}

CAF_TEST(an expired retained message is neither replayed nor kept) {
  protocol::message source;
  source.topic = "a";
  source.payload = "x";
  source.retain = true;
  source.message_expiry_interval = 1;
  publish(
      batch_of({broker::publication::make(source, clock::now() - seconds{2})}));
  subscribe(anna, want("a"));
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 1u);
  tell(actor, housekeeping{});
  consume_messages();
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 0u);
}

CAF_TEST(every retained message is replayed once and in chunks) {
  retain_many(1000);
  subscribe(anna, want("many/#"));
  CAF_CHECK_EQUAL(anna.values.size(), 1000u);
  CAF_CHECK(anna.batches >= 4);
  std::sort(anna.values.begin(), anna.values.end());
  auto end = std::unique(anna.values.begin(), anna.values.end());
  CAF_CHECK_EQUAL(end - anna.values.begin(), 1000);
}

CAF_TEST(the next chunk waits until the last one was taken) {
  retain_many(1000);
  anna.keep = true;
  subscribe(anna, want("many/#"));
  CAF_CHECK_EQUAL(anna.values.size(), 256u);
  anna.kept.clear();
  consume_messages();
  CAF_CHECK_EQUAL(anna.values.size(), 512u);
}

CAF_TEST(a replay never brings an older value behind a newer one) {
  retain_many(1000);
  anna.keep = true;
  subscribe(anna, want("many/#"));
  // While the first chunk is on its way each topic gets a new value.
  for (int i = 0; i < 1000; i += 3)
    retain("many/" + std::to_string(i), "new");
  retain("many/500", "");
  anna.keep = false;
  anna.kept.clear();
  consume_messages();
  std::map<std::string, std::string> last;
  for (const auto& [topic, payload] : anna.values) {
    CAF_CHECK(last[topic] != "new" || payload != "old");
    last[topic] = payload;
  }
  CAF_CHECK_EQUAL(last.size(), 1000u);
  CAF_CHECK_EQUAL(last["many/0"], "new");
  CAF_CHECK_EQUAL(last["many/999"], "new");
  CAF_CHECK_EQUAL(last["many/998"], "old");
}

// [MQTT-3.10.4-2]
CAF_TEST(unsubscribing ends a replay under way) {
  retain_many(1000);
  anna.keep = true;
  subscribe(anna, want("many/#"));
  subscribe(anna, want("other"));
  unsubscribe(anna, "many/#");
  anna.keep = false;
  anna.kept.clear();
  consume_messages();
  CAF_CHECK_EQUAL(anna.values.size(), 256u);
}

CAF_TEST(subscribing again begins the replay anew) {
  retain_many(1000);
  anna.keep = true;
  for (int i = 0; i < 5; ++i)
    subscribe(anna, want("many/#"));
  anna.keep = false;
  anna.kept.clear();
  consume_messages();
  CAF_CHECK_EQUAL(anna.values.size(), 4 * 256 + 1000u);
}

CAF_TEST(a session that begins anew does not get the replays of the old one) {
  retain_many(1000);
  anna.keep = true;
  subscribe(anna, want("many/#"));
  leave(anna, {"many/#"});
  subscribe(anna, want("other"));
  anna.keep = false;
  anna.kept.clear();
  consume_messages();
  CAF_CHECK_EQUAL(anna.values.size(), 256u);
}

CAF_TEST(a replay of little among much lets others pass) {
  for (int i = 0; i < 10'000; ++i)
    retain("many/" + std::to_string(i) + "/x", "x");
  retain("many/last/y", "wanted");
  subscribe(bert, want("live"));
  subscribe_filters request;
  request.session = anna.handle;
  request.subscriber = caf::actor_cast<subscriber_actor>(anna.handle);
  request.key = anna.key;
  request.filters.push_back(want("many/+/y"));
  tell(actor, std::move(request));
  tell(actor, route{batch_of({message("live", "x")})});
  while (bert.text.empty())
    CAF_REQUIRE(consume_message());
  CAF_CHECK_EQUAL(anna.take(), "");
  consume_messages();
  CAF_CHECK_EQUAL(anna.take(), "wantedR~");
}

CAF_TEST(retained messages go after retain_expiry_interval) {
  // The subtree reads the loop's clock, so the loop's turns are the time.
  loop home{sys, 0};
  CAF_REQUIRE_EQUAL(home.open(), "");
  start({false, seconds{60}, {}});
  auto at = clock::now();
  auto turn = [&](seconds passed, std::function<void()> what) {
    run_on(home, std::move(what));
    home.run_one_turn(at + passed);
    consume_messages();
  };
  turn(seconds{0}, [&] {
    tell(actor, route{batch_of({message("a", "1", qos1, true),
                                message("b", "2", qos1, true)})});
  });
  turn(seconds{50},
       [&] { tell(actor, route{batch_of({message("a", "3", qos1, true)})}); });
  turn(seconds{61}, [&] { tell(actor, housekeeping{}); });
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 1u);
  turn(seconds{109}, [&] { tell(actor, housekeeping{}); });
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 1u);
  turn(seconds{110}, [&] { tell(actor, housekeeping{}); });
  CAF_CHECK_EQUAL(stats.retained_messages.value(), 0u);
}

CAF_TEST(a topic that is set often does not keep its old values) {
  start({false, hours{1}, {}});
  std::string payload(100'000, 'x');
  retain("a", payload);
  auto before = bytes_in_use();
  for (int i = 0; i < 1000; ++i)
    retain("a", payload);
  CAF_CHECK(bytes_in_use() < before + 50 * payload.size());
}

// -- shared subscriptions -----------------------------------------------------

CAF_TEST(members of a group take turns) {
  for (auto* each : {&anna, &bert, &cleo})
    subscribe(*each, want("$share/g/a", qos1, 8));
  for (auto text : {"1", "2", "3", "4", "5"})
    publish("a", text, qos1);
  CAF_CHECK_EQUAL(anna.take(), "1@1#8$ 4@1#8$");
  CAF_CHECK_EQUAL(bert.take(), "2@1#8$ 5@1#8$");
  CAF_CHECK_EQUAL(cleo.take(), "3@1#8$");
}

CAF_TEST(each group and each ordinary subscription gets a copy) {
  subscribe(anna, want("$share/g/a"));
  subscribe(bert, want("$share/h/a"));
  subscribe(cleo, want("a"));
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "x$");
  CAF_CHECK_EQUAL(bert.take(), "x$");
  CAF_CHECK_EQUAL(cleo.take(), "x");
}

CAF_TEST(members with room come before those without) {
  subscribe(anna, want("$share/g/a"), readiness::can_keep);
  subscribe(bert, want("$share/g/a"), readiness::ready);
  subscribe(cleo, want("$share/g/a"), readiness::absent);
  publish("a", "1");
  publish("a", "2");
  CAF_CHECK_EQUAL(bert.take(), "1$ 2$");
  set_state(bert, readiness::absent);
  publish("a", "3");
  CAF_CHECK_EQUAL(anna.take(), "3$");
  set_state(cleo, readiness::ready);
  publish("a", "4");
  CAF_CHECK_EQUAL(cleo.take(), "4$");
}

CAF_TEST(a group whose members are all absent gets nothing) {
  subscribe(anna, want("$share/g/a"), readiness::absent);
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "");
  CAF_CHECK_EQUAL(owner.completed, 1);
}

CAF_TEST(a group without members is gone) {
  subscribe(anna, want("$share/g/a"));
  subscribe(bert, want("$share/g/a"));
  leave(anna, {"$share/g/a"});
  publish("a", "1");
  CAF_CHECK_EQUAL(bert.take(), "1$");
  unsubscribe(bert, "$share/g/a");
  publish("a", "2");
  CAF_CHECK(!owner.matched);
  CAF_CHECK_EQUAL(bert.take(), "ok1");
}

CAF_TEST(a message of a member that left goes to another one) {
  subscribe(anna, want("$share/g/+", qos1));
  subscribe(bert, want("$share/g/+", qos2));
  leave(anna, {"$share/g/+"});
  redistribute_one("$share/g/+", "orphan");
  CAF_CHECK_EQUAL(bert.take(), "orphan@1$");
  redistribute_one("$share/nobody/+", "lost");
  CAF_CHECK_EQUAL(bert.take(), "");
}

CAF_TEST(a group and a session of one slot number are told apart) {
  subscribe(anna, want("a"));          // session slot 0
  subscribe(bert, want("$share/g/a")); // group slot 0
  unsubscribe(anna, "a");
  publish("a", "x");
  CAF_CHECK_EQUAL(anna.take(), "ok1");
  CAF_CHECK_EQUAL(bert.take(), "x$");
}

CAF_TEST_FIXTURE_SCOPE_END()
