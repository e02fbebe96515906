"""MQTT packets as bytes: what the raw client of these tests sends and reads.

Written from the specifications of MQTT 3.1, 3.1.1 and 5.0 and on purpose
without checks: a test must be able to build packets that are wrong.
"""
import struct
from collections import namedtuple

V31, V311, V5 = 3, 4, 5
VERSIONS = (V31, V311, V5)

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = range(8, 12)
PINGREQ, PINGRESP, DISCONNECT, AUTH = range(12, 16)

# Property name -> (identifier, type); MQTT 5.0, 2.2.2.2.
PROPERTIES = {
    "payload_format": (0x01, "byte"),
    "message_expiry": (0x02, "u32"),
    "content_type": (0x03, "text"),
    "response_topic": (0x08, "text"),
    "correlation_data": (0x09, "binary"),
    "subscription_id": (0x0B, "varint"),
    "session_expiry": (0x11, "u32"),
    "assigned_client_id": (0x12, "text"),
    "server_keep_alive": (0x13, "u16"),
    "auth_method": (0x15, "text"),
    "auth_data": (0x16, "binary"),
    "request_problem": (0x17, "byte"),
    "will_delay": (0x18, "u32"),
    "request_response": (0x19, "byte"),
    "response_information": (0x1A, "text"),
    "server_reference": (0x1C, "text"),
    "reason_string": (0x1F, "text"),
    "receive_maximum": (0x21, "u16"),
    "topic_alias_maximum": (0x22, "u16"),
    "topic_alias": (0x23, "u16"),
    "maximum_qos": (0x24, "byte"),
    "retain_available": (0x25, "byte"),
    "user_property": (0x26, "pair"),
    "maximum_packet_size": (0x27, "u32"),
    "wildcard_available": (0x28, "byte"),
    "subscription_ids_available": (0x29, "byte"),
    "shared_available": (0x2A, "byte"),
}
NAMES = {number: (name, kind) for name, (number, kind) in PROPERTIES.items()}

FIXED = {"byte": ">B", "u16": ">H", "u32": ">I"}

Will = namedtuple("Will", "topic payload qos retain props",
                  defaults=(b"", 0, False, ()))


def varint(value):
    """A variable byte integer of as many bytes as `value` needs."""
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def binary(data):
    return struct.pack(">H", len(data)) + bytes(data)


def text(value):
    """A string field; bytes are taken as they are, valid or not."""
    return binary(value.encode() if isinstance(value, str) else value)


def _one_property(name, value):
    number, kind = PROPERTIES[name]
    head = bytes([number])
    if kind in FIXED:
        return head + struct.pack(FIXED[kind], value)
    if kind == "varint":
        return head + varint(value)
    if kind == "pair":
        return head + text(value[0]) + text(value[1])
    return head + text(value)


def as_pairs(props):
    return list(props.items()) if isinstance(props, dict) else list(props)


def properties(props=()):
    """A property block: its length and its properties in the order given."""
    body = b"".join(_one_property(*pair) for pair in as_pairs(props))
    return varint(len(body)) + body


def packet(first, body=b""):
    """A whole packet; `first` is the first byte, or just the packet type."""
    if first < 16:
        first <<= 4
    return bytes([first]) + varint(len(body)) + body


def _block(version, props):
    return properties(props) if version == V5 else b""


def connect(version=V5, client_id="", clean=True, keep_alive=60, props=(),
            will=None, username=None, password=None, level=None, name=None,
            flags=None):
    if flags is None:
        flags = (2 if clean else 0)
        if will:
            flags |= 4 | will.qos << 3 | (32 if will.retain else 0)
        flags |= 0 if password is None else 64
        flags |= 0 if username is None else 128
    if name is None:
        name = "MQIsdp" if version == V31 else "MQTT"
    body = text(name) + bytes([version if level is None else level, flags])
    body += struct.pack(">H", keep_alive) + _block(version, props)
    body += text(client_id)
    if will:
        body += _block(version, will.props) + text(will.topic)
        body += binary(will.payload)
    if username is not None:
        body += text(username)
    if password is not None:
        body += binary(password)
    return packet(CONNECT, body)


def publish(topic, payload=b"", version=V5, qos=0, pid=None, retain=False,
            dup=False, props=()):
    first = PUBLISH << 4 | (8 if dup else 0) | qos << 1 | (1 if retain else 0)
    body = text(topic)
    if qos:
        body += struct.pack(">H", pid)
    body += _block(version, props)
    body += payload.encode() if isinstance(payload, str) else payload
    return packet(first, body)


def ack(kind, pid, version=V5, code=0, props=()):
    """PUBACK, PUBREC, PUBREL or PUBCOMP in its shortest form."""
    body = struct.pack(">H", pid)
    if version == V5 and (code or props):
        body += bytes([code])
        if props:
            body += properties(props)
    return packet(kind << 4 | (2 if kind == PUBREL else 0), body)


