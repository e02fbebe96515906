// Messages that may not wait for ever.
#include "durable_fixture.hpp"

using namespace troupe;
using namespace troupe::broker;
using std::chrono::seconds;

namespace {

struct in_memory : sender_fixture {
  in_memory() { limits.max_queued_age = seconds{10}; }

  std::string connect() {
    std::vector<queued_delivery> sent;
    out.on_connected({}, now, sent);
    return show(sent);
  }
  void publish(std::string_view payload,
               std::optional<uint32_t> expiry = std::nullopt) {
    publication_batch batch{nullptr, 1, 0};
    batch.add(make_publication(payload, "t", expiry, now));
    delivery what;
    what.qos = qos1;
    std::vector<delivery> one{what};
    out.accept(batch, one, now);
  }
};

struct on_disk : durable_fixture {
  on_disk() { limits.max_queued_age = seconds{10}; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(queued_age_tests, in_memory)

CAF_TEST(what has waited too long is never sent and counts as expired) {
  publish("a");
  now += seconds{4};
  publish("b");
  now += seconds{6};
  CAF_CHECK_EQUAL(connect(), "1:b");
  CAF_CHECK_EQUAL(drops(drop_reason::expired), 1u);
}

CAF_TEST(what has waited too long makes room) {
  limits.max_queued_messages = 2;
  publish("a");
  publish("b");
  now += seconds{10};
  publish("c");
  publish("d");
  CAF_CHECK_EQUAL(out.queued(), 2u);
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 0u);
  CAF_CHECK_EQUAL(connect(), "1:c 2:d");
}

CAF_TEST(the expiry of the message itself stays what it was) {
  publish("a", 60);
  now += seconds{9};
  std::vector<queued_delivery> sent;
  out.on_connected({}, now, sent);
  CAF_REQUIRE_EQUAL(sent.size(), 1u);
  CAF_CHECK(sent[0].message->expires_at() == test_start + seconds{60});
}

CAF_TEST(what is sent already is sent again however old it is) {
  connect();
  publish("a");
  out.on_disconnected(true);
  now += seconds{3600};
  CAF_CHECK_EQUAL(connect(), "1:a!");
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(queued_age_on_disk_tests, on_disk)

CAF_TEST(the disk knows how long an entry may wait) {
  publish(qos1, {"a"});
  CAF_REQUIRE(parts.front());
  CAF_CHECK((*parts.front())[0].options.waits_until == now + seconds{10});
}

CAF_TEST(what comes from the disk too late is not sent) {
  publish(qos1, {"a"});
  write();
  now += seconds{4};
  publish(qos1, {"b"});
  write();
  connect();
  now += seconds{6};
  CAF_CHECK_EQUAL(slice(1), "");
  CAF_CHECK_EQUAL(drops(drop_reason::expired), 1u);
  CAF_CHECK_EQUAL(out.in_flight(), 1u); // b, which waits for its window
}

CAF_TEST_FIXTURE_SCOPE_END()
