"""The remote end of a bridge, played by a test: on raw sockets, so that it can
do what no broker would."""
import contextlib
import itertools
import socket
import threading
from collections import namedtuple

import client as raw
import mqtt

Greeting = namedtuple("Greeting", "version is_private clean keep_alive "
                      "client_id props")


class Peer(raw.Client):
    """One connection that a bridge has made."""

    def __init__(self, accepted):
        # Not by way of the base: that would connect.
        self.socket = accepted
        self.version = mqtt.V311
        self.client_id = "the bridge"
        self.buffer = bytearray()
        self.pids = itertools.count(1)
        self.greeting = None

    def take_connect(self):
        """CONNECT comes; what it says."""
        got = self.receive_type(mqtt.CONNECT)
        reader = mqtt.Reader(got.raw[2 if got.raw[1] < 128 else 3:])
        reader.text()
        level, flags = reader.number(">B"), reader.number(">B")
        self.version = level & 0x7f
        keep_alive = reader.number(">H")
        props = reader.properties() if self.version == mqtt.V5 else {}
        self.greeting = Greeting(self.version, level >= 0x80, bool(flags & 2),
                                 keep_alive, reader.text(), props)
        return self.greeting

    def connack(self, code=0, props=(), present=False):
        block = mqtt.properties(props) if self.version == mqtt.V5 else b""
        return self.send(mqtt.packet(
            mqtt.CONNACK, bytes([1 if present else 0, code]) + block))

    def accept(self, props=(), present=False):
        """CONNECT and CONNACK."""
        self.take_connect()
        return self.connack(0, props, present)

    def next_publish(self, within=raw.DEADLINE):
        """The next PUBLISH; what else a bridge asks is answered."""
        while True:
            got = self.receive(within)
            if got.type == mqtt.PUBLISH:
                return got
            self.answer(got)

    def answer(self, packet, refuse=None):
        """As a broker would; `refuse` is a code for all filters."""
        if packet.type == mqtt.SUBSCRIBE:
            pid, filters = parse_subscribe(packet, self.version)
            codes = bytes(options & 3 if refuse is None else refuse
                          for _, options in filters)
            block = b"\0" if self.version == mqtt.V5 else b""
            self.send(mqtt.packet(mqtt.SUBACK,
                                  pid.to_bytes(2, "big") + block + codes))
        elif packet.type == mqtt.UNSUBSCRIBE:
            pid, filters = parse_unsubscribe(packet, self.version)
            rest = (b"\0" + bytes(len(filters))
                    if self.version == mqtt.V5 else b"")
            self.send(mqtt.packet(mqtt.UNSUBACK,
                                  pid.to_bytes(2, "big") + rest))
        elif packet.type == mqtt.PINGREQ:
            self.send(mqtt.packet(mqtt.PINGRESP))
        elif packet.type == mqtt.PUBLISH and packet.qos:
            self.ack(mqtt.PUBACK if packet.qos == 1 else mqtt.PUBREC,
                     packet.pid)
        elif packet.type == mqtt.PUBREL:
            self.ack(mqtt.PUBCOMP, packet.pid)

    def serve(self, seen=None):
        """Be a broker with nobody else on it until the link ends."""
        with contextlib.suppress(raw.Closed):
            while True:
                got = self.receive(600)
                if seen is not None:
                    seen(got)
                self.answer(got)


def _body(packet):
    at = 1
    while packet.raw[at] >= 128:
        at += 1
    return mqtt.Reader(packet.raw[at + 1:])


def parse_subscribe(packet, version):
    """(pid, [(filter, options)])."""
    reader = _body(packet)
    pid = reader.number(">H")
    if version == mqtt.V5:
        reader.properties()
    filters = []
    while reader.data:
        filters.append((reader.text(), reader.number(">B")))
    return pid, filters


def parse_unsubscribe(packet, version):
    reader = _body(packet)
    pid = reader.number(">H")
    if version == mqtt.V5:
        reader.properties()
    filters = []
    while reader.data:
        filters.append(reader.text())
    return pid, filters


class FakeRemote:
    """A port at which bridges arrive; `play(peer)` is run for each, if given,
    else the test takes them by `accept`."""

    def __init__(self, case, play=None):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.settimeout(raw.DEADLINE)
        self.port = self.listening.getsockname()[1]
        self.arrived = 0
        self.changed = threading.Condition()
        self.peers = []
        case.addCleanup(self.close)
        if play:
            self.listening.settimeout(None)
            threading.Thread(target=self._run, args=(play,),
                             daemon=True).start()

    def accept(self, within=raw.DEADLINE):
        self.listening.settimeout(within)
        made = Peer(self.listening.accept()[0])
        made.socket.settimeout(None)
        self.peers.append(made)
        return made

    def _run(self, play):
        while True:
            try:
                made = Peer(self.listening.accept()[0])
            except OSError:
                return
            self.peers.append(made)
            with self.changed:
                self.arrived += 1
                self.changed.notify_all()
            # The bridge may end it at any point.
            with contextlib.suppress(AssertionError, OSError):
                play(made)
            made.drop()

    def wait_for_arrivals(self, count, within=20):
        with self.changed:
            assert self.changed.wait_for(lambda: self.arrived >= count,
                                         within), self.arrived

    def close(self):
        # Wakes who accepts, which close alone does not.
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for each in self.peers:
            each.drop()
