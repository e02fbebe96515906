"""`troupe store` at work: for the tests of it, with the databases they need."""
import json
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

import client as raw
import harness
from harness import free_port, troupe_only
from mqtt import V5, V311

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
DEADLINE = 60


class Mosquitto:
    """Debian's Mosquitto with a database; leaving the block makes it save."""

    def __init__(self, folder, **options):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.options = options
        self.file = self.folder / "mosquitto.db"

    def __enter__(self):
        self.port = free_port()
        self.address = ("127.0.0.1", self.port)
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true",
                 "persistence true", f"persistence_location {self.folder}/",
                 "user root"]
        lines += [f"{name} {value}" for name, value in self.options.items()]
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(lines + [""]))
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", str(config)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log = harness.Lines(self.process.stderr)
        self.log.wait_for("mosquitto version .* running")
        # A signal that comes before its loop runs would be forgotten.
        self.client("", clean=True).disconnect()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(DEADLINE)
        self.log.thread.join(5)

    # -- clients -------------------------------------------------------------

    def client(self, name, version=V5, expiry=None, clean=False, **arguments):
        props = {"session_expiry": expiry} if expiry is not None else ()
        return raw.Client(self.address, version).connect(
            name, clean=clean, props=props, **arguments)

    def durable(self, name, *filters, qos=1, version=V311, expiry=None,
                connect=(), **options):
        """A client that subscribes and leaves; its session stays."""
        made = self.client(name, version, expiry, **dict(connect))
        made.subscribe(*filters, qos=qos, **options)
        made.disconnect()

    def publish(self, topic, payload, qos=1, **arguments):
        sender = self.client("", clean=True)
        sender.publish(topic, payload, qos, **arguments)
        sender.disconnect()


def fabricated(messages, payload=b"p" * 100):
    """A database as Mosquitto writes it: one client with a long queue."""
    def chunk(kind, body):
        return struct.pack(">II", kind, len(body)) + body

    out = [b"\0\xb5\0mosquitto db" + struct.pack(">II", 0, 6),
           chunk(1, struct.pack("<QBB6x", messages, 1, 8))]
    for number in range(1, messages + 1):
        topic = b"t/%d" % number
        out.append(chunk(2, struct.pack("<Qq", number, 0) + struct.pack(
            ">IHHHHHBB", len(payload), 0, 0, 0, len(topic), 0, 1, 0)
            + topic + payload))
    out.append(chunk(6, struct.pack("<q", 0) + struct.pack(
        ">IHHHHI", 0xffffffff, 0, 6, 0, 0, 0) + b"client"))
    for number in range(1, messages + 1):
        out.append(chunk(3, struct.pack("<Q", number) + struct.pack(
            ">HHBBBB", 0, 6, 1, 11, 0, 1) + b"client"))
    return b"".join(out)


@troupe_only
class StoreTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-store-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data = self.folder / "data"
        self.data.mkdir()
        self.database = self.data / "troupe.store"

    def mosquitto(self, **options):
        return Mosquitto(self.folder / "mosquitto", **options)

    def store(self, command, *arguments, status=0, directory=None):
        """Runs `troupe store COMMAND`; returns what it wrote."""
        done = subprocess.run(
            [harness.BINARY, "store", command, "-d",
             str(directory or self.data), *map(str, arguments)],
            capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        if status == 1:
            self.assertTrue(done.stdout or done.stderr)
        return done.stdout + done.stderr

    def sessions(self):
        found = json.loads(self.store("sessions", "--json"))
        return {each["client_id"]: each for each in found}

    def queue(self, name, *arguments):
        return json.loads(self.store("queue", name, "--json", *arguments))

    def previews(self, name):
        return [each.get("preview") for each in self.queue(name)]

    def info(self):
        return json.loads(self.store("info", "--json"))

    def assert_nothing_there(self):
        self.assertEqual(list(self.data.iterdir()), [])
