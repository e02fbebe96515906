"""Bad input: it ends the client that sent it, with the right code, and no
other client notices."""
import struct

import mqtt
from harness import BrokerTest, expected_differs, troupe_only
from mqtt import V31, V311, V5

MALFORMED, PROTOCOL_ERROR = 0x81, 0x82
TOPIC_INVALID, TOO_LARGE, ALIAS_INVALID = 0x90, 0x95, 0x94
NO_CODE = "2.0 closes without saying why or with another code"


def property_twice(name, value):
    return [(name, value), (name, value)]


class Malformed(BrokerTest):
    def setUp(self):
        super().setUp()
        # Two clients that talk to each other all along.
        self.bystander = self.subscriber(topic="bystander", qos=1)
        self.talker = self.connected(V311)

    def assert_nobody_noticed(self):
        self.talker.publish("bystander", "still here", 1)
        self.bystander.finish(
            self.bystander.expect_publish("bystander", "still here"))

    def ends(self, data, *codes, version=V5):
        """A connected client that sends `data` is ended with one of `codes`."""
        client = self.connected(version)
        client.send(data)
        if version == V5:
            got = client.receive_type(mqtt.DISCONNECT)
            self.assertIn(got.code, codes, data.hex())
        client.expect_closed()
        self.assert_nobody_noticed()

    def refuses(self, data, *codes):
        """A CONNECT of `data` is refused with one of `codes`."""
        client = self.client()
        client.send(data)
        self.assertIn(client.receive_type(mqtt.CONNACK).code, codes)
        client.expect_closed()
        self.assert_nobody_noticed()

    # -- before CONNECT ------------------------------------------------------

    def test_garbage_instead_of_connect(self):
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 64, b"\xff" * 64,
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 4,
                     bytes(range(255, 0, -1))):
            with self.subTest(data=data[:8]):
                client = self.client()
                client.send(data)
                client.expect_closed()
                self.assert_nobody_noticed()

    def test_a_connect_of_256_mib(self):
        client = self.client()
        client.send(b"\x10\xff\xff\xff\x7f" + b"\x00\x04MQTT\x05\x02" * 10)
        # It waits for the rest or refuses at once; memory decides (below).
        self.assert_nobody_noticed()
        self.assertLess(self.broker.rss(), 200 << 20)

    @expected_differs("2.0 takes such a CONNECT for possible")
    def test_a_connect_larger_than_any_packet_may_be_is_closed_at_once(self):
        client = self.client()
        client.send(b"\x10\xff\xff\xff\x7f")
        client.expect_closed()

    def test_a_remaining_length_of_five_bytes(self):
        client = self.client()
        client.send(b"\x10\xff\xff\xff\xff\x01")
        client.expect_closed()
        self.assert_nobody_noticed()

    @expected_differs(NO_CODE)
    def test_a_property_twice_in_connect(self):
        for name, value in (("session_expiry", 1), ("receive_maximum", 1),
                            ("maximum_packet_size", 100),
                            ("topic_alias_maximum", 1),
                            ("request_problem", 1)):
            with self.subTest(property=name):
                client = self.client()
                client.send(mqtt.connect(
                    V5, "x", props=property_twice(name, value)))
                client.receive_type(mqtt.CONNACK)
                client.expect_closed()

    @expected_differs(NO_CODE)
    def test_a_property_that_does_not_belong_into_connect(self):
        for name, value in (("topic_alias", 1), ("subscription_id", 1),
                            ("server_keep_alive", 1)):
            with self.subTest(property=name):
                self.refuses(mqtt.connect(V5, "x", props={name: value}),
                             MALFORMED, PROTOCOL_ERROR)

    @expected_differs(NO_CODE)
    def test_a_connect_whose_fields_pass_its_end(self):
        whole = mqtt.connect(V5, "x")
        body = whole[2:]
        self.refuses(mqtt.packet(mqtt.CONNECT, body[:-1]), MALFORMED)
        self.refuses(mqtt.packet(mqtt.CONNECT, body + b"more"), MALFORMED,
                     PROTOCOL_ERROR)

    # -- PUBLISH -------------------------------------------------------------

    @expected_differs("2.0 has no limit by default")
    def test_a_packet_of_256_mib(self):
        self.ends(b"\x30\xff\xff\xff\x7f" + b"x" * 1000, TOO_LARGE)
        self.ends(b"\x30\xff\xff\xff\x7f" + b"x" * 1000, version=V311)
        self.assertLess(self.broker.rss(), 200 << 20)

    def test_a_wildcard_in_a_topic_name(self):
        for topic in ("a/+", "a/#", "+", "#", "a+b"):
            for version in (V5, V311):
                with self.subTest(topic=topic, version=version):
                    self.ends(mqtt.publish(topic, b"", version), MALFORMED,
                              PROTOCOL_ERROR, TOPIC_INVALID, version=version)

    def test_a_zero_character_in_a_topic_name(self):
        for version in (V5, V311):
            with self.subTest(version=version):
                self.ends(mqtt.publish("a\0b", b"", version), MALFORMED,
                          PROTOCOL_ERROR, TOPIC_INVALID, version=version)

    def test_a_topic_name_that_is_not_utf8(self):
        for topic in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80",
                      b"\xf4\x90\x80\x80"):
            for version in (V5, V311):
                with self.subTest(topic=topic, version=version):
                    self.ends(mqtt.publish(topic, b"", version), MALFORMED,
                              PROTOCOL_ERROR, TOPIC_INVALID, version=version)

    def test_an_empty_topic_name(self):
        self.ends(mqtt.publish("", b"x"), PROTOCOL_ERROR)
        self.ends(mqtt.publish("", b"x", V311), version=V311)

    def test_qos_3(self):
        self.ends(mqtt.publish("a", b"", qos=3, pid=1), MALFORMED)
        self.ends(mqtt.publish("a", b"", V311, qos=3, pid=1), version=V311)

    @expected_differs(NO_CODE)
    def test_dup_with_qos0(self):
        self.ends(mqtt.publish("a", b"", dup=True), MALFORMED, PROTOCOL_ERROR)

    def test_packet_identifier_zero(self):
        self.ends(mqtt.publish("a", b"", qos=1, pid=0), MALFORMED,
                  PROTOCOL_ERROR)
        self.ends(mqtt.subscribe(0, [("a", 0)]), MALFORMED, PROTOCOL_ERROR)
        self.ends(mqtt.unsubscribe(0, ["a"]), MALFORMED, PROTOCOL_ERROR)

    @expected_differs(NO_CODE)
    def test_a_property_twice_in_publish(self):
        for name, value in (("topic_alias", 1), ("message_expiry", 1),
                            ("content_type", "a"), ("response_topic", "a"),
                            ("payload_format", 1)):
            with self.subTest(property=name):
                self.ends(mqtt.publish("a", props=property_twice(name, value)),
                          MALFORMED, PROTOCOL_ERROR)

    def test_an_unknown_property(self):
        body = mqtt.text("a") + b"\x02\x7e\x00"
        self.ends(mqtt.packet(mqtt.PUBLISH, body), MALFORMED, PROTOCOL_ERROR)

    def test_a_property_block_longer_than_its_packet(self):
        body = mqtt.text("a") + b"\x7f\x01\x01"
        self.ends(mqtt.packet(mqtt.PUBLISH, body), MALFORMED)

    @expected_differs(NO_CODE)
    def test_a_payload_format_other_than_0_and_1(self):
        self.ends(mqtt.publish("a", props={"payload_format": 2}), MALFORMED,
                  PROTOCOL_ERROR)

    @expected_differs(NO_CODE)
    def test_a_subscription_identifier_from_a_client(self):
        self.ends(mqtt.publish("a", props={"subscription_id": 1}),
                  PROTOCOL_ERROR, MALFORMED)

    @expected_differs("2.0.11 passes it on")
    def test_a_response_topic_with_a_wildcard(self):
        self.ends(mqtt.publish("a", props={"response_topic": "a/#"}),
                  PROTOCOL_ERROR, MALFORMED, TOPIC_INVALID)

    # -- topic aliases -------------------------------------------------------

    @expected_differs(NO_CODE)
    def test_topic_alias_zero_and_above_the_maximum(self):
        for alias in (0, 11, 65535):
            with self.subTest(alias=alias):
                self.ends(mqtt.publish("a", props={"topic_alias": alias}),
                          ALIAS_INVALID)

    def test_65536_topic_aliases(self):
        client = self.connected()
        data = b"".join(mqtt.publish(f"{self.topic}/{n}",
                                     props={"topic_alias": n & 0xFFFF})
                        for n in range(1, 65537))
        try:
            client.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed while we were still sending
        self.assert_nobody_noticed()
        again = self.connected()
        again.send(data[:400])
        self.assertEqual(again.receive_type(mqtt.DISCONNECT).code,
                         ALIAS_INVALID)

    def test_an_alias_that_was_never_given(self):
        self.ends(mqtt.publish("", b"x", props={"topic_alias": 3}),
                  PROTOCOL_ERROR)

    # -- SUBSCRIBE and others ------------------------------------------------

    def test_a_subscribe_without_a_filter(self):
        self.ends(mqtt.subscribe(1, []), PROTOCOL_ERROR, MALFORMED)
        self.ends(mqtt.subscribe(1, [], V311), version=V311)

    def test_a_subscribe_without_a_filter_is_answered_in_mqtt31(self):
        client = self.connected(V31)
        client.send(mqtt.subscribe(7, [], V31))
        client.expect(bytes.fromhex("90 02 00 07"))
        client.ping()

    def test_an_unsubscribe_without_a_filter(self):
        self.ends(mqtt.unsubscribe(1, []), PROTOCOL_ERROR, MALFORMED)
        self.ends(mqtt.unsubscribe(1, [], V311), version=V311)

    def test_a_zero_character_in_a_filter(self):
        self.ends(mqtt.subscribe(1, [("a\0b", 0)]), MALFORMED, PROTOCOL_ERROR,
                  0x8F)
        self.ends(mqtt.subscribe(1, [("a\0b", 0)], V311), version=V311)

    @expected_differs(NO_CODE)
    def test_subscription_identifier_zero_or_twice(self):
        self.ends(mqtt.subscribe(1, [("a", 0)],
                                 props={"subscription_id": 0}),
                  PROTOCOL_ERROR, MALFORMED)
        self.ends(mqtt.subscribe(1, [("a", 0)],
                                 props=property_twice("subscription_id", 1)),
                  PROTOCOL_ERROR, MALFORMED)

    @expected_differs(NO_CODE)
    def test_wrong_flags_in_the_first_byte(self):
        for data in (mqtt.packet(0x80, struct.pack(">HBHsB", 1, 0, 1, b"a", 0)),
                     mqtt.packet(0xA0, struct.pack(">HBHs", 1, 0, 1, b"a")),
                     mqtt.packet(0x60, b"\x00\x01"),
                     mqtt.packet(0x41, b"\x00\x01"), b"\xc1\x00",
                     b"\xe1\x00"):
            with self.subTest(data=data.hex()):
                self.ends(data, MALFORMED)

    @expected_differs(NO_CODE)
    def test_packets_that_only_a_broker_sends(self):
        for data in (b"\x20\x03\x00\x00\x00", b"\x90\x04\x00\x01\x00\x00",
                     b"\xb0\x04\x00\x01\x00\x00", b"\xd0\x00"):
            with self.subTest(data=data.hex()):
                self.ends(data, PROTOCOL_ERROR, MALFORMED)

    @expected_differs(NO_CODE)
    def test_packet_types_that_do_not_exist(self):
        self.ends(b"\x00\x00", MALFORMED, PROTOCOL_ERROR)
        self.ends(b"\xf0\x00", PROTOCOL_ERROR, MALFORMED)
        self.ends(b"\xf0\x00", version=V311)

    def test_a_truncated_packet_keeps_nobody_waiting(self):
        for size in range(1, 12):
            client = self.connected()
            client.send(mqtt.publish("bystander", b"truncated", qos=1,
                                     pid=1)[:size])
            self.assert_nobody_noticed()
            client.drop()
            self.assert_nobody_noticed()

    def test_a_packet_cut_anywhere_is_put_together_again(self):
        whole = mqtt.publish(self.topic, b"whole", qos=1, pid=1,
                             props={"user_property": ("key", "value")})
        receiver = self.subscriber(qos=0)
        client = self.connected()
        for size in range(1, len(whole)):
            client.send(whole[:size])
            self.bystander.ping()
            client.send(whole[size:])
            self.assertEqual(client.receive_type(mqtt.PUBACK).pid, 1)
            receiver.expect_publish(self.topic, "whole")


@troupe_only
class Deadline(BrokerTest):
    """A client that begins a CONNECT and says no more has its time."""

    options = dict(connect_timeout=2)

    def test_a_truncated_connect_and_then_silence_is_closed(self):
        whole = mqtt.connect(V5, "slow")
        for size in (0, 1, len(whole) - 1):
            with self.subTest(size=size):
                client = self.client()
                client.send(whole[:size])
                client.expect_closed()

    def test_a_client_in_time_stays(self):
        client = self.connected(keep_alive=0)
        self.let_time_pass(4)
        client.ping()
