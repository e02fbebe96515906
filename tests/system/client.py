"""A raw-socket MQTT client: sends any bytes, reads packet by packet.

Nothing here waits by sleeping: every wait is for bytes, with a deadline.
"""
import itertools
import socket
import time

import mqtt

DEADLINE = 10.0


class Closed(AssertionError):
    """The broker closed the connection where a packet was expected."""


class Client:
    """One connection. `version` decides how packets are built and read."""

    def __init__(self, address, version=mqtt.V5, source=None,
                 receive_buffer=None):
        self.version = version
        self.client_id = ""
        self.connack = None
        self.buffer = bytearray()
        self.pids = itertools.count(1)
        self.socket = open_socket(address, source, receive_buffer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    # -- bytes ---------------------------------------------------------------

    def send(self, data):
        self.socket.sendall(data)
        return self

    def drop(self):
        """Close the socket without DISCONNECT."""
        self.socket.close()

    def _fill(self, deadline):
        """Wait for more bytes; False at the end of the stream."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise AssertionError(
                f"{self.client_id}: nothing came; so far {self.buffer.hex()}")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(65536)
        except socket.timeout:
            return self._fill(0)
        except (ConnectionResetError, BrokenPipeError):
            return False
        finally:
            if self.socket.fileno() >= 0:
                self.socket.settimeout(None)
        self.buffer += data
        return bool(data)

    def take(self, size, within=DEADLINE):
        """Exactly `size` bytes."""
        deadline = time.monotonic() + within
        while len(self.buffer) < size:
            if not self._fill(deadline):
                raise Closed(f"{self.client_id}: closed after "
                             f"{bytes(self.buffer).hex()}")
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def expect(self, expected, within=DEADLINE):
        """Exactly these bytes come next, no matter how they are cut."""
        got = self.take(len(expected), within)
        assert got == expected, f"expected {expected.hex()}, got {got.hex()}"

    def expect_closed(self, within=DEADLINE):
        """The broker closes without another byte."""
        deadline = time.monotonic() + within
        while not self.buffer and self._fill(deadline):
            pass
        assert not self.buffer, f"bytes before the end: {self.buffer.hex()}"

    # -- packets -------------------------------------------------------------

    def receive(self, within=DEADLINE):
        """The next packet, whatever it is."""
        start = time.monotonic()
        head = self.take(2, within)
        while head[-1] >= 128:
            head += self.take(1, within)
        size = mqtt.Reader(head[1:]).varint()
        body = self.take(size, max(0.1, start + within - time.monotonic()))
        return mqtt.Packet(head + body, head[0], body, self.version)

    def receive_type(self, kind, within=DEADLINE):
        got = self.receive(within)
        assert got.type == kind, f"expected type {kind}, got {got}"
        return got

    def receive_publish(self, within=DEADLINE):
        return self.receive_type(mqtt.PUBLISH, within)

    def expect_publish(self, topic, payload, within=DEADLINE, **fields):
        """The next packet is this PUBLISH; further fields are compared too."""
        got = self.receive_publish(within)
        payload = payload.encode() if isinstance(payload, str) else payload
        assert (got.topic, got.payload) == (topic, payload), got
        for name, value in fields.items():
            assert getattr(got, name) == value, f"{name}: {got}"
        return got

    def expect_ended(self, code=None, within=DEADLINE):
        """The broker ends this client: 5.0 with DISCONNECT `code`, 3.x mute."""
        if code is not None and self.version == mqtt.V5:
            got = self.receive_type(mqtt.DISCONNECT, within)
            assert got.code == code, f"expected {code:#x}, got {got}"
        self.expect_closed(within)

    def connect(self, client_id="", code=0, **arguments):
        """CONNECT, and the CONNACK with `code`."""
        self.client_id = client_id
        self.send(mqtt.connect(self.version, client_id, **arguments))
        self.connack = self.receive_type(mqtt.CONNACK)
        assert self.connack.code == code, self.connack
        return self

    def publish(self, topic, payload=b"", qos=0, code=None, **arguments):
        """PUBLISH; for QoS 1 and 2 the whole hand-shake. Returns the PUBACK
        or PUBREC. `code`, if given, is what it must say."""
        pid = arguments.pop("pid", None) or (next(self.pids) if qos else None)
        self.send(mqtt.publish(topic, payload, self.version, qos, pid,
                               **arguments))
        if not qos:
            return None
        got = self.receive_type(mqtt.PUBACK if qos == 1 else mqtt.PUBREC)
        assert got.pid == pid, got
        assert code is None or got.code == code, got
        if qos == 2 and got.code < 0x80:
            self.send(mqtt.ack(mqtt.PUBREL, pid, self.version))
            done = self.receive_type(mqtt.PUBCOMP)
            assert (done.pid, done.code) == (pid, 0), done
        return got

    def subscribe(self, *filters, qos=0, codes=None, props=(), **options):
        """SUBSCRIBE to all `filters` with the same options; the SUBACK."""
        pid = next(self.pids)
        byte = mqtt.options(qos, **options)
        self.send(mqtt.subscribe(pid, [(name, byte) for name in filters],
                                 self.version, props))
        got = self.receive_type(mqtt.SUBACK)
        assert got.pid == pid, got
        assert got.codes == (codes or [qos] * len(filters)), got
        return got

    def unsubscribe(self, *filters):
        pid = next(self.pids)
        self.send(mqtt.unsubscribe(pid, filters, self.version))
        got = self.receive_type(mqtt.UNSUBACK)
        assert got.pid == pid, got
        return got

    def ack(self, kind, pid, code=0):
        return self.send(mqtt.ack(kind, pid, self.version, code))

    def finish(self, publication):
        """Acknowledge a received publication to its end."""
        if publication.qos == 1:
            self.ack(mqtt.PUBACK, publication.pid)
        elif publication.qos == 2:
            self.ack(mqtt.PUBREC, publication.pid)
            assert (self.receive_type(mqtt.PUBREL).pid == publication.pid)
            self.ack(mqtt.PUBCOMP, publication.pid)
        return publication

    def ping(self):
        self.send(mqtt.packet(mqtt.PINGREQ))
        self.expect(b"\xd0\x00")
        return self

    def disconnect(self, code=0, props=()):
        """DISCONNECT, and the end of the stream."""
        self.send(mqtt.disconnect(self.version, code, props))
        self.expect_closed()
        self.drop()


def open_socket(address, source=None, receive_buffer=None):
    """Connect to (host, port) or, for a str, to a unix socket."""
    if isinstance(address, str):
        sock = socket.socket(socket.AF_UNIX)
    else:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        sock = socket.socket(family)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        if source:
            sock.bind(source)
        sock.settimeout(DEADLINE)
        sock.connect(address)
        sock.settimeout(None)
    except OSError:
        sock.close()
        raise
    return sock
