// What a durable sender drops, and how it comes back.
#include "durable_fixture.hpp"

using namespace troupe;
using namespace troupe::broker;
using protocol::packet_type;
using protocol::qos;
using protocol::reason;

CAF_TEST_FIXTURE_SCOPE(sender_durable_return_tests, durable_fixture)

// -- limits -------------------------------------------------------------------

CAF_TEST(a full queue drops what comes) {
  limits.max_queued_messages = 2;
  publish(qos1, {"a", "b", "c"});
  CAF_CHECK_EQUAL(out.queued(), 2u);
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 1u);
  CAF_CHECK_EQUAL(parts.front()->size(), 2u);
}

CAF_TEST(a full queue drops the oldest by count) {
  limits.max_queued_messages = 2;
  limits.drop_oldest = true;
  publish(qos1, {"a", "b", "c"});
  CAF_CHECK_EQUAL(disk.take_asked(), "drop1/0");
  CAF_CHECK_EQUAL(out.queued(), 2u);
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 1u);
  CAF_CHECK_EQUAL(parts.front()->size(), 3u);
}

CAF_TEST(a full queue drops the oldest by bytes) {
  limits.max_queued_bytes = 6;
  limits.drop_oldest = true;
  publish(qos1, {"aaa", "bbb", "cccc"});
  CAF_CHECK_EQUAL(disk.take_asked(), "drop1/4");
  // Two had to go for it.
  out.on_removed(1, 2);
  CAF_CHECK_EQUAL(out.queued(), 1u);
  CAF_CHECK_EQUAL(out.queued_bytes(), 4u);
}

CAF_TEST(what has been read back goes first when the oldest are dropped) {
  limits.max_queued_messages = 2;
  limits.max_inflight_messages = 1;
  limits.drop_oldest = true;
  connect();
  publish(qos1, {"a", "b", "c"});
  write();
  slice(1);
  disk.take_asked();
  publish(qos1, {"d"});
  CAF_CHECK_EQUAL(disk.take_asked(), "erase2");
  CAF_CHECK_EQUAL(out.queued(), 2u);
  puback(1);
  CAF_CHECK_EQUAL(write_window(), "2:c");
}

CAF_TEST(what has expired makes room before anything is dropped) {
  limits.max_queued_messages = 1;
  publish(qos1, {"a"}, 1);
  write();
  now += std::chrono::seconds{2};
  publish(qos1, {"b"});
  CAF_CHECK_EQUAL(disk.take_asked(), "drop_expired");
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 0u);
  out.on_removed(1, 1, now + std::chrono::seconds{5});
  CAF_CHECK_EQUAL(out.queued(), 1u);
  // What was left expires in its turn.
  now += std::chrono::seconds{5};
  publish(qos1, {"c"});
  CAF_CHECK_EQUAL(disk.take_asked(), "drop_expired");
}

CAF_TEST(what expired on disk is counted when it is passed over) {
  publish(qos1, {"a", "b"}, 1);
  write();
  CAF_CHECK_EQUAL(connect(), "");
  queue_slice nothing;
  nothing.expired = 2;
  nothing.expired_bytes = 2;
  nothing.next = 3;
  durable_fixture::packets sent;
  out.on_slice(std::move(nothing), now, sent);
  CAF_CHECK_EQUAL(drops(drop_reason::expired), 2u);
  CAF_CHECK_EQUAL(out.queued(), 0u);
  CAF_CHECK_EQUAL(publish(qos1, {"c"}), "1:c");
}

CAF_TEST(what expires after it was read back is dropped and erased) {
  limits.max_inflight_messages = 1;
  connect();
  publish(qos1, {"a", "b"}, 1);
  write();
  slice(1);
  disk.take_asked();
  now += std::chrono::seconds{2};
  puback(1);
  CAF_CHECK_EQUAL(write_window(), "");
  CAF_CHECK_EQUAL(disk.take_asked(), "erase1 erase2");
  CAF_CHECK_EQUAL(drops(drop_reason::expired), 1u);
}

// -- away and back ------------------------------------------------------------

CAF_TEST(the same sender sends again what is in flight) {
  connect();
  publish(qos1, {"a"});
  publish(qos2, {"b"});
  publish(qos2, {"c"});
  write();
  write();
  pubrec(2);
  released({2});
  out.on_disconnected(true);
  CAF_CHECK_EQUAL(connect(), "1:a! R2");
  CAF_CHECK_EQUAL(write(), "3:c");
}

CAF_TEST(a PUBREC written while the client was away is followed by PUBREL) {
  connect();
  publish(qos2, {"a"});
  write();
  pubrec(1);
  out.on_disconnected(true);
  CAF_CHECK_EQUAL(released({1}), "");
  CAF_CHECK_EQUAL(connect(), "R1");
}

CAF_TEST(a client that is back is sent PUBREL once its PUBREC is written) {
  connect();
  publish(qos2, {"a"});
  write();
  pubrec(1);
  out.on_disconnected(true);
  CAF_CHECK_EQUAL(connect(), "");
  CAF_CHECK_EQUAL(released({1}), "R1");
}

