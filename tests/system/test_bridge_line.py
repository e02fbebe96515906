"""What a bridge does for the sake of the line: rates, batches, the address it
connects from, what it does not say, and what it lets grow too old to send."""
import socket
import time
import unittest

import mqtt
from fake_remote import FakeRemote, parse_subscribe
from harness import troupe_only
from sites import SitesTest, payloads, section

IN_V5 = {"bridge_protocol_version": "mqttv50"}
FOR_EVER = 65535 # of seconds or of milliseconds: longer than a test
FULL_BATCH = 65536 # bytes that do not wait for more


class LineTest(SitesTest):
    """A bridge `b` whose remote end is the test."""

    def link(self, *topics, props=(), **options):
        self.fake = FakeRemote(self)
        options = {"notifications": False, "keepalive_interval": FOR_EVER,
                   **options}
        self.local = self.site(bridges=section("b", self.fake.port, *topics,
                                               **options))
        peer = self.fake.accept()
        peer.accept(props)
        return peer

    def take_greeting(self, peer, *expected):
        """All that a link says at first; before it a message of
        QoS 0 would be lost. Its order is open, as a ping has its own time."""
        missing = set(expected)
        while missing:
            got = peer.receive()
            self.assertIn(got.type, expected)
            missing.discard(got.type)
            peer.answer(got)

    def assert_nothing_came(self, peer):
        self.assertEqual(peer.buffer, b"")
        with self.assertRaises(BlockingIOError):
            peer.socket.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK)


@troupe_only
class Rates(LineTest):
    """Of the time that a rate asks for two thirds are waited for: a loop may
    have begun its turn before the test looked at the clock. Without the rate
    it is milliseconds."""

    rate, count, size = 2000, 60, 100
    seconds = count * size / rate

    def check_time(self, since):
        self.assertGreater(time.monotonic() - since, self.seconds * 2 / 3)

    def texts(self):
        return [str(number).rjust(self.size) for number in range(self.count)]

    def check_out(self, qos):
        peer = self.link(f"r/# out {qos}", bridge_max_rate_out=self.rate)
        self.take_greeting(peer, mqtt.UNSUBSCRIBE, mqtt.PINGREQ)
        began = time.monotonic()
        self.publish(self.local, "r/x", *self.texts(), qos=qos)
        got = []
        while len(got) < self.count:
            got.append(peer.next_publish())
            peer.answer(got[-1])
        self.check_time(began)
        self.assertEqual([each.payload.decode() for each in got],
                         self.texts())

    def test_what_goes_out_takes_its_time(self):
        for qos in (0, 1):
            with self.subTest(qos=qos):
                self.check_out(qos)

    def test_one_large_message_goes_out_in_pieces(self):
        peer = self.link("r/# out 1", bridge_max_rate_out=self.rate)
        text = "".join(self.texts())
        began = time.monotonic()
        self.publish(self.local, "r/x", text)
        self.assertEqual(peer.next_publish().payload.decode(), text)
        self.check_time(began)

    def test_what_comes_in_takes_its_time(self):
        peer = self.link("r/# in 0", bridge_max_rate_in=self.rate)
        self.take_greeting(peer, mqtt.SUBSCRIBE, mqtt.PINGREQ)
        reader = self.watching(self.local, "r/#")
        began = time.monotonic()
        peer.send(b"".join(mqtt.publish("r/x", text, peer.version)
                           for text in self.texts()))
        self.assertEqual(payloads(reader, self.count), self.texts())
        self.check_time(began)

    def test_the_other_way_has_its_own_rate(self):
        """What comes in would take a minute."""
        peer = self.link("r/up out 0", "r/down in 0", bridge_max_rate_in=100,
                         bridge_max_rate_out=0)
        self.take_greeting(peer, mqtt.UNSUBSCRIBE, mqtt.SUBSCRIBE,
                           mqtt.PINGREQ)
        reader = self.watching(self.local, "r/down")
        peer.send(mqtt.publish("r/down", "x" * 6000, peer.version))
        self.publish(self.local, "r/up", *self.texts(), qos=0)
        for text in self.texts():
            self.assertEqual(peer.next_publish().payload.decode(), text)
        self.assert_nothing_came(reader)

    def test_a_ping_that_the_rate_holds_back_is_not_one_unanswered(self):
        peer = self.link("r/# out 0", bridge_max_rate_out=400,
                         props={"server_keep_alive": 1}, **IN_V5)
        self.take_greeting(peer, mqtt.UNSUBSCRIBE, mqtt.PINGREQ)
        links = self.told(self.local, "b", "links")
        # It takes longer than the five seconds that an answer may take.
        self.publish(self.local, "r/x", "x" * 4000, qos=0)
        self.assertEqual(len(peer.next_publish(60).payload), 4000)
        peer.answer(peer.receive_type(mqtt.PINGREQ))
        self.assertEqual(links.wait_for(int), "1")
        self.assertNotIn("is lost", self.local.log.text())


