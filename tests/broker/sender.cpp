#include "sender_fixture.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::broker;
using protocol::packet_type;
using protocol::qos;
using protocol::reason;
using std::chrono::seconds;

namespace {

struct fixture : sender_fixture {
  sender_parameters client;
  uint32_t subscription_id = 0;
  uint16_t shared = 0;

  std::string connect() {
    std::vector<queued_delivery> packets;
    out.on_connected(client, now, packets);
    return show(packets);
  }

  // One batch with one message per letter of `payloads`; shows what is sent.
  std::string publish(qos level, std::string_view payloads,
                      std::optional<uint32_t> expiry = std::nullopt) {
    std::vector<publication_ptr> messages;
    for (const auto& payload : payloads)
      messages.push_back(make_publication({&payload, 1}, "t", expiry, now));
    return publish(level, messages);
  }

  std::string publish(qos level, const std::vector<publication_ptr>& messages) {
    publication_batch batch{nullptr, 1, 0};
    std::vector<delivery> deliveries;
    for (const auto& message : messages) {
      delivery what;
      what.item = static_cast<uint32_t>(batch.items.size());
      what.qos = level;
      what.shared = shared;
      what.subscription_id = subscription_id;
      deliveries.push_back(what);
      batch.add(message);
    }
    out.accept(batch, deliveries, now);
    return show(batch, deliveries);
  }