CAF_TEST(a parked sender comes back with its identifiers) {
  connect();
  publish(qos1, {"a"});
  publish(qos2, {"b", "c"});
  write();
  write();
  pubrec(2);
  released({2});
  park_and_attach();
  CAF_CHECK_EQUAL(out.queued(), 0u);
  CAF_CHECK_EQUAL(out.in_flight(), 3u);
  CAF_CHECK_EQUAL(connect(), "1:a! R2 3:c!");
  CAF_CHECK_EQUAL(publish(qos1, {"d"}), "4:d");
}

CAF_TEST(a parked sender comes back with what it had launched) {
  limits.max_inflight_messages = 2;
  publish(qos2, {"a", "b", "c"});
  write();
  connect();
  slice(1);
  CAF_CHECK_EQUAL(write_window(), "1:a 2:b");
  park_and_attach();
  CAF_CHECK_EQUAL(out.in_flight(), 2u);
  CAF_CHECK_EQUAL(out.queued(), 1u);
  CAF_CHECK_EQUAL(connect(), "1:a! 2:b!");
  pubrec(1);
  CAF_CHECK_EQUAL(released({1}), "R1");
  CAF_CHECK_EQUAL(pubcomp(1), "");
  CAF_CHECK_EQUAL(write_window(), "3:c");
}

CAF_TEST(runs of packet identifiers pass 65535) {
  disk.entries[1] = {1, make_publication("a"), {0, 0, 0, qos1, false}};
  disk.entries[2] = {2, make_publication("b"), {0, 0, 0, qos1, false}};
  window = {{1, 65'535, 2}};
  park_and_attach();
  CAF_CHECK_EQUAL(connect(), "65535:a! 1:b!");
  CAF_CHECK_EQUAL(publish(qos1, {"c"}), "2:c");
}

CAF_TEST(a message whose identifier is in use gets another one) {
  disk.entries[1] = {1, make_publication("a"), {0, 0, 5, qos1, false}};
  disk.entries[2] = {2, make_publication("b"), {0, 0, 5, qos1, false}};
  park_and_attach();
  CAF_CHECK_EQUAL(out.in_flight(), 1u);
  CAF_CHECK_EQUAL(connect(), "5:a!");
  CAF_CHECK_EQUAL(write_window(), "6:b");
}

CAF_TEST(
    a client that comes back with a smaller window is sent the rest later) {
  connect();
  publish(qos1, {"a", "b"});
  write();
  park_and_attach();
  CAF_CHECK_EQUAL(connect(1), "1:a!");
  CAF_CHECK_EQUAL(puback(1), "2:b!");
}

CAF_TEST(what the disk lets out late keeps to a smaller window too) {
  connect();
  publish(qos2, {"a", "b"});
  out.on_disconnected(true);
  CAF_CHECK_EQUAL(connect(1), "");
  CAF_CHECK_EQUAL(write(), "1:a");
  CAF_CHECK_EQUAL(pubrec(1), "");
  CAF_CHECK_EQUAL(released({1}), "R1");
  CAF_CHECK_EQUAL(pubcomp(1), "2:b!");
}

CAF_TEST(what is in flight is read back even if it fills several slices) {
  connect();
  publish(qos1, {"a", "b", "c"});
  write();
  out.on_disconnected(true);
  auto backlog = out.park();
  CAF_CHECK_EQUAL(backlog.messages, 0u);
  out = sender{limits};
  out.attach(disk, backlog);
  CAF_CHECK_EQUAL(slice(1, 2), "");
  disk.take_asked();
  CAF_CHECK_EQUAL(connect(), "1:a! 2:b!");
  CAF_CHECK_EQUAL(disk.take_asked(), "read3");
  CAF_CHECK_EQUAL(publish(qos1, {"d"}), "");
  CAF_CHECK_EQUAL(slice(3), "3:c!");
}

CAF_TEST(what waits is counted by whoever has it) {
  limits.max_inflight_messages = 1;
  connect();
  publish(qos1, {"a", "b", "c"});
  write();
  slice(1, 2);
  out.on_disconnected(true);
  auto backlog = out.park();
  CAF_CHECK_EQUAL(backlog.messages, 2u);
  CAF_CHECK_EQUAL(backlog.bytes, 2u);
  CAF_CHECK_EQUAL(backlog.unsettled, 0u);
  CAF_CHECK_EQUAL(out.queued(), 0u);
  CAF_CHECK_EQUAL(out.in_flight(), 0u);
}

CAF_TEST(notices are asked for parts that are not settled) {
  connect();
  publish(qos1, {"a", "b"});
  publish(qos1, {"c"});
  CAF_CHECK_EQUAL(out.ask_for_notices(), 2u);
  write();
  CAF_CHECK_EQUAL(out.ask_for_notices(), 1u);
  write();
  CAF_CHECK_EQUAL(out.ask_for_notices(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
