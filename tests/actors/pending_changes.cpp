#include "actors/pending_changes.hpp"

#include "../broker/publications.hpp"

#include <caf/test/unit_test.hpp>

#include <string>

using namespace troupe;
using namespace troupe::actors;

namespace {

broker::stored_subscription subscription(std::string filter,
                                         uint32_t identifier = 0) {
  broker::stored_subscription result;
  result.filter = std::move(filter);
  result.identifier = identifier;
  return result;
}

broker::queue_slice slice_of(std::initializer_list<uint64_t> sequences) {
  broker::queue_slice result;
  result.at_end = false;
  for (auto each : sequences)
    result.entries.push_back({each, broker::make_publication("x", "t"), {}});
  return result;
}

} // namespace

CAF_TEST(subscriptions come and go and are replaced) {
  broker::stored_session found;
  found.subscriptions = {subscription("a", 1), subscription("b", 2)};
  remember what;
  what.subscribed = {subscription("a", 3), subscription("c", 4)};
  what.unsubscribed = {"b", "unknown"};
  apply(what, found);
  CAF_REQUIRE_EQUAL(found.subscriptions.size(), 2u);
  CAF_CHECK(found.subscriptions[0] == subscription("a", 3));
  CAF_CHECK(found.subscriptions[1] == subscription("c", 4));
}

CAF_TEST(what does not change stays) {
  broker::stored_session found;
  found.subscriptions = {subscription("a")};
  found.incoming_ids = {1, 2};
  found.window = {{1, 1, 1}};
  found.will.emplace();
  apply(remember{}, found);
  CAF_CHECK_EQUAL(found.subscriptions.size(), 1u);
  CAF_CHECK_EQUAL(found.incoming_ids.size(), 2u);
  CAF_CHECK_EQUAL(found.window.size(), 1u);
  CAF_CHECK(found.will.has_value());
  auto slice = slice_of({1, 2});
  apply(remember{}, slice);
  CAF_CHECK_EQUAL(slice.entries.size(), 2u);
  CAF_CHECK(!slice.at_end);
}

CAF_TEST(will and window are replaced and identifiers are forgotten) {
  broker::stored_session found;
  found.incoming_ids = {1, 2, 3};
  found.window = {{1, 1, 1}};
  found.will.emplace();
  remember what;
  what.will.emplace();
  what.window.emplace({broker::launch_run{7, 8, 9}});
  what.incoming_erased = {2, 77};
  apply(what, found);
  CAF_CHECK(!found.will);
  CAF_CHECK(found.window == (std::vector<broker::launch_run>{{7, 8, 9}}));
  CAF_CHECK(found.incoming_ids == (std::vector<uint16_t>{1, 3}));
}

CAF_TEST(entries that are dealt with are gone) {
  auto slice = slice_of({1, 2, 5});
  remember what;
  what.erased = {{2, 1, 0}, {77, 1, 0}};
  apply(what, slice);
  CAF_REQUIRE_EQUAL(slice.entries.size(), 2u);
  CAF_CHECK_EQUAL(slice.entries[1].sequence, 5u);
  what.erased_until = 4;
  apply(what, slice);
  CAF_REQUIRE_EQUAL(slice.entries.size(), 1u);
  CAF_CHECK_EQUAL(slice.entries[0].sequence, 5u);
}

CAF_TEST(of a message whose PUBREC has come the identifier is left) {
  auto slice = slice_of({1, 2});
  remember what;
  what.released = {{2, 1, 42}};
  apply(what, slice);
  CAF_CHECK(slice.entries[0].message != nullptr);
  CAF_CHECK(slice.entries[1].message == nullptr);
  CAF_CHECK_EQUAL(slice.entries[1].options.packet_id, 42);
}

CAF_TEST(of an erased session nothing is left) {
  broker::stored_session found;
  found.subscriptions = {subscription("a")};
  auto slice = slice_of({1});
  remember what;
  what.erases_session = true;
  apply(what, found);
  apply(what, slice);
  CAF_CHECK(found.subscriptions.empty());
  CAF_CHECK(slice.entries.empty());
  CAF_CHECK(slice.at_end);
}
