"""A raw WebSocket client (RFC 6455): sends any frame, reads frame by frame.

Like mqtt.py it is on purpose without checks of what it sends; what the broker
sends is checked.
"""
import base64
import hashlib
import itertools
import os
import re
import struct
import time

import client as raw
import mqtt

CONTINUATION, TEXT, BINARY = 0, 1, 2
CLOSE, PING, PONG = 8, 9, 10
MOST_OF_A_CONTROL_FRAME = 125
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def masked(payload, mask):
    """`payload` masked, or unmasked, with four bytes."""
    whole = mask * (len(payload) // 4 + 1)
    number = (int.from_bytes(payload, "big")
              ^ int.from_bytes(whole[:len(payload)], "big"))
    return number.to_bytes(len(payload), "big")


def frame(payload=b"", opcode=BINARY, final=True, reserved=0, mask=True,
          size=None, size_bytes=None):
    """One frame; `size` is what it says to be long, in `size_bytes` bytes."""
    size = len(payload) if size is None else size
    if size_bytes is None:
        size_bytes = 0 if size < 126 else 2 if size < 65536 else 8
    first = (128 if final else 0) | reserved << 4 | opcode
    bit = 128 if mask else 0
    if size_bytes == 0:
        head = bytes([first, bit | size])
    elif size_bytes == 2:
        head = struct.pack(">BBH", first, bit | 126, size)
    else:
        head = struct.pack(">BBQ", first, bit | 127, size)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + masked(payload, key)


def request(protocols=("mqtt",), path="/mqtt", more=(), **replaced):
    """A handshake. `replaced` fields, named with _ for -, have that value, or
    with None are left out; `more` are whole lines."""
    fields = {"Host": "localhost", "Upgrade": "websocket",
              "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
              "Sec-WebSocket-Key": KEY}
    for name, value in replaced.items():
        fields[name.replace("_", "-")] = value
    lines = [f"GET {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items()
              if value is not None]
    lines += [f"Sec-WebSocket-Protocol: {name}" for name in protocols]
    return ("\r\n".join([*lines, *more]) + "\r\n\r\n").encode("latin-1")


class Answer:
    """What a server said: `status`, `fields` by lower-case name, `body`."""

    def __init__(self, head, body):
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) .+", first).group(1))
        pairs = (line.split(": ", 1) for line in lines)
        self.fields = {name.lower(): value for name, value in pairs}
        self.body = body.decode()


