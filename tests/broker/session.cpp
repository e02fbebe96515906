#include "broker/session.hpp"

#include "publications.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::broker;
using protocol::qos;
using std::chrono::seconds;

namespace {

constexpr auto by_client = end_of_connection::by_client;
constexpr auto abnormal = end_of_connection::abnormal;
constexpr auto taken_over = end_of_connection::taken_over;

struct fixture {
  session_limits limits;
  session self{"id", 7, limits};
  time_point now = test_start;

  connect_parameters parameters(bool clean_start, uint32_t expiry) {
    connect_parameters result;
    result.clean_start = clean_start;
    result.expiry_interval = expiry;
    result.client.version = protocol::version::v5;
    return result;
  }

  session::connected connect(bool clean_start, uint32_t expiry,
                             const char* will = nullptr, uint32_t delay = 0) {
    auto wanted = parameters(clean_start, expiry);
    if (will != nullptr)
      wanted.will = make_publication(will);
    wanted.will_delay = seconds{delay};
    return connect(wanted);
  }

  session::connected connect(const connect_parameters& wanted) {
    auto result = self.on_connected(wanted, now);
    std::vector<queued_delivery> again;
    self.out().on_connected(wanted.client, now, again);
    sent_again = again.size();
    return result;
  }

  std::string disconnect(end_of_connection how) {
    return text(self.on_disconnected(how, now));
  }

  static std::string text(const publication_ptr& will) {
    return will ? std::string{will->payload()} : "none";
  }

  void publish(uint16_t shared = 0) {
    publication_batch batch{nullptr, 1, 0};
    batch.add(make_publication("m"));
    std::vector<delivery> deliveries(1);
    deliveries[0].qos = qos::at_least_once;
    deliveries[0].shared = shared;
    self.out().accept(batch, deliveries, now);
  }

