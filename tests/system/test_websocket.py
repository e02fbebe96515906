"""MQTT in WebSocket frames, however they are cut, and frames that are wrong."""
import struct
import time
import unittest

import mqtt
import websocket
from harness import BrokerTest, PEER, each_version
from mqtt import V5, V311, Will
from websocket import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, fragments,
                       frame)

PROTOCOL = {mqtt.V31: "mqttv3.1", V311: "mqtt", V5: "mqtt"}
NORMAL, PROTOCOL_ERROR, UNSUPPORTED, INVALID, TOO_BIG = (1000, 1002, 1003, 1007,
                                                         1009)
QOS = (0, 1, 2)


@unittest.skipIf(PEER, "Debian's mosquitto reads frames its own way")
class WebSocketTest(BrokerTest):
    """`client` and what builds upon it speak WebSocket."""

    options = {"listener": {"protocol": "websockets"},
               "max_packet_size": 1 << 24}

    def client(self, version=V5, **arguments):
        made = websocket.Client(arguments.pop("address", self.broker.address),
                                version, **arguments)
        self.addCleanup(made.drop)
        return made.upgrade(PROTOCOL[version])


class Frames(WebSocketTest):
    @each_version
    def test_messages_of_each_qos_arrive(self, version):
        receiver = self.subscriber(version, qos=2)
        sender = self.connected(version)
        for qos in QOS:
            sender.publish(self.topic, f"at {qos}", qos)
            receiver.finish(
                receiver.expect_publish(self.topic, f"at {qos}", qos=qos))
        sender.disconnect()
        receiver.disconnect()

    @each_version
    def test_a_packet_may_come_as_many_messages(self, version):
        client = self.client(version)
        packet = mqtt.connect(version, self.new_id())
        client.send_raw(b"".join(frame(bytes([byte])) for byte in packet))
        client.receive_type(mqtt.CONNACK)
        packet = mqtt.packet(mqtt.PINGREQ)
        client.send(packet[:1]).send(packet[1:]).expect(b"\xd0\x00")

    def test_a_packet_may_come_in_fragments_of_a_message(self):
        client = self.client()
        client.send_raw(fragments(mqtt.connect(V5, self.new_id()), [3, 0, 1]))
        client.receive_type(mqtt.CONNACK)
        client.subscribe(self.topic)
        payload = bytes(range(256)) * 512
        packet = mqtt.publish(self.topic, payload)
        client.send_raw(fragments(packet, [0, 1, 125, 126, 65535, 65536]))
        client.expect_publish(self.topic, payload)

    def test_many_packets_may_come_in_one_frame(self):
        count = 500
        packets = [mqtt.connect(V5, self.new_id(),
                                props={"receive_maximum": 65535}),
                   mqtt.subscribe(1, [(self.topic, 0)])]
        packets += [mqtt.publish(self.topic, str(number))
                    for number in range(count)]
        packets.append(mqtt.packet(mqtt.PINGREQ))
        client = self.client().send(b"".join(packets))
        client.receive_type(mqtt.CONNACK)
        client.receive_type(mqtt.SUBACK)
        got = [client.receive() for _ in range(count + 1)]
        self.assertEqual([each.payload for each in got
                          if each.type == mqtt.PUBLISH],
                         [str(number).encode() for number in range(count)])
        self.assertIn(mqtt.PINGRESP, [each.type for each in got])

    def test_a_frame_may_end_within_one_packet_and_begin_within_another(self):
        client = self.connected()
        stream = b"".join(mqtt.publish(self.topic, bytes([number]) * 300)
                          for number in range(50))
        client.subscribe(self.topic)
        for at in range(0, len(stream), 777):
            client.send(stream[at:at + 777])
        for number in range(50):
            client.expect_publish(self.topic, bytes([number]) * 300)

    def test_frames_may_come_with_the_request(self):
        client = websocket.Client(self.broker.address)
        self.addCleanup(client.drop)
        connect = frame(mqtt.connect(V5, self.new_id()))
        answer = client.ask(websocket.request() + connect
                            + frame(mqtt.packet(mqtt.PINGREQ)))
        client.check(answer, "mqtt")
        client.wire, client.buffer = client.buffer, bytearray()
        client.take_frames()
        client.receive_type(mqtt.CONNACK)
        client.expect(b"\xd0\x00")

    def test_handshake_and_frames_may_come_byte_by_byte(self):
        client = websocket.Client(self.broker.address)
        self.addCleanup(client.drop)
        request = websocket.request()
        for byte in request[:-1]:
            client.send_raw(bytes([byte]))
        self.assertEqual(client.ask(request[-1:]).status, 101)
        for byte in frame(mqtt.connect(V5, self.new_id())):
            client.send_raw(bytes([byte]))
        client.receive_type(mqtt.CONNACK)
        for byte in frame(b"ping", PING) + frame(mqtt.packet(mqtt.PINGREQ)):
            client.send_raw(bytes([byte]))
        client.expect(b"\xd0\x00")
        client.expect_control(PONG, b"ping")

    def test_large_messages_pass_both_ways(self):
        for qos in QOS:
            payload = bytes(range(256)) * (1 + 4096 * 8)  # 8 MiB and a bit
            receiver = self.subscriber(qos=qos)
            self.connected().publish(self.topic, payload, qos)
            receiver.finish(
                receiver.expect_publish(self.topic, payload, qos=qos))
            receiver.disconnect()

    def test_many_small_messages_keep_their_order(self):
        receiver = self.subscriber(qos=0)
        sender = self.connected()
        count = 5000
        sender.send_raw(b"".join(
            frame(mqtt.publish(self.topic, str(number)))
            for number in range(count)))
        for number in range(count):
            receiver.expect_publish(self.topic, str(number))

    def test_pings_are_answered_with_their_payload(self):
        client = self.connected()
        for payload in (b"", b"x", bytes(125)):
            client.send_raw(frame(payload, PING))
            client.expect_control(PONG, payload)
        client.ping()

    def test_pings_are_answered_before_connect(self):
        client = self.client().send_raw(frame(b"first", PING))
        client.expect_control(PONG, b"first")
        client.connect(self.new_id()).ping()

    def test_a_ping_may_stand_between_the_fragments_of_a_packet(self):
        client = self.connected()
        packet = mqtt.packet(mqtt.PINGREQ)
        client.send_raw(frame(packet[:1], final=False))
        client.send_raw(frame(b"within", PING))
        client.expect_control(PONG, b"within")
        client.send_raw(frame(packet[1:], CONTINUATION))
        client.expect(b"\xd0\x00")

    def test_empty_frames_and_pongs_nobody_asked_for_mean_nothing(self):
        client = self.connected()
        client.send_raw(frame() + frame(b"what", PONG) + frame(b"", PONG))
        client.send_raw(frame(final=False) + frame(b"", CONTINUATION))
        client.ping()
        self.assertEqual(client.control, [])

    def test_many_pings_nobody_reads_the_answers_of_cost_nothing(self):
        client = self.connected()
        before = self.broker.rss()
        client.send_raw(frame(bytes(125), PING) * 20000)
        client.ping()
        self.assertLess(self.broker.rss() - before, 8 << 20)


