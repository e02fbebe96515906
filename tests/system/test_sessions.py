"""Sessions: what is kept, for how long, and what is sent again."""
import time

import mqtt
from harness import Broker, BrokerTest, each_version, expected_differs
from mqtt import V31, V311, V5

KEEP = {"session_expiry": 600}


class Sessions(BrokerTest):
    def durable(self, version=V5, client_id=None, **props):
        """A client whose session outlives its connection."""
        props = dict(KEEP, **props) if version == V5 else ()
        return self.connected(version, client_id, clean=False, props=props)

    def again(self, client, **props):
        """The same client, connected anew."""
        return self.durable(client.version, client.client_id, **props)

    @each_version
    def test_messages_wait_for_a_client_that_is_away(self, version):
        client = self.durable(version)
        client.subscribe(self.topic, qos=2)
        client.disconnect()
        sender = self.connected()
        for number in range(20):
            sender.publish(self.topic, str(number), 1 + number % 2)
        client = self.again(client)
        received = [client.receive_publish() for _ in range(20)]
        self.assertEqual([int(got.payload) for got in received],
                         list(range(20)))
        self.assertEqual([got.qos for got in received], [1, 2] * 10)
        self.assertFalse(any(got.dup for got in received))

    def test_qos0_does_not_wait(self):
        client = self.durable()
        client.subscribe(self.topic, qos=2)
        client.disconnect()
        sender = self.connected()
        sender.publish(self.topic, "lost", 0)
        sender.publish(self.topic, "kept", 1)
        self.again(client).expect_publish(self.topic, "kept")

    @each_version
    def test_what_was_not_acknowledged_is_sent_again_in_order(self, version):
        client = self.durable(version)
        client.subscribe(self.topic, qos=2)
        sender = self.connected()
        for number in range(6):
            sender.publish(self.topic, str(number), 1 + number % 2)
        first = [client.receive_publish() for _ in range(6)]
        client.drop()
        client = self.again(client)
        second = [client.receive_publish() for _ in range(6)]
        for before, after in zip(first, second):
            self.assertTrue(after.dup, after)
            self.assertEqual((before.pid, before.payload, before.qos),
                             (after.pid, after.payload, after.qos))

    @each_version
    def test_a_pubrel_is_sent_again_not_the_message(self, version):
        client = self.durable(version)
        client.subscribe(self.topic, qos=2)
        self.connected().publish(self.topic, "x", 2)
        got = client.expect_publish(self.topic, "x", qos=2)
        client.ack(mqtt.PUBREC, got.pid)
        client.receive_type(mqtt.PUBREL)
        client.drop()
        client = self.again(client)
        self.assertEqual(client.receive_type(mqtt.PUBREL).pid, got.pid)
        client.ack(mqtt.PUBCOMP, got.pid)
        self.assert_silent(client, self.topic)

    @each_version
    def test_the_first_packets_after_connack_are_the_repeated_ones(self,
                                                                   version):
        client = self.durable(version)
        client.subscribe(self.topic, qos=1)
        sender = self.connected()
        sender.publish(self.topic, "in flight", 1)
        client.expect_publish(self.topic, "in flight")
        client.drop()
        self.broker.log.wait_for(f"{client.client_id}.*(closed|lost|error)|"
                                 f"Client {client.client_id} ")
        sender.publish(self.topic, "queued", 1)
        client = self.again(client)
        client.expect_publish(self.topic, "in flight", dup=True)
        client.expect_publish(self.topic, "queued", dup=False)

    @each_version
    def test_an_unfinished_qos2_publish_is_not_delivered_twice(self, version):
        receiver = self.subscriber(qos=2)
        sender = self.durable(version)
        sender.send(mqtt.publish(self.topic, b"once", version, 2, 5))
        sender.receive_type(mqtt.PUBREC)
        sender.drop()
        sender = self.again(sender)
        sender.send(mqtt.publish(self.topic, b"once", version, 2, 5, dup=True))
        self.assertEqual(sender.receive_type(mqtt.PUBREC).pid, 5)
        sender.ack(mqtt.PUBREL, 5)
        sender.receive_type(mqtt.PUBCOMP)
        receiver.finish(receiver.expect_publish(self.topic, "once"))
        self.assert_silent(receiver, self.topic)

    @each_version
    def test_clean_start_forgets_everything(self, version):
        client = self.durable(version)
        client.subscribe(self.topic, qos=1)
        client.disconnect()
        self.connected().publish(self.topic, "forgotten", 1)
        clean = self.connected(version, client.client_id, clean=True)
        self.assertFalse(clean.connack.session_present)
        end = f"{self.topic}/end"
        clean.subscribe(end)
        self.assert_silent(clean, end)

    @each_version
    def test_a_session_without_expiry_ends_with_its_connection(self, version):
        client = self.connected(version)
        client.subscribe(self.topic, qos=1)
        client.disconnect()
        again = self.connected(version, client.client_id, clean=False)
        self.assertFalse(again.connack.session_present)

    @each_version
    def test_subscriptions_survive_with_their_options(self, version):
        client = self.durable(version)
        client.subscribe(f"{self.topic}/+", qos=1)
        client.disconnect()
        client = self.again(client)
        self.connected().publish(f"{self.topic}/a", "x", 2)
        client.expect_publish(f"{self.topic}/a", "x", qos=1)

    def test_subscription_identifiers_survive(self):
        client = self.durable()
        client.subscribe(self.topic, qos=1, props={"subscription_id": 77})
        client.disconnect()
        client = self.again(client)
        self.connected().publish(self.topic, "x")
        got = client.expect_publish(self.topic, "x")
        self.assertEqual(got.props["subscription_id"], [77])

    def test_the_newest_message_over_the_queue_limit_is_dropped(self):
        broker = Broker(max_queued_messages=5, max_inflight_messages=3)
        self.addCleanup(broker.stop)
        client = self.client(V311, address=broker.address)
        client.connect("q", clean=False)
        client.subscribe(self.topic, qos=1)
        client.disconnect()
        sender = self.client(address=broker.address).connect("s")
        for number in range(20):
            sender.publish(self.topic, str(number), 1)
        client = self.client(V311, address=broker.address)
        client.connect("q", clean=False)
        kept = []
        while len(kept) < 5:
            got = client.finish(client.receive_publish())
            kept.append(int(got.payload))
        self.assertEqual(kept, [0, 1, 2, 3, 4])


