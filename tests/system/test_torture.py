"""The torture of tests/torture: its judge, and a short run of it."""
import pathlib
import shutil
import sys
import tempfile
import types
import unittest

from harness import BINARY, QUICK, troupe_only

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]
                       / "torture"))

# These need the path above.
import mqtt  # noqa: E402
from endpoint import Endpoint  # noqa: E402
from history import NEVER, History, Subscription  # noqa: E402
from judge import judge  # noqa: E402
from matching import matches  # noqa: E402
from messages import counter_of, payload  # noqa: E402
from torture import parse, torture  # noqa: E402
from world import World  # noqa: E402

TOPIC = "t/p0/1/0"
MOSQUITTO = "/usr/sbin/mosquitto"


class Judge(unittest.TestCase):
    """Histories made by hand: the judge must find what is wrong with each."""

    def setUp(self):
        self.history = History()
        self.history.begin_round()
        self.session = self.history.begin_session("s0", 0)

    def subscribed(self, qos=2, name=TOPIC):
        made = Subscription(name, qos, self.history.now())
        made.granted = self.history.now()
        self.session.subscriptions.append(made)
        return made

    def connected(self, kills=0):
        self.session.connect(kills)

    def published(self, count=1, qos=2, is_acknowledged=True):
        """Publish so many; returns the stream."""
        stream = self.history.stream(TOPIC, qos)
        for _ in range(count):
            counter = stream.send(self.history.now())
            if is_acknowledged:
                stream.acknowledge(counter, self.history.now())
        return stream

    def received(self, *counters, dup=False):
        for counter in counters:
            self.session.receive(TOPIC, counter, dup)

    def counts(self):
        return dict(judge(self.history).counts)

    def test_what_arrived_once_and_in_order_is_right(self):
        self.subscribed()
        self.connected()
        self.published(3)
        self.received(0, 1, 2)
        verdict = judge(self.history)
        self.assertTrue(verdict.is_good())
        self.assertEqual((verdict.acknowledged, verdict.delivered), (3, 3))

    def test_an_acknowledged_message_that_is_missing_is_lost(self):
        self.subscribed()
        self.connected()
        self.published(4)
        self.received(0, 2)
        verdict = judge(self.history)
        self.assertEqual(verdict.counts, {"lost": 2})
        self.assertIn(f"s0: {TOPIC} #1 (sent 1 times since round 1, "
                      "acknowledged in round 1) did not arrive",
                      verdict.findings()[0])

    def test_a_message_that_was_not_acknowledged_may_be_missing(self):
        self.subscribed()
        self.published(2, is_acknowledged=False)
        self.assertEqual(self.counts(), {})

    def test_a_message_sent_before_the_suback_may_be_missing(self):
        subscription = Subscription(TOPIC, 2, self.history.now())
        self.session.subscriptions.append(subscription)
        self.published()
        subscription.granted = self.history.now()
        self.assertEqual(self.counts(), {})
        self.published()
        self.assertEqual(self.counts(), {"lost": 1})

    def test_a_wildcard_owes_too(self):
        self.subscribed(name="t/+/1/#")
        self.published()
        self.assertEqual(self.counts(), {"lost": 1})

    def test_a_second_copy_at_qos2_is_a_duplicate_however_marked(self):
        for dup in (False, True):
            with self.subTest(dup=dup):
                self.setUp()
                self.subscribed()
                stream = self.published()
                stream.send_again(0)
                self.connected()
                self.received(0)
                self.connected()
                self.received(0, dup=dup)
                self.assertEqual(self.counts(), {"duplicated": 1})

    def test_a_second_copy_at_qos1_must_be_marked(self):
        self.subscribed(qos=1)
        self.published()
        self.connected()
        self.received(0)
        self.connected()
        self.received(0, dup=True)
        self.assertEqual(self.counts(), {})
        self.received(0)
        self.assertEqual(self.counts(), {"duplicated": 1})

    def test_a_second_copy_at_qos1_after_a_kill_need_not_be_marked(self):
        self.subscribed(qos=1)
        self.published()
        self.connected(kills=3)
        self.received(0)
        self.connected(kills=4)
        self.received(0)
        verdict = judge(self.history)
        self.assertTrue(verdict.is_good())
        self.assertEqual(verdict.unmarked, 1)
        self.received(0)
        self.assertEqual(self.counts(), {"duplicated": 1})

    def test_a_publisher_that_sent_again_may_cause_a_second_copy(self):
        self.subscribed(qos=2)
        stream = self.published(qos=1)
        stream.send_again(0)
        self.connected()
        self.received(0, 0)
        self.assertEqual(self.counts(), {})
        self.received(0)
        self.assertEqual(self.counts(), {"duplicated": 1})

    def test_more_marked_copies_than_were_sent_are_duplicates(self):
        self.subscribed(qos=1)
        self.published()
        self.connected()
        self.received(0)
        self.connected()
        self.received(0, 0, dup=True)
        self.assertEqual(self.counts(), {"duplicated": 1})

    def test_first_copies_out_of_order_are_misordered(self):
        self.subscribed()
        self.connected()
        self.published(4)
        self.received(0, 2, 1, 3)
        self.assertEqual(self.counts(), {"misordered": 1})

    def test_repeated_copies_do_not_count_for_the_order(self):
        self.subscribed(qos=1)
        self.published(3)
        self.connected()
        self.received(0, 1)
        self.connected()
        self.received(0, 1, dup=True)
        self.received(2)
        self.assertEqual(self.counts(), {})

    def test_what_a_clean_start_discarded_must_not_come_back(self):
        self.subscribed()
        self.published(2)
        self.session.ended = self.history.now()
        self.session = self.history.begin_session("s0", self.history.now())
        self.subscribed()
        self.connected()
        self.assertEqual(self.counts(), {})
        self.received(0)
        self.assertEqual(self.counts(), {"resurrected": 1})

    def test_what_was_sent_after_the_unsuback_must_not_come(self):
        subscription = self.subscribed()
        self.published()
        subscription.leaving = self.history.now()
        self.published()
        subscription.left = self.history.now()
        self.published()
        self.connected()
        self.received(0, 1)
        self.assertEqual(self.counts(), {})
        self.received(2)
        self.assertEqual(self.counts(), {"unwanted": 1})

    def test_what_nobody_sent_is_invented(self):
        self.subscribed()
        self.published()
        self.connected()
        self.received(0, 7)
        self.assertEqual(self.counts(), {"invented": 1})

    def test_the_retained_message_must_not_be_older_than_acknowledged(self):
        stream = self.published(3)
        stream.send(self.history.now())
        for found, wanted in ((None, 1), (1, 1), (2, 0), (3, 0)):
            self.history.retained = {TOPIC: found}
            self.assertEqual(self.counts().get("lost", 0), wanted)

    def test_what_clients_complain_about_counts(self):
        for _ in range(30):
            self.history.complain("session", "s0: lost")
        verdict = judge(self.history)
        self.assertEqual(verdict.counts, {"session": 30})
        self.assertEqual(len(verdict.findings()), 10)

    def test_a_moment_that_has_not_come_is_later_than_all(self):
        self.assertGreater(NEVER, self.history.now())


