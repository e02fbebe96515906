"""CONNECT and CONNACK: who is let in, who is refused, and in which bytes."""
import mqtt
from harness import Broker, BrokerTest, each_version, expected_differs
from mqtt import V31, V311, V5, Will

BAD_ID = 0x85
CONNACK_V5 = "20 0e 00 00 0b 22 00 0a 27 00 1e 84 80 21 00 14"


class Connect(BrokerTest):
    @expected_differs("2.0 announces neither packet size nor in this order")
    def test_the_mqtt5_connack_has_exactly_mosquittos_bytes(self):
        client = self.client()
        client.send(mqtt.connect(V5, "exact"))
        client.expect(bytes.fromhex(CONNACK_V5))

    def test_the_mqtt3_connack_is_four_bytes(self):
        for version in (V31, V311):
            with self.subTest(version=version):
                client = self.client(version)
                client.send(mqtt.connect(version, "exact"))
                client.expect(bytes.fromhex("20 02 00 00"))

    def test_an_empty_client_id_gets_one_assigned_in_mqtt5(self):
        client = self.client().connect("")
        self.assertRegex(client.connack.props["assigned_client_id"],
                         "^auto-[0-9A-Fa-f-]{36}$")

    def test_an_empty_client_id_is_taken_in_mqtt311_with_clean_session(self):
        self.client(V311).connect("").ping()

    def test_an_empty_client_id_is_refused_in_mqtt31(self):
        client = self.client(V31).connect("", code=2)
        client.expect_closed()

    def test_an_empty_client_id_without_clean_session_is_refused(self):
        client = self.client(V311).connect("", code=2, clean=False)
        client.expect_closed()

    def test_session_present_says_whether_the_session_was_kept(self):
        for version, present in ((V31, False), (V311, True), (V5, True)):
            with self.subTest(version=version):
                name = self.new_id()
                expiry = {"session_expiry": 60} if version == V5 else {}
                first = self.connected(version, name, clean=False, props=expiry)
                self.assertFalse(first.connack.session_present)
                first.disconnect()
                again = self.connected(version, name, clean=False)
                # Always 0 in MQTT 3.1, which has no such flag.
                self.assertEqual(again.connack.session_present, present)

    @expected_differs("2.0 answers 1 in the form of 3.1.1")
    def test_an_unknown_protocol_level_is_refused_with_0x84(self):
        client = self.client()
        client.send(mqtt.connect(V5, "x", level=6))
        self.assertEqual(client.receive_type(mqtt.CONNACK).code, 0x84)
        client.expect_closed()

    def test_an_unknown_protocol_name_is_refused(self):
        client = self.client()
        client.send(mqtt.connect(V5, "x", name="HTTP"))
        client.expect_closed()

    def test_an_ill_formed_client_id_closes_an_mqtt3_client_in_silence(self):
        for version in (V31, V311):
            for name in (b"\xff\xfe", b"a\x00b"):
                with self.subTest(version=version, name=name):
                    client = self.client(version)
                    client.send(mqtt.connect(version, name))
                    client.expect_closed()

    @expected_differs("2.0 closes without a CONNACK")
    def test_an_ill_formed_client_id_is_refused_with_0x85_in_mqtt5(self):
        for name in (b"\xff\xfe", b"a\x00b", b"a\x01b", b"a\x7fb",
                     "a\uffff".encode()):
            with self.subTest(name=name):
                client = self.client()
                client.send(mqtt.connect(V5, name))
                got = client.receive_type(mqtt.CONNACK)
                self.assertEqual(got.code, BAD_ID)
                client.expect_closed()

    def test_a_password_without_user_name_closes_an_mqtt3_client(self):
        for version in (V31, V311):
            with self.subTest(version=version):
                client = self.client(version)
                client.send(mqtt.connect(version, "x", password=b"secret"))
                client.expect_closed()

    def test_a_password_without_user_name_is_allowed_in_mqtt5(self):
        self.connected(password=b"secret").ping()

    @each_version
    def test_a_user_name_without_a_password_file_is_welcome(self, version):
        self.connected(version, username="u", password=b"p").ping()

    @expected_differs("2.0 closes without a CONNACK")
    def test_a_reserved_connect_flag_is_malformed(self):
        client = self.client()
        client.send(mqtt.connect(V5, "x", flags=3))
        self.assertEqual(client.receive_type(mqtt.CONNACK).code, 0x81)
        client.expect_closed()

    def test_a_reserved_connect_flag_closes_an_mqtt311_client(self):
        client = self.client(V311)
        client.send(mqtt.connect(V311, "x", flags=3))
        client.expect_closed()

    def test_a_packet_before_connect_is_answered_with_silence(self):
        first = [mqtt.packet(mqtt.PINGREQ), mqtt.publish("a", b"b"),
                 mqtt.subscribe(1, [("#", 0)]), mqtt.disconnect()]
        for data in first:
            with self.subTest(data=data.hex()):
                client = self.client()
                client.send(data)
                client.expect_closed()

    @expected_differs("2.0 closes without DISCONNECT")
    def test_a_second_connect_is_a_protocol_error_in_mqtt5(self):
        client = self.connected()
        client.send(mqtt.connect(V5, client.client_id))
        client.expect_ended(0x82)

    def test_a_second_connect_closes_an_mqtt3_client(self):
        for version in (V31, V311):
            with self.subTest(version=version):
                client = self.connected(version)
                client.send(mqtt.connect(version, client.client_id))
                client.expect_closed()

    def test_the_level_of_a_bridge_gets_none_of_its_own_publishes(self):
        bridge = self.client(V311)
        bridge.connect(self.new_id(), level=V311 + 128)
        bridge.subscribe(self.topic)
        bridge.publish(self.topic, "mine")
        self.assert_silent(bridge, self.topic)

    @expected_differs("2.0 closes without a CONNACK")
    def test_maximum_packet_size_zero_is_refused(self):
        client = self.client()
        client.send(mqtt.connect(V5, "x", props={"maximum_packet_size": 0}))
        self.assert_refused_with(client, 0x82)

    @expected_differs("2.0 closes without a CONNACK")
    def test_receive_maximum_zero_is_refused(self):
        client = self.client()
        client.send(mqtt.connect(V5, "x", props={"receive_maximum": 0}))
        self.assert_refused_with(client, 0x82)

    def test_a_maximum_packet_size_below_the_connack_closes(self):
        client = self.client()
        client.send(mqtt.connect(V5, "x", props={"maximum_packet_size": 5}))
        client.expect_closed()

    @expected_differs("2.0 accepts it")
    def test_auth_data_without_a_method_is_refused(self):
        client = self.client()
        client.send(mqtt.connect(V5, "x", props={"auth_data": b"x"}))
        self.assert_refused_with(client, 0x82)

    def test_an_unknown_auth_method_is_refused_with_0x8c(self):
        client = self.client()
        client.send(mqtt.connect(V5, "x", props={"auth_method": "nope"}))
        self.assert_refused_with(client, 0x8C)

    def assert_refused_with(self, client, code):
        got = client.receive_type(mqtt.CONNACK)
        self.assertEqual(got.code, code)
        client.expect_closed()

    def test_a_will_topic_with_a_wildcard_is_refused(self):
        for version in mqtt.VERSIONS:
            with self.subTest(version=version):
                client = self.client(version)
                client.send(mqtt.connect(version, "x", will=Will("a/#")))
                client.expect_closed()

    def test_an_empty_will_topic_closes_an_mqtt311_client(self):
        client = self.client(V311)
        client.send(mqtt.connect(V311, "x", will=Will("")))
        client.expect_closed()

    @expected_differs("2.0 closes without a CONNACK")
    def test_an_empty_will_topic_is_refused_with_0x82_in_mqtt5(self):
        client = self.client()
        client.send(mqtt.connect(V5, "x", will=Will("")))
        self.assert_refused_with(client, 0x82)

    def test_a_will_below_sys_is_accepted(self):
        self.connected(will=Will("$SYS/x")).ping()

    @each_version
    def test_ping_is_answered(self, version):
        self.connected(version).ping().ping()

    def test_a_ping_with_a_non_minimal_length_is_answered(self):
        client = self.connected()
        client.send(b"\xc0\x80\x00")
        client.expect(b"\xd0\x00")

    def test_a_connect_cut_into_single_bytes_is_understood(self):
        client = self.client()
        for byte in mqtt.connect(V5, self.new_id()):
            client.send(bytes([byte]))
        self.assertEqual(client.receive_type(mqtt.CONNACK).code, 0)

    def test_packets_sent_with_connect_are_handled_after_it(self):
        client = self.client()
        client.send(mqtt.connect(V5, self.new_id())
                    + mqtt.subscribe(1, [(self.topic, 0)])
                    + mqtt.packet(mqtt.PINGREQ))
        client.receive_type(mqtt.CONNACK)
        self.assertEqual({client.receive().type, client.receive().type},
                         {mqtt.SUBACK, mqtt.PINGRESP})
        self.connected().publish(self.topic, "subscribed")
        client.expect_publish(self.topic, "subscribed")