  size_t sent_again = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_tests, fixture)

CAF_TEST(a session is small) {
  CAF_CHECK(sizeof(session) <= 350);
}

CAF_TEST(a session has the name and key it was given) {
  CAF_CHECK_EQUAL(self.client_id(), "id");
  CAF_CHECK_EQUAL(self.key(), 7u);
}

// -- session present, clean start, expiry -------------------------------------

CAF_TEST(a first connection finds no session even without clean start) {
  CAF_CHECK(!connect(false, 100).session_present);
  CAF_CHECK(self.is_connected());
}

CAF_TEST(a durable session is present after its connection) {
  connect(true, 100);
  publish();
  self.subscribe("a", {}, 0);
  disconnect(abnormal);
  now += seconds{99};
  CAF_CHECK(!self.is_over(now));
  auto result = connect(false, 100);
  CAF_CHECK(result.session_present);
  CAF_CHECK(result.removed_filters.empty());
  CAF_CHECK(self.find("a") != nullptr);
  CAF_CHECK_EQUAL(sent_again, 1u);
}

CAF_TEST(MQTT 3.1 is never told that a session is present) {
  auto wanted = parameters(false, session_never_expires);
  wanted.client.version = protocol::version::v31;
  connect(wanted);
  publish();
  disconnect(abnormal);
  CAF_CHECK(!connect(wanted).session_present);
  CAF_CHECK_EQUAL(sent_again, 1u);
}

CAF_TEST(a session with expiry 0 ends with its connection) {
  connect(true, 0);
  self.subscribe("a", {}, 0);
  publish();
  disconnect(by_client);
  CAF_CHECK(self.is_over(now));
  CAF_CHECK(self.next_deadline() == now);
  auto result = connect(false, 0);
  CAF_CHECK(!result.session_present);
  CAF_CHECK(result.removed_filters == std::vector<std::string>{"a"});
  CAF_CHECK_EQUAL(sent_again, 0u);
}

CAF_TEST(a session is over when its expiry interval has passed) {
  connect(true, 100);
  CAF_CHECK(!self.is_over(now + seconds{1000}));
  CAF_CHECK(self.next_deadline() == never);
  disconnect(by_client);
  CAF_CHECK(self.next_deadline() == now + seconds{100});
  CAF_CHECK(!self.is_over(now + seconds{99}));
  CAF_CHECK(self.is_over(now + seconds{100}));
  now += seconds{100};
  CAF_CHECK(!connect(false, 100).session_present);
}

CAF_TEST(a session that never expires is never over) {
  connect(true, session_never_expires);
  disconnect(abnormal);
  CAF_CHECK(self.next_deadline() == never);
  CAF_CHECK(!self.is_over(now + std::chrono::hours{24 * 365 * 100}));
}

CAF_TEST(a clean start discards the old session and names its filters) {
  connect(true, 100);
  self.subscribe("b", {}, 0);
  self.subscribe("$share/g/a", {}, 0);
  publish();
  receiver in;
  in.on_publish(qos::exactly_once, 1, 1);
  self.return_receiver(std::move(in));
  disconnect(by_client);
  auto result = connect(true, 100);
  CAF_CHECK(!result.session_present);
  CAF_CHECK(result.removed_filters
            == (std::vector<std::string>{"$share/g/a", "b"}));
  CAF_CHECK(self.subscriptions().empty());
  CAF_CHECK(self.shared_filter(1).empty());
  CAF_CHECK_EQUAL(sent_again, 0u);
  CAF_CHECK_EQUAL(self.take_receiver().unacknowledged(), 0u);
}

CAF_TEST(the expiry interval may change but not from 0) {
  connect(true, 0);
  CAF_CHECK(self.change_expiry(0));
  CAF_CHECK(!self.change_expiry(1));
  disconnect(by_client);
  connect(true, 100);
  CAF_CHECK(self.change_expiry(10));
  disconnect(by_client);
  CAF_CHECK(self.is_over(now + seconds{10}));
  connect(true, 100);
  CAF_CHECK(self.change_expiry(0));
  disconnect(by_client);
  CAF_CHECK(self.is_over(now));
}

// -- will ---------------------------------------------------------------------

CAF_TEST(the client takes its will back with DISCONNECT) {
  connect(true, 100, "w");
  CAF_CHECK_EQUAL(disconnect(by_client), "none");
  CAF_CHECK_EQUAL(text(self.on_end(now)), "none");
}

CAF_TEST(a lost connection publishes the will at once) {
  connect(true, 100, "w");
  CAF_CHECK_EQUAL(disconnect(abnormal), "w");
  CAF_CHECK_EQUAL(text(self.on_timer(now + seconds{100})), "none");
  CAF_CHECK_EQUAL(text(self.on_end(now)), "none");
}

CAF_TEST(a will waits for its delay) {
  connect(true, 100, "w", 10);
  CAF_CHECK_EQUAL(disconnect(abnormal), "none");
  CAF_CHECK(self.next_deadline() == now + seconds{10});
  CAF_CHECK_EQUAL(text(self.on_timer(now + seconds{9})), "none");
  CAF_CHECK_EQUAL(text(self.on_timer(now + seconds{10})), "w");
  CAF_CHECK(self.next_deadline() == now + seconds{100});
}

CAF_TEST(a will waits no longer than the session lasts) {
  connect(true, 5, "w", 10);
  disconnect(abnormal);
  CAF_CHECK(self.next_deadline() == now + seconds{5});
  CAF_CHECK_EQUAL(text(self.on_timer(now + seconds{5})), "w");
  connect(true, 0, "v", 10);
  CAF_CHECK_EQUAL(disconnect(abnormal), "v");
}

CAF_TEST(a will that waits is dropped when the session goes on) {
  connect(true, 100, "w", 10);
  disconnect(abnormal);
  now += seconds{9};
  CAF_CHECK_EQUAL(text(connect(false, 100).will), "none");
  disconnect(abnormal);
  CAF_CHECK_EQUAL(text(self.on_timer(now + seconds{10})), "none");
}

CAF_TEST(a will that waits is published when a clean start ends the session) {
  connect(true, 100, "w", 10);
  disconnect(abnormal);
  CAF_CHECK_EQUAL(text(connect(true, 100, "v").will), "w");
  CAF_CHECK_EQUAL(disconnect(abnormal), "v");
}

CAF_TEST(a will whose delay passed unnoticed is published on connection) {
  connect(true, 100, "w", 10);
  disconnect(abnormal);
  now += seconds{10};
  CAF_CHECK_EQUAL(text(connect(false, 100).will), "w");
}

CAF_TEST(take over by a clean connection publishes the will) {
  connect(true, 100, "w");
  CAF_CHECK_EQUAL(disconnect(taken_over), "none");
  CAF_CHECK_EQUAL(text(connect(true, 100).will), "w");
}

CAF_TEST(take over that resumes the session drops the will) {
  connect(true, 100, "w");
  CAF_CHECK_EQUAL(disconnect(taken_over), "none");
  CAF_CHECK_EQUAL(text(connect(false, 100).will), "none");
}

CAF_TEST(take over of a session that does not last publishes the will) {
  connect(true, 0, "w");
  CAF_CHECK_EQUAL(disconnect(taken_over), "w");
  CAF_CHECK_EQUAL(text(connect(false, 100).will), "none");
}

CAF_TEST(a take over that comes to nothing leaves the will to the timer) {
  connect(true, 100, "w");
  disconnect(taken_over);
  CAF_CHECK(self.next_deadline() == now);
  CAF_CHECK_EQUAL(text(self.on_timer(now)), "w");
}

CAF_TEST(a session that ends publishes the will that waits) {
  connect(true, 100, "w", 10);
  disconnect(abnormal);
  CAF_CHECK_EQUAL(text(self.on_end(now)), "w");
  CAF_CHECK_EQUAL(text(self.on_end(now)), "none");
}

CAF_TEST(the expiry of a will begins when it is published) {
  auto wanted = parameters(true, 100);
  wanted.will = make_publication("w", "topic/of/will");
  wanted.will_expiry_interval = 30;
  connect(wanted);
  now += std::chrono::hours{1};
  auto will = self.on_disconnected(abnormal, now);
  CAF_REQUIRE(will);
  CAF_CHECK(will->expires_at() == now + seconds{30});
  CAF_CHECK_EQUAL(std::string{will->topic()}, "topic/of/will");
}

CAF_TEST(a second end of the same connection does nothing) {
  connect(true, 100, "w");
  CAF_CHECK_EQUAL(disconnect(abnormal), "w");
  CAF_CHECK_EQUAL(disconnect(abnormal), "none");
}

// -- subscriptions ------------------------------------------------------------

CAF_TEST(a filter is new once and its options are replaced) {
  protocol::subscription_options options;
  options.qos = qos::exactly_once;
  CAF_CHECK(self.subscribe("a/b", {}, 0));
  CAF_CHECK(!self.subscribe("a/b", options, 9));
  CAF_CHECK_EQUAL(self.subscriptions().size(), 1u);
  CAF_CHECK(self.find("a/b")->options == options);
  CAF_CHECK_EQUAL(self.find("a/b")->identifier, 9u);
  CAF_CHECK(self.unsubscribe("a/b"));
  CAF_CHECK(!self.unsubscribe("a/b"));
  CAF_CHECK(self.find("a/b") == nullptr);
}

CAF_TEST(shared filters have numbers that are used again) {
  self.subscribe("$share/g/a", {}, 0);
  self.subscribe("b", {}, 0);
  self.subscribe("$share//c", {}, 0);
  self.subscribe("$share/g/d", {}, 0);
  CAF_CHECK_EQUAL(self.find("$share/g/a")->shared, 1u);
  CAF_CHECK_EQUAL(self.find("b")->shared, 0u);
  CAF_CHECK_EQUAL(self.find("$share//c")->shared, 0u);
  CAF_CHECK_EQUAL(self.find("$share/g/d")->shared, 2u);
  self.subscribe("$share/g/d", {}, 5);
  CAF_CHECK_EQUAL(self.find("$share/g/d")->shared, 2u);
  self.unsubscribe("$share/g/a");
  CAF_CHECK(self.shared_filter(1).empty());
  CAF_CHECK_EQUAL(self.shared_filter(2), "$share/g/d");
  self.subscribe("$share/g/e", {}, 0);
  CAF_CHECK_EQUAL(self.shared_filter(1), "$share/g/e");
  CAF_CHECK(self.shared_filter(0).empty());
  CAF_CHECK(self.shared_filter(3).empty());
}

CAF_TEST(a number used again does not inherit messages) {
  self.subscribe("$share/g/a", {}, 0);
  publish(1);
  self.unsubscribe("$share/g/a");
  self.subscribe("$share/g/b", {}, 0);
  CAF_CHECK(self.take_orphans().empty());
  CAF_CHECK_EQUAL(self.out().queued(), 1u);
}

CAF_TEST(what a discarded session held for its group is handed on) {
  connect(true, 100);
  self.subscribe("$share/g/a", {}, 0);
  publish(1);
  publish();
  disconnect(by_client);
  publish(1);
  auto result = connect(true, 100);
  CAF_REQUIRE_EQUAL(result.orphans.size(), 2u);
  CAF_CHECK_EQUAL(result.orphans[0].filter, "$share/g/a");
  CAF_CHECK(result.orphans[0].delivery.message);
  CAF_CHECK_EQUAL(sent_again, 0u);
}

CAF_TEST(a session that ends hands on what it held for its group) {
  connect(true, 0);
  self.subscribe("$share/g/a", {}, 0);
  publish(1);
  disconnect(abnormal);
  CAF_CHECK_EQUAL(self.take_orphans().size(), 1u);
  CAF_CHECK(self.take_orphans().empty());
}

// -- receiver -----------------------------------------------------------------

CAF_TEST(the receiver comes back as it was lent) {
  auto in = self.take_receiver();
  in.on_connected(0);
  in.on_publish(qos::exactly_once, 5, 1);
  self.return_receiver(std::move(in));
  in = self.take_receiver();
  in.on_connected(0);
  CAF_CHECK(in.on_publish(qos::exactly_once, 5, 1)
            == receiver::verdict::duplicate);
  CAF_CHECK_EQUAL(self.take_receiver().unacknowledged(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
