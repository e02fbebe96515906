"""Many queued messages, many sessions: on disk, and soon back.

The packets are made and read by the thousand here: one at a time Python would
be what is measured.
"""
import socket
import time

import mqtt
from harness import QUICK, troupe_only
from mqtt import V311
from persistence import PersistenceTest

MIB = 1 << 20
MESSAGES = 50_000 if QUICK else 1_000_000
SESSIONS = 2_000 if QUICK else 20_000
PAYLOAD = 64
CHUNK = 1000
TOPIC = "many"


def payload(number):
    return f"{number:08d}".ljust(PAYLOAD, ".")


def read_exactly(stream, size):
    data = bytearray()
    while len(data) < size:
        got = stream.recv(min(size - len(data), MIB))
        assert got, f"closed after {len(data)} of {size} bytes"
        data += got
    return bytes(data)


@troupe_only
class Scale(PersistenceTest):
    options = {"max_queued_messages": 0, "connection_messages": False}

    def setUp(self):
        super().setUp()
        self.ending = "SIGKILL"

    def raw(self, client_id, clean, more=b""):
        stream = socket.create_connection(self.broker.address, timeout=60)
        self.addCleanup(stream.close)
        stream.sendall(mqtt.connect(V311, client_id, clean) + more)
        return stream

    def publish_many(self):
        stream = self.raw("publisher", True)
        read_exactly(stream, 4)
        for first in range(0, MESSAGES, CHUNK):
            stream.sendall(b"".join(
                mqtt.publish(TOPIC, payload(first + i), V311, 1, i + 1)
                for i in range(CHUNK)))
            read_exactly(stream, 4 * CHUNK)

    def receive_many(self, stream):
        """Take all, in order, each acknowledged."""
        size = len(mqtt.publish(TOPIC, payload(0), V311, 1, 1))
        behind_id = size - PAYLOAD
        number = 0
        rest = b""
        while number < MESSAGES:
            rest += stream.recv(MIB)
            count = len(rest) // size
            acks = []
            for at in range(0, count * size, size):
                body = rest[at + behind_id:at + size]
                self.assertEqual(body.decode(), payload(number))
                acks.append(b"\x40\x02" + rest[at + behind_id - 2:
                                               at + behind_id])
                number += 1
            stream.sendall(b"".join(acks))
            rest = rest[count * size:]

    def test_a_long_queue_takes_no_memory_and_survives_kill(self):
        away = self.raw("away", False,
                        mqtt.subscribe(1, [(TOPIC, 1)], V311))
        read_exactly(away, 4 + 5)
        away.sendall(mqtt.disconnect(V311))
        before = self.broker.rss()
        self.publish_many()
        self.assertLess(self.broker.rss() - before, 64 * MIB)
        self.restart()
        self.assertLess(self.broker.rss() - before, 64 * MIB)
        away = self.raw("away", False)
        self.assertEqual(read_exactly(away, 4), b"\x20\x02\x01\x00")
        self.receive_many(away)
        self.assertLess(self.broker.rss() - before, 96 * MIB)

    def test_sessions_that_are_away_take_little_memory(self):
        before = self.broker.rss()
        for number in range(SESSIONS):
            stream = socket.create_connection(self.broker.address, timeout=60)
            filters = [(f"site/{number // 1000}/{number}/{kind}", 1)
                       for kind in ("command", "settings")]
            stream.sendall(
                mqtt.connect(V311, f"client-{number:06d}", False)
                + mqtt.subscribe(1, filters, V311))
            read_exactly(stream, 4 + 6)
            stream.sendall(mqtt.disconnect(V311))
            stream.close()
        # The database has buffers of its own, which are filled first.
        self.assertLess(self.broker.rss() - before,
                        16 * MIB + 650 * SESSIONS)
        started = time.monotonic()
        self.restart()
        self.raw("first", True)
        self.assertLess(time.monotonic() - started, 30)
        last = self.raw(f"client-{SESSIONS - 1:06d}", False)
        self.assertEqual(read_exactly(last, 4), b"\x20\x02\x01\x00")
