"""Starts the real broker for a test and looks after it until it is gone.

TROUPE       the binary under test (default: build/release/troupe)
TROUPE_PEER  a mosquitto to run the same tests against instead, which is how
             the tests themselves are checked
TROUPE_QUICK set: smaller loads
TROUPE_DURABLE  set: every broker keeps its sessions on disk
"""
import atexit
import ctypes
import functools
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import client as raw
import mqtt

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEER = os.environ.get("TROUPE_PEER")
BINARY = PEER or os.environ.get("TROUPE", str(ROOT / "build/release/troupe"))
DURABLE = bool(os.environ.get("TROUPE_DURABLE"))
QUICK = bool(os.environ.get("TROUPE_QUICK"))
PRCTL = ctypes.CDLL(None).prctl
PR_SET_PDEATHSIG = 1
START_DEADLINE = 10
STOP_DEADLINE = 10


def free_port():
    """A port nobody listens on, below those the kernel gives to clients."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def expected_differs(why):
    """This test must fail against Debian's mosquitto 2.0, for the reason given:
    there troupe follows 2.1, the specification or its own promise."""
    assert why
    return unittest.expectedFailure if PEER else lambda test: test


troupe_only = unittest.skipIf(PEER, "about troupe's own command line or limits")


def each_version(test):
    """Runs `test(self, version)` for MQTT 3.1, 3.1.1 and 5.0."""
    @functools.wraps(test)
    def run(self):
        for version in mqtt.VERSIONS:
            with self.subTest(version=version):
                self.topic = self.new_topic()
                test(self, version)
    return run


class Lines:
    """The lines a process writes, kept, and waited for without polling."""

    def __init__(self, stream):
        self.lines = []
        self.ended = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, args=(stream,),
                                       daemon=True)
        self.thread.start()

    def _read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()
        stream.close()

    def text(self):
        with self.changed:
            return "\n".join(self.lines)

    def wait_for(self, pattern, within=10, since=0, times=1):
        """The line in which the regular expression is found for the first, or
        `times`-th, time behind the first `since` lines."""
        def found():
            lines = (line for line in self.lines[since:]
                     if re.search(pattern, line))
            return next(itertools.islice(lines, times - 1, None), None)
        with self.changed:
            self.changed.wait_for(lambda: found() or self.ended, within)
            line = found()
        assert line, f"no line has {pattern!r} in:\n{self.text()}"
        return line


def be_forgotten(probe):
    """Go, and wait until the broker has seen it: one that is about to go may
    be the last for whom there was room."""
    try:
        probe.settimeout(START_DEADLINE)
        probe.shutdown(socket.SHUT_WR)
        probe.recv(1)
    except OSError:
        pass


class Broker:
    """One running broker.

    Keyword arguments are options named as in mosquitto.conf, None for those
    that shall have their default; `listener` are those that belong to the
    listener, `listeners` replaces it altogether. The file is JSON, or with
    `conf` a mosquitto.conf, whose last lines are `sections`.
    """

    binary = BINARY
    prefix = () # what the command line begins with

    def __init__(self, listener=None, listeners=None, arguments=("-v",),
                 wait=True, conf=False, sections="", **options):
        self.sections = sections
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-test-"))
        durable = {"persistence": True,
                   "persistence_location": str(self.folder)} if DURABLE else {}
        self.options = {"allow_anonymous": True, "sys_interval": 1, **durable,
                        **options}
        self.as_conf = conf or bool(sections) or bool(PEER)
        self.arguments = list(arguments)
        self.process = None
        atexit.register(self.kill)
        for _ in range(5):
            self.port = free_port()
            self.address = ("127.0.0.1", self.port)
            self.listeners = listeners or [dict(
                {"port": self.port, "address": "127.0.0.1"},
                **(listener or {}))]
            self.start()
            if not wait or self.wait_until_ready():
                return
            assert "in use" in self.log.text(), self.log.text()
        raise AssertionError("found no port to listen on")

    # -- configuration -------------------------------------------------------

    def write_config(self):
        self.folder.mkdir(exist_ok=True)
        options = {name: value for name, value in self.options.items()
                   if value is not None}
        if not self.as_conf:
            path = self.folder / "troupe.json"
            path.write_text(json.dumps(
                dict(options, listeners=self.listeners)))
            return path
        # Only a first line tells what the lines behind it mean.
        first = {"per_listener_settings":
                 options.pop("per_listener_settings", False)}
        lines = [conf_line(pair) for pair in {**first, **options}.items()]
        for listener in self.listeners:
            rest = dict(listener)
            where = rest.pop("path", None) or rest.pop("address", "")
            lines.append(f"listener {rest.pop('port', 0)} {where}")
            lines += [conf_line(pair) for pair in rest.items()]
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join(lines + ["user root", self.sections, ""]))
        return path

    # -- the process ---------------------------------------------------------

    def start(self):
        self.process = subprocess.Popen(
            [*self.prefix, self.binary, "-c", str(self.write_config()), *self.arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace",
            start_new_session=True, preexec_fn=die_with_parent)
        self.log = Lines(self.process.stderr)

    def wait_until_ready(self):
        """Wait until every listener takes connections; False if it ended."""
        deadline = time.monotonic() + START_DEADLINE
        for listener in self.listeners:
            address = listener.get("path") or (
                listener.get("address", "127.0.0.1"), listener.get("port"))
            while True:
                if self.process.poll() is not None:
                    self.log.thread.join(5)
                    return False
                try:
                    with raw.open_socket(address) as probe:
                        be_forgotten(probe)
                    break
                except OSError:
                    assert time.monotonic() < deadline, self.log.text()
                    # Ends early where the process does.
                    with self.log.changed:
                        self.log.changed.wait(0.02)
        return True

    def stop(self, sig=signal.SIGTERM):
        """End it as an operator would; it must leave with 0 and leave nobody."""
        self.process.send_signal(sig)
        try:
            status = self.process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"still there {STOP_DEADLINE} s after {sig!r}") from None
        self.log.thread.join(5)
        left = _group_exists(self.process.pid)
        self.kill()
        assert status == 0, f"exit status {status}:\n{self.log.text()[-4000:]}"
        assert not left, "a process of its group is left"

    def reload(self, said="Config reloaded", **options):
        """SIGHUP with `options` replaced; returns the line that ends it, which
        must be `said`. Whom it concerns learns of it soon after."""
        self.options.update(options)
        self.write_config()
        before = len(self.log.lines)
        self.process.send_signal(signal.SIGHUP)
        line = self.log.wait_for("Config reloaded|not reloaded", since=before)
        assert said in line, line
        return line

    def start_again(self, **options):
        """As it was configured, on the same port; `options` are replaced."""
        self.options.update(options)
        self.start()
        assert self.wait_until_ready(), self.log.text()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def rss(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS: the broker is gone")


def conf_line(pair):
    name, value = pair
    if isinstance(value, bool):
        value = str(value).lower()
    return f"{name} {value}"


def die_with_parent():
    """A test that is killed leaves no broker behind (Linux)."""
    PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)


def _group_exists(group):
    try:
        os.killpg(group, 0)
        return True
    except ProcessLookupError:
        return False


class BrokerTest(unittest.TestCase):
    """Tests that share one broker; each has client ids and topics of its own.

    A test that wants the broker configured sets `options` in its class.
    """

    options = {}
    names = itertools.count(1)

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(**cls.options)

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()

    def setUp(self):
        self.topic = self.new_topic()

    def new_topic(self):
        return f"{type(self).__name__}-{next(self.names)}"

    def new_id(self):
        return f"c{os.getpid()}x{next(self.names)}"

    def client(self, version=mqtt.V5, **arguments):
        """A connection that has sent nothing yet."""
        made = raw.Client(arguments.pop("address", self.broker.address),
                          version, **arguments)
        self.addCleanup(made.drop)
        return made

    def connected(self, version=mqtt.V5, client_id=None, **arguments):
        """A client that is connected."""
        return self.client(version).connect(client_id or self.new_id(),
                                            **arguments)

    def subscriber(self, version=mqtt.V5, topic=None, qos=0, **options):
        made = self.connected(version)
        made.subscribe(topic or self.topic, qos=qos, **options)
        return made

    def assert_silent(self, receiver, topic, sender=None, qos=0):
        """Nothing is on its way to `receiver`, which is subscribed to `topic`:
        what is published there now is what it gets next."""
        (sender or self.connected()).publish(topic, "and nothing before", qos)
        receiver.expect_publish(topic, "and nothing before")

    def let_time_pass(self, seconds):
        """Wait until the broker itself says that `seconds` have passed, by the
        delay of a will."""
        topic = f"clock/{self.new_id()}"
        watcher = self.subscriber(topic=topic)
        will = mqtt.Will(topic, b"now", props={"will_delay": seconds})
        self.connected(will=will, props={"session_expiry": 600}).drop()
        watcher.expect_publish(topic, "now", within=seconds + 10)
        watcher.disconnect()


class OwnBrokerTest(BrokerTest):
    """Each test starts a broker of its own, `self.broker`, as it ends it."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass
