#include "broker/sender.hpp"
#include "disk_double.hpp"

#include <caf/test/unit_test.hpp>

#include <deque>

using namespace troupe;
using namespace troupe::broker;
using protocol::packet_type;
using protocol::qos;
using protocol::reason;

namespace {

constexpr auto qos0 = qos::at_most_once;
constexpr auto qos1 = qos::at_least_once;
constexpr auto qos2 = qos::exactly_once;

struct fixture {
  fixture() { out.attach(disk, {}); }

  using packets = std::vector<queued_delivery>;

  // As in broker.sender: "1:a" is PUBLISH 1 with payload a, "1:a!" has DUP,
  // "R1" is PUBREL 1.
  static std::string show(const packets& sent) {
    std::string result;
    for (const auto& packet : sent) {
      result += result.empty() ? "" : " ";
      auto id = std::to_string(packet.packet_id);
      if (packet.pubrel)
        result += "R" + id + (packet.reason != reason::success ? "?" : "");
      else
        result += id + ":" + std::string{packet.message->payload()}
                  + (packet.dup ? "!" : "");
    }
    return result;
  }

  std::string connect(uint16_t receive_maximum = 65'535) {
    packets sent;
    sender_parameters client;
    client.receive_maximum = receive_maximum;
    out.on_connected(client, now, sent);
    return show(sent);
  }

  // One batch; its part waits in `parts`. Shows what goes out at once.
  std::string publish(qos level, const std::vector<std::string>& payloads,
                      std::optional<uint32_t> expiry = std::nullopt) {
    batches.emplace_back(nullptr, 1, 0);
    auto& batch = batches.back();
    std::vector<delivery> deliveries;
    for (const auto& payload : payloads) {
      delivery what;
      what.item = static_cast<uint32_t>(batch.items.size());
      what.qos = level;
      deliveries.push_back(what);
      batch.add(make_publication(payload, "t", expiry, now));
    }
    out.accept(batch, deliveries, now);
    parts.push_back(disk.end_batch());
    std::string result;
    for (const auto& what : deliveries)
      result += (result.empty() ? "" : " ") + std::to_string(what.packet_id)
                + ":" + std::string{batch.items[what.item].message->payload()};
    return result;
  }

  // Writes the part of the oldest batch that waits, and shows what follows.
  std::string write() {
    auto part = take_part();
    packets sent;
    if (part && disk.write(*part, written))
      out.on_settled(*part, now, sent);
    return show(sent);
  }
  std::string fail() {
    auto part = take_part();
    packets sent;
    if (part->settle(true))
      out.on_settled(*part, now, sent);
    return show(sent);
  }
  journal_part_ptr take_part() {
    auto part = parts.front();
    parts.pop_front();
    written.items = batches.front().items;
    batches.pop_front();
    return part;
  }

  std::string slice(uint64_t from, size_t count = 100) {
    packets sent;
    out.on_slice(disk.slice(from, count), now, sent);
    return show(sent);
  }

  // The window is written, if it changed.
  std::string write_window() {
    std::vector<uint16_t> ids;
    packets sent;
    if (out.take_window_change(ids)) {
      window = out.window();
      out.on_window_stored(ids, sent);
    }
    return show(sent);
  }

  std::string acknowledge(packet_type type, uint16_t id,
                          reason code = reason::success) {
    packets sent;
    protocol::acknowledgement packet;
    packet.type = type;
    packet.packet_id = id;
    packet.reason = code;
    out.on_acknowledgement(packet, now, sent);
    return show(sent);
  }
  std::string puback(uint16_t id) {
    return acknowledge(packet_type::puback, id);
  }
  std::string pubrec(uint16_t id) {
    return acknowledge(packet_type::pubrec, id);
  }
  std::string pubcomp(uint16_t id) {
    return acknowledge(packet_type::pubcomp, id);
  }
  std::string released(const std::vector<uint16_t>& ids) {
    packets sent;
    out.on_released(ids, sent);
    return show(sent);
  }

  // Away and back in another sender, which begins with what is on disk.
  void park_and_attach() {
    out.on_disconnected(true);
    write_window();
    auto backlog = out.park();
    out = sender{limits};
    out.attach(disk, backlog);
    out.restore_window(window);
    CAF_CHECK_EQUAL(slice(1), "");
  }

  uint64_t drops(drop_reason why) const {
    return out.dropped()[static_cast<size_t>(why)];
  }

  session_limits limits;
  disk_double disk;
  sender out{limits};
  time_point now = test_start;
  std::deque<journal_part_ptr> parts;
  std::deque<publication_batch> batches;
  publication_batch written{nullptr, 1, 0};
  std::vector<launch_run> window;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(sender_durable_tests, fixture)

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
  fixture::packets sent;
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
  fixture::packets sent;
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
  out.on_removed(1, 1);
  CAF_CHECK_EQUAL(out.queued(), 1u);
}

CAF_TEST(what expired on disk is counted when it is passed over) {
  publish(qos1, {"a", "b"}, 1);
  write();
  CAF_CHECK_EQUAL(connect(), "");
  queue_slice nothing;
  nothing.expired = 2;
  nothing.expired_bytes = 2;
  nothing.next = 3;
  fixture::packets sent;
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
