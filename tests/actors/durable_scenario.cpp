// The actors behind a durable session together: subtree, sessions, appender
// and store, with a database of which one write fails.
#include "../broker/publications.hpp"
#include "../support/memory_store.hpp"
#include "actors/appender.hpp"
#include "actors/journaling.hpp"
#include "actors/refilling.hpp"
#include "actors/session.hpp"
#include "actors/store.hpp"
#include "actors/subtree.hpp"
#include "fixture.hpp"

#include <caf/exit_reason.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

using namespace troupe;
using namespace troupe::actors;
using protocol::packet_type;
using protocol::qos;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// A client that acknowledges everything, and its connection.
struct client {
  explicit client(caf::actor_system& sys) {
    handle = record<connection_actor>(
        sys, [this](const mail& message) { receive(message); });
  }

  void receive(const mail& message) {
    if (auto* ours = message.get_if<attached>()) {
      session_present = ours->session_present;
      is_attached = true;
      if (on_attached)
        on_attached();
    } else if (auto* now = message.get_if<send_now>()) {
      for (const auto& each : now->deliveries)
        take(*now->batch->items[each.item].message, each.qos, each.packet_id);
    } else if (auto* queued = message.get_if<send_queued>()) {
      CAF_REQUIRE(is_attached); // CONNACK comes first
      for (const auto& each : queued->deliveries)
        if (each.pubrel)
          answer(packet_type::pubcomp, each.packet_id);
        else
          take(*each.message, each.qos, each.packet_id);
    }
  }

  void take(const broker::publication& message, qos level, uint16_t id) {
    ++got[std::stoi(std::string{message.payload()})];
    answer(level == qos::exactly_once ? packet_type::pubrec
                                      : packet_type::puback,
           id);
  }

  void answer(packet_type type, uint16_t id) {
    if (!answers)
      return;
    client_acknowledged message;
    message.packets.push_back({type, id, protocol::reason::success});
    tell(session, std::move(message));
  }

  connection_actor handle;
  session_actor session;
  std::function<void()> on_attached;
  bool is_attached = false;
  bool session_present = false;
  bool answers = true;
  std::map<int, int> got;
};

/// What became of the batch that is under way.
struct publisher final : broker::batch_owner {
  void on_batch_complete(broker::publication_batch* batch) noexcept override {
    if (hand_to_store(store, *batch))
      return;
    is_acknowledged =
        batch->progress == broker::publication_batch::stage::stored;
    if (batch->was_lost())
      forget_lost(*home, *batch);
    delete batch;
  }

  store_actor store;
  loop* home = nullptr;
  bool is_acknowledged = false;
};

template <class Database>
struct scenario : caf_fixture {
  scenario() : home(sys, 0), anna(sys), bert(sys) {
    CAF_REQUIRE_EQUAL(home.open(), "");
    at = home.now();
    node.settings.sync_interval = seconds{0};
    auto made = std::make_unique<Database>();
    database = made.get();
    node.store = spawn_light<store>(sys, node, home, std::move(made));
    node.appenders.push_back(spawn_light<appender>(sys, node, home));
    home.set_routes(make_routes(false));
    registry = record<registry_actor>(sys, [](const mail& message) {
      if (auto* idle = message.get_if<session_idle>())
        tell(idle->session, end_session{});
    });
    who.store = node.store;
    who.home = &home;
  }

  ~scenario() {
    anna.session = bert.session = session_actor{};
    who.store = node.store = store_actor{};
    node.appenders.clear();
    home.set_routes(
        std::make_shared<const route_table>(std::vector<subtree_actor>{}));
    settle();
    home.discard_mail();
  }

  std::shared_ptr<const route_table> make_routes(bool awaits_refill) {
    subtree_options options;
    options.store = node.store;
    options.awaits_refill = awaits_refill;
    return std::make_shared<const route_table>(std::vector<subtree_actor>{
        spawn_light<subtree>(sys, 0, options, stats)});
  }

  /// The subtree fails.
  void fail() {
    caf::anon_send_exit(home.routes().subtree(0), caf::exit_reason::kill);
    consume_messages();
    settle();
  }
  /// As supervisor and registry do when it has.
  void start_anew() {
    routes_changed change;
    change.routes = make_routes(true);
    change.until = std::make_shared<refilling>(change.routes->subtree(0));
    home.set_routes(change.routes);
    tell(node.store, reload{change, {}, {}, true});
    tell(node.appenders[0], change);
    tell(anna.session, std::move(change));
  }

  /// Until nobody has anything to do, what is tried again included.
  void settle() {
    for (int i = 0; i < 60; ++i) {
      at += i % 20 == 19 ? milliseconds{600} : milliseconds{0};
      home.run_one_turn(at);
    }
  }

