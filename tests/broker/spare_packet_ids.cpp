// Packet identifiers for packets that are no messages.
#include "sender_fixture.hpp"

#include <caf/test/unit_test.hpp>

#include <set>

using namespace troupe;
using namespace troupe::broker;

namespace {

struct fixture : sender_fixture {
  fixture() {
    limits.max_inflight_messages = 0;
    limits.max_queued_messages = 0;
    std::vector<queued_delivery> none;
    out.on_connected({}, now, none);
  }

  /// Sends so many messages; the identifiers they got.
  std::vector<uint16_t> launch(size_t count) {
    publication_batch batch{nullptr, 1, 0};
    batch.add(make_publication("x"));
    std::vector<uint16_t> result;
    for (size_t i = 0; i < count; ++i) {
      delivery what;
      what.qos = qos1;
      std::vector<delivery> one{what};
      out.accept(batch, one, now);
      CAF_REQUIRE_EQUAL(one.size(), 1u);
      result.push_back(one.front().packet_id);
    }
    return result;
  }
  void finish(const std::vector<uint16_t>& ids) {
    for (auto id : ids)
      puback(id);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(spare_packet_ids_tests, fixture)

CAF_TEST(a new session has them) {
  auto spare = out.spare_packet_ids(3);
  CAF_CHECK_EQUAL(std::set<uint16_t>(spare.begin(), spare.end()).size(), 3u);
  CAF_CHECK_EQUAL(std::count(spare.begin(), spare.end(), 0), 0);
}

CAF_TEST(no message has one or gets one for a long while) {
  // Wherever the turn is, and whatever is under way.
  for (size_t begin : {0u, 99u, 40'000u}) {
    finish(launch(begin));
    auto open = launch(1000);
    auto asked = out.spare_packet_ids(200);
    std::set<uint16_t> spare(asked.begin(), asked.end());
    CAF_REQUIRE_EQUAL(spare.size(), 200u);
    CAF_CHECK(!spare.contains(0));
    for (auto id : open)
      CAF_REQUIRE(!spare.contains(id));
    for (int i = 0; i < 30; ++i) {
      auto sent = launch(1000);
      for (auto id : sent)
        CAF_REQUIRE(!spare.contains(id));
      finish(sent);
    }
    finish(open);
  }
}

CAF_TEST(half of the identifiers can be in use) {
  auto open = launch(32'767);
  std::set<uint16_t> used(open.begin(), open.end());
  auto spare = out.spare_packet_ids(2000);
  CAF_CHECK_EQUAL(spare.size(), 2000u);
  for (auto id : spare)
    CAF_REQUIRE(!used.contains(id));
  for (auto id : launch(30'000))
    CAF_REQUIRE(std::find(spare.begin(), spare.end(), id) == spare.end());
}

CAF_TEST(where all are in use there are none) {
  launch(65'535);
  CAF_CHECK(out.spare_packet_ids(1).empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