  std::string set_writable(bool value) {
    std::vector<queued_delivery> packets;
    out.set_writable(value, now, packets);
    return show(packets);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(sender_tests, fixture)

CAF_TEST(a sender is small) {
  CAF_CHECK(sizeof(sender) <= 200);
}

// -- QoS 0 --------------------------------------------------------------------

CAF_TEST(QoS 0 passes an online client even when its window is full) {
  limits.max_inflight_messages = 1;
  connect();
  CAF_CHECK_EQUAL(publish(qos1, "ab"), "1:a");
  CAF_CHECK_EQUAL(publish(qos0, "xyz"), "0:x 0:y 0:z");
  set_writable(false);
  CAF_CHECK_EQUAL(publish(qos0, "x"), "0:x");
}

CAF_TEST(QoS 0 for a client that is away is counted as client offline) {
  CAF_CHECK_EQUAL(publish(qos0, "xy"), "");
  CAF_CHECK_EQUAL(drops(drop_reason::client_offline), 2u);
  CAF_CHECK_EQUAL(connect(), "");
}

CAF_TEST(QoS 0 waits for a client that is away if the option says so) {
  limits.queue_qos0_messages = true;
  limits.max_inflight_messages = 1;
  publish(qos1, "ab");
  publish(qos0, "x");
  publish(qos1, "c");
  publish(qos0, "y");
  CAF_CHECK_EQUAL(out.queued(), 5u);
  CAF_CHECK_EQUAL(connect(), "0:x 0:y 1:a");
  CAF_CHECK_EQUAL(out.queued(), 2u);
  CAF_CHECK_EQUAL(puback(1), "2:b");
}

// -- window and queue ---------------------------------------------------------

CAF_TEST(identifiers are given in turn and start with 1) {
  connect();
  CAF_CHECK_EQUAL(publish(qos1, "abc"), "1:a 2:b 3:c");
  puback(1);
  CAF_CHECK_EQUAL(publish(qos2, "d"), "4:d");
}

CAF_TEST(the window is the smaller of inflight limit and receive maximum) {
  limits.max_inflight_messages = 3;
  connect();
  CAF_CHECK_EQUAL(publish(qos1, "abcd"), "1:a 2:b 3:c");
  CAF_CHECK(!out.has_room());
  client.receive_maximum = 2;
  sender other{limits};
  std::swap(out, other);
  connect();
  CAF_CHECK_EQUAL(publish(qos1, "abcd"), "1:a 2:b");
  CAF_CHECK_EQUAL(out.queued(), 2u);
  CAF_CHECK_EQUAL(out.queued_bytes(), 2u);
}

CAF_TEST(no limit of messages in flight leaves the receive maximum) {
  limits.max_inflight_messages = 0;
  client.receive_maximum = 3;
  connect();
  CAF_CHECK_EQUAL(publish(qos1, "abcd"), "1:a 2:b 3:c");
}

CAF_TEST(an acknowledgement lets the next message go) {
  limits.max_inflight_messages = 2;
  connect();
  publish(qos1, "abcde");
  CAF_CHECK_EQUAL(puback(1), "3:c");
  CAF_CHECK_EQUAL(puback(2), "4:d");
  CAF_CHECK_EQUAL(publish(qos1, "f"), "");
  CAF_CHECK_EQUAL(puback(3), "5:e");
  CAF_CHECK_EQUAL(puback(4), "6:f");
  CAF_CHECK(!out.has_room());
  CAF_CHECK_EQUAL(puback(5), "");
  CAF_CHECK(out.has_room());
}

CAF_TEST(bytes in flight are limited but one large message goes alone) {
  limits.max_inflight_bytes = 10;
  connect();
  auto small = make_publication("123456");
  auto large = make_publication("0123456789ab");
  CAF_CHECK_EQUAL(publish(qos1, {small, small, large, small}), "1:123456");
  CAF_CHECK_EQUAL(puback(1), "2:123456");
  CAF_CHECK_EQUAL(puback(2), "3:0123456789ab");
  CAF_CHECK_EQUAL(puback(3), "4:123456");
}

CAF_TEST(a full queue drops the newest and counts it) {
  limits.max_queued_messages = 2;
  publish(qos1, "abcd");
  CAF_CHECK_EQUAL(out.queued(), 2u);
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 2u);
  CAF_CHECK_EQUAL(connect(), "1:a 2:b");
}

CAF_TEST(the queue is limited by bytes too) {
  limits.max_queued_messages = 0;
  limits.max_queued_bytes = 10;
  auto message = make_publication("1234");
  publish(qos1, {message, message, message});
  CAF_CHECK_EQUAL(out.queued_bytes(), 8u);
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 1u);
}

CAF_TEST(limits of zero queue without end) {
  limits.max_queued_messages = 0;
  for (int i = 0; i < 2000; ++i)
    publish(qos1, "abc");
  CAF_CHECK_EQUAL(out.queued(), 6000u);
}

CAF_TEST(messages wait while the connection takes no more) {
  connect();
  CAF_CHECK_EQUAL(set_writable(false), "");
  CAF_CHECK(!out.has_room());
  CAF_CHECK_EQUAL(publish(qos1, "ab"), "");
  CAF_CHECK_EQUAL(set_writable(true), "1:a 2:b");
  CAF_CHECK_EQUAL(publish(qos1, "c"), "3:c");
}

CAF_TEST(all waits while somebody is connected who takes no messages) {
  limits.queue_qos0_messages = true;
  CAF_CHECK_EQUAL(publish(qos1, "a"), "");
  client.takes_messages = false;
  CAF_CHECK_EQUAL(connect(), "");
  CAF_CHECK_EQUAL(publish(qos1, "b"), "");
  CAF_CHECK_EQUAL(publish(qos0, "c"), "");
  CAF_CHECK_EQUAL(set_writable(true), "");
  CAF_CHECK_EQUAL(out.queued(), 3u);
  CAF_CHECK_EQUAL(out.in_flight(), 0u);
  out.on_disconnected(true);
  client.takes_messages = true;
  CAF_CHECK_EQUAL(connect(), "0:c 1:a 2:b");
}

CAF_TEST(acknowledgements send nothing but PUBREL while it takes no more) {
  limits.max_inflight_messages = 1;
  connect();
  publish(qos2, "ab");
  set_writable(false);
  CAF_CHECK_EQUAL(pubrec(1), "R1");
  CAF_CHECK_EQUAL(pubcomp(1), "");
  CAF_CHECK_EQUAL(set_writable(true), "2:b");
}

// -- QoS 2 --------------------------------------------------------------------

CAF_TEST(QoS 2 goes from PUBREC over PUBREL to PUBCOMP) {
  limits.max_inflight_messages = 1;
  connect();
  CAF_CHECK_EQUAL(publish(qos2, "ab"), "1:a");
  CAF_CHECK_EQUAL(pubcomp(1), "");
  CAF_CHECK_EQUAL(pubrec(1), "R1");
  CAF_CHECK_EQUAL(pubrec(1), "R1");
  CAF_CHECK_EQUAL(out.in_flight(), 1u);
  CAF_CHECK_EQUAL(pubcomp(1), "2:b");
}

CAF_TEST(PUBREC with an error ends the exchange) {
  limits.max_inflight_messages = 1;
  connect();
  publish(qos2, "ab");
  CAF_CHECK_EQUAL(acknowledge(packet_type::pubrec, 1, reason::quota_exceeded),
                  "2:b");
}

CAF_TEST(an unknown PUBREC is answered and other unknown ones are ignored) {
  connect();
  publish(qos1, "a");
  CAF_CHECK_EQUAL(pubrec(7), "R7?");
  CAF_CHECK_EQUAL(pubrec(1), "R1?");
  CAF_CHECK_EQUAL(acknowledge(packet_type::pubrec, 7, reason::quota_exceeded),
                  "");
  CAF_CHECK_EQUAL(puback(7), "");
  CAF_CHECK_EQUAL(pubcomp(1), "");
  CAF_CHECK_EQUAL(puback(0), "");
  CAF_CHECK_EQUAL(out.in_flight(), 1u);
}

CAF_TEST(PUBACK does not end a QoS 2 exchange) {
  connect();
  publish(qos2, "a");
  puback(1);
  CAF_CHECK_EQUAL(out.in_flight(), 1u);
}

// -- reconnecting -------------------------------------------------------------

CAF_TEST(what was not acknowledged is sent again in order before the queue) {
  limits.max_inflight_messages = 4;
  connect();
  publish(qos1, "a");
  publish(qos2, "bc");
  publish(qos1, "d");
  pubrec(2);
  puback(1);
  publish(qos1, "e");
  out.on_disconnected(true);
  publish(qos1, "f");
  CAF_CHECK_EQUAL(connect(), "R2 3:c! 4:d! 5:e!");
  CAF_CHECK_EQUAL(pubcomp(2), "6:f");
}

CAF_TEST(a smaller receive maximum holds back the rest of what was in flight) {
  connect();
  publish(qos1, "abcd");
  publish(qos2, "e");
  publish(qos1, "f");
  pubrec(5);
  out.on_disconnected(true);
  client.receive_maximum = 2;
  CAF_CHECK_EQUAL(connect(), "1:a! 2:b! R5");
  CAF_CHECK(!out.has_room());
  CAF_CHECK_EQUAL(publish(qos1, "g"), "");
  CAF_CHECK_EQUAL(puback(1), "");
  CAF_CHECK_EQUAL(puback(2), "3:c!");
  CAF_CHECK_EQUAL(pubcomp(5), "4:d!");
  CAF_CHECK_EQUAL(puback(4), "6:f!");
  CAF_CHECK_EQUAL(puback(3), "7:g");
}

CAF_TEST(an acknowledgement of what is held back counts) {
  connect();
  publish(qos1, "ab");
  publish(qos2, "c");
  publish(qos1, "d");
  out.on_disconnected(true);
  client.receive_maximum = 1;
  CAF_CHECK_EQUAL(connect(), "1:a!");
  CAF_CHECK_EQUAL(puback(2), "");
  CAF_CHECK_EQUAL(pubrec(3), "R3");
  CAF_CHECK_EQUAL(puback(1), "");
  CAF_CHECK_EQUAL(pubcomp(3), "4:d!");
  CAF_CHECK_EQUAL(puback(4), "");
  CAF_CHECK_EQUAL(out.in_flight(), 0u);
}

CAF_TEST(nothing is kept for a session that ends) {
  connect();
  publish(qos1, "ab");
  out.on_disconnected(false);
  CAF_CHECK_EQUAL(out.in_flight(), 0u);
  CAF_CHECK_EQUAL(connect(), "");
  CAF_CHECK(out.has_room());
}

// -- expiry and size ----------------------------------------------------------

CAF_TEST(an expired message is never sent for the first time) {
  publish(qos1, "a", 10);
  publish(qos1, "b");
  now += seconds{10};
  CAF_CHECK_EQUAL(connect(), "1:b");
  CAF_CHECK_EQUAL(drops(drop_reason::expired), 1u);
  auto old = make_publication("c", "t", 5, now - seconds{5});
  CAF_CHECK_EQUAL(publish(qos0, {old}), "");
  CAF_CHECK_EQUAL(publish(qos1, {old}), "");
  CAF_CHECK_EQUAL(drops(drop_reason::expired), 3u);
}

CAF_TEST(an expired message that was sent once is sent again) {
  connect();
  publish(qos1, "a", 10);
  out.on_disconnected(true);
  now += seconds{60};
  CAF_CHECK_EQUAL(connect(), "1:a!");
}

CAF_TEST(expired messages make room in a full queue) {
  limits.max_queued_messages = 3;
  publish(qos1, "a");
  publish(qos1, "b", 10);
  publish(qos1, "c", 20);
  now += seconds{10};
  publish(qos1, "d");
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 0u);
  publish(qos1, "e");
  CAF_CHECK_EQUAL(drops(drop_reason::queue_full), 1u);
  now += seconds{10};
  publish(qos1, "f");
  CAF_CHECK_EQUAL(drops(drop_reason::expired), 2u);
  CAF_CHECK_EQUAL(connect(), "1:a 2:d 3:f");
}

