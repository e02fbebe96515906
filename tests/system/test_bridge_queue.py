"""Store and forward: what a bridge sends waits while there is no link, and
comes once, in order, whatever ends in between."""
import functools
import os
import random
import unittest

import mqtt
from fake_remote import FakeRemote
from flow import Collector, Sender, complaint
from harness import troupe_only
from sites import KEEP, SitesTest, payloads, section

IN_V5 = {"bridge_protocol_version": "mqttv50"}
VERSIONS = ("mqttv311", "mqttv50")
ROUNDS = int(os.environ.get("TROUPE_BRIDGE_ROUNDS", "3"))


def each_version(test):
    """Runs `test(self, bridge_protocol_version=...)`."""
    @functools.wraps(test)
    def run(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                test(self, bridge_protocol_version=version)
    return run


class QueueTest(SitesTest):
    def remote_with_reader(self, topic="q/#", **options):
        """A site that keeps what it gets for a client that is away."""
        remote = self.site(keeps=True, **options)
        self.at(remote, client_id="reader", clean=False, props=KEEP).subscribe(
            topic, qos=2)
        return remote

    def reader(self, remote):
        return self.at(remote, client_id="reader", clean=False, props=KEEP)

    def publish_mixed(self, site, count, first=0):
        """QoS 1 and 2 in turn."""
        sender = self.at(site)
        for number in range(first, first + count):
            sender.publish("q/x", str(number), 1 + number % 2)
        sender.disconnect()

    def assert_all_come(self, remote, count):
        self.assertEqual(payloads(self.reader(remote), count),
                         [str(number) for number in range(count)])


@troupe_only
class Waiting(QueueTest):
    @each_version
    def test_a_remote_that_was_never_reached(self, **version):
        remote = self.remote_with_reader()
        remote.kill()
        local = self.site(bridges=section("b", remote, "q/# out 2",
                                          **version))
        self.publish_mixed(local, 50)
        self.told(local, "b", "queue/messages").wait("50")
        remote.start_again()
        self.assert_all_come(remote, 50)
        self.told(local, "b", "queue/messages").wait("0")
        self.told(local, "b", "messages/sent").wait_for(
            lambda value: int(value) >= 50)

    @each_version
    def test_a_remote_that_is_away_for_a_while(self, **version):
        remote = self.remote_with_reader()
        local = self.site(bridges=section("b", remote, "q/# out 2",
                                          **version))
        state = self.state(local, "b")
        state.wait("1")
        self.publish_mixed(local, 10)
        self.assert_all_come(remote, 10)
        remote.kill()
        state.wait("0")
        self.publish_mixed(local, 40, first=10)
        remote.start_again()
        self.assertEqual(payloads(self.reader(remote), 40),
                         [str(number) for number in range(10, 50)])

    @each_version
    def test_the_bridging_broker_is_killed_meanwhile(self, **version):
        remote = self.remote_with_reader()
        remote.kill()
        local = self.site(keeps=True, bridges=section(
            "b", remote, "q/# out 2", **version))
        self.publish_mixed(local, 50)
        local.kill()
        local.start_again()
        self.told(local, "b", "queue/messages").wait("50")
        self.publish_mixed(local, 10, first=50)
        local.kill()
        remote.start_again()
        local.start_again()
        self.assert_all_come(remote, 60)

    def test_the_bridging_broker_is_ended_in_order(self):
        remote = self.remote_with_reader()
        remote.kill()
        local = self.site(keeps=True, bridges=section(
            "b", remote, "q/# out 2"))
        self.publish_mixed(local, 50)
        local.stop()
        remote.start_again()
        local.start_again()
        self.assert_all_come(remote, 50)

    def test_a_limit_by_count_keeps_the_oldest(self):
        remote = self.remote_with_reader()
        remote.kill()
        local = self.site(bridges=section("b", remote, "q/# out 2",
                                          bridge_max_queued_messages=10))
        self.publish_mixed(local, 30)
        self.told(local, "b", "queue/messages").wait("10")
        remote.start_again()
        self.assert_all_come(remote, 10)

    def test_a_limit_by_bytes(self):
        remote = self.remote_with_reader()
        remote.kill()
        local = self.site(bridges=section("b", remote, "q/# out 2",
                                          bridge_max_queued_bytes=1000))
        self.publish(local, "q/x", *["x" * 100] * 30)
        self.told(local, "b", "queue/bytes").wait_for(
            lambda value: 900 <= int(value) <= 1000)
        remote.start_again()
        count = len(payloads(self.reader(remote), 9))
        self.assertEqual(count, 9)

    def test_qos_0_waits_on_request(self):
        remote = self.remote_with_reader()
        remote.kill()
        local = self.site(bridges=section("b", remote, "q/# out 2",
                                          bridge_queue_qos0_messages=True))
        self.publish(local, "q/x", "0", qos=0)
        self.publish(local, "q/x", "1", qos=1)
        self.told(local, "b", "queue/messages").wait("2")
        remote.start_again()
        reader = self.reader(remote)
        self.assertIn(payloads(reader, 1), (["0"], ["1"]))

    def test_nothing_waits_with_a_clean_session(self):
        remote = self.remote_with_reader()
        remote.kill()
        local = self.site(bridges=section("b", remote, "q/# out 2",
                                          cleansession=True))
        self.publish(local, "q/x", "lost")
        remote.start_again()
        self.wait_linked(local, "b")
        self.publish(local, "q/x", "0")
        self.assert_all_come(remote, 1)

    def test_the_age_of_what_waits_is_told(self):
        remote = self.remote_with_reader()
        remote.kill()
        local = self.site(bridges=section("b", remote, "q/# out 2"))
        self.publish(local, "q/x", "0")
        self.told(local, "b", "queue/age").wait_for(
            lambda value: int(value) >= 2)
        self.told(local, "b", "state").wait("waiting")
        remote.start_again()
        self.told(local, "b", "state").wait("connected")
        self.told(local, "b", "queue/age").wait("0")

    def test_expiry_is_counted_down_while_it_waits(self):
        remote = self.remote_with_reader()
        remote.kill()
        local = self.site(bridges=section("b", remote, "q/# out 2", **IN_V5))
        self.publish(local, "q/x", "late", props={"message_expiry": 1})
        self.publish(local, "q/x", "0", props={"message_expiry": 100})
        self.broker = local
        self.let_time_pass(2)
        remote.start_again()
        got = self.reader(remote).expect_publish("q/x", "0")
        self.assertLessEqual(got.props["message_expiry"], 98)

    @each_version
    def test_what_the_remote_keeps_for_the_bridge_comes_too(self, **version):
        remote = self.site(keeps=True)
        name = version["bridge_protocol_version"]
        local = self.site(keeps=True, bridges=section(
            name, remote, f"{name}/# in 2", **version))
        self.wait_linked(local, name)
        remote.wait_for_subscription(name)
        reader = self.at(local, client_id="reader", clean=False,
                         props=KEEP)
        reader.subscribe(f"{name}/#", qos=2)
        reader.drop()
        local.kill()
        for number in range(20):
            self.publish(remote, f"{name}/x", str(number),
                         qos=1 + number % 2)
        local.start_again()
        self.assertEqual(payloads(self.reader(local), 20),
                         [str(number) for number in range(20)])


@troupe_only
class Drain(QueueTest):
    def test_at_the_rate_of_the_receive_maximum(self):
        fake = FakeRemote(self)
        local = self.site(bridges=section(
            "b", fake.port, "q/# out 2", notifications=False, **IN_V5))
        self.publish_mixed(local, 100)
        peer = fake.accept()
        peer.accept({"receive_maximum": 5})
        open_, seen = [], []
        while len(seen) < 100:
            # All that may come now, and an answer to what was first of it.
            while len(open_) < min(5, 100 - len(seen)):
                open_.append(peer.next_publish())
            first = open_.pop(0)
            seen.append(first.payload.decode())
            if first.qos == 1:
                peer.ack(mqtt.PUBACK, first.pid)
                continue
            peer.ack(mqtt.PUBREC, first.pid)
            while (got := peer.receive()).type != mqtt.PUBREL:
                self.assertEqual(got.type, mqtt.PUBLISH)
                open_.append(got)
            self.assertLess(len(open_), 5)
            peer.ack(mqtt.PUBCOMP, first.pid)
        self.assertEqual(seen, [str(number) for number in range(100)])

    def test_into_a_small_window_of_a_real_broker(self):
        remote = self.remote_with_reader(max_inflight_messages=3)
        remote.kill()
        local = self.site(bridges=section("b", remote, "q/# out 2", **IN_V5))
        self.publish_mixed(local, 300)
        remote.start_again()
        self.assert_all_come(remote, 300)


@troupe_only
class Killed(SitesTest):
    """Either broker is killed again and again while messages flow."""

    def check_rounds(self, rounds, victims, way="out", **options):
        # Without a line for each packet, which cost more than the packets.
        unlimited = {"keeps": True, "max_queued_messages": 0, "arguments": ()}
        remote, topics = self.site(**unlimited), ("f/1", "f/2")
        local = self.site(**unlimited, bridges=section(
            "b", remote, f"f/# {way} 2", **options))
        sites = {"local": local, "remote": remote}
        source, target = ((local, remote) if way == "out"
                          else (remote, local))
        self.state(remote, "b").wait("1") # told behind the subscriptions
        collector = Collector(self, target.address, *topics)
        senders = [Sender(self, source.address, topic, int(topic[-1]))
                   for topic in topics]
        dice = random.Random(5)
        for number in range(rounds):
            for each in senders:
                each.allow(200)
            # In the middle of it.
            mark = collector.total() + dice.randrange(1, 200)
            collector.wait(lambda mark=mark: collector.total() >= mark, 60,
                           lambda: f"{collector.total()} have come")
            victim = sites[victims[number % len(victims)]]
            victim.kill()
            victim.start_again()
        for each in senders:
            each.finish()
        for topic in topics:
            collector.wait_for(topic, 200 * rounds - 1)
        # What would come again comes before these.
        for each in senders:
            each.allow(1)
        for topic in topics:
            collector.wait_for(topic, 200 * rounds)
            self.assertIsNone(complaint(
                collector.got[topic], 200 * rounds + 1, topic == "f/2"), topic)

    def each_version(self, victims, way="out"):
        for version in VERSIONS:
            with self.subTest(version=version):
                self.check_rounds(ROUNDS, victims, way,
                                  bridge_protocol_version=version)

    def test_the_bridging_broker(self):
        self.each_version(["local"])

    def test_the_remote_broker(self):
        self.each_version(["remote"])

    def test_each_in_turn(self):
        self.each_version(["local", "remote"])

    def test_each_in_turn_while_messages_come_from_there(self):
        self.each_version(["remote", "local"], "in")


if __name__ == "__main__":
    unittest.main()
