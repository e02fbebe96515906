"""Directories: what is in them, whose they are, and when they are full; and
queues that have a limit."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import mqtt
from harness import (DURABLE, PEER, Broker, OwnBrokerTest,
                     expected_differs, troupe_only)
from mqtt import V5, V311
from persistence import PersistenceTest, each_ending

DEADLINE = 30


class Limits(PersistenceTest):
    """Queues of clients that are away, over an end of the broker."""

    def begin(self, ending="SIGTERM", **options):
        if PEER:
            options.pop("when_queue_full", None)
        super().begin(ending, **options)

    def expect_left(self, payloads, first, second, **options):
        """Publish `first`, end, publish `second`: this is what is there."""
        self.begin(self.ending, **options)
        client = self.away(qos=1)
        sender = self.connected(V311)
        for each in first:
            sender.publish(self.topic, each, 1)
        self.restart()
        sender = self.connected(V311)
        for each in second:
            sender.publish(self.topic, each, 1)
        client = self.again(client)
        self.assertEqual(self.payloads(client, len(payloads)), list(payloads))
        self.assert_silent(client, self.topic)

    @each_ending
    def test_the_newest_are_dropped_above_a_count(self):
        self.expect_left("abcde", "abc", "defgh", max_queued_messages=5)

    @each_ending
    def test_the_newest_are_dropped_above_a_count_before_the_end(self):
        self.expect_left("abc", "abcde", "f", max_queued_messages=3)

    @troupe_only
    @each_ending
    def test_the_oldest_are_dropped_above_a_count(self):
        self.expect_left("defgh", "abc", "defgh", max_queued_messages=5,
                         when_queue_full="drop_oldest")
        self.expect_left("def", "abcde", "f", max_queued_messages=3,
                         when_queue_full="drop_oldest")

    @each_ending
    def test_the_newest_are_dropped_above_a_number_of_bytes(self):
        ten = [letter * 10 for letter in "abcdefgh"]
        self.expect_left(ten[:5], ten[:3], ten[3:], max_queued_bytes=50,
                         max_queued_messages=0)

    @troupe_only
    @each_ending
    def test_the_oldest_are_dropped_above_a_number_of_bytes(self):
        ten = [letter * 10 for letter in "abcdefgh"]
        self.expect_left(ten[3:], ten[:3], ten[3:], max_queued_bytes=50,
                         max_queued_messages=0, when_queue_full="drop_oldest")

    @troupe_only
    @each_ending
    def test_a_large_message_takes_the_place_of_several(self):
        self.expect_left(["d" * 30, "e" * 20], ["a" * 20, "b" * 20],
                         ["c" * 10, "d" * 30, "e" * 20], max_queued_bytes=50,
                         max_queued_messages=0, when_queue_full="drop_oldest")

    @troupe_only
    @each_ending
    def test_a_read_queue_has_room_again(self):
        self.begin(self.ending, max_queued_messages=5)
        client = self.away(qos=1)
        self.publish_all("abcde")
        client = self.again(client)
        self.assertEqual(self.payloads(client, 5), list("abcde"))
        client.ping()
        client.disconnect()
        self.ending = "SIGTERM"
        self.restart()
        self.publish_all("fghij")
        self.assertEqual(self.payloads(self.again(client), 5), list("fghij"))


@troupe_only
class Directories(PersistenceTest):
    def expect_refused(self, broker, *words):
        """It ends with status 1 and a line that has all of `words`."""
        status = broker.process.wait(10)
        broker.log.thread.join(5)
        self.assertEqual(status, 1, broker.log.text())
        for word in words:
            self.assertIn(word, broker.log.text())

    def test_a_second_broker_on_the_same_directory_is_refused(self):
        client = self.away()
        second = Broker(wait=False, persistence=True,
                        persistence_location=str(self.location))
        self.addCleanup(second.kill)
        self.expect_refused(second, str(self.location), "another")
        self.again(client)

    def test_after_it_ended_another_may_use_the_directory(self):
        client = self.away()
        self.publish_all("a")
        self.broker.stop()
        self.broker = Broker(persistence=True,
                             persistence_location=str(self.location))
        self.assertEqual(self.payloads(self.again(client), 1), ["a"])

    def test_two_directories_are_two_brokers(self):
        client = self.away()
        with tempfile.TemporaryDirectory() as folder:
            other = Broker(persistence=True, persistence_location=folder)
            self.addCleanup(other.kill)
            stranger = self.client(address=other.address)
            stranger.connect(client.client_id, clean=False)
            self.assertFalse(stranger.connack.session_present)
            stranger.disconnect()
            other.stop()

    def test_a_location_that_is_not_there_is_made(self):
        location = self.location / "not" / "there"
        broker = Broker(persistence=True, persistence_location=str(location))
        self.addCleanup(broker.kill)
        broker.stop()
        self.assertTrue((location / "troupe.store").is_dir())

    def test_a_location_that_is_a_file_is_refused(self):
        location = self.location / "file"
        location.write_text("not a directory")
        broker = Broker(wait=False, persistence=True,
                        persistence_location=str(location))
        self.addCleanup(broker.kill)
        self.expect_refused(broker, str(location))
        self.assertEqual(location.read_text(), "not a directory")

    def test_everything_is_in_troupe_store(self):
        self.away()
        self.publish_all("a")
        self.assertEqual(sorted(os.listdir(self.location)),
                         ["troupe.control", "troupe.store"])

    def test_without_persistence_there_are_no_files(self):
        self.begin(persistence=False)
        client = self.away()
        self.publish_all("a", retain=True)
        self.restart()
        self.assertEqual(os.listdir(self.location), [])
        self.again(client, present=False)

    @unittest.skipIf(DURABLE, "it is asked for")
    def test_persistence_is_off_unless_asked_for(self):
        with tempfile.TemporaryDirectory() as folder:
            broker = Broker(persistence_location=folder)
            self.addCleanup(broker.kill)
            broker.stop()
            self.assertEqual(os.listdir(folder), [])


def can_mount():
    """Whether a file system can be mounted here: as root, mostly."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m",
                               "tmpfs", folder], capture_output=True,
                              check=False)
        if done.returncode == 0:
            subprocess.run(["umount", folder], check=True)
        return done.returncode == 0