CAF_TEST(a PUBLISH above the maximum packet size is dropped before an id) {
  client.version = protocol::version::v5;
  // Fixed header 2, topic 3, identifier 2, property length 1, payload 1.
  client.maximum_packet_size = 9;
  connect();
  CAF_CHECK_EQUAL(publish(qos1, "a"), "1:a");
  CAF_CHECK_EQUAL(publish(qos1, {make_publication("ab")}), "");
  CAF_CHECK_EQUAL(publish(qos0, {make_publication("abc")}), "0:abc");
  CAF_CHECK_EQUAL(publish(qos0, {make_publication("abcd")}), "");
  CAF_CHECK_EQUAL(drops(drop_reason::packet_too_large), 2u);
  CAF_CHECK_EQUAL(publish(qos1, "a"), "2:a");
}

CAF_TEST(the path counts towards the packet size of peers only) {
  client.version = protocol::version::v5;
  // As above, and user property 1, name 2 + 11, value 2 + 3.
  client.maximum_packet_size = 28;
  auto message = with_path(*make_publication("a"), "way");
  connect();
  CAF_CHECK_EQUAL(publish(qos1, {message}), "1:a");
  client.is_peer = true;
  connect();
  CAF_CHECK_EQUAL(publish(qos1, {message}), "2:a");
  client.maximum_packet_size = 27;
  connect();
  CAF_CHECK_EQUAL(publish(qos1, {message}), "");
  // Those in flight cannot be sent again either.
  CAF_CHECK_EQUAL(drops(drop_reason::packet_too_large), 3u);
  client.is_peer = false;
  connect();
  CAF_CHECK_EQUAL(publish(qos1, {message}), "3:a");
}

