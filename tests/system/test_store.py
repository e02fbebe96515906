"""`troupe store`, on databases that Debian's Mosquitto wrote and that were
imported: what it shows, how it looks after them, what it refuses."""
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import paho.mqtt.client as paho

import client as raw
import harness
import mqtt
from harness import QUICK, free_port, troupe_only
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


class Import(StoreTest):
    def test_sessions_with_their_expiry_and_subscriptions(self):
        with self.mosquitto() as broker:
            broker.durable("old", "a/#", "b", version=V311)
            broker.durable("older", "c", version=mqtt.V31)
            broker.durable("hour", "a/+", version=V5, expiry=3600, qos=2)
            broker.durable("forever", "a", version=V5, expiry=0xffffffff)
            broker.durable("ended", "a", version=V5, expiry=0)
            staying = broker.client("staying", V5, 600)
            staying.subscribe("x", "y", "z", qos=2)
        staying.drop()
        told = self.store("import", broker.file)
        self.assertIn("sessions       5\n", told)
        self.assertIn("subscriptions  8\n", told)
        found = self.sessions()
        self.assertEqual(
            {name: (each["subscriptions"], each["expiry_interval"])
             for name, each in found.items()},
            {"old": (2, None), "older": (1, None), "hour": (1, 3600),
             "forever": (1, None), "staying": (3, 600)})
        self.assertFalse(any(each["connected"] for each in found.values()))
        self.assertIsNone(found["old"]["ends_at"])
        self.assertIsNotNone(found["hour"]["ends_at"])
        self.assertIsNotNone(found["staying"]["ends_at"])

    def test_a_session_that_expired_since_is_left_out(self):
        with self.mosquitto() as broker:
            broker.durable("short", "a", version=V5, expiry=1000)
            broker.publish("a", "1")
        # Mosquitto counts in seconds from when the client left.
        data = bytearray(broker.file.read_bytes())
        at = data.index(b"short") - 24
        data[at:at + 8] = struct.pack("<q", int(time.time()) - 1)
        broker.file.write_bytes(data)
        told = self.store("import", broker.file)
        self.assertRegex(told, r"left out +1 sessions that have expired")
        self.assertEqual(self.sessions(), {})

    def test_clients_that_we_did_not_write(self):
        with self.mosquitto() as broker:
            subprocess.run(
                ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port),
                 "-i", "sub", "-c", "-q", "1", "-t", "a/#", "-E"],
                timeout=DEADLINE, check=True)
            arguments = {"client_id": "paho", "clean_session": False}
            if hasattr(paho, "CallbackAPIVersion"):
                arguments["callback_api_version"] = \
                    paho.CallbackAPIVersion.VERSION1
            durable = paho.Client(**arguments)
            subscribed = threading.Event()
            durable.on_connect = lambda *_: durable.subscribe("a/+", 2)
            durable.on_subscribe = lambda *_: subscribed.set()
            durable.connect("127.0.0.1", broker.port)
            durable.loop_start()
            self.assertTrue(subscribed.wait(DEADLINE))
            durable.disconnect()
            durable.loop_stop()
            subprocess.run(
                ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port),
                 "-t", "a/b", "-q", "2", "-m", "for both", "-r"],
                timeout=DEADLINE, check=True)
        self.store("import", broker.file)
        self.assertEqual(self.previews("sub"), ["for both"])
        self.assertEqual(self.previews("paho"), ["for both"])
        self.assertEqual([each["qos"] for each in self.queue("paho")], [2])
        self.assertEqual(self.info()["retained"], 1)

    def test_clients_with_and_without_user_name(self):
        # Mosquitto 2.0 writes a wrong length for the second, and cannot read
        # its own file then.
        with self.mosquitto() as broker:
            for name, user in (("with", "alice"), ("without", None),
                               ("again", "bob"), ("and not", None)):
                broker.durable(name, "t", connect={"username": user})
            broker.publish("t", "for all")
        told = self.store("import", broker.file)
        self.assertIn("sessions       4\n", told)
        for name in ("with", "without", "again", "and not"):
            self.assertEqual(self.previews(name), ["for all"])

    def test_queues_in_order_with_properties_and_expiry(self):
        with self.mosquitto(max_queued_messages=0) as broker:
            broker.durable("c", "t/#", version=V5, expiry=600, qos=2,
                           props={"subscription_id": 77})
            broker.publish("t/1", "first", qos=1)
            broker.publish("t/2", "second", qos=2, props=[
                ("payload_format", 1), ("content_type", "text/plain"),
                ("response_topic", "r"), ("correlation_data", b"\0\1"),
                ("user_property", ("k", "v")), ("message_expiry", 500)])
            broker.publish("t/3", "\x00\x1f é\n" + "x" * 100, qos=1)
            sender = broker.client("", clean=True)
            for number in range(1500):
                sender.publish(f"t/{number}", str(number), qos=1)
            sender.disconnect()
        self.store("import", broker.file)
        got = self.queue("c")
        self.assertEqual([each["preview"] for each in got[3:]],
                         [str(number) for number in range(1500)])
        self.assertEqual([each["number"] for each in got],
                         sorted(each["number"] for each in got))
        first, second, third = got[:3]
        self.assertEqual(first["topic"], "t/1")
        self.assertEqual((first["qos"], first["state"]), (1, "queued"))
        self.assertEqual(first["subscription_id"], 77)
        self.assertIsNone(first["expires_at"])
        self.assertEqual(second["qos"], 2)
        self.assertIsNotNone(second["expires_at"])
        self.assertEqual(third["payload_size"], 106)
        self.assertEqual(third["preview"][:13], "\\x00\\x1f é\\nx")
        self.assertTrue(third["preview"].endswith("…"))
        self.assertEqual(len(self.queue("c", "--limit", "2")), 2)
        self.assertEqual(self.sessions()["c"]["queued"], 1503)
        text = self.store("queue", "c", "--limit", "1")
        self.assertIn("t/1", text)
        self.assertEqual(len(text.splitlines()), 2)

    def test_messages_on_their_way_to_a_client(self):
        with self.mosquitto() as broker:
            away = broker.client("c", V311)
            away.subscribe("t", qos=2)
            for payload, qos in (("one", 1), ("two", 2), ("three", 2)):
                broker.publish("t", payload, qos=qos)
            got = [away.receive_publish() for _ in range(3)]
            away.ack(mqtt.PUBREC, got[2].pid)
            self.assertEqual(away.receive_type(mqtt.PUBREL).pid, got[2].pid)
            away.drop()
            broker.publish("t", "four", qos=1)
        told = self.store("import", broker.file)
        self.assertIn("sent and not acknowledged 2", told)
        self.assertIn("QoS 2          1 to clients and 0 from clients", told)
        queue = self.queue("c")
        self.assertEqual(
            [(each.get("preview"), each["state"], each.get("packet_id"))
             for each in queue],
            [("one", "sent", got[0].pid), ("two", "sent", got[1].pid),
             (None, "released", got[2].pid), ("four", "queued", None)])

    def test_what_mosquitto_has_not_passed_on_yet_is_not_lost(self):
        with self.mosquitto() as broker:
            broker.durable("subscriber", "t", qos=2)
            publisher = broker.client("publisher", V311)
            publisher.send(mqtt.publish("t", "owed", V311, 2, 9, retain=True))
            self.assertEqual(publisher.receive_type(mqtt.PUBREC).pid, 9)
            publisher.drop()
            # Its end is noticed before the next client is served.
            broker.publish("t", "later", qos=1)
        told = self.store("import", broker.file)
        self.assertIn("0 to clients and 1 from clients", told)
        self.assertCountEqual(self.previews("subscriber"), ["owed", "later"])
        self.assertEqual(self.info()["retained"], 1)

    def test_retained_messages(self):
        with self.mosquitto() as broker:
            broker.publish("r/1", "old", retain=True)
            broker.publish("r/1", "new", retain=True)
            broker.publish("r/2", "gone", retain=True)
            broker.publish("r/2", "", retain=True)
            broker.publish("r/3", "kept", retain=True,
                           props={"message_expiry": 500})
        self.assertIn("retained       2\n",
                      self.store("import", broker.file))
        info = self.info()
        self.assertEqual((info["retained"], info["retained_bytes"]), (2, 7))

    def test_nothing_to_import(self):
        with self.mosquitto() as broker:
            pass
        self.store("import", broker.file)
        self.assertEqual(self.info()["sessions"], 0)


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


