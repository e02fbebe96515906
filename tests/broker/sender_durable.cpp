// What a durable sender sends, and what waits on disk.
#include "durable_fixture.hpp"

using namespace troupe;
using namespace troupe::broker;
using protocol::packet_type;
using protocol::qos;
using protocol::reason;

CAF_TEST_FIXTURE_SCOPE(sender_durable_tests, durable_fixture)

// -- directly -----------------------------------------------------------------

CAF_TEST(QoS 1 goes out at once and is remembered with its identifier) {
  connect();
  CAF_CHECK_EQUAL(publish(qos1, {"a", "b"}), "1:a 2:b");
  auto part = parts.front();
  CAF_REQUIRE_EQUAL(part->size(), 2u);
  CAF_CHECK_EQUAL((*part)[1].item, 1u);
  CAF_CHECK_EQUAL((*part)[1].options.packet_id, 2u);
  CAF_CHECK_EQUAL(write(), "");
  CAF_CHECK_EQUAL(disk.entries.size(), 2u);
}

CAF_TEST(QoS 0 is never remembered for a client that is there) {
  connect();
  CAF_CHECK_EQUAL(publish(qos0, {"a"}), "0:a");
  CAF_CHECK(!parts.front());
}

CAF_TEST(QoS 2 goes out when it is written) {
  connect();
  CAF_CHECK_EQUAL(publish(qos2, {"a", "b"}), "");
  CAF_CHECK_EQUAL(out.in_flight(), 2u);
  CAF_CHECK_EQUAL(write(), "1:a 2:b");
}

CAF_TEST(QoS 1 waits behind QoS 2 that waits for the disk) {
  connect();
  CAF_CHECK_EQUAL(publish(qos2, {"a"}), "");
  CAF_CHECK_EQUAL(publish(qos1, {"b"}), "");
  CAF_CHECK_EQUAL(write(), "1:a");
  CAF_CHECK_EQUAL(publish(qos1, {"c"}), "");
  CAF_CHECK_EQUAL(write(), "2:b");
  CAF_CHECK_EQUAL(write(), "3:c");
  CAF_CHECK_EQUAL(publish(qos1, {"d"}), "4:d");
}

CAF_TEST(a peer is sent QoS 1 when it is written) {
  sender_parameters peer;
  peer.is_peer = true;
  connect(peer);
  CAF_CHECK_EQUAL(publish(qos1, {"a", "b"}), "");
  CAF_CHECK_EQUAL(publish(qos1, {"c"}), "");
  CAF_CHECK_EQUAL(publish(qos0, {"d"}), "0:d");
  CAF_CHECK_EQUAL(write(), "1:a 2:b");
  CAF_CHECK_EQUAL(puback(1), "");
  CAF_CHECK_EQUAL(fail(), "");
  CAF_CHECK_EQUAL(out.in_flight(), 1u);
}

CAF_TEST(what is acknowledged before it is written is never written) {
  connect();
  publish(qos1, {"a", "b"});
  puback(1);
  CAF_CHECK_EQUAL(write(), "");
  CAF_CHECK_EQUAL(disk.entries.size(), 1u);
  CAF_CHECK_EQUAL(disk.take_asked(), "");
  puback(2);
  CAF_CHECK_EQUAL(disk.take_asked(), "erase2");
  CAF_CHECK(disk.entries.empty());
}

CAF_TEST(PUBREL goes out when its PUBREC is written) {
  connect();
  publish(qos2, {"a"});
  write();
  CAF_CHECK_EQUAL(pubrec(1), "");
  CAF_CHECK_EQUAL(disk.take_asked(), "release1");
  CAF_CHECK_EQUAL(pubrec(1), "");
  CAF_CHECK_EQUAL(pubcomp(1), ""); // too early: ignored
  CAF_CHECK_EQUAL(out.in_flight(), 1u);
  CAF_CHECK_EQUAL(released({1}), "R1");
  CAF_CHECK_EQUAL(pubrec(1), "R1");
  CAF_CHECK_EQUAL(pubcomp(1), "");
  CAF_CHECK_EQUAL(disk.take_asked(), "erase1");
  CAF_CHECK_EQUAL(out.in_flight(), 0u);
}

CAF_TEST(a PUBREC for what has not been sent is of an unknown identifier) {
  connect();
  publish(qos2, {"a"});
  CAF_CHECK_EQUAL(pubrec(1), "R1?");
  CAF_CHECK_EQUAL(write(), "1:a");
}

CAF_TEST(a refused QoS 2 message is erased) {
  connect();
  publish(qos2, {"a"});
  write();
  CAF_CHECK_EQUAL(acknowledge(packet_type::pubrec, 1, reason::quota_exceeded),
                  "");
  CAF_CHECK_EQUAL(disk.take_asked(), "erase1");
  CAF_CHECK_EQUAL(out.in_flight(), 0u);
}

CAF_TEST(QoS 2 whose part failed is never sent) {
  connect();
  publish(qos2, {"a"});
  publish(qos2, {"b"});
  CAF_CHECK_EQUAL(fail(), "");
  CAF_CHECK_EQUAL(out.in_flight(), 1u);
  CAF_CHECK_EQUAL(write(), "2:b");
  CAF_CHECK_EQUAL(publish(qos1, {"c"}), "3:c");
}