@troupe_only
class Batches(LineTest):
    def test_output_waits_until_there_is_a_lot(self):
        peer = self.link("b/# out 0", bridge_batch_delay=FOR_EVER)
        self.take_greeting(peer, mqtt.UNSUBSCRIBE, mqtt.PINGREQ)
        sent = self.told(self.local, "b", "messages/sent")
        for number in range(3):
            self.publish(self.local, "b/x", str(number), qos=0)
            sent.wait(str(number + 1)) # has reached the link
            self.assert_nothing_came(peer)
        self.publish(self.local, "b/x", "x" * FULL_BATCH, qos=0)
        for number in range(3):
            peer.expect_publish("b/x", str(number))
        self.assertEqual(len(peer.receive_publish().payload), FULL_BATCH)

    def test_output_does_not_wait_longer_than_the_delay(self):
        peer = self.link("b/# out 0", bridge_batch_delay=1500)
        self.take_greeting(peer, mqtt.UNSUBSCRIBE, mqtt.PINGREQ)
        for number in range(2): # each has a delay of its own
            began = time.monotonic()
            self.publish(self.local, "b/x", str(number), qos=0)
            peer.expect_publish("b/x", str(number))
            self.assertGreater(time.monotonic() - began, 1)

    def test_a_ping_does_not_wait_and_takes_along_what_does(self):
        peer = self.link("b/# out 0", bridge_batch_delay=FOR_EVER,
                         props={"server_keep_alive": 1}, **IN_V5)
        self.take_greeting(peer, mqtt.UNSUBSCRIBE, mqtt.PINGREQ)
        self.publish(self.local, "b/x", "on the way", qos=0)
        self.assertEqual(peer.next_publish().payload, b"on the way")
        peer.answer(peer.receive_type(mqtt.PINGREQ))


@troupe_only
class BindAddress(LineTest):
    def test_the_link_comes_from_there(self):
        for address in ("127.0.0.2", "127.0.0.3"):
            with self.subTest(address=address):
                peer = self.link("b/# out 1", bridge_bind_address=address)
                self.assertEqual(peer.socket.getpeername()[0], address)

    def test_each_bridge_has_its_own(self):
        remote = self.site()
        local = self.site(bridges=section(
            "one", remote, "b/# out 1", bridge_bind_address="127.0.0.2")
            + section("other", remote, "b/# out 1"))
        self.wait_linked(local, "one", "other")
        remote.log_has(r"New client connected from 127\.0\.0\.2:\d+ as one ")
        remote.log_has(r"New client connected from 127\.0\.0\.1:\d+ as other ")

    def test_an_address_that_this_machine_does_not_have(self):
        port = FakeRemote(self).port
        local = self.site(bridges=section("b", port, "b/# out 1",
                                          bridge_bind_address="192.0.2.1"))
        local.log_has(f"Bridge b: no link to 127.0.0.1:{port}"
                      " from 192.0.2.1: Cannot assign requested address")


@troupe_only
class Greeting(LineTest):
    topics = "b/in/# in 1", "b/out/# out 1"

    def said(self, **options):
        """The packets that come before the first message."""
        peer = self.link(*self.topics, **options)
        self.publish(self.local, "b/out/x", "behind it")
        got = []
        while not got or got[-1].type != mqtt.PUBLISH:
            got.append(peer.receive())
            peer.answer(got[-1])
        return peer, [each for each in got if each.type != mqtt.PINGREQ]

    def test_nothing_is_unsubscribed_on_request(self):
        peer, said = self.said(bridge_attempt_unsubscribe=False)
        self.assertEqual([each.type for each in said],
                         [mqtt.SUBSCRIBE, mqtt.PUBLISH])
        self.assertEqual(parse_subscribe(said[0], peer.version)[1],
                         [("b/in/#", 1)])

    def test_else_it_is(self):
        _, said = self.said()
        self.assertEqual([each.type for each in said],
                         [mqtt.UNSUBSCRIBE, mqtt.SUBSCRIBE, mqtt.PUBLISH])


@troupe_only
class QueuedAge(SitesTest):
    """Nobody answers until what waits is too old."""

    def start(self, **options):
        self.fake = FakeRemote(self)
        self.local = self.site(bridges=section(
            "b", self.fake.port, "q/# out 1", bridge_max_queued_age=1,
            bridge_connect_timeout=600, notifications=False), **options)
        self.expired = self.watch(
            self.local, "$SYS/broker/publish/messages/dropped/expired")
        self.publish(self.local, "q/x", *map(str, range(5)))

    def check_that_only_what_is_young_goes(self):
        peer = self.fake.accept()
        peer.accept()
        self.told(self.local, "b", "state").wait("connected")
        self.told(self.local, "b", "queue/messages").wait("0")
        self.publish(self.local, "q/x", "young")
        self.assertEqual(peer.next_publish().payload, b"young")

    def test_in_memory_it_is_found_out_when_there_is_a_link(self):
        self.start(persistence=None, persistence_location=None)
        self.told(self.local, "b", "queue/age").wait_for(
            lambda value: int(value) >= 2)
        self.check_that_only_what_is_young_goes()
        self.expired.wait("5")


if __name__ == "__main__":
    unittest.main()
