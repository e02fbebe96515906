"""PUBLISH from its sender to its receivers, and what limits it."""
import mqtt
from harness import Broker, BrokerTest, each_version, expected_differs
from mqtt import V311, V5


class Publish(BrokerTest):
    @each_version
    def test_every_qos_meets_every_subscription_at_the_lower_one(self, version):
        for granted in (0, 1, 2):
            receiver = self.subscriber(version, qos=granted)
            sender = self.connected(version)
            for sent in (0, 1, 2):
                payload = f"{sent} to {granted}"
                sender.publish(self.topic, payload, sent)
                got = receiver.expect_publish(self.topic, payload,
                                              qos=min(sent, granted),
                                              retain=False, dup=False)
                receiver.finish(got)
            receiver.disconnect()

    @each_version
    def test_versions_talk_to_each_other(self, version):
        receivers = [self.subscriber(other, qos=1) for other in mqtt.VERSIONS]
        self.connected(version).publish(self.topic, "hello", 1)
        for receiver in receivers:
            receiver.expect_publish(self.topic, "hello", qos=1)

    def test_the_publish_that_arrives_has_exactly_these_bytes(self):
        for version, expected in ((V311, "30 05 00 01 78 68 69"),
                                  (V5, "30 06 00 01 78 00 68 69")):
            with self.subTest(version=version):
                receiver = self.subscriber(version, topic="x")
                self.connected().publish("x", "hi")
                receiver.expect(bytes.fromhex(expected))
                receiver.disconnect()

    def test_the_acknowledgements_have_exactly_these_bytes(self):
        self.subscriber(qos=2)
        sender = self.connected()
        sender.send(mqtt.publish(self.topic, b"", qos=1, pid=0x1234))
        sender.expect(bytes.fromhex("40 02 12 34"))
        sender.send(mqtt.publish(self.topic, b"", qos=2, pid=0x1235))
        sender.expect(bytes.fromhex("50 02 12 35"))
        sender.send(mqtt.ack(mqtt.PUBREL, 0x1235))
        sender.expect(bytes.fromhex("70 02 12 35"))

    def test_the_order_of_one_sender_is_kept_at_each_qos(self):
        for qos in (0, 1, 2):
            with self.subTest(qos=qos):
                receiver = self.subscriber(qos=qos)
                sender = self.connected()
                for number in range(200):
                    sender.publish(self.topic, str(number), qos)
                    receiver.finish(
                        receiver.expect_publish(self.topic, str(number)))

    def test_a_burst_of_qos0_in_one_write_arrives_in_order(self):
        receiver = self.subscriber()
        self.connected().send(b"".join(
            mqtt.publish(self.topic, str(n)) for n in range(500)))
        for number in range(500):
            receiver.expect_publish(self.topic, str(number))

    def test_acknowledgements_come_in_the_order_of_the_publishes(self):
        self.subscriber(qos=2)
        sender = self.connected()
        sender.send(b"".join(
            mqtt.publish(self.topic, b"x", qos=1 + n % 2, pid=n)
            for n in range(1, 21)))
        for number in range(1, 21):
            kind = mqtt.PUBREC if number % 2 else mqtt.PUBACK
            self.assertEqual(sender.receive_type(kind).pid, number)

    def test_a_large_payload_passes_whole(self):
        receiver = self.subscriber(qos=1)
        payload = bytes(range(256)) * 4000
        self.connected().publish(self.topic, payload, 1)
        receiver.finish(receiver.expect_publish(self.topic, payload))

    def test_an_empty_payload_passes(self):
        receiver = self.subscriber()
        self.connected().publish(self.topic)
        receiver.expect_publish(self.topic, "")

    def test_every_property_of_a_message_is_passed_on_unchanged(self):
        receiver = self.subscriber(qos=1)
        props = [("payload_format", 1), ("content_type", "text/plain"),
                 ("response_topic", "answer/here"),
                 ("correlation_data", b"\x00\x01\xff"),
                 ("user_property", ("a", "1")), ("user_property", ("b", "")),
                 ("user_property", ("a", "2"))]
        self.connected().publish(self.topic, "text", 1, props=props)
        got = receiver.expect_publish(self.topic, "text")
        self.assertEqual(got.props, {
            "payload_format": 1, "content_type": "text/plain",
            "response_topic": "answer/here",
            "correlation_data": b"\x00\x01\xff",
            "user_property": [("a", "1"), ("b", ""), ("a", "2")]})

    def test_properties_are_left_out_for_mqtt3_receivers(self):
        receiver = self.subscriber(V311)
        self.connected().publish(self.topic, "plain", props={
            "content_type": "x", "user_property": ("a", "b")})
        receiver.expect_publish(self.topic, "plain")

    def test_without_subscribers_mqtt5_is_told_so(self):
        sender = self.connected()
        sender.publish(self.topic, "", 1, code=0x10)
        sender.publish(self.topic, "kept", 1, code=0x10, retain=True)
        sender.publish(self.topic, "", 2, code=0)

    def test_sys_may_not_be_written(self):
        receiver = self.subscriber(topic="$SYS/mine")
        sender = self.connected()
        sender.publish("$SYS/mine", "no", 1, code=0x87)
        sender.publish("$SYS/mine", "no", 2, code=0x87)
        sender.publish("$SYS/mine", "no", 0)
        self.connected(V311).publish("$SYS/mine", "no", 1)
        marker = self.new_topic()
        receiver.subscribe(marker)
        self.assert_silent(receiver, marker, sender)

    @each_version
    def test_a_receiver_that_publishes_gets_its_own_message(self, version):
        client = self.subscriber(version)
        client.publish(self.topic, "me")
        client.expect_publish(self.topic, "me")

    def test_the_same_qos2_packet_twice_is_delivered_once(self):
        receiver = self.subscriber(qos=2)
        sender = self.connected()
        for dup in (False, True):
            sender.send(mqtt.publish(self.topic, b"once", V5, 2, 7, dup=dup))
            self.assertEqual(sender.receive_type(mqtt.PUBREC).pid, 7)
        sender.ack(mqtt.PUBREL, 7)
        sender.receive_type(mqtt.PUBCOMP)
        receiver.finish(receiver.expect_publish(self.topic, "once"))
        self.assert_silent(receiver, self.topic, sender)

    def test_a_packet_identifier_is_free_again_after_pubcomp(self):
        receiver = self.subscriber(qos=2)
        sender = self.connected()
        for number in range(3):
            sender.publish(self.topic, str(number), 2, pid=7)
            receiver.finish(receiver.expect_publish(self.topic, str(number)))

    def test_unknown_acknowledgements_do_no_harm(self):
        client = self.connected()
        client.ack(mqtt.PUBACK, 99).ack(mqtt.PUBCOMP, 99)
        client.ack(mqtt.PUBREL, 99)
        done = client.receive_type(mqtt.PUBCOMP)
        self.assertEqual((done.pid, done.code), (99, 0))
        client.ack(mqtt.PUBREC, 99)
        self.assertEqual(client.receive_type(mqtt.PUBREL).pid, 99)
        client.ping()

    @expected_differs("2.0.11 closes without DISCONNECT")
    def test_more_than_200_slashes_end_the_client(self):
        client = self.connected()
        client.publish("/" * 200, "fine")
        client.ping()
        client.send(mqtt.publish("/" * 201, b""))
        client.expect_ended(0x82)
        client = self.connected()
        client.send(mqtt.subscribe(1, [("/" * 201, 0)]))
        client.expect_ended(0x82)

    @expected_differs("$CONTROL is answered since 2.1")
    def test_control_topics_answer_that_there_is_nothing(self):
        client = self.connected()
        client.subscribe("$CONTROL/x/response")
        client.publish("$CONTROL/x", "{}")
        client.expect_publish("$CONTROL/x/response",
                              '{"error": "endpoint not available"}')