@troupe_only
@unittest.skipUnless(can_mount(), "needs the right to mount a tmpfs")
class FullDisk(OwnBrokerTest):
    """A disk of 4 MB that has no room left, and then has again."""

    options = {}
    SIZE = "4m"

    def setUp(self):
        super().setUp()
        self.location = pathlib.Path(tempfile.mkdtemp(prefix="troupe-full-"))
        self.mount("size=" + self.SIZE)
        self.addCleanup(self.remove)
        self.broker = Broker(persistence=True, max_queued_messages=0,
                             persistence_location=str(self.location))
        self.addCleanup(self.broker.kill)

    def mount(self, options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs",
                        str(self.location)], check=True)

    def remove(self):
        self.broker.kill()
        subprocess.run(["umount", str(self.location)], check=True)
        shutil.rmtree(self.location)

    def fill(self):
        """Leave not a byte."""
        with open(self.location / "ballast", "ab", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass

    def make_room(self):
        (self.location / "ballast").unlink()

    def durable(self, client_id=None):
        return self.connected(V5, client_id, clean=False,
                              props={"session_expiry": 600})

    def prepare(self):
        """A durable client that is away with a message in its queue; no room.
        """
        client = self.durable()
        client.subscribe(self.topic, qos=1)
        client.disconnect()
        self.connected().publish(self.topic, "before", 1, code=0)
        sender = self.connected()
        self.fill()
        self.publish_until(sender, 0x97)
        return client, sender

    def publish_until(self, sender, code):
        """Publish until that is what comes back; what was accepted."""
        accepted = []
        deadline = time.monotonic() + DEADLINE
        payload = "filler " * 1000
        while time.monotonic() < deadline:
            told = sender.publish(self.topic, payload, 1)
            if told.code == code:
                return accepted
            accepted.append(payload)
        raise AssertionError(f"never got {code:#x}")

    def test_publishers_are_told_and_it_goes_on_when_there_is_room(self):
        client, sender = self.prepare()
        told = sender.publish(self.topic, "x" * 5000, 2)
        self.assertEqual(told.code, 0x97)
        self.make_room()
        self.publish_until(sender, 0)
        sender.publish(self.topic, "after", 1, code=0)
        client = self.durable(client.client_id)
        self.assertTrue(client.connack.session_present)
        client.finish(client.expect_publish(self.topic, "before"))
        while client.finish(client.receive_publish()).payload != b"after":
            pass

    def test_what_was_acknowledged_on_a_full_disk_survives_kill(self):
        client = self.durable()
        client.subscribe(self.topic, qos=1)
        client.disconnect()
        sender = self.connected()
        told = []
        self.fill()
        number = 0
        refused = 0
        while refused < 20:
            payload = f"{number} " + "y" * 3000
            code = sender.publish(self.topic, payload, 1).code
            told += [number] if code == 0 else []
            refused += code != 0
            number += 1
        self.broker.kill()
        self.make_room()
        self.broker.start_again()
        client = self.durable(client.client_id)
        self.assertTrue(client.connack.session_present)
        self.connected().publish(self.topic, "end", 1)
        got = set()
        while (each := client.finish(client.receive_publish()).payload) != (
                b"end"):
            got.add(int(each.split()[0]))
        self.assertLessEqual(set(told), got)

    def test_a_client_before_mqtt_5_gets_no_puback(self):
        client, _ = self.prepare()
        old = self.connected(V311)
        old.send(mqtt.publish(self.topic, "old " * 1000, V311, 1, 9))
        old.send(mqtt.packet(mqtt.PINGREQ))
        try:
            old.expect(b"\xd0\x00")
        except AssertionError:
            # Or it is closed, and tries again by itself.
            old.expect_closed()
        self.make_room()
        self.publish_until(self.connected(), 0)
        old = self.connected(V311)
        self.assertEqual(old.publish(self.topic, "old", 1, dup=True).code, 0)
        self.assertTrue(client)

    def test_subscribers_get_what_is_there(self):
        client, sender = self.prepare()
        client = self.durable(client.client_id)
        self.assertTrue(client.connack.session_present)
        client.finish(client.expect_publish(self.topic, "before"))

    def test_what_needs_no_disk_goes_on(self):
        _, sender = self.prepare()
        reader = self.subscriber(topic=f"{self.topic}/b", qos=2)
        for qos in (0, 1, 2):
            told = sender.publish(f"{self.topic}/b", str(qos), qos)
            self.assertIn(told.code if told else 0, (0, 0x97))
            if not told or told.code == 0:
                reader.finish(reader.expect_publish(f"{self.topic}/b",
                                                    str(qos)))

    def test_the_log_says_it_once_and_when_it_is_over(self):
        _, sender = self.prepare()
        for _ in range(100):
            sender.publish(self.topic, "x" * 5000, 1)
        self.broker.log.wait_for("No space left|cannot be written")
        said = [line for line in self.broker.log.lines
                if re.search("No space left|cannot be written", line)]
        self.assertEqual(len(said), 1, said)
        self.make_room()
        self.publish_until(sender, 0)
        self.broker.log.wait_for("can be written again")

    def test_a_directory_that_cannot_be_written_is_refused(self):
        self.broker.stop()
        self.mount("ro")
        self.addCleanup(subprocess.run, ["umount", str(self.location)],
                        check=True)
        broker = Broker(wait=False, persistence=True,
                        persistence_location=str(self.location))
        self.addCleanup(broker.kill)
        self.assertEqual(broker.process.wait(10), 1)
        broker.log.thread.join(5)
        self.assertIn(str(self.location), broker.log.text())
