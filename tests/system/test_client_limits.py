"""Limits of what one client may do, and what is over them."""
import unittest

import client as raw
import mqtt
from harness import BrokerTest, each_version, troupe_only
from mqtt import V5
from persistence import KEEP

QUOTA_EXCEEDED = 0x97
RATE_TOO_HIGH = 0x96


@troupe_only
class Subscriptions(BrokerTest):
    options = {"max_subscriptions": 3}

    @each_version
    def test_those_above_the_limit_are_refused(self, version):
        refused = QUOTA_EXCEEDED if version == V5 else 0x80
        client = self.connected(version)
        client.subscribe("a", "b")
        client.subscribe("c", "d", "$share/g/e",
                         codes=[0, refused, refused])
        client.publish("d", "no")
        client.publish("c", "yes")
        client.expect_publish("c", "yes")

    @each_version
    def test_one_that_is_there_may_be_changed(self, version):
        client = self.connected(version)
        client.subscribe("a", "b", "c")
        client.subscribe("a", "c", qos=1)

    @each_version
    def test_who_unsubscribes_has_room_again(self, version):
        client = self.connected(version)
        client.subscribe("a", "b", "c")
        client.unsubscribe("b")
        client.subscribe("d")

    def test_a_session_that_returns_has_what_it_had(self):
        client = self.connected(clean=False, props=KEEP)
        client.subscribe("a", "b", "c")
        client.disconnect()
        back = self.connected(client_id=client.client_id, clean=False,
                              props=KEEP)
        back.subscribe("d", codes=[QUOTA_EXCEEDED])

    def test_others_have_limits_of_their_own(self):
        for _ in range(3):
            self.connected().subscribe("a", "b", "c")


@troupe_only
class Levels(BrokerTest):
    options = {"max_topic_levels": 4}

    @each_version
    def test_deeper_topics_go_nowhere(self, version):
        watcher = self.subscriber(version, "#")
        client = self.connected(version)
        code = 0x90 if version == V5 else 0
        for topic in ("a/b/c/d/e", "////", "a" + "/a" * 200):
            client.publish(topic, "no", 1, code)
            client.publish(topic, "no", 2, code)
            client.publish(topic, "no")
        for topic in ("a/b/c/d", "///"):
            client.publish(topic, "yes", 1)
            watcher.expect_publish(topic, "yes")

    @each_version
    def test_deeper_filters_are_refused(self, version):
        code = 0x8F if version == V5 else 0x80
        self.connected(version).subscribe(
            "a/b/c/d", "a/b/c/#", "a/b/c/d/#", "+/+/+/+/+",
            codes=[0, 0, code, code])


@troupe_only
class Rate(BrokerTest):
    options = {"max_publish_rate": 20}

    @each_version
    def test_who_publishes_too_fast_is_closed(self, version):
        for qos in range(3):
            client = self.connected(version)
            client.send(b"".join(
                mqtt.publish(self.topic, b"x", version, qos, number)
                for number in range(1, 501)))
            try:
                while True:
                    got = client.receive()
                    if got.type == mqtt.DISCONNECT:
                        self.assertEqual(got.code, RATE_TOO_HIGH)
                        client.expect_closed()
                        break
            except raw.Closed:
                self.assertNotEqual(version, V5)
        self.broker.log.wait_for("max_publish_rate", times=3)

    def test_what_was_within_the_limit_is_delivered(self):
        watcher = self.subscriber()
        client = self.connected()
        client.send(b"".join(mqtt.publish(self.topic, str(number))
                             for number in range(500)))
        client.expect_ended(RATE_TOO_HIGH)
        watcher.expect_publish(self.topic, "0")
        got = 1
        self.connected().publish(self.topic, "end")
        while watcher.receive_publish().payload != b"end":
            got += 1
        self.assertLess(got, 500)
        self.assertGreaterEqual(got, 20)

    def test_who_stays_below_is_left_alone(self):
        client = self.connected()
        for _ in range(10):
            client.publish(self.topic, "x", 1)
        client.subscribe(self.topic)
        for _ in range(100):  # Only publications count.
            client.ping()


@troupe_only
class Bytes(BrokerTest):
    options = {"max_publish_bytes_rate": 10000}

    def test_who_publishes_too_much_is_closed(self):
        client = self.connected()
        client.publish(self.topic, b"x" * 9000, 1)
        self.connected().publish(self.topic, b"x" * 9000, 1)
        client.send(mqtt.publish(self.topic, b"x" * 9000) * 20)
        client.expect_ended(RATE_TOO_HIGH)


if __name__ == "__main__":
    unittest.main()