class Expiry(BrokerTest):
    def test_message_expiry_is_counted_down_while_it_waits(self):
        name = self.new_id()
        keep = {"session_expiry": 600}
        receiver = self.connected(client_id=name, clean=False, props=keep)
        receiver.subscribe(self.topic, qos=1)
        receiver.disconnect()
        self.connected().publish(self.topic, "old", 1,
                                 props={"message_expiry": 100})
        self.let_time_pass(2)
        receiver = self.connected(client_id=name, clean=False, props=keep)
        got = receiver.expect_publish(self.topic, "old")
        self.assertTrue(90 <= got.props["message_expiry"] <= 98, got)

    def test_a_message_that_expired_is_not_delivered(self):
        name = self.new_id()
        keep = {"session_expiry": 600}
        receiver = self.connected(client_id=name, clean=False, props=keep)
        receiver.subscribe(self.topic, qos=1)
        receiver.disconnect()
        sender = self.connected()
        sender.publish(self.topic, "gone", 1, props={"message_expiry": 1})
        sender.publish(self.topic, "stays", 1)
        self.let_time_pass(3)
        receiver = self.connected(client_id=name, clean=False, props=keep)
        receiver.expect_publish(self.topic, "stays", qos=1)

    def test_message_expiry_arrives_at_once_unchanged(self):
        receiver = self.subscriber()
        self.connected().publish(self.topic, "x",
                                 props={"message_expiry": 1000})
        got = receiver.expect_publish(self.topic, "x")
        self.assertTrue(999 <= got.props["message_expiry"] <= 1000, got)

    def test_a_retained_message_expires(self):
        sender = self.connected()
        sender.publish(self.topic, "gone", 1, retain=True,
                       props={"message_expiry": 1})
        sender.publish(f"{self.topic}/b", "stays", 1, retain=True,
                       props={"message_expiry": 100})
        self.let_time_pass(3)
        receiver = self.subscriber(topic=f"{self.topic}/#")
        got = receiver.expect_publish(f"{self.topic}/b", "stays", retain=True)
        self.assertTrue(90 <= got.props["message_expiry"] <= 97, got)