class SessionExpiry(BrokerTest):
    def test_a_session_is_gone_after_its_expiry(self):
        client = self.connected(clean=False, props={"session_expiry": 1})
        client.disconnect()
        self.let_time_pass(3)
        again = self.connected(client_id=client.client_id, clean=False)
        self.assertFalse(again.connack.session_present)

    def test_disconnect_may_change_the_expiry(self):
        client = self.connected(clean=False, props={"session_expiry": 600})
        client.disconnect(props={"session_expiry": 1})
        self.let_time_pass(3)
        again = self.connected(client_id=client.client_id, clean=False)
        self.assertFalse(again.connack.session_present)

    def test_disconnect_may_not_raise_it_from_zero(self):
        client = self.connected()
        client.send(mqtt.disconnect(props={"session_expiry": 5}))
        client.expect_ended(0x82)

    def test_a_session_that_never_expires_is_kept(self):
        client = self.connected(clean=False,
                                props={"session_expiry": 0xFFFFFFFF})
        client.disconnect()
        again = self.connected(client_id=client.client_id, clean=False)
        self.assertTrue(again.connack.session_present)


class TakeOver(BrokerTest):
    @expected_differs("2.0.11 closes the old client without DISCONNECT")
    def test_the_old_mqtt5_client_is_told_0x8e(self):
        old = self.connected()
        self.connected(client_id=old.client_id).ping()
        old.expect_ended(0x8E)

    @expected_differs("2.0.11 closes the old client without DISCONNECT")
    @each_version
    def test_the_old_client_of_each_version_is_closed(self, version):
        old = self.connected(version)
        new = self.connected(version, old.client_id)
        old.expect_ended(0x8E)
        new.ping()

    @each_version
    def test_the_session_moves_to_the_new_connection(self, version):
        props = KEEP if version == V5 else ()
        old = self.connected(version, clean=False, props=props)
        old.subscribe(self.topic, qos=1)
        self.connected().publish(self.topic, "x", 1)
        first = old.expect_publish(self.topic, "x")
        new = self.connected(version, old.client_id, clean=False, props=props)
        self.assertEqual(new.connack.session_present, version != V31)
        again = new.expect_publish(self.topic, "x", dup=True)
        self.assertEqual(first.pid, again.pid)

    @expected_differs("2.0.11 closes the old client without DISCONNECT")
    def test_a_hundred_take_overs_in_a_row_end_with_the_last(self):
        name = self.new_id()
        old = self.connected(client_id=name)
        for _ in range(100):
            new = self.connected(client_id=name)
            old.expect_ended(0x8E)
            old = new
        old.ping()

    @expected_differs("2.0.11 closes the old client without DISCONNECT")
    def test_between_versions(self):
        old = self.connected(V311, clean=False)
        new = self.connected(V5, old.client_id, clean=False, props=KEEP)
        old.expect_closed()
        self.assertTrue(new.connack.session_present)
        newest = self.connected(V31, new.client_id, clean=False)
        new.expect_ended(0x8E)
        newest.ping()