class Client(raw.Client):
    """MQTT over WebSocket: packets go out as one binary frame each and come in
    however the broker frames them. `control` are the (opcode, payload) of the
    control frames that came, `sizes` those of the data frames."""

    def __init__(self, address, version=mqtt.V5, tls=None, **arguments):
        super().__init__(address, version, **arguments)
        if tls:
            self.socket = tls.wrap_socket(self.socket,
                                          server_hostname="localhost")
        self.wire = bytearray()
        self.is_open = False
        self.control = []
        self.sizes = []

    # -- the handshake -------------------------------------------------------

    def ask(self, data):
        """Send a request; the answer, with its body unless that is 101."""
        self.socket.sendall(data)
        head = self._header()
        answer = Answer(head, b"")
        if answer.status == 101:
            self.is_open = True
            return answer
        size = int(answer.fields["content-length"])
        answer.body = self.take(size).decode()
        return answer

    def _header(self):
        deadline = time.monotonic() + raw.DEADLINE
        while b"\r\n\r\n" not in self.buffer:
            assert super()._fill(deadline), f"closed: {bytes(self.buffer)}"
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        self.buffer = bytearray(rest)
        return head

    def upgrade(self, protocol="mqtt", **arguments):
        """The handshake, which succeeds."""
        answer = self.ask(request((protocol,), **arguments))
        assert answer.status == 101, (answer.status, answer.body)
        self.check(answer, protocol)
        self.wire, self.buffer = self.buffer, bytearray()
        return self

    @staticmethod
    def check(answer, protocol):
        """This is the answer to our key."""
        proof = base64.b64encode(hashlib.sha1((KEY + GUID).encode()).digest())
        wanted = {"upgrade": "websocket", "connection": "Upgrade",
                  "sec-websocket-accept": proof.decode(),
                  "sec-websocket-protocol": protocol}
        assert answer.fields == wanted, answer.fields

    # -- frames --------------------------------------------------------------

    def send(self, data):
        return self.send_raw(frame(data))

    def send_raw(self, data):
        """Bytes as they are."""
        self.socket.sendall(data)
        return self

    def _fill(self, deadline):
        if not self.is_open:
            return super()._fill(deadline)
        self.wire, self.buffer = self.buffer, self.wire
        try:
            more = super()._fill(deadline)
        finally:
            self.wire, self.buffer = self.buffer, self.wire
        self.take_frames()
        return more

    def take_frames(self):
        """Sort what came into `buffer`, `sizes` and `control`."""
        while self._take_frame():
            pass

    def _take_frame(self):
        """Move one frame out of `wire`; False: there is none."""
        if len(self.wire) < 2:
            return False
        first, size = self.wire[:2]
        at = 2
        assert first & 0xF0 == 0x80, f"not one whole message: {first:#x}"
        assert size < 128, "a server's frame is masked"
        if size >= 126:
            at = 4 if size == 126 else 10
            if len(self.wire) < at:
                return False
            size = int.from_bytes(self.wire[2:at], "big")
            assert size > (125 if at == 4 else 65535), "size is not minimal"
        if len(self.wire) < at + size:
            return False
        payload = bytes(self.wire[at:at + size])
        del self.wire[:at + size]
        opcode = first & 15
        if opcode == BINARY:
            assert not self.closes(), "data behind the close frame"
            self.sizes.append(size)
            self.buffer += payload
            return True
        assert opcode in (CLOSE, PING, PONG), f"frame of kind {opcode}"
        assert size <= MOST_OF_A_CONTROL_FRAME
        self.control.append((opcode, payload))
        return True

    def closes(self):
        return [payload for opcode, payload in self.control if opcode == CLOSE]

    def wait_for_anything(self):
        """Until there are data or a control frame."""
        deadline = time.monotonic() + raw.DEADLINE
        while not (self.buffer or self.control):
            assert self._fill(deadline), "closed without a word"

    def expect_control(self, opcode, payload=None, within=raw.DEADLINE):
        """The next control frame is this, no matter what data come before."""
        deadline = time.monotonic() + within
        while not self.control:
            assert self._fill(deadline), "closed without a control frame"
        got = self.control.pop(0)
        assert got[0] == opcode and payload in (None, got[1]), got
        return got[1]

    def expect_close(self, code, within=raw.DEADLINE):
        """The broker says farewell with `code` and closes; its text."""
        payload = self.expect_control(CLOSE, within=within)
        assert int.from_bytes(payload[:2], "big") == code, payload
        self.expect_closed()
        return payload[2:].decode()

    def expect_ended(self, code=None, within=raw.DEADLINE):
        """The broker ends this client, MQTT first and WebSocket then."""
        if code is not None and self.version == mqtt.V5:
            got = self.receive_type(mqtt.DISCONNECT, within)
            assert got.code == code, f"expected {code:#x}, got {got}"
        self.expect_control(CLOSE, struct.pack(">H", 1000), within)
        self.send_raw(frame(struct.pack(">H", 1000), CLOSE))
        self.expect_closed(within)

    def disconnect(self, code=0, props=()):
        self.send(mqtt.disconnect(self.version, code, props))
        self.expect_ended()
        self.drop()


def fragments(data, sizes):
    """One message of several frames, as long as `sizes` say in turn."""
    sizes = itertools.cycle(sizes)
    out, opcode = b"", BINARY
    while True:
        size = next(sizes)
        part, data = data[:size], data[size:]
        out += frame(part, opcode, final=not data)
        if not data:
            return out
        opcode = CONTINUATION
