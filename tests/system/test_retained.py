"""Retained messages: kept, replaced, deleted, and sent to new subscribers."""
import mqtt
from harness import QUICK, BrokerTest, each_version
from mqtt import V311, V5

MANY = 1000 if QUICK else 10000


class Retained(BrokerTest):
    def keep(self, topic, payload, qos=1, version=V5, **arguments):
        self.connected(version).publish(topic, payload, qos, retain=True,
                                        **arguments)

    @each_version
    def test_a_new_subscriber_gets_it_with_the_flag_set(self, version):
        self.keep(self.topic, "kept", version=version)
        self.subscriber(version).expect_publish(self.topic, "kept",
                                                retain=True)

    @each_version
    def test_a_current_subscriber_gets_it_without_the_flag(self, version):
        receiver = self.subscriber(version)
        self.keep(self.topic, "new", version=version)
        receiver.expect_publish(self.topic, "new", retain=False)

    @each_version
    def test_it_comes_at_the_lower_qos(self, version):
        self.keep(self.topic, "kept", 1)
        for granted in (0, 1, 2):
            receiver = self.subscriber(version, qos=granted)
            receiver.expect_publish(self.topic, "kept", qos=min(1, granted))

    def test_the_newest_replaces_the_older(self):
        for number in range(5):
            self.keep(self.topic, str(number))
        receiver = self.subscriber()
        receiver.expect_publish(self.topic, "4", retain=True)
        self.assert_silent(receiver, self.topic)

    @each_version
    def test_an_empty_payload_deletes_it(self, version):
        self.keep(self.topic, "kept")
        receiver = self.subscriber(version)
        receiver.expect_publish(self.topic, "kept")
        self.keep(self.topic, "", version=version)
        receiver.expect_publish(self.topic, "", retain=False)
        self.assert_silent(self.subscriber(version), self.topic)

    def test_a_message_without_the_flag_leaves_it(self):
        self.keep(self.topic, "kept")
        self.connected().publish(self.topic, "passing", 1)
        self.connected().publish(self.topic, "", 1)
        self.subscriber().expect_publish(self.topic, "kept", retain=True)

    def test_wildcards_find_all_that_match(self):
        base = self.topic
        topics = ["a", "a/b", "a/b/c", "a//c", "d"]
        for topic in topics:
            self.keep(f"{base}/{topic}", topic)
        table = [("#", topics), ("+", ["a", "d"]), ("a/#", topics[:4]),
                 ("a/+", ["a/b"]), ("a/+/c", ["a/b/c", "a//c"]),
                 ("+/b", ["a/b"]), ("x/#", [])]
        for filter_, expected in table:
            with self.subTest(filter=filter_):
                receiver = self.subscriber(topic=f"{base}/{filter_}")
                found = [receiver.receive_publish() for _ in expected]
                self.assertCountEqual([got.topic for got in found],
                                      [f"{base}/{topic}" for topic in expected])
                receiver.unsubscribe(f"{base}/{filter_}")
                receiver.subscribe(f"{base}-end")
                self.assert_silent(receiver, f"{base}-end")

    def test_leading_wildcards_find_no_dollar_topics(self):
        self.keep(f"$dollar/{self.topic}", "hidden")
        self.keep(f"plain/{self.topic}", "seen")
        receiver = self.subscriber(topic=f"+/{self.topic}")
        receiver.expect_publish(f"plain/{self.topic}", "seen")
        self.keep(f"plain/{self.topic}", "")
        receiver.expect_publish(f"plain/{self.topic}", "")

    def test_each_subscription_identifier_comes_along(self):
        self.keep(self.topic, "kept")
        receiver = self.connected()
        receiver.subscribe(self.topic, props={"subscription_id": 5})
        got = receiver.expect_publish(self.topic, "kept")
        self.assertEqual(got.props["subscription_id"], [5])

    def test_its_properties_are_kept(self):
        self.keep(self.topic, "kept", props=[
            ("content_type", "x"), ("user_property", ("a", "1")),
            ("user_property", ("a", "2"))])
        got = self.subscriber().expect_publish(self.topic, "kept")
        self.assertEqual(got.props, {
            "content_type": "x", "user_property": [("a", "1"), ("a", "2")]})

    def test_many_reach_a_new_subscriber_all(self):
        sender = self.connected()
        for start in range(0, MANY, 500):
            sender.send(b"".join(
                mqtt.publish(f"{self.topic}/{n}", str(n), retain=True)
                for n in range(start, start + 500)))
        sender.ping()
        receiver = self.connected(V311)
        receiver.subscribe(f"{self.topic}/#", qos=0)
        found = {}
        for _ in range(MANY):
            got = receiver.receive_publish(within=30)
            found[got.topic] = got.payload
        self.assertEqual(found, {f"{self.topic}/{n}": str(n).encode()
                                 for n in range(MANY)})

    def test_many_at_qos1_keep_to_the_window(self):
        sender = self.connected()
        for number in range(100):
            sender.publish(f"{self.topic}/{number}", "x", 1, retain=True)
        receiver = self.subscriber(topic=f"{self.topic}/#", qos=1)
        seen = set()
        for _ in range(100):
            seen.add(receiver.finish(receiver.receive_publish()).topic)
        self.assertEqual(len(seen), 100)