class BadFrames(WebSocketTest):
    """Each ends the connection with the code that RFC 6455 has for it, and
    leaves the broker as it was."""

    def expect_end(self, code, sent):
        """Before CONNECT and behind it; the log says why."""
        for is_connected in (False, True):
            client = self.client()
            if is_connected:
                client.connect(self.new_id())
            since = len(self.broker.log.lines)
            client.send_raw(sent)
            why = client.expect_close(code)
            if why:
                self.broker.log.wait_for(why, since=since)
        self.connected().ping()

    def test_text_is_unsupported_data(self):
        self.expect_end(UNSUPPORTED, frame(b"\xc0\x00", TEXT))

    def test_an_unmasked_frame_is_a_protocol_error(self):
        for opcode in (BINARY, TEXT, PING, CLOSE):
            with self.subTest(opcode=opcode):
                self.expect_end(PROTOCOL_ERROR,
                                frame(b"\xc0\x00", opcode, mask=False))

    def test_reserved_bits_are_a_protocol_error(self):
        for bits in range(1, 8):
            with self.subTest(bits=bits):
                self.expect_end(PROTOCOL_ERROR,
                                frame(b"\xc0\x00", reserved=bits))

    def test_an_unknown_opcode_is_a_protocol_error(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            with self.subTest(opcode=opcode):
                self.expect_end(PROTOCOL_ERROR, frame(b"\xc0\x00", opcode))

    def test_fragments_out_of_turn_are_a_protocol_error(self):
        self.expect_end(PROTOCOL_ERROR, frame(b"\xc0\x00", CONTINUATION))
        self.expect_end(PROTOCOL_ERROR,
                        frame(b"", final=False) + frame(b"\xc0\x00"))
        self.expect_end(PROTOCOL_ERROR,
                        frame() + frame(b"", CONTINUATION, final=False))

    def test_a_control_frame_is_whole_and_short(self):
        for opcode in (PING, PONG, CLOSE):
            with self.subTest(opcode=opcode):
                self.expect_end(PROTOCOL_ERROR,
                                frame(b"\x03\xe8", opcode, final=False))
                self.expect_end(PROTOCOL_ERROR, frame(bytes(126), opcode))
                self.expect_end(PROTOCOL_ERROR,
                                frame(b"", opcode, size=1 << 20))

    def test_a_length_in_more_bytes_than_it_needs_is_a_protocol_error(self):
        for size_bytes in (2, 8):
            self.expect_end(PROTOCOL_ERROR,
                            frame(b"\xc0\x00", size_bytes=size_bytes))
        self.expect_end(PROTOCOL_ERROR, frame(b"", size=65535, size_bytes=8))

    def test_a_frame_of_2_to_the_63_bytes_is_refused_and_costs_nothing(self):
        before = self.broker.rss()
        for size in (1 << 63, (1 << 64) - 1):
            self.expect_end(PROTOCOL_ERROR, frame(b"", size=size))
        for size in ((1 << 63) - 1, 1 << 32, (256 << 20) + 6):
            with self.subTest(size=size):
                self.expect_end(TOO_BIG, frame(b"x", size=size))
        self.assertLess(self.broker.rss() - before, 8 << 20)

    def test_the_size_a_frame_says_it_has_costs_nothing(self):
        before = self.broker.rss()
        clients = [self.connected() for _ in range(20)]
        for client in clients:
            client.send_raw(frame(b"\xc0\x00", size=200 << 20))
            client.expect(b"\xd0\x00")
        self.assertLess(self.broker.rss() - before, 8 << 20)

    def test_a_bad_close_frame_is_told_so(self):
        for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535):
            with self.subTest(code=code):
                self.expect_end(PROTOCOL_ERROR,
                                frame(struct.pack(">H", code), CLOSE))
        self.expect_end(PROTOCOL_ERROR, frame(b"\x03", CLOSE))
        self.expect_end(INVALID, frame(b"\x03\xe8\xff\xfe", CLOSE))

    def test_what_follows_a_bad_frame_is_not_looked_at(self):
        watcher = self.subscriber()
        client = self.connected()
        client.send_raw(frame(b"no", TEXT)
                        + frame(mqtt.publish(self.topic, "too late")))
        client.expect_close(UNSUPPORTED)
        self.assert_silent(watcher, self.topic)

    def test_a_bad_frame_publishes_the_will(self):
        watcher = self.subscriber()
        client = self.connected(will=Will(self.topic, b"gone"))
        client.send_raw(frame(b"no", TEXT)).expect_close(UNSUPPORTED)
        watcher.expect_publish(self.topic, "gone")

    def test_a_malformed_packet_in_good_frames_ends_mqtt_first(self):
        client = self.connected()
        client.send(b"\xc1\x00").expect_ended(0x81)

    def test_anything_but_connect_first_is_closed(self):
        client = self.client().send(mqtt.packet(mqtt.PINGREQ))
        self.broker.log.wait_for("closed: not a CONNECT")
        client.expect_closed()


