#include "broker/offline_sessions.hpp"

#include "publications.hpp"

#include <caf/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::broker;
using protocol::qos;
using std::chrono::seconds;

namespace {

struct fixture {
  fixture() { session.queue = disk_queue_ptr{new disk_queue(7, 1), false}; }

  append_result append(const std::vector<std::string>& payloads,
                       qos level = qos::at_least_once,
                       std::optional<uint32_t> expiry = std::nullopt) {
    publication_batch batch{nullptr, 1, 0};
    std::vector<delivery> deliveries;
    for (const auto& payload : payloads) {
      delivery what;
      what.item = static_cast<uint32_t>(batch.items.size());
      what.qos = level;
      what.subscription_id = 9;
      what.retain = true;
      deliveries.push_back(what);
      batch.add(make_publication(payload, "t", expiry));
    }
    return append_offline(session, batch, deliveries, limits, now, dropped);
  }
  uint64_t drops(drop_reason why) const {
    return dropped[static_cast<size_t>(why)];
  }

  session_limits limits;
  offline_session session;
  time_point now = test_start;
  std::array<uint64_t, drop_reason_count> dropped{};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(offline_sessions_tests, fixture)

CAF_TEST(messages become one part with their options) {
  auto result = append({"a", "bb"});
  CAF_REQUIRE(result.part);
  CAF_REQUIRE_EQUAL(result.part->size(), 2u);
  auto& second = (*result.part)[1];
  CAF_CHECK_EQUAL(second.item, 1u);
  CAF_CHECK_EQUAL(second.payload_size, 2u);
  CAF_CHECK(
      (second.options == entry_options{9, 0, 0, qos::at_least_once, true}));
  CAF_CHECK_EQUAL(session.backlog.messages, 2u);
  CAF_CHECK_EQUAL(session.backlog.bytes, 3u);
  CAF_CHECK_EQUAL(session.backlog.unsettled, 2u);
}

CAF_TEST(QoS 0 is remembered only where that is wanted) {
  CAF_CHECK(!append({"a"}, qos::at_most_once).part);
  CAF_CHECK_EQUAL(drops(drop_reason::client_offline), 1u);
  limits.queue_qos0_messages = true;
  CAF_CHECK(append({"a"}, qos::at_most_once).part);
}

CAF_TEST(what has expired is not remembered) {
  now += seconds{2};
  CAF_CHECK(!append({"a"}, qos::at_least_once, 1).part);
  CAF_CHECK_EQUAL(drops(drop_reason::expired), 1u);
  CAF_CHECK_EQUAL(session.backlog.messages, 0u);
}

CAF_TEST(a full queue drops what comes) {
  limits.max_queued_messages = 2;
  auto result = append({"a", "b", "c"});
  CAF_CHECK_EQUAL(result.part->size(), 2u);
  CAF_CHECK_EQUAL(result.drop_oldest, 0u);
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 1u);
}

CAF_TEST(a full queue makes room by count) {
  limits.max_queued_messages = 2;
  limits.drop_oldest = true;
  auto result = append({"a", "b", "c", "d"});
  CAF_CHECK_EQUAL(result.part->size(), 4u);
  CAF_CHECK_EQUAL(result.drop_oldest, 2u);
  CAF_CHECK_EQUAL(session.backlog.messages, 2u);
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 2u);
}

CAF_TEST(a full queue makes room by bytes) {
  limits.max_queued_bytes = 6;
  limits.drop_oldest = true;
  auto result = append({"aaa", "bbb", "cccc"});
  CAF_CHECK_EQUAL(result.drop_oldest, 1u);
  CAF_CHECK_EQUAL(result.drop_bytes, 4u);
  CAF_CHECK_EQUAL(session.backlog.bytes, 6u);
}

CAF_TEST(what has expired makes room first) {
  limits.max_queued_messages = 1;
  limits.drop_oldest = true;
  append({"a"}, qos::at_least_once, 1);
  now += seconds{2};
  auto result = append({"b"});
  CAF_CHECK(result.drop_expired);
  CAF_CHECK_EQUAL(result.drop_oldest, 0u);
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 0u);
}

CAF_TEST(what is written waits on) {
  auto result = append({"a", "b"});
  result.part->settle(false);
  settle_offline(session, *result.part);
  CAF_CHECK_EQUAL(session.backlog.messages, 2u);
  CAF_CHECK_EQUAL(session.backlog.unsettled, 0u);
}

CAF_TEST(what could not be written does not wait) {
  auto result = append({"a", "b"});
  result.part->settle(true);
  settle_offline(session, *result.part);
  CAF_CHECK_EQUAL(session.backlog.messages, 0u);
  CAF_CHECK_EQUAL(session.backlog.bytes, 0u);
  CAF_CHECK_EQUAL(session.backlog.unsettled, 0u);
}

CAF_TEST(what was in flight when its client left is no backlog) {
  append({"a"});
  auto part = journal_part::make(session.queue, 1);
  part->add(0, {0, 0, 5, qos::at_least_once, false}, 1);
  part->settle(true);
  settle_offline(session, *part);
  CAF_CHECK_EQUAL(session.backlog.messages, 1u);
  CAF_CHECK_EQUAL(session.backlog.unsettled, 1u);
}

CAF_TEST(a message waits no longer than its own life and the limit allow) {
  limits.max_queued_age = seconds{10};
  auto result = append({"a"});
  CAF_CHECK((*result.part)[0].options.waits_until == now + seconds{10});
  CAF_CHECK(session.backlog.earliest_expiry == now + seconds{10});
  append({"b"}, qos::at_least_once, 3);
  CAF_CHECK(session.backlog.earliest_expiry == now + seconds{3});
}

CAF_TEST_FIXTURE_SCOPE_END()