def subscribe(pid, filters, version=V5, props=()):
    """`filters` are (filter, options byte) pairs."""
    body = struct.pack(">H", pid) + _block(version, props)
    for name, options in filters:
        body += text(name) + bytes([options])
    return packet(SUBSCRIBE << 4 | 2, body)


def options(qos=0, no_local=False, retain_as_published=False,
            retain_handling=0):
    """The options byte of MQTT 5.0, 3.8.3.1; just the QoS before that."""
    return (qos | (4 if no_local else 0) | (8 if retain_as_published else 0)
            | retain_handling << 4)


def unsubscribe(pid, filters, version=V5, props=()):
    body = struct.pack(">H", pid) + _block(version, props)
    body += b"".join(text(name) for name in filters)
    return packet(UNSUBSCRIBE << 4 | 2, body)


def disconnect(version=V5, code=0, props=()):
    if version != V5 or not (code or props):
        return packet(DISCONNECT)
    return packet(DISCONNECT,
                  bytes([code]) + (properties(props) if props else b""))


def auth(code=0x18, method=None, data=None, props=()):
    """AUTH; by default the one that goes on with an exchange."""
    block = as_pairs(props)
    if method is not None:
        block.append(("auth_method", method))
    if data is not None:
        block.append(("auth_data", data))
    return packet(AUTH, bytes([code]) + properties(block))


class Reader:
    """Takes fields off the front of a packet's body."""

    def __init__(self, data):
        self.data = data

    def take(self, size):
        if len(self.data) < size:
            raise ValueError(f"packet ends early: {self.data.hex()}")
        head, self.data = self.data[:size], self.data[size:]
        return head

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def binary(self):
        return self.take(self.number(">H"))

    def text(self):
        return self.binary().decode()

    def properties(self):
        """The block as {name: value}; lists where a property may repeat."""
        inner = Reader(self.take(self.varint()))
        found = {}
        while inner.data:
            name, kind = NAMES[inner.varint()]
            if kind in FIXED:
                value = inner.number(FIXED[kind])
            elif kind == "varint":
                value = inner.varint()
            elif kind == "pair":
                value = (inner.text(), inner.text())
            else:
                value = inner.text() if kind == "text" else inner.binary()
            if name in ("user_property", "subscription_id"):
                found.setdefault(name, []).append(value)
            elif name in found:
                raise ValueError(f"property {name} stands there twice")
            else:
                found[name] = value
        return found


class Packet:
    """A packet that the broker sent; which fields it has depends on its type.

    PUBLISH: topic, payload, qos, retain, dup, pid. Acknowledgements: pid,
    code. SUBACK, UNSUBACK: pid, codes. CONNACK: session_present, code.
    DISCONNECT, AUTH: code. All in 5.0: props.
    """

    def __init__(self, raw, first, body, version):
        self.raw = raw
        self.type = first >> 4
        self.flags = first & 15
        self.props = {}
        self.code = 0
        reader = Reader(body)
        parse = PARSERS.get(self.type)
        if parse:
            parse(self, reader, version)

    def __repr__(self):
        fields = {name: value for name, value in vars(self).items()
                  if name not in ("raw", "type", "flags")}
        return f"Packet(type={self.type}, {fields})"


def _parse_connack(self, reader, version):
    self.session_present = bool(reader.number(">B") & 1)
    self.code = reader.number(">B")
    # A broker refuses an unknown version in the form of its own choice.
    if version == V5 and reader.data:
        self.props = reader.properties()


def _parse_publish(self, reader, version):
    self.dup = bool(self.flags & 8)
    self.qos = self.flags >> 1 & 3
    self.retain = bool(self.flags & 1)
    self.topic = reader.text()
    self.pid = reader.number(">H") if self.qos else None
    if version == V5:
        self.props = reader.properties()
    self.payload = reader.data


def _parse_ack(self, reader, version):
    self.pid = reader.number(">H")
    if version == V5 and reader.data:
        self.code = reader.number(">B")
        if reader.data:
            self.props = reader.properties()


def _parse_suback(self, reader, version):
    self.pid = reader.number(">H")
    if version == V5:
        self.props = reader.properties()
    self.codes = list(reader.data)


def _parse_disconnect(self, reader, version):
    if version == V5 and reader.data:
        self.code = reader.number(">B")
        if reader.data:
            self.props = reader.properties()


PARSERS = {
    CONNACK: _parse_connack, PUBLISH: _parse_publish, PUBACK: _parse_ack,
    PUBREC: _parse_ack, PUBREL: _parse_ack, PUBCOMP: _parse_ack,
    SUBACK: _parse_suback, UNSUBACK: _parse_suback,
    DISCONNECT: _parse_disconnect, AUTH: _parse_disconnect,
}