class TheEnd(WebSocketTest):
    def test_a_close_frame_is_answered_with_its_code(self):
        for code, why in ((1000, b""), (1001, b"going away"), (4999, b"")):
            client = self.connected()
            client.send_raw(frame(struct.pack(">H", code) + why, CLOSE))
            client.expect_close(code)

    def test_a_close_frame_may_be_empty(self):
        self.connected().send_raw(frame(b"", CLOSE)).expect_close(NORMAL)

    def test_closing_without_disconnect_publishes_the_will(self):
        watcher = self.subscriber()
        client = self.connected(will=Will(self.topic, b"gone"))
        client.send_raw(frame(struct.pack(">H", 1001), CLOSE))
        client.expect_close(1001)
        watcher.expect_publish(self.topic, "gone")

    def test_a_close_frame_behind_disconnect_publishes_no_will(self):
        watcher = self.subscriber()
        client = self.connected(will=Will(self.topic, b"gone"))
        client.send_raw(frame(mqtt.disconnect())
                        + frame(struct.pack(">H", 1000), CLOSE))
        client.expect_close(NORMAL)
        self.assert_silent(watcher, self.topic)

    @each_version
    def test_a_take_over_ends_mqtt_and_then_websocket(self, version):
        name = self.new_id()
        old = self.connected(version, name)
        new = self.connected(version, name)
        old.expect_ended(0x8E)
        new.ping()

    def test_a_vanished_client_leaves_its_will(self):
        watcher = self.subscriber()
        self.connected(will=Will(self.topic, b"gone")).drop()
        watcher.expect_publish(self.topic, "gone")

    def test_who_never_answers_our_close_frame_keeps_no_descriptor(self):
        before = self.broker.open_files()
        name = self.new_id()
        for _ in range(20):
            self.connected(V5, name)
        watcher = self.subscriber()
        self.connected(V5, name, will=Will(self.topic, b"gone")).drop()
        watcher.expect_publish(self.topic, "gone")
        watcher.disconnect()
        self.wait_for_files(before + 1)

    def wait_for_files(self, most):
        """Until no more are open: each round trip gives the broker a turn."""
        probe = self.connected()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.broker.open_files() <= most:
                return
            probe.ping()
        self.fail(f"{self.broker.open_files()} files open, not {most}")