class TopicAliases(BrokerTest):
    def test_a_client_may_use_aliases_up_to_the_maximum(self):
        receiver = self.subscriber(topic=f"{self.topic}/#")
        sender = self.connected()
        for alias in range(1, 11):
            sender.publish(f"{self.topic}/{alias}", "named",
                           props={"topic_alias": alias})
        for alias in range(1, 11):
            sender.publish("", "aliased", props={"topic_alias": alias})
        for payload in ("named", "aliased"):
            for alias in range(1, 11):
                got = receiver.expect_publish(f"{self.topic}/{alias}", payload)
                self.assertEqual(got.props, {})

    def test_an_alias_can_be_given_to_another_topic(self):
        receiver = self.subscriber(topic=f"{self.topic}/#")
        sender = self.connected()
        for level in ("a", "b"):
            topic = f"{self.topic}/{level}"
            sender.publish(topic, "1", props={"topic_alias": 1})
            sender.publish("", "2", props={"topic_alias": 1})
            receiver.expect_publish(topic, "1")
            receiver.expect_publish(topic, "2")

    def test_an_alias_is_forgotten_with_its_connection(self):
        sender = self.connected()
        sender.publish(self.topic, "", props={"topic_alias": 1})
        sender.disconnect()
        again = self.connected(client_id=sender.client_id)
        again.send(mqtt.publish("", b"x", props={"topic_alias": 1}))
        again.expect_ended(0x82)

    @expected_differs("2.0 uses no aliases towards clients")
    def test_the_broker_uses_aliases_where_the_client_allows_them(self):
        receiver = self.connected(props={"topic_alias_maximum": 2})
        receiver.subscribe(f"{self.topic}/#")
        sender = self.connected()
        first = {}
        for level in ("a", "b", "c", "a", "b", "c"):
            sender.publish(f"{self.topic}/{level}", level)
            got = receiver.receive_publish()
            self.assertEqual(got.payload.decode(), level)
            alias = got.props.get("topic_alias")
            if alias is not None:
                self.assertIn(alias, (1, 2))
            if got.topic:
                self.assertEqual(got.topic, f"{self.topic}/{level}")
                first[alias] = got.topic
            else:
                self.assertEqual(first[alias], f"{self.topic}/{level}")
        self.assertTrue(set(first) & {1, 2}, "no alias was used")

    def test_the_broker_uses_no_alias_that_was_not_allowed(self):
        receiver = self.subscriber()
        sender = self.connected()
        for _ in range(3):
            sender.publish(self.topic, "x")
            got = receiver.expect_publish(self.topic, "x")
            self.assertNotIn("topic_alias", got.props)


class Size(BrokerTest):
    options = dict(max_packet_size=100)

    @staticmethod
    def publish_of(remaining, topic, version):
        overhead = len(mqtt.publish(topic, b"", version)) - 2
        return mqtt.publish(topic, b"x" * (remaining - overhead), version)

    def test_a_packet_of_the_maximum_passes(self):
        for version in (V311, V5):
            with self.subTest(version=version):
                sender = self.connected(version)
                sender.send(self.publish_of(99, "t", version))
                sender.ping()

    def test_a_packet_over_the_maximum_ends_the_client(self):
        sender = self.connected()
        sender.send(self.publish_of(100, "t", V5))
        sender.expect_ended(0x95)
        sender = self.connected(V311)
        sender.send(self.publish_of(100, "t", V311))
        sender.expect_closed()

    def test_a_packet_over_the_clients_maximum_is_left_out_for_it(self):
        small = self.connected(props={"maximum_packet_size": 40})
        small.subscribe(self.topic, qos=1)
        large = self.subscriber(qos=1)
        sender = self.connected()
        sender.publish(self.topic, "x" * 50, 1)
        sender.publish(self.topic, "y", 1)
        large.expect_publish(self.topic, "x" * 50)
        small.expect_publish(self.topic, "y")


class PayloadLimit(BrokerTest):
    options = dict(message_size_limit=10)

    def test_a_larger_payload_is_refused_and_nobody_is_disconnected(self):
        receiver = self.subscriber(qos=2)
        sender = self.connected()
        sender.publish(self.topic, "x" * 11, 1, code=0x95)
        sender.publish(self.topic, "x" * 11, 2, code=0x95)
        sender.publish(self.topic, "x" * 11, 0)
        old = self.connected(V311)
        old.publish(self.topic, "x" * 11, 1)
        old.publish(self.topic, "x" * 11, 2)
        sender.publish(self.topic, "x" * 10, 1, code=0)
        receiver.expect_publish(self.topic, "x" * 10)


class Duplicates(BrokerTest):
    def test_one_copy_for_mqtt3_clients_where_so_configured(self):
        broker = Broker(allow_duplicate_messages=False)
        self.addCleanup(broker.stop)
        receiver = self.client(V311, address=broker.address)
        receiver.connect(self.new_id())
        receiver.subscribe(self.topic)
        receiver.subscribe(f"{self.topic}/#")
        receiver.subscribe("other")
        sender = self.client(V311, address=broker.address).connect("s")
        sender.publish(self.topic, "once")
        sender.publish("other", "end")
        receiver.expect_publish(self.topic, "once")
        receiver.expect_publish("other", "end")
