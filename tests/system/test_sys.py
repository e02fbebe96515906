"""$SYS: what the broker says about itself."""
import re

from harness import PEER, BrokerTest, expected_differs
from mqtt import V311


class Sys(BrokerTest):
    def wait_for_value(self, topic, accept, within=20):
        """Read $SYS/broker/`topic` until `accept` likes it."""
        receiver = self.subscriber(topic=f"$SYS/broker/{topic}")
        while True:
            text = receiver.receive_publish(within).payload.decode()
            if accept(text):
                receiver.drop()
                return text

    def number(self, topic):
        return float(self.wait_for_value(topic, lambda _: True).split()[0])

    def test_the_version_names_the_program(self):
        program = "mosquitto" if PEER else "troupe"
        text = self.wait_for_value("version", lambda _: True)
        self.assertRegex(text, rf"^{program} version \d+\.\d+")

    def test_the_uptime_grows(self):
        first = self.wait_for_value("uptime", lambda _: True)
        self.assertRegex(first, r"^\d+ seconds$")
        self.wait_for_value("uptime", lambda text: int(text.split()[0])
                            > int(first.split()[0]))

    def test_clients_are_counted(self):
        before = self.number("clients/connected")
        clients = [self.connected() for _ in range(5)]
        self.wait_for_value("clients/connected",
                            lambda text: int(text) >= before + 5)
        self.wait_for_value("clients/maximum",
                            lambda text: int(text) >= before + 5)
        self.wait_for_value("clients/total",
                            lambda text: int(text) >= before + 5)
        for client in clients:
            client.disconnect()
        self.wait_for_value("clients/connected",
                            lambda text: int(text) < before + 5)

    def test_absent_sessions_are_counted_as_disconnected(self):
        before = self.number("clients/disconnected")
        self.connected(V311, clean=False).disconnect()
        self.wait_for_value("clients/disconnected",
                            lambda text: int(text) > before)

    def test_messages_and_bytes_are_counted(self):
        names = ["messages/received", "messages/sent", "bytes/received",
                 "bytes/sent", "publish/messages/received",
                 "publish/messages/sent"]
        before = {name: self.number(name) for name in names}
        receiver = self.subscriber()
        sender = self.connected()
        for _ in range(100):
            sender.publish(self.topic, "x" * 100)
            receiver.receive_publish()
        for name in names:
            grown = 10000 if name.startswith("bytes") else 100
            with self.subTest(name=name):
                self.wait_for_value(name, lambda text, least=before[name]
                                    + grown: int(text) >= least)

    def test_subscriptions_and_retained_messages_are_counted(self):
        subscriptions = self.number("subscriptions/count")
        retained = self.number("retained messages/count")
        client = self.connected()
        # More than is waited for: clients of other tests are still leaving.
        client.subscribe(*[f"{self.topic}/{n}" for n in range(100)])
        for number in range(100):
            client.publish(f"{self.topic}/kept/{number}", "x", retain=True)
        self.wait_for_value("subscriptions/count",
                            lambda text: int(text) >= subscriptions + 50)
        self.wait_for_value("retained messages/count",
                            lambda text: int(text) >= retained + 50)

    def test_the_topics_operators_watch_are_there(self):
        wanted = {"version", "uptime", "clients/connected",
                  "clients/disconnected", "clients/maximum", "clients/total",
                  "messages/received", "messages/sent", "bytes/received",
                  "bytes/sent", "publish/messages/dropped",
                  "subscriptions/count", "retained messages/count",
                  "store/messages/count", "store/messages/bytes",
                  "load/messages/received/1min", "load/messages/sent/5min",
                  "load/connections/15min"}
        receiver = self.subscriber(topic="$SYS/#")
        missing = set(wanted)
        while missing:
            topic = receiver.receive_publish(within=15).topic
            missing.discard(re.sub("^\\$SYS/broker/", "", topic))

    def test_values_are_retained_and_reach_a_new_subscriber_at_once(self):
        self.wait_for_value("uptime", lambda _: True)
        got = self.subscriber(topic="$SYS/broker/version").receive_publish()
        self.assertTrue(got.retain)

    def test_clients_may_not_write_or_delete_it(self):
        client = self.connected()
        before = self.wait_for_value("version", lambda _: True)
        for payload in ("lie", ""):
            client.publish("$SYS/broker/version", payload, 1, code=0x87,
                           retain=True)
        after = self.subscriber(topic="$SYS/broker/version").receive_publish()
        self.assertEqual(after.payload.decode(), before)

    def test_a_wildcard_at_the_top_does_not_see_it(self):
        receiver = self.subscriber(topic="+/broker/uptime")
        receiver.subscribe("#")
        seen = self.subscriber(topic="$SYS/broker/uptime")
        first = seen.receive_publish().payload
        while seen.receive_publish().payload == first:
            pass
        self.connected().publish(self.topic, "first")
        receiver.expect_publish(self.topic, "first")