class KeepAlive(WebSocketTest):
    @each_version
    def test_a_silent_client_is_dropped(self, version):
        watcher = self.subscriber()
        client = self.connected(version, keep_alive=1,
                                will=Will(self.topic, b"gone"))
        client.expect_ended(0x8D)
        watcher.expect_publish(self.topic, "gone")

    def test_pings_of_websocket_do_not_keep_an_mqtt_client_alive(self):
        client = self.connected(keep_alive=1)
        while not client.buffer:
            client.send_raw(frame(b"alive", PING))
            client.wait_for_anything()
            if not client.buffer:
                client.expect_control(PONG, b"alive")
        client.control = [each for each in client.control if each[0] == CLOSE]
        client.expect_ended(0x8D)


class SlowReaders(WebSocketTest):
    options = {**WebSocketTest.options,
               "max_queued_messages": 0, "max_queued_bytes": 0}

    def test_a_slow_reader_gets_every_qos_1_message_in_order(self):
        slow = websocket.Client(self.broker.address, receive_buffer=4096)
        self.addCleanup(slow.drop)
        slow.upgrade().connect(self.new_id(), props={"receive_maximum": 65535})
        slow.subscribe(self.topic, qos=1)
        sender = self.connected()
        count, size = 400, 20000
        for number in range(count):
            sender.publish(self.topic, str(number).zfill(size), 1)
        other = self.connected()
        other.ping()
        for number in range(count):
            slow.finish(slow.expect_publish(self.topic,
                                            str(number).zfill(size)))
        slow.ping()

    def test_a_slow_reader_of_qos_0_does_not_fill_the_memory(self):
        slow = websocket.Client(self.broker.address, receive_buffer=4096)
        self.addCleanup(slow.drop)
        slow.upgrade().connect(self.new_id())
        slow.subscribe(self.topic)
        before = self.broker.rss()
        sender = self.connected()
        payload = bytes(60000)
        for _ in range(2000):
            sender.publish(self.topic, payload)
        sender.ping()
        self.assertLess(self.broker.rss() - before, 60 << 20)
        sender.publish(self.topic, "the end", 1)
        slow.send(mqtt.packet(mqtt.PINGREQ))
        got = slow.receive()
        while got.type != mqtt.PINGRESP:
            self.assertIn(got.payload, (payload, b"the end"))
            got = slow.receive()

    def test_a_ping_within_a_large_message_is_answered_behind_it(self):
        slow = websocket.Client(self.broker.address, receive_buffer=4096)
        self.addCleanup(slow.drop)
        slow.upgrade().connect(self.new_id())
        slow.subscribe(self.topic, qos=1)
        payload = bytes(range(256)) * 32768
        self.connected().publish(self.topic, payload, 1)
        slow.send_raw(frame(b"and then", PING))
        slow.finish(slow.expect_publish(self.topic, payload))
        slow.expect_control(PONG, b"and then")
        slow.ping()


if __name__ == "__main__":
    unittest.main()