class Limited(BrokerTest):
    """A broker that limits what can be limited."""

    options = dict(
        listener=dict(max_qos=1, max_topic_alias=3), max_keepalive=30,
        retain_available=False, max_inflight_messages=5, max_packet_size=1000)

    def test_the_connack_names_what_is_limited(self):
        client = self.connected(keep_alive=60)
        self.assertEqual(client.connack.props, {
            "topic_alias_maximum": 3, "maximum_packet_size": 1000,
            "receive_maximum": 5, "maximum_qos": 1, "retain_available": 0,
            "server_keep_alive": 30})

    def test_a_long_keep_alive_is_lowered_in_mqtt5(self):
        for asked in (0, 31, 60):
            with self.subTest(asked=asked):
                client = self.connected(keep_alive=asked)
                self.assertEqual(client.connack.props["server_keep_alive"], 30)

    def test_a_short_keep_alive_is_left_alone(self):
        client = self.connected(keep_alive=30)
        self.assertNotIn("server_keep_alive", client.connack.props)

    @expected_differs("2.0.11 accepts it")
    def test_a_long_keep_alive_is_refused_in_mqtt3(self):
        for version in (V31, V311):
            for asked in (0, 31):
                with self.subTest(version=version, asked=asked):
                    client = self.client(version)
                    client.connect(self.new_id(), code=2, keep_alive=asked)
                    client.expect_closed()

    def test_a_retained_will_is_refused(self):
        client = self.client()
        client.connect(self.new_id(), code=0x9A, keep_alive=10,
                       will=Will("w", b"", 0, True))
        client.expect_closed()
        client = self.client(V311)
        client.send(mqtt.connect(V311, self.new_id(), keep_alive=10,
                                 will=Will("w", b"", 0, True)))
        client.expect_closed()

    def test_a_will_above_the_maximum_qos_is_refused(self):
        client = self.client()
        client.connect(self.new_id(), code=0x9B, keep_alive=10,
                       will=Will("w", b"", 2, False))
        client.expect_closed()

    def test_a_retained_publish_ends_the_client(self):
        client = self.connected(keep_alive=10)
        client.send(mqtt.publish(self.topic, b"x", retain=True))
        client.expect_ended(0x9A)
        client = self.connected(V311, keep_alive=10)
        client.send(mqtt.publish(self.topic, b"x", V311, retain=True))
        client.expect_closed()

    def test_a_qos_above_the_maximum_ends_the_client(self):
        client = self.connected(keep_alive=10)
        client.send(mqtt.publish(self.topic, b"x", qos=2, pid=1))
        client.expect_ended(0x9B)
        client = self.connected(V311, keep_alive=10)
        client.send(mqtt.publish(self.topic, b"x", V311, 2, 1))
        client.expect_closed()

    def test_a_subscription_is_granted_the_maximum_qos(self):
        client = self.connected(keep_alive=10)
        client.subscribe(self.topic, qos=2, codes=[1])