CAF_TEST(QoS 1 whose part failed stays in flight and is not erased) {
  connect();
  publish(qos1, {"a"});
  CAF_CHECK_EQUAL(fail(), "");
  CAF_CHECK_EQUAL(out.in_flight(), 1u);
  puback(1);
  CAF_CHECK_EQUAL(disk.take_asked(), "");
  CAF_CHECK_EQUAL(out.in_flight(), 0u);
}

// -- the queue on disk --------------------------------------------------------

CAF_TEST(what the window does not hold waits on disk and comes back in order) {
  limits.max_inflight_messages = 1;
  connect();
  CAF_CHECK_EQUAL(publish(qos1, {"a", "b", "c"}), "1:a");
  CAF_CHECK_EQUAL(out.queued(), 2u);
  CAF_CHECK_EQUAL(out.queued_bytes(), 2u);
  CAF_CHECK_EQUAL(write(), "");
  CAF_CHECK_EQUAL(disk.take_asked(), "read1");
  CAF_CHECK_EQUAL(slice(1), "");
  CAF_CHECK_EQUAL(out.queued(), 2u);
  CAF_CHECK_EQUAL(puback(1), "");
  CAF_CHECK_EQUAL(disk.take_asked(), "erase1");
  CAF_CHECK_EQUAL(write_window(), "2:b");
  CAF_CHECK_EQUAL(puback(2), "");
  CAF_CHECK_EQUAL(write_window(), "3:c");
  puback(3);
  CAF_CHECK_EQUAL(out.queued(), 0u);
  CAF_CHECK(disk.entries.empty());
  CAF_CHECK_EQUAL(publish(qos1, {"d"}), "4:d");
}

CAF_TEST(a new message does not pass those on disk) {
  limits.max_inflight_messages = 1;
  connect();
  publish(qos1, {"a", "b"});
  puback(1);
  CAF_CHECK_EQUAL(publish(qos1, {"c"}), "");
  write();
  write();
  CAF_CHECK_EQUAL(slice(1), "");
  CAF_CHECK_EQUAL(write_window(), "2:b");
  puback(2);
  CAF_CHECK_EQUAL(write_window(), "3:c");
}

CAF_TEST(slices are asked for one after the other) {
  limits.max_inflight_messages = 2;
  connect();
  publish(qos1, {"a", "b", "c", "d", "e"});
  write();
  CAF_CHECK_EQUAL(disk.take_asked(), "read1");
  slice(1, 3);
  CAF_CHECK_EQUAL(out.queued(), 3u);
  CAF_CHECK_EQUAL(disk.take_asked(), "read4");
  slice(4, 1);
  CAF_CHECK_EQUAL(disk.take_asked(), "read5");
  slice(5, 1);
  CAF_CHECK_EQUAL(disk.take_asked(), "");
  CAF_CHECK_EQUAL(out.queued(), 3u);
  puback(1);
  puback(2);
  CAF_CHECK_EQUAL(write_window(), "3:c 4:d");
}

CAF_TEST(what is in flight already is no news in a slice) {
  limits.max_inflight_messages = 2;
  connect();
  publish(qos1, {"a", "b", "c"});
  write();
  auto old = disk.slice(1, 100);
  puback(1); // after the slice was read, before it came
  durable_fixture::packets sent;
  out.on_slice(std::move(old), now, sent);
  CAF_CHECK_EQUAL(show(sent), "");
  CAF_CHECK_EQUAL(write_window(), "3:c");
  CAF_CHECK_EQUAL(out.in_flight(), 2u);
  CAF_CHECK_EQUAL(out.queued(), 0u);
}

CAF_TEST(a message whose part failed does not wait any more) {
  limits.max_inflight_messages = 1;
  connect();
  publish(qos1, {"a"});
  publish(qos1, {"b"});
  write();
  CAF_CHECK_EQUAL(fail(), "");
  CAF_CHECK_EQUAL(out.queued(), 0u);
  CAF_CHECK_EQUAL(out.queued_bytes(), 0u);
  puback(1);
  CAF_CHECK_EQUAL(publish(qos1, {"c"}), "2:c");
}

CAF_TEST(launched messages go out when the window is written) {
  connect();
  out.on_disconnected(true);
  publish(qos2, {"a", "b"});
  write();
  connect();
  CAF_CHECK_EQUAL(slice(1), "");
  std::vector<uint16_t> ids;
  CAF_REQUIRE(out.take_window_change(ids));
  CAF_REQUIRE_EQUAL(out.window().size(), 1u);
  CAF_CHECK((out.window()[0] == launch_run{1, 1, 2}));
  durable_fixture::packets sent;
  out.on_window_stored(ids, sent);
  CAF_CHECK_EQUAL(show(sent), "1:a 2:b");
  CAF_CHECK(!out.take_window_change(ids));
}

CAF_TEST(the window forgets runs that are done) {
  limits.max_inflight_messages = 1;
  connect();
  publish(qos1, {"a", "b", "c"});
  write();
  slice(1);
  puback(1);
  write_window();
  puback(2);
  write_window();
  CAF_CHECK_EQUAL(window.size(), 1u);
  puback(3);
  publish(qos1, {"d", "e"});
  write();
  slice(4);
  puback(4);
  write_window();
  CAF_REQUIRE_EQUAL(window.size(), 1u);
  CAF_CHECK((window[0] == launch_run{5, 5, 1}));
}

CAF_TEST_FIXTURE_SCOPE_END()