class KeepAlive(BrokerTest):
    @expected_differs("2.0.11 looks every five seconds and says nothing")
    @each_version
    def test_a_silent_client_is_ended_after_one_and_a_half(self, version):
        start = time.monotonic()
        client = self.connected(version, keep_alive=2)
        if version == V5:
            self.assertEqual(client.receive_type(mqtt.DISCONNECT).code, 0x8D)
        client.expect_closed()
        passed = time.monotonic() - start
        self.assertTrue(2.9 <= passed <= 5.5, passed)

    def test_a_client_that_pings_stays(self):
        client = self.connected(keep_alive=4)
        for _ in range(2):
            self.let_time_pass(4)
            client.ping()

    def test_no_keep_alive_means_for_ever(self):
        client = self.connected(keep_alive=0)
        self.let_time_pass(4)
        client.ping()

    @expected_differs("2.0.11 closes without DISCONNECT")
    def test_receiving_is_not_a_sign_of_life(self):
        client = self.connected(keep_alive=1)
        client.subscribe("$SYS/broker/uptime")
        for _ in range(20):
            got = client.receive()
            if got.type == mqtt.DISCONNECT:
                break
        self.assertEqual((got.type, got.code), (mqtt.DISCONNECT, 0x8D))


class ReceiveMaximum(BrokerTest):
    def fill(self, receiver, total):
        sender = self.connected()
        for number in range(total):
            sender.publish(self.topic, str(number), 1)
        return sender

    def drain(self, client, window, total):
        """Acknowledge one at a time: never more than `window` are open."""
        waiting = [client.receive_publish() for _ in range(window)]
        client.ping()  # ... and no further one came before this answer
        for number in range(total):
            got = waiting.pop(0)
            self.assertEqual(int(got.payload), number)
            client.finish(got)
            if number + window < total:
                waiting.append(client.receive_publish())

    @staticmethod
    def receive_all(client, total):
        """Take part in QoS 2 until `total` messages are complete."""
        payloads, complete = [], 0
        while complete < total:
            got = client.receive()
            if got.type == mqtt.PUBLISH:
                payloads.append(got.payload.decode())
                client.ack(mqtt.PUBREC, got.pid)
            else:
                assert got.type == mqtt.PUBREL, got
                client.ack(mqtt.PUBCOMP, got.pid)
                complete += 1
        return payloads

    def test_the_broker_keeps_to_the_clients_receive_maximum(self):
        client = self.connected(props={"receive_maximum": 3})
        client.subscribe(self.topic, qos=2)
        self.fill(client, 10)
        self.drain(client, 3, 10)

    def test_the_broker_keeps_to_its_own_maximum_without_one(self):
        for version in (V31, V311, V5):
            with self.subTest(version=version):
                self.topic = self.new_topic()
                client = self.subscriber(version, qos=1)
                self.fill(client, 30)
                self.drain(client, 20, 30)

    def test_qos0_passes_a_full_window(self):
        client = self.connected(props={"receive_maximum": 1})
        client.subscribe(self.topic, qos=1)
        sender = self.fill(client, 2)
        sender.publish(self.topic, "now", 0)
        client.expect_publish(self.topic, "0", qos=1)
        client.expect_publish(self.topic, "now", qos=0)

    @expected_differs("2.0.11 lets the client exceed it")
    def test_a_client_over_the_brokers_receive_maximum_is_ended(self):
        sender = self.connected()
        sender.send(b"".join(mqtt.publish(self.topic, b"x", qos=2, pid=n)
                             for n in range(1, 22)))
        got = sender.receive()
        while got.type == mqtt.PUBREC:
            got = sender.receive()
        self.assertEqual((got.type, got.code), (mqtt.DISCONNECT, 0x93))
        sender.expect_closed()

    def test_twenty_open_qos2_publishes_are_fine(self):
        receiver = self.subscriber(qos=2)
        sender = self.connected()
        for number in range(1, 21):
            sender.send(mqtt.publish(self.topic, str(number), qos=2,
                                     pid=number))
            sender.receive_type(mqtt.PUBREC)
        for number in range(1, 21):
            sender.ack(mqtt.PUBREL, number)
            sender.receive_type(mqtt.PUBCOMP)
        self.assertEqual(self.receive_all(receiver, 20),
                         [str(number) for number in range(1, 21)])

    @expected_differs("2.0 acknowledges and loses those over its window")
    def test_forty_open_qos2_publishes_of_an_mqtt311_client_all_arrive(self):
        receiver = self.subscriber(V311, qos=2)
        sender = self.connected(V311)
        for number in range(1, 41):
            sender.send(mqtt.publish(self.topic, str(number), V311, 2, number))
            sender.receive_type(mqtt.PUBREC)
        for number in range(1, 41):
            sender.ack(mqtt.PUBREL, number)
            sender.receive_type(mqtt.PUBCOMP)
        self.assertEqual(self.receive_all(receiver, 40),
                         [str(number) for number in range(1, 41)])

    def test_packet_identifiers_are_used_again_after_65535(self):
        client = self.subscriber(qos=1)
        sender = self.connected()
        total, window = 66000, 20
        for start in range(1, total, window):
            sender.send(b"".join(
                mqtt.publish(self.topic, b"x", qos=1, pid=n)
                for n in range(1, window + 1)))
            for _ in range(window):
                got = client.receive_publish()
                self.assertTrue(1 <= got.pid <= 65535)
                client.ack(mqtt.PUBACK, got.pid)
            sender.take(4 * window)


class Problems(BrokerTest):
    def test_no_reason_strings_where_the_client_wants_none(self):
        client = self.connected(props={"request_problem": 0})
        got = client.publish("$SYS/x", "", 1, code=0x87)
        self.assertEqual(got.props, {})
        client.subscribe(self.topic)
        self.assertEqual(client.unsubscribe("never").props, {})

    def test_properties_of_messages_come_all_the_same(self):
        client = self.connected(props={"request_problem": 0})
        client.subscribe(self.topic)
        self.connected().publish(self.topic, "x",
                                 props={"user_property": ("a", "b")})
        got = client.expect_publish(self.topic, "x")
        self.assertEqual(got.props["user_property"], [("a", "b")])

    def test_request_response_information_may_be_ignored(self):
        client = self.connected(props={"request_response": 1})
        self.assertNotIn("response_information", client.connack.props)

    @expected_differs("2.0.11 closes without a CONNACK")
    def test_a_request_problem_other_than_0_and_1_is_refused(self):
        client = self.client()
        client.send(mqtt.connect(V5, "x", props={"request_problem": 2}))
        got = client.receive()
        self.assertEqual((got.type, got.code), (mqtt.CONNACK, 0x82))
        client.expect_closed()