  void attach(client& what, const std::string& name,
              const broker::publication_ptr& will = nullptr) {
    what.session = spawn_light<session>(sys, node, home, registry, name);
    attach_connection request;
    request.connection = what.handle;
    request.parameters.clean_start = false;
    request.parameters.expiry_interval = broker::session_never_expires;
    request.parameters.will = will;
    request.limits = {std::shared_ptr<void>{}, &limits};
    what.is_attached = false;
    tell(what.session, std::move(request));
    settle();
  }
  void subscribe(client& what) {
    client_subscribed message;
    message.packet_id = 1;
    message.requests.push_back({"t/#", {}});
    message.requests.front().options.qos = qos::exactly_once;
    tell(what.session, std::move(message));
    settle();
  }
  void detach(client& what) {
    detached message;
    message.connection = what.handle;
    tell(what.session, std::move(message));
    settle();
  }

  /// Sends it again until it is acknowledged.
  void publish(int serial, bool retain = false, std::string_view path = {},
               std::optional<uint32_t> expiry = {}) {
    protocol::message source;
    auto payload = std::to_string(serial);
    source.topic = "t/1";
    source.payload = payload;
    source.retain = retain;
    source.message_expiry_interval = expiry;
    source.qos = serial % 2 == 0 ? qos::exactly_once : qos::at_least_once;
    for (int attempt = 0; attempt < 3; ++attempt) {
      who.is_acknowledged = false;
      broker::batch_ptr batch{new broker::publication_batch(&who, 1, 99),
                              false};
      batch->add(broker::publication::make(source, at, path));
      run_on(home, [this, batch = std::move(batch)]() mutable {
        tell(home.routes().subtree(0), route{std::move(batch)});
      });
      settle();
      if (who.is_acknowledged)
        return;
    }
    CAF_FAIL("never acknowledged");
  }

  void begin() {
    attach(anna, "anna");
    attach(bert, "bert");
    subscribe(anna);
    subscribe(bert);
    detach(bert);
  }

  void judge(const client& what, bool may_repeat_qos1) {
    for (int serial = 1; serial <= messages; ++serial) {
      auto count = what.got.contains(serial) ? what.got.at(serial) : 0;
      CAF_REQUIRE(count >= 1);
      if (serial % 2 == 0 || !may_repeat_qos1)
        CAF_REQUIRE_EQUAL(count, 1);
    }
  }

  /// Messages that were dropped as they had expired.
  uint64_t expired() const {
    return home.stats()
        .dropped[static_cast<size_t>(broker::drop_reason::expired)]
        .value();
  }

  static constexpr int messages = 6;
  static constexpr uint32_t minute = 60;

  node_context node;
  subtree_stats stats;
  broker::session_limits limits;
  loop home;
  publisher who;
  client anna;
  client bert;
  registry_actor registry;
  Database* database = nullptr;
  time_point at;
};

} // namespace

CAF_TEST(whichever write fails what was acknowledged arrives as often as said) {
  for (uint64_t nth = 0; nth <= 60; ++nth) {
    CAF_MESSAGE("write " << nth);
    scenario<test::failing_store> all;
    all.database->fail(nth);
    all.begin();
    for (int serial = 1; serial <= all.messages; ++serial)
      all.publish(serial);
    CAF_REQUIRE(all.bert.got.empty());
    CAF_REQUIRE_EQUAL(all.database->committed().queue.size(),
                      size_t{all.messages});
    all.attach(all.bert, "bert");
    all.settle();
    CAF_REQUIRE(all.bert.is_attached);
    CAF_REQUIRE(all.bert.session_present);
    all.judge(all.anna, true);
    all.judge(all.bert, false);
    CAF_REQUIRE(all.database->committed().queue.empty());
    CAF_REQUIRE_EQUAL(all.database->committed().subscriptions.size(), 2u);
  }
}

CAF_TEST(whichever write fails what a bridge brings again is no repeat) {
  for (uint64_t nth = 0; nth <= 40; ++nth) {
    CAF_MESSAGE("write " << nth);
    scenario<test::failing_store> all;
    all.database->fail(nth);
    all.begin();
    for (int serial = 1; serial <= all.messages; ++serial)
      all.publish(serial, false,
                  broker::to_string({1, 1, 0, static_cast<uint64_t>(serial)}));
    all.attach(all.bert, "bert");
    all.judge(all.anna, true);
    all.judge(all.bert, false);
    CAF_CHECK_EQUAL(all.stats.repeats.value(), 0u);
  }
}