CAF_TEST(expiry and subscription identifier count towards the packet size) {
  client.version = protocol::version::v5;
  client.maximum_packet_size = 13;
  connect();
  CAF_CHECK_EQUAL(publish(qos1, "a", 10), "");
  CAF_CHECK_EQUAL(publish(qos0, "a", 10), "0:a");
  subscription_id = 127;
  CAF_CHECK_EQUAL(publish(qos1, "a"), "1:a");
  client.maximum_packet_size = 11;
  connect();
  CAF_CHECK_EQUAL(publish(qos1, "a"), "2:a");
  subscription_id = 128;
  CAF_CHECK_EQUAL(publish(qos1, "a"), "");
}

CAF_TEST(what is too large for the new connection counts as completed) {
  client.version = protocol::version::v5;
  connect();
  publish(qos1, {make_publication("large"), make_publication("s")});
  out.on_disconnected(true);
  publish(qos1, {make_publication("large"), make_publication("t")});
  client.maximum_packet_size = 9;
  CAF_CHECK_EQUAL(connect(), "2:s! 3:t");
  CAF_CHECK_EQUAL(drops(drop_reason::packet_too_large), 2u);
  CAF_CHECK_EQUAL(out.in_flight(), 2u);
}

// -- many ---------------------------------------------------------------------