class BadInput(StoreTest):
    def fabricate(self, messages=3):
        path = self.folder / "mosquitto.db"
        path.write_bytes(fabricated(messages))
        return path

    def refused(self, what, command, *arguments, **options):
        self.assertIn(what, self.store(command, *arguments, status=1,
                                       **options))

    def test_files_that_are_none_of_mosquittos(self):
        path = self.folder / "file"
        self.refused("No such file", "import", path)
        self.refused("it is no file", "import", self.folder)
        for content in (b"", b"\0\xb5\0mosquitto", b"{}" * 100, b"\0" * 1000):
            path.write_bytes(content)
            self.refused("no database of Mosquitto", "import", path)
        path.write_bytes(b"SQLite format 3\0" * 10)
        self.refused("SQLite plugin", "import", path)
        path.write_bytes(fabricated(1)[:19] + struct.pack(">I", 7))
        self.refused("format", "import", path)
        self.assert_nothing_there()

    def test_a_file_cut_at_many_places(self):
        whole = fabricated(3)
        path = self.folder / "cut.db"
        for size in range(0, len(whole), 37 if QUICK else 11):
            path.write_bytes(whole[:size])
            done = subprocess.run(
                [harness.BINARY, "store", "import", "-d", str(self.data),
                 str(path)],
                capture_output=True, text=True, timeout=DEADLINE, check=False)
            if done.returncode == 0:
                # Cut between two records.
                shutil.rmtree(self.database)
                continue
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, "no database|ends within a record")
            self.assert_nothing_there()

    def test_a_damaged_file_is_salvaged_only_when_asked(self):
        path = self.fabricate()
        data = path.read_bytes()
        at = data.index(b"t/2")
        path.write_bytes(data[:at] + b"t/#" + data[at + 3:])
        self.refused("byte ", "import", path)
        self.refused("--salvage", "import", path)
        self.assert_nothing_there()
        told = self.store("import", "--salvage", path)
        self.assertIn("damaged        1 records", told)
        self.assertEqual([each["topic"] for each in self.queue("client")],
                         ["t/1", "t/3"])

    def test_directories_without_a_database(self):
        nowhere = self.folder / "nowhere"
        for command in (["info"], ["sessions"], ["queue", "c"], ["verify"],
                        ["repair"], ["backup", self.folder / "b"]):
            self.refused("no directory", *command, directory=nowhere)
            self.refused("there is no database in", *command)
        self.refused("no directory", "import", self.fabricate(),
                     directory=nowhere)
        self.assert_nothing_there()
        self.assertFalse(nowhere.exists())

    def test_a_client_that_has_no_session(self):
        self.store("import", self.fabricate())
        self.refused("no durable session of nobody", "queue", "nobody")

    def test_bad_usage(self):
        for arguments in ([], ["frobnicate"], ["queue"], ["import"],
                          ["import", "--keep", "--replace", "x"],
                          ["queue", "c", "--limit", "0"], ["info", "more"]):
            done = subprocess.run(
                [harness.BINARY, "store", *arguments], capture_output=True,
                text=True, timeout=DEADLINE, check=False)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("troupe store --help", done.stderr)

    def test_every_command_explains_itself(self):
        for command in ("info", "sessions", "queue", "verify", "repair",
                        "backup", "restore", "import"):
            told = self.store(command, "--help")
            self.assertIn("Examples:", told)
            self.assertIn(f"troupe store {command}", told)

    def test_the_directory_comes_from_a_configuration(self):
        self.store("import", self.fabricate())
        config = self.folder / "troupe.json"
        config.write_text(json.dumps(
            {"persistence": True, "persistence_location": str(self.data)}))
        done = subprocess.run(
            [harness.BINARY, "store", "info", "-c", str(config), "--json"],
            capture_output=True, text=True, timeout=DEADLINE, check=True)
        self.assertEqual(json.loads(done.stdout)["sessions"], 1)
        config.write_text("{")
        done = subprocess.run(
            [harness.BINARY, "store", "info", "-c", str(config)],
            capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("troupe.json", done.stderr)

    def test_the_database_itself_may_be_named(self):
        self.store("import", self.fabricate())
        self.assertEqual(
            json.loads(self.store("info", "--json", directory=self.database))
            ["queued"], 3)

    # -- what is there already -----------------------------------------------

    def test_an_import_into_a_database_with_the_same_client(self):
        self.store("import", self.fabricate(3))
        self.refused("the session of client for one", "import",
                     self.fabricate(2))
        self.assertEqual(len(self.queue("client")), 3)
        told = self.store("import", "--keep", self.fabricate(2))
        self.assertIn("1 sessions that are in the store already", told)
        self.assertEqual(len(self.queue("client")), 3)
        aside = self.data / "troupe.store.before-import"
        self.assertIn(str(aside), told)
        self.refused("exists already", "import", "--replace",
                     self.fabricate(2))
        shutil.rmtree(aside)
        self.store("import", "--replace", self.fabricate(2))
        self.assertEqual(len(self.queue("client")), 2)
        self.assertEqual(sorted(each.name for each in self.data.iterdir()),
                         ["troupe.store", "troupe.store.before-import"])

    def test_a_database_that_another_process_uses(self):
        path = self.fabricate()
        self.store("import", path)
        before = self.info()
        with open(self.database / "LOCK", "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for command in (["verify"], ["repair"],
                            ["import", "--replace", path],
                            ["restore", self.database]):
                self.store(*command, status=1)
            # Looking is allowed.
            self.assertEqual(self.info()["queued"], before["queued"])
            self.assertEqual(len(self.queue("client")), 3)
        self.assertEqual([each.name for each in self.data.iterdir()],
                         ["troupe.store"])


class Control(StoreTest):
    """What runs behind the socket is a broker, or plays one."""

    def setUp(self):
        super().setUp()
        path = self.folder / "mosquitto.db"
        path.write_bytes(fabricated(2))
        self.store("import", path)
        self.asked = []

    @contextlib.contextmanager
    def broker(self, answer):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.data / "troupe.control"))
        listener.listen()

        def serve():
            while True:
                try:
                    peer = listener.accept()[0]
                except OSError:
                    return
                with peer, peer.makefile("rwb") as stream:
                    line = stream.readline()
                    if line:
                        self.asked.append(line)
                        stream.write(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(DEADLINE)
            listener.close()

    def test_a_running_broker_makes_the_backup(self):
        target = self.folder / "backup"
        with self.broker(b"ok\n"):
            self.assertIn(str(target), self.store("backup", target))
            self.assertTrue(self.info()["broker"])
        self.assertEqual(self.asked, [b"backup %s\n" % os.fsencode(target)])
        self.assertFalse(self.info()["broker"])

    def test_the_directory_is_told_to_the_broker_as_it_is_from_here(self):
        with self.broker(b"ok\n"):
            subprocess.run(
                [harness.BINARY, "store", "backup", "-d", "data",
                 "./backups/../monday/"],
                cwd=self.folder, timeout=DEADLINE, check=True,
                stdout=subprocess.DEVNULL)
        self.assertEqual(self.asked,
                         [b"backup %s/monday\n" % os.fsencode(self.folder)])

    def test_what_the_broker_says_is_passed_on(self):
        for answer, told in ((b"error: no room left\n", "no room left"),
                             (b"", "no answer"), (b"what?\n", "what?")):
            with self.broker(answer):
                self.assertIn(told, self.store(
                    "backup", self.folder / "backup", status=1))
            (self.data / "troupe.control").unlink()

    def test_a_running_broker_keeps_its_database(self):
        path = self.folder / "mosquitto.db"
        with self.broker(b""):
            for command in (["verify"], ["repair"],
                            ["restore", self.database],
                            ["import", "--replace", path]):
                self.assertIn("stop the broker first",
                              self.store(*command, status=1))
        self.assertEqual(self.asked, [])

    def test_a_socket_that_a_killed_broker_left_is_no_broker(self):
        with self.broker(b"ok\n"):
            pass
        self.assertTrue((self.data / "troupe.control").exists())
        self.store("backup", self.folder / "backup")
        self.assertTrue((self.folder / "backup" / "CURRENT").exists())


class Care(StoreTest):
    MESSAGES = 2000 if QUICK else 20000

    def setUp(self):
        super().setUp()
        self.file = self.folder / "mosquitto.db"
        self.file.write_bytes(fabricated(self.MESSAGES))
        self.store("import", self.file)

    def test_a_sound_database_is_sound(self):
        told = self.store("verify")
        self.assertIn("all sound", told)
        self.assertIn("nothing to repair", self.store("repair"))
        self.assertEqual(len(self.queue("client")), self.MESSAGES)

    def test_a_damaged_database_is_found_and_repaired(self):
        largest = max(self.database.iterdir(),
                      key=lambda path: path.stat().st_size)
        data = bytearray(largest.read_bytes())
        for at in range(len(data) // 2, len(data) // 2 + 40):
            data[at] ^= 0xff
        largest.write_bytes(data)
        told = self.store("verify", status=1)
        self.assertIn(largest.name, told)
        self.assertIn("troupe store repair", told)
        self.store("repair")
        self.assertIn("all sound", self.store("verify"))
        self.assertTrue((self.data / "quarantine").is_dir())
        self.assertLessEqual(len(self.queue("client")), self.MESSAGES)

    def test_backup_and_restore(self):
        backup = self.folder / "backup"
        self.store("backup", backup)
        self.store("backup", backup, status=1)
        self.assertEqual(json.loads(self.store(
            "info", "--json", directory=backup))["queued"], self.MESSAGES)
        self.file.write_bytes(fabricated(1))
        self.store("import", "--replace", self.file)
        shutil.rmtree(self.data / "troupe.store.before-import")
        self.assertEqual(len(self.queue("client")), 1)
        told = self.store("restore", backup)
        self.assertIn("troupe.store.before-restore", told)
        self.assertEqual(len(self.queue("client")), self.MESSAGES)
        self.assertEqual(json.loads(self.store(
            "info", "--json",
            directory=self.data / "troupe.store.before-restore"))["queued"], 1)

    def test_a_backup_is_restored_where_there_is_nothing(self):
        backup = self.folder / "backup"
        self.store("backup", backup)
        shutil.rmtree(self.database)
        self.store("restore", backup)
        self.assertEqual(len(self.queue("client")), self.MESSAGES)

    def test_what_is_no_backup_is_not_restored(self):
        self.store("restore", self.folder / "nothing", status=1)
        self.store("restore", self.folder, status=1)
        self.assertEqual(len(self.queue("client")), self.MESSAGES)


class Interrupted(StoreTest):
    MESSAGES = 100_000 if QUICK else 400_000

    def setUp(self):
        super().setUp()
        self.file = self.folder / "mosquitto.db"
        self.file.write_bytes(fabricated(self.MESSAGES))

    def interrupt(self, number, *arguments):
        """Runs on a terminal and sends a signal once it shows how far it is;
        the exit status and what was shown."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [harness.BINARY, "store", *map(str, arguments), "-d",
             str(self.data)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=theirs, close_fds=True)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError), open(ours, "rb", 0) as terminal:
            while True:
                data = terminal.read(4096)
                if not data:
                    break
                shown += data
                if number and re.search(rb"[1-9]\d* %", shown):
                    process.send_signal(number)
                    number = None
        return process.wait(DEADLINE), shown.decode()

    def test_an_import_that_is_interrupted_leaves_nothing(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            code, shown = self.interrupt(number, "import", self.file)
            self.assertEqual(code, status, shown)
            self.assertIn("nothing was imported", shown)
            self.assert_nothing_there()

    def test_an_import_that_is_interrupted_leaves_what_was_there(self):
        small = self.folder / "small.db"
        small.write_bytes(fabricated(3))
        self.store("import", small)
        code, shown = self.interrupt(signal.SIGINT, "import", "--replace",
                                     self.file)
        self.assertEqual(code, 130, shown)
        self.assertEqual([each.name for each in self.data.iterdir()],
                         ["troupe.store"])
        self.assertEqual(len(self.queue("client")), 3)

    def test_an_import_that_is_killed_is_tidied_up_by_the_next(self):
        code, _ = self.interrupt(signal.SIGKILL, "import", self.file)
        self.assertEqual(code, -signal.SIGKILL)
        self.assertEqual(len(list(self.data.iterdir())), 1)
        self.assertFalse(self.database.exists())
        code, shown = self.interrupt(None, "import", self.file)
        self.assertEqual(code, 0, shown)
        self.assertEqual([each.name for each in self.data.iterdir()],
                         ["troupe.store"])
        self.assertEqual(self.info()["queued"], self.MESSAGES)

    def test_a_check_that_is_interrupted_changes_nothing(self):
        self.store("import", self.file)
        code, shown = self.interrupt(signal.SIGINT, "verify")
        self.assertEqual(code, 130, shown)
        self.assertEqual(self.info()["queued"], self.MESSAGES)


del StoreTest

if __name__ == "__main__":
    unittest.main()
