"""A client's connection: it comes back for as long as it is wanted."""
import selectors
import socket

import mqtt

RETRY = 0.01
READ_SIZE = 65536
SESSION_EXPIRY = 100_000
EXPECTED_CODES = {0x8B: "the broker ends", 0x8E: "taken over"}


class Endpoint:
    """Connects, reads packet by packet, comes back. What packets mean is
    said by who derives from it, in methods `on_TYPE`."""

    HANDLERS = {mqtt.CONNACK: "on_connack", mqtt.PUBLISH: "on_publish",
                mqtt.PUBACK: "on_puback", mqtt.PUBREC: "on_pubrec",
                mqtt.PUBREL: "on_pubrel", mqtt.PUBCOMP: "on_pubcomp",
                mqtt.SUBACK: "on_suback", mqtt.UNSUBACK: "on_unsuback",
                mqtt.PINGRESP: "on_pingresp",
                mqtt.DISCONNECT: "on_disconnect"}

    def __init__(self, world, client_id, version):
        self.world = world
        self.client_id = client_id
        self.version = version
        self.wanted = False
        self.is_up = False
        self.is_paused = False
        self.pongs_due = 0
        self.socket = None
        self.old_socket = None
        self.input = bytearray()
        self.output = bytearray()

    # -- what it is told to do -----------------------------------------------

    def arrive(self):
        """Be connected from now on."""
        if not self.wanted:
            self.wanted = True
            self._dial()

    def leave(self, politely):
        """Be away from now on."""
        self.wanted = False
        if politely and self.is_up:
            self._send_rest(mqtt.disconnect(self.version))
        self.hang_up()

    def cut(self, away):
        """The client crashes: it comes back after some seconds."""
        if not self.wanted:
            return
        self.leave(politely=False)
        self.world.loop.call_in(away, self._come_back)

    def take_over(self):
        """A second connection for the same session while the first is open."""
        if not self.is_up:
            return
        self._forget_old()
        self.world.loop.watch(self.socket, 0, None)
        self.old_socket, self.socket = self.socket, None
        self._down()
        self._dial()

    def ping(self):
        if self.is_up:
            self.pongs_due += 1
            self.send(mqtt.packet(mqtt.PINGREQ))

    def pause_reading(self, seconds):
        """Leave what comes in the socket for a while."""
        if self.socket and not self.is_paused:
            self.is_paused = True
            self._watch()
            self.world.loop.call_in(seconds, self._read_on)

    def send(self, data):
        self.output += data
        self.world.to_flush.add(self)

    def complain(self, kind, text):
        self.world.history.complain(kind, f"{self.client_id}: {text}")

    # -- the socket ----------------------------------------------------------

    def _come_back(self):
        if not self.wanted and not self.world.is_over:
            self.arrive()

    def _dial(self):
        if not self.wanted or self.socket:
            return
        sock = socket.socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock.connect(self.world.address)
        except OSError:
            sock.close()
            self.world.loop.call_in(RETRY, self._dial)
            return
        sock.setblocking(False)
        self.socket = sock
        self._watch()
        self.send(self.connect_packet())

    def connect_packet(self):
        raise NotImplementedError

    def _watch(self):
        if self.socket:
            events = 0 if self.is_paused else selectors.EVENT_READ
            events |= selectors.EVENT_WRITE if self.output else 0
            self.world.loop.watch(self.socket, events, self._on_ready)

    def _read_on(self):
        self.is_paused = False
        self._watch()

    def _on_ready(self, events):
        if events & selectors.EVENT_WRITE:
            self.flush()
        if events & selectors.EVENT_READ and self.socket:
            self._read()

    def _read(self):
        try:
            data = self.socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.input += data
            self._take_packets()
        else:
            self._on_closed()

    def flush(self):
        """Write what there is, as far as it goes."""
        self.world.to_flush.discard(self)
        if not self.socket or not self.output:
            return
        try:
            del self.output[:self.socket.send(self.output)]
        except BlockingIOError:
            pass
        except OSError:
            # What was said before the end can still be read.
            self.output.clear()
        self._watch()

    def _send_rest(self, data):
        self.output += data
        self.flush()

    def _on_closed(self):
        if not self.world.is_ending:
            self.complain("closed", "the broker closed the connection")
        self.hang_up()
        if self.wanted:
            self.world.loop.call_in(RETRY, self._dial)

    def hang_up(self):
        """Close without a word."""
        self._forget_old()
        if self.socket:
            self.world.loop.watch(self.socket, 0, None)
            self.socket.close()
            self.socket = None
        self._down()

    def _forget_old(self):
        if self.old_socket:
            self.old_socket.close()
            self.old_socket = None

    def _down(self):
        self.is_up = False
        self.is_paused = False
        self.pongs_due = 0
        self.input.clear()
        self.output.clear()
        self.on_down()

    # -- packets -------------------------------------------------------------

    def _take_packets(self):
        start = 0
        data = self.input
        connection = self.socket
        while len(data) - start >= 2:
            size, shift, at = 0, 0, start + 1
            while at < len(data):
                size |= (data[at] & 127) << shift
                shift += 7
                at += 1
                if data[at - 1] < 128:
                    break
            else:
                break
            if at + size > len(data):
                break
            body = bytes(data[at:at + size])
            first, start = data[start], at + size
            self._handle(mqtt.Packet(body, first, body, self.version))
            if self.socket is not connection:
                return
        del data[:start]

    def _handle(self, packet):
        self.world.packets += 1
        handler = self.HANDLERS.get(packet.type)
        if handler is None or not hasattr(self, handler):
            self.complain("protocol", f"got {packet}")
            return
        getattr(self, handler)(packet)

    def on_connack(self, packet):
        if packet.code and self.world.is_ending and (
                packet.code in EXPECTED_CODES):
            return  # it had not said so before the broker was told to end
        if packet.code:
            self.complain("refused", f"CONNACK {packet.code:#x}")
            return
        self._forget_old()
        self.is_up = True
        self.world.connacks += 1
        self.on_up(packet)

    def on_pingresp(self, _):
        self.world.packets -= 1
        self.pongs_due -= 1

    def on_disconnect(self, packet):
        if packet.code not in EXPECTED_CODES:
            self.complain("closed", f"DISCONNECT {packet.code:#x}")

    def on_up(self, connack):
        raise NotImplementedError

    def on_down(self):
        raise NotImplementedError