CAF_TEST(all identifiers can be in flight and none is used twice) {
  limits.max_inflight_messages = 0;
  limits.max_queued_messages = 0;
  connect();
  for (int i = 0; i < 65'534; ++i)
    publish(qos1, "a");
  CAF_CHECK_EQUAL(publish(qos1, "xyz"), "65535:x");
  CAF_CHECK_EQUAL(out.in_flight(), 65'535u);
  CAF_CHECK_EQUAL(puback(4711), "4711:y");
  CAF_CHECK_EQUAL(puback(65'535), "65535:z");
  for (uint32_t id = 65'535; id > 0; --id)
    puback(static_cast<uint16_t>(id));
  CAF_CHECK_EQUAL(out.in_flight(), 0u);
}

CAF_TEST(identifiers go round from 65535 to 1) {
  connect();
  for (uint32_t round = 0; round < 2; ++round)
    for (uint32_t id = 1; id <= 65'535; ++id) {
      if (publish(qos1, "a") != std::to_string(id) + ":a")
        CAF_FAIL("identifier " << id << " is not given in turn");
      puback(static_cast<uint16_t>(id));
    }
}

CAF_TEST(identifiers go round while others are in flight) {
  for (uint32_t others : {1u, 3u, 7u, 20u}) {
    sender other{limits};
    std::swap(out, other);
    limits.max_inflight_messages = 0;
    connect();
    for (uint32_t i = 1; i <= 140'000; ++i) {
      auto turn = [](uint32_t n) { return (n - 1) % 65'535 + 1; };
      if (publish(qos1, "a") != std::to_string(turn(i)) + ":a")
        CAF_FAIL("out of turn: " << i);
      if (i > others)
        puback(static_cast<uint16_t>(turn(i - others)));
    }
    CAF_CHECK_EQUAL(out.in_flight(), others);
  }
}

CAF_TEST(an identifier that is never acknowledged is never given again) {
  limits.max_inflight_messages = 3;
  connect();
  publish(qos1, "ab");
  for (uint32_t i = 0; i < 200'000; ++i) {
    auto sent = publish(qos1, "c");
    auto id = static_cast<uint16_t>(std::stoul(sent));
    if (id <= 2)
      CAF_FAIL("identifier " << id << " is in use");
    puback(id);
  }
  out.on_disconnected(true);
  CAF_CHECK_EQUAL(connect(), "1:a! 2:b!");
}

// -- shared subscriptions -----------------------------------------------------

CAF_TEST(a member that is away leaves what waits and what QoS 1 has in flight) {
  limits.max_inflight_messages = 4;
  connect();
  publish(qos1, "a");
  shared = 1;
  publish(qos1, "b");
  publish(qos2, "cd");
  shared = 2;
  publish(qos1, "e");
  shared = 1;
  publish(qos2, "f");
  pubrec(3);
  out.on_disconnected(true);
  CAF_CHECK_EQUAL(show(out.take_shared(1)), "0:b 0:f");
  CAF_CHECK_EQUAL(show(out.take_shared()), "0:e");
  CAF_CHECK_EQUAL(connect(), "1:a! R3 4:d!");
}

CAF_TEST(a member that is online keeps what is in flight) {
  limits.max_inflight_messages = 1;
  shared = 1;
  connect();
  publish(qos1, "ab");
  CAF_CHECK_EQUAL(show(out.take_shared()), "0:b");
  CAF_CHECK_EQUAL(out.in_flight(), 1u);
  CAF_CHECK_EQUAL(out.queued_bytes(), 0u);
}

CAF_TEST(what has forgotten its shared subscription stays) {
  shared = 1;
  publish(qos1, "a");
  out.forget_shared(1);
  CAF_CHECK_EQUAL(show(out.take_shared()), "");
  CAF_CHECK_EQUAL(connect(), "1:a");
}

CAF_TEST_FIXTURE_SCOPE_END()