class Parts(unittest.TestCase):
    def test_filters_match_topics(self):
        for name, topic, wanted in (
                ("t/#", "t/a/b", True), ("t/#", "r/a", False),
                ("t/+/1", "t/a/1", True), ("t/+/1", "t/a/1/0", False),
                ("t/a", "t/a", True), ("t/a/b", "t/a", False)):
            self.assertEqual(matches(name, topic), wanted, (name, topic))

    def test_payloads_tell_whether_they_are_whole(self):
        for counter in (0, 3, 12345):
            data = payload(TOPIC, counter)
            self.assertEqual(counter_of(TOPIC, data), counter)
            self.assertIsNone(counter_of(TOPIC, data[:-1]))
            self.assertIsNone(counter_of("t/p1/1/0", data))

    def test_a_broker_that_ends_may_refuse_whoever_comes(self):
        for is_ending, code, wanted in ((True, 0x8B, 0), (False, 0x8B, 1),
                                        (True, 0x97, 1)):
            world = types.SimpleNamespace(history=History(),
                                          is_ending=is_ending)
            body = bytes((0, code, 0))
            Endpoint(world, "p1", mqtt.V5).on_connack(
                mqtt.Packet(body, 0x20, body, mqtt.V5))
            self.assertEqual(world.history.said["refused"], wanted,
                             (is_ending, code))

    def test_sigterm_before_the_broker_serves_may_be_met_at_once(self):
        world = World(1, types.SimpleNamespace(port=0, process=None), 1, 1)
        for connacks, status, wanted in ((0, -15, True), (1, -15, False),
                                         (1, 0, True), (0, -11, False),
                                         (0, None, False)):
            world.connacks = connacks
            self.assertEqual(world.is_orderly(status), wanted,
                             (connacks, status))


@troupe_only
class Short(unittest.TestCase):
    """A short run; scripts/torture does the same for as long as one likes."""

    def run_torture(self, rounds, *words):
        """The verdict, and what was said."""
        with tempfile.TemporaryDirectory() as folder:
            said = []
            verdict = torture(parse([
                "0.5", "--seed", "1", "--rounds", str(rounds), "--folder",
                folder, *words]), said.append)
        return verdict, "\n".join(said)

    def test_nothing_acknowledged_is_lost(self):
        for after, rounds in (("written", 15), ("synced", 5)):
            with self.subTest(acknowledge_after=after):
                verdict, said = self.run_torture(
                    3 if QUICK else rounds, "--binary", BINARY,
                    "--acknowledge-after", after)
                self.assertTrue(verdict and verdict.is_good(), said)
                self.assertGreater(verdict.acknowledged, 100)

    def test_a_broker_that_lives_is_found_innocent(self):
        verdict, said = self.run_torture(4, "--binary", BINARY, "--spare")
        self.assertTrue(verdict and verdict.is_good(), said)

    @unittest.skipUnless(shutil.which(MOSQUITTO), "needs mosquitto")
    def test_a_broker_that_writes_later_is_caught(self):
        verdict, said = self.run_torture(4, "--broker", "mosquitto",
                                         "--binary", MOSQUITTO, "--kills", "1")
        self.assertGreater(verdict.counts["lost"], 0, said)


if __name__ == "__main__":
    unittest.main()