CAF_TEST(a client hears that it is connected when its will is on disk) {
  scenario<test::failing_store> all;
  all.begin();
  auto checks = 0;
  all.bert.on_attached = [&] {
    ++checks;
    CAF_CHECK_EQUAL(all.database->committed().wills.size(), 1u);
  };
  all.attach(all.bert, "bert", broker::make_publication("bye", "w"));
  CAF_CHECK_EQUAL(checks, 1);
  CAF_CHECK(all.bert.session_present);
}

CAF_TEST(on a full disk only new durable sessions wait) {
  scenario<test::failing_store> all;
  all.begin();
  all.publish(1);
  all.database->fail(1, true);
  all.attach(all.bert, "bert");
  CAF_CHECK(all.bert.is_attached);
  CAF_CHECK_EQUAL(all.bert.got[1], 1);
  client cleo{all.sys};
  all.attach(cleo, "cleo");
  CAF_CHECK(!cleo.is_attached);
  all.database->fail(0);
  all.settle();
  CAF_CHECK(cleo.is_attached);
  all.detach(cleo);
  cleo.session = session_actor{};
}

CAF_TEST(a session that comes back on a full disk knows what it was told) {
  scenario<test::failing_store> all;
  all.begin();
  all.publish(1);
  all.publish(2);
  all.database->fail(1, true);
  all.attach(all.bert, "bert");
  CAF_CHECK_EQUAL(all.bert.got[1], 1);
  all.detach(all.bert);
  all.attach(all.bert, "bert");
  CAF_CHECK_EQUAL(all.bert.got[1], 1);
  all.database->fail(0);
  all.settle();
  all.settle();
  CAF_CHECK_EQUAL(all.bert.got[1], 1);
  CAF_CHECK_EQUAL(all.bert.got[2], 1);
}

CAF_TEST(a session that leaves leaves no window behind that is done) {
  scenario<test::failing_store> all;
  all.begin();
  all.publish(1);
  all.publish(2);
  all.attach(all.bert, "bert");
  CAF_CHECK_EQUAL(all.bert.got.size(), 2u);
  CAF_CHECK_EQUAL(all.database->committed().windows.size(), 1u);
  all.detach(all.bert);
  CAF_CHECK(all.database->committed().windows.empty());
}

CAF_TEST(a subtree that fails takes along nothing that is on disk) {
  scenario<test::failing_store> all;
  all.begin();
  all.publish(1);
  all.publish(2, true);
  all.fail();
  all.start_anew();
  for (int serial = 3; serial <= all.messages; ++serial)
    all.publish(serial);
  all.attach(all.bert, "bert");
  all.judge(all.anna, false);
  all.judge(all.bert, false);
  client cleo{all.sys};
  all.attach(cleo, "cleo");
  all.subscribe(cleo);
  CAF_CHECK_EQUAL(cleo.got.size(), 1u);
  CAF_CHECK_EQUAL(cleo.got[2], 1);
  all.detach(cleo);
  cleo.session = session_actor{};
}

CAF_TEST(with synced a loss of power loses nothing that was acknowledged) {
  scenario<test::forgetful_store> all;
  all.node.settings.acknowledge_after = config::acknowledge_after::synced;
  all.begin();
  for (int serial = 1; serial <= all.messages; ++serial) {
    all.publish(serial);
    all.database->crash();
  }
  CAF_CHECK_EQUAL(all.database->committed().queue.size(), size_t{all.messages});
  all.attach(all.bert, "bert");
  all.settle();
  all.judge(all.bert, false);
}

CAF_TEST(what expires in memory is counted when the next message is on disk) {
  scenario<test::failing_store> all;
  all.limits.max_inflight_messages = 1;
  all.attach(all.anna, "anna");
  all.subscribe(all.anna);
  all.anna.answers = false;
  all.publish(1);
  all.publish(2, false, {}, all.minute); // is read back, and waits
  all.at += seconds{all.minute};
  CAF_CHECK_EQUAL(all.expired(), 0u);
  all.publish(3);
  CAF_CHECK_EQUAL(all.expired(), 1u);
  CAF_CHECK_EQUAL(all.anna.got.size(), 1u);
}

CAF_TEST(what has expired on disk is counted when its session comes back) {
  scenario<test::failing_store> all;
  all.begin();
  all.at -= seconds{2 * all.minute}; // for a store the true time counts
  all.publish(1, false, {}, all.minute);
  all.publish(2);
  CAF_CHECK_EQUAL(all.expired(), 0u);
  all.attach(all.bert, "bert");
  CAF_CHECK_EQUAL(all.expired(), 1u);
  CAF_CHECK(!all.bert.got.contains(1));
  CAF_CHECK_EQUAL(all.bert.got[2], 1);
}