class Refusals(BrokerTest):
    """Refusals that need a listener configured for them."""

    def broker_with(self, **options):
        broker = Broker(**options)
        self.addCleanup(broker.stop)
        return broker.address

    def test_an_empty_client_id_can_be_forbidden(self):
        where = self.broker_with(allow_zero_length_clientid=False)
        for version, code in ((V31, 2), (V311, 2), (V5, 0x80)):
            with self.subTest(version=version):
                client = self.client(version, address=where)
                client.connect("", code=code)
                client.expect_closed()

    def test_anonymous_clients_can_be_forbidden(self):
        where = self.broker_with(allow_anonymous=False)
        for version, code in ((V31, 5), (V311, 5), (V5, 0x87)):
            with self.subTest(version=version):
                client = self.client(version, address=where)
                client.connect(self.new_id(), code=code)
                client.expect_closed()

    def test_the_prefix_of_assigned_client_ids_can_be_chosen(self):
        where = self.broker_with(auto_id_prefix="here-")
        client = self.client(address=where).connect("")
        self.assertRegex(client.connack.props["assigned_client_id"], "^here-")

    def test_client_ids_can_be_held_to_a_prefix(self):
        where = self.broker_with(clientid_prefixes="ok-")
        self.client(V311, address=where).connect("ok-1").ping()
        for version, code in ((V31, 5), (V311, 5), (V5, 0x87)):
            with self.subTest(version=version):
                client = self.client(version, address=where)
                client.connect("other", code=code)
                client.expect_closed()

    @expected_differs("2.0.11 lets one more in")
    def test_the_connection_after_the_last_is_closed_in_silence(self):
        where = self.broker_with(listener=dict(max_connections=2))
        kept = [self.client(address=where).connect(f"k{i}") for i in range(2)]
        extra = self.client(address=where)
        extra.send(mqtt.connect(V5, "extra"))
        extra.expect_closed()
        for client in kept:
            client.ping()

    @expected_differs("global_max_clients came with 2.1")
    def test_the_client_after_the_last_is_told_0x89_in_mqtt5(self):
        where = self.broker_with(global_max_clients=1)
        self.client(address=where).connect("first").ping()
        client = self.client(address=where)
        client.connect("second", code=0x89)
        client.expect_closed()
        client = self.client(V311, address=where)
        client.send(mqtt.connect(V311, "third"))
        client.expect_closed()

    @expected_differs("accept_protocol_versions came with 2.1")
    def test_protocol_versions_can_be_refused(self):
        where = self.broker_with(listener=dict(accept_protocol_versions="4"))
        self.client(V311, address=where).connect("fine").ping()
        for version, code in ((V31, 1), (V5, 0x84)):
            with self.subTest(version=version):
                client = self.client(version, address=where)
                client.connect("old", code=code)
                client.expect_closed()

    @expected_differs("2.0.11 closes the old client without DISCONNECT")
    def test_the_user_name_can_be_the_client_id(self):
        where = self.broker_with(listener=dict(use_username_as_clientid=True))
        for version, code in ((V311, 5), (V5, 0x87)):
            with self.subTest(version=version):
                client = self.client(version, address=where)
                client.connect("x", code=code)
                client.expect_closed()
        client = self.client(address=where)
        client.connect("", username="bob", password=b"")
        self.assertEqual(client.connack.props["assigned_client_id"], "bob")
        other = self.client(address=where)
        other.connect("whatever", username="bob", password=b"")
        client.expect_ended(0x8E)

    def test_a_will_larger_than_a_message_may_be_is_refused(self):
        where = self.broker_with(message_size_limit=10)
        for version, code in ((V311, 5), (V5, 0x95)):
            with self.subTest(version=version):
                client = self.client(version, address=where)
                client.connect("x", code=code, will=Will("w", b"x" * 11))
                client.expect_closed()
