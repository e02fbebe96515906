"""What a session is after its broker was ended, in every state it can be in."""
import mqtt
from harness import QUICK, each_version, expected_differs, troupe_only
from mqtt import V5, V311
from persistence import PersistenceTest, each_ending

MANY = 2000 if QUICK else 10000


class Sessions(PersistenceTest):
    @each_ending
    @each_version
    def test_a_durable_session_is_present(self, version):
        client = self.durable(version)
        self.restart()
        self.again(client)

    @each_ending
    def test_a_session_without_expiry_is_not_there(self):
        client = self.connected(V5)
        client.subscribe(self.topic, qos=1)
        self.restart()
        self.again(client, present=False)

    @each_ending
    @each_version
    def test_subscriptions_stay_in_force_without_their_client(self, version):
        client = self.away(version, f"{self.topic}/+/#", qos=1)
        self.restart()
        self.publish_all(["a"], topic=f"{self.topic}/x/y")
        self.again(client).expect_publish(f"{self.topic}/x/y", "a", qos=1)

    @each_ending
    def test_no_local_survives(self):
        client = self.durable()
        client.subscribe(self.topic, qos=1, codes=[1], no_local=True)
        self.restart()
        client = self.again(client)
        client.publish(self.topic, "mine", 1)
        self.publish_all(["another's"])
        client.expect_publish(self.topic, "another's")

    @each_ending
    def test_retain_as_published_survives(self):
        as_published = self.durable()
        as_published.subscribe(self.topic, qos=1, retain_as_published=True)
        plain = self.away(qos=1)
        self.restart()
        self.publish_all(["x"], retain=True)
        self.again(as_published).expect_publish(self.topic, "x", retain=True)
        self.again(plain).expect_publish(self.topic, "x", retain=False)

    @each_ending
    def test_the_subscription_identifier_survives(self):
        client = self.away(qos=1, props={"subscription_id": 268_435_455})
        self.restart()
        self.publish_all(["x"])
        got = self.again(client).expect_publish(self.topic, "x")
        self.assertEqual(got.props["subscription_id"], [268_435_455])

    @each_ending
    def test_the_latest_options_count(self):
        client = self.durable()
        client.subscribe(self.topic, qos=2, props={"subscription_id": 1})
        client.subscribe(self.topic, qos=1, props={"subscription_id": 2})
        self.restart()
        self.publish_all(["x"], qos=2)
        got = self.again(client).expect_publish(self.topic, "x", qos=1)
        self.assertEqual(got.props["subscription_id"], [2])

    @each_ending
    @each_version
    def test_unsubscribed_stays_unsubscribed(self, version):
        client = self.durable(version)
        client.subscribe(self.topic, f"{self.topic}/b", qos=1)
        client.unsubscribe(self.topic)
        self.restart()
        self.publish_all(["no"])
        self.publish_all(["yes"], topic=f"{self.topic}/b")
        self.again(client).expect_publish(f"{self.topic}/b", "yes")

    @each_ending
    @each_version
    def test_a_clean_start_discards_for_good(self, version):
        client = self.away(version)
        self.publish_all("abc", qos=2)
        client = self.connected(version, client.client_id, clean=True)
        self.assertFalse(client.connack.session_present)
        self.restart()
        client = self.again(client, present=False)
        client.subscribe(f"{self.topic}/end")
        self.publish_all(["nobody's"])
        self.assert_silent(client, f"{self.topic}/end")

    @each_ending
    def test_an_expiry_of_0_at_the_end_discards_for_good(self):
        client = self.durable()
        client.subscribe(self.topic, qos=1)
        client.disconnect(props={"session_expiry": 0})
        other = self.connected()
        self.broker.log.wait_for(f"{client.client_id}.*disconnect")
        other.publish(self.topic, "nobody's", 1)
        self.restart()
        self.again(client, present=False)

    @each_ending
    def test_a_session_survives_many_ends(self):
        client = self.away(qos=1)
        for number in range(5):
            self.publish_all([str(number)])
            self.restart()
        client = self.again(client)
        self.assertEqual(self.payloads(client, 5), list("01234"))
        client.ping()
        self.ending = "SIGTERM"
        self.restart()
        self.assert_silent(self.again(client), self.topic)

    @troupe_only
    @each_ending
    def test_the_number_of_threads_may_change(self):
        clients = [self.away(qos=1) for _ in range(8)]
        self.publish_all("ab")
        self.restart(loops=3, subtrees=5)
        self.publish_all("cd")
        self.restart(loops=1, subtrees=1)
        for client in clients:
            self.assertEqual(self.payloads(self.again(client), 4),
                             list("abcd"))

    @expected_differs("2.0 just closes the connection")
    def test_sigterm_says_goodbye_and_keeps_everything(self):
        client = self.durable()
        client.subscribe(self.topic, qos=1)
        self.publish_all("a")
        self.end()
        client.expect_publish(self.topic, "a")
        client.expect_ended(0x8B)
        self.broker.start_again()
        self.again(client).expect_publish(self.topic, "a", dup=True)


class Queues(PersistenceTest):
    options = {"max_queued_messages": 0}

    @each_ending
    @each_version
    def test_what_waits_for_a_client_comes_in_order(self, version):
        client = self.away(version)
        sender = self.connected()
        for number in range(50):
            sender.publish(self.topic, str(number), 1 + number % 2)
        self.restart()
        client = self.again(client)
        got = self.take(client, 50)
        self.assertEqual([int(each.payload) for each in got], list(range(50)))
        self.assertEqual([each.qos for each in got], [1, 2] * 25)
        self.assertFalse(any(each.dup for each in got))
        self.assert_silent(client, self.topic)

    @each_ending
    def test_what_comes_before_and_after_is_one_queue(self):
        client = self.away(qos=1)
        self.publish_all("abc")
        self.restart()
        self.publish_all("def")
        self.restart()
        self.publish_all("ghi")
        self.assertEqual(self.payloads(self.again(client), 9),
                         list("abcdefghi"))

    @each_ending
    def test_thousands_wait_and_come_in_order(self):
        client = self.away(qos=1)
        self.flood(self.connected(), MANY)
        self.restart()
        self.assertEqual([int(each) for each
                          in self.payloads(self.again(client), MANY)],
                         list(range(MANY)))

    @each_ending
    def test_every_field_of_a_message_survives(self):
        client = self.away(qos=2)
        props = [("payload_format", 1), ("message_expiry", 500),
                 ("content_type", "text/plain"), ("response_topic", "re/ply"),
                 ("correlation_data", b"\x00\xff"),
                 ("user_property", ("a", "1")), ("user_property", ("a", "2"))]
        large = "x" * 100_000
        self.publish_all([large, ""], qos=2, props=props)
        self.restart()
        client = self.again(client)
        got, empty = self.take(client, 2)
        self.assertEqual((got.payload, got.qos), (large.encode(), 2))
        self.assertEqual((empty.payload, empty.qos), (b"", 2))
        self.assertTrue(480 < got.props.pop("message_expiry") <= 500)
        self.assertEqual(got.props, {
            "payload_format": 1, "content_type": "text/plain",
            "response_topic": "re/ply", "correlation_data": b"\x00\xff",
            "user_property": [("a", "1"), ("a", "2")]})

    @each_ending
    def test_one_message_for_many_is_there_for_each(self):
        clients = [self.away(version, qos=1) for version in (V311, V5) * 5]
        large = "y" * 5000
        self.publish_all([large, "small"])
        self.restart()
        for client in clients:
            client = self.again(client)
            self.assertEqual(self.payloads(client, 2), [large, "small"])
            client.ping()
        self.ending = "SIGTERM"
        self.restart()
        for client in clients:
            self.assert_silent(self.again(client), self.topic)

    @each_ending
    def test_half_of_a_queue_was_read(self):
        client = self.away(qos=1)
        self.publish_all([str(number) for number in range(100)])
        client = self.again(client, receive_maximum=1)
        self.assertEqual(self.payloads(client, 40),
                         [str(number) for number in range(40)])
        self.restart()
        client = self.again(client, receive_maximum=1)
        first = client.finish(client.receive_publish())
        # The last acknowledgement may not have been read before the end.
        self.assertIn(int(first.payload), (39, 40))
        if int(first.payload) == 39:
            self.assertTrue(first.dup)
        rest = range(int(first.payload) + 1, 100)
        self.assertEqual(self.payloads(client, len(rest)),
                         [str(number) for number in rest])

    @expected_differs("2.0 forgets shared subscriptions when it ends")
    @each_ending
    def test_a_share_of_clients_that_are_away_is_kept(self):
        end = f"{self.topic}/end"
        members = [self.durable() for _ in range(2)]
        for member in members:
            member.subscribe(f"$share/g/{self.topic}", end, qos=1)
            member.disconnect()
        self.publish_all([str(number) for number in range(10)])
        self.restart()
        self.publish_all([str(number) for number in range(10, 20)])
        self.publish_all(["end"], topic=end)
        got = []
        for member in members:
            member = self.again(member)
            while (each := self.payloads(member, 1)[0]) != "end":
                got.append(int(each))
        self.assertEqual(sorted(got), list(range(20)))


    @expected_differs("2.0 loses what a member held that is gone for good")
    @each_ending
    def test_others_get_the_share_of_a_session_that_ends(self):
        members = [self.durable() for _ in range(2)]
        for member in members:
            member.subscribe(f"$share/g/{self.topic}", qos=1)
            member.disconnect()
        self.publish_all([str(number) for number in range(600)])
        self.restart()
        leaver = self.connected(client_id=members[0].client_id, clean=True)
        self.assertFalse(leaver.connack.session_present)
        got = self.payloads(self.again(members[1]), 600)
        self.assertEqual(sorted(map(int, got)), list(range(600)))

    @expected_differs("2.0 loses what a member held that is gone for good")
    def test_others_get_the_share_of_a_session_that_expires(self):
        self.begin()
        members = [self.durable(session_expiry=1), self.durable()]
        for member in members:
            member.subscribe(f"$share/g/{self.topic}", qos=1)
            member.disconnect()
        self.publish_all([str(number) for number in range(10)])
        got = self.payloads(self.again(members[1]), 10)
        self.assertEqual(sorted(map(int, got)), list(range(10)))


class Qos0(PersistenceTest):
    options = {"queue_qos0_messages": True}

    @each_ending
    def test_qos0_waits_where_it_is_asked_to(self):
        client = self.away(qos=2)
        self.publish_all("abc", qos=0)
        self.publish_all("d", qos=1)
        self.restart()
        client = self.again(client)
        for payload, qos in zip("abcd", (0, 0, 0, 1)):
            client.finish(client.expect_publish(self.topic, payload, qos=qos))

    @each_ending
    def test_otherwise_it_does_not(self):
        self.begin(self.ending, queue_qos0_messages=False)
        client = self.away(qos=2)
        self.publish_all("abc", qos=0)
        self.publish_all("d", qos=1)
        self.restart()
        self.again(client).expect_publish(self.topic, "d")


class InFlight(PersistenceTest):
    """Messages on their way to a subscriber when the broker ends."""

    def publish_ten(self):
        """At QoS 1 and 2 in turn."""
        sender = self.connected()
        for number in range(10):
            sender.publish(self.topic, str(number), 1 + number % 2)

    def expect_again(self, before, client):
        """These come again, marked as DUP, with the identifiers they had."""
        for first in before:
            second = client.receive_publish()
            self.assertEqual((first.payload, first.pid, first.qos),
                             (second.payload, second.pid, second.qos))
            self.assertTrue(second.dup)

    @each_ending
    @each_version
    def test_they_come_again_with_dup_and_the_same_identifiers(self, version):
        client = self.durable(version)
        client.subscribe(self.topic, qos=2)
        self.publish_ten()
        before = [client.receive_publish() for _ in range(10)]
        self.restart()
        self.expect_again(before, self.again(client))

    @each_ending
    def test_what_was_launched_from_a_queue_comes_again_too(self):
        client = self.away(qos=2)
        self.publish_ten()
        client = self.again(client)
        before = [client.receive_publish() for _ in range(10)]
        client.ping()
        self.ending = "SIGTERM"
        self.restart()
        self.expect_again(before, self.again(client))

    @each_ending
    def test_new_messages_come_behind_them(self):
        client = self.durable()
        client.subscribe(self.topic, qos=1)
        self.publish_all("ab")
        client.receive_publish()
        client.receive_publish()
        self.restart()
        self.publish_all("cd")
        client = self.again(client)
        got = [client.receive_publish() for _ in range(4)]
        self.assertEqual(b"".join(each.payload for each in got), b"abcd")
        self.assertEqual([each.dup for each in got],
                         [True, True, False, False])
        self.assertEqual(len({each.pid for each in got}), 4)

    @each_version
    def test_what_was_acknowledged_does_not_come_again(self, version):
        client = self.durable(version)
        client.subscribe(self.topic, qos=2)
        self.publish_ten()
        got = [client.receive_publish() for _ in range(10)]
        for each in got[:9]:
            client.finish(each)
        client.ping()
        self.restart()
        client = self.again(client)
        client.finish(client.expect_publish(self.topic, "9", dup=True,
                                            pid=got[9].pid))
        self.assert_silent(client, self.topic)

    @each_ending
    @each_version
    def test_after_pubrec_only_the_pubrel_comes_again(self, version):
        client = self.durable(version)
        client.subscribe(self.topic, qos=2)
        self.publish_all("abc", qos=2)
        got = [client.receive_publish() for _ in range(3)]
        for each in got:
            client.ack(mqtt.PUBREC, each.pid)
        for each in got:
            client.receive_type(mqtt.PUBREL)
        self.restart()
        client = self.again(client)
        for each in got:
            again = client.receive_type(mqtt.PUBREL)
            self.assertEqual(again.pid, each.pid)
            client.ack(mqtt.PUBCOMP, each.pid)
        self.assert_silent(client, self.topic)

    @each_ending
    def test_states_of_a_handshake_side_by_side(self):
        client = self.durable()
        client.subscribe(self.topic, qos=2)
        self.publish_all("abc", qos=2)
        got = [client.receive_publish() for _ in range(3)]
        client.finish(got[1])
        client.ack(mqtt.PUBREC, got[0].pid)
        client.receive_type(mqtt.PUBREL)
        client.ping()
        self.restart()
        client = self.again(client)
        pids = set()
        while got[2].pid not in pids:
            again = client.receive()
            pids.add(again.pid)
            if again.pid == got[2].pid:
                self.assertEqual((again.type, again.payload, again.dup),
                                 (mqtt.PUBLISH, b"c", True))
            else:
                self.assertEqual(again.type, mqtt.PUBREL)
                # PUBCOMP may have been lost with the broker, not PUBREC.
                self.assertIn(again.pid, (got[0].pid, got[1].pid))
        self.assertIn(got[0].pid, pids)

    @each_ending
    def test_identifiers_in_use_are_not_given_to_others(self):
        client = self.durable()
        client.subscribe(self.topic, qos=2)
        self.publish_all("ab", qos=2)
        pids = [client.receive_publish().pid for _ in range(2)]
        client.ack(mqtt.PUBREC, pids[0])
        client.receive_type(mqtt.PUBREL)
        self.restart()
        client = self.again(client)
        self.publish_all([str(number) for number in range(15)], qos=1)
        got = [client.receive() for _ in range(17)]
        self.assertEqual([each.pid for each in got[:2]], pids)
        self.assertEqual(len({each.pid for each in got}), 17)


class Publishers(PersistenceTest):
    """Each step of a publisher's QoS 2 handshake."""

    def setUp(self):
        super().setUp()
        self.receiver = None

    def prepare(self, version):
        """A subscriber that is away and a durable publisher."""
        self.receiver = self.away(qos=2)
        return self.durable(version)

    def expect_only(self, *payloads):
        receiver = self.again(self.receiver)
        self.assertEqual(self.payloads(receiver, len(payloads)),
                         list(payloads))
        self.assert_silent(receiver, self.topic)

    def release(self, sender, pid):
        sender.ack(mqtt.PUBREL, pid)
        done = sender.receive_type(mqtt.PUBCOMP)
        self.assertEqual((done.pid, done.code), (pid, 0))

    @each_ending
    @each_version
    def test_a_publish_that_was_received_is_not_taken_twice(self, version):
        sender = self.prepare(version)
        sender.send(mqtt.publish(self.topic, "once", version, 2, 7))
        sender.receive_type(mqtt.PUBREC)
        self.restart()
        sender = self.again(sender)
        sender.send(mqtt.publish(self.topic, "once", version, 2, 7, dup=True))
        self.assertEqual(sender.receive_type(mqtt.PUBREC).pid, 7)
        self.release(sender, 7)
        self.expect_only("once")

    @each_ending
    @each_version
    def test_a_release_goes_on_where_it_was(self, version):
        sender = self.prepare(version)
        for pid in (3, 9):
            sender.send(mqtt.publish(self.topic, str(pid), version, 2, pid))
            sender.receive_type(mqtt.PUBREC)
        self.restart()
        sender = self.again(sender)
        self.release(sender, 3)
        self.restart()
        sender = self.again(sender)
        self.release(sender, 9)
        self.expect_only("3", "9")

    @each_ending
    @each_version
    def test_after_pubcomp_the_identifier_is_free(self, version):
        sender = self.prepare(version)
        sender.publish(self.topic, "first", 2, pid=7)
        self.restart()
        sender = self.again(sender)
        sender.publish(self.topic, "second", 2, pid=7)
        self.expect_only("first", "second")

    @each_ending
    def test_a_release_that_was_answered_may_come_again(self):
        sender = self.prepare(V5)
        sender.publish(self.topic, "x", 2, pid=7)
        self.restart()
        sender = self.again(sender)
        sender.ack(mqtt.PUBREL, 7)
        done = sender.receive_type(mqtt.PUBCOMP)
        self.assertEqual(done.pid, 7)
        self.assertIn(done.code, (0, 0x92))
        self.expect_only("x")

    @expected_differs("2.0 passes messages of QoS 2 on when it gets PUBREL")
    @each_ending
    def test_a_clean_start_frees_the_identifiers(self):
        sender = self.prepare(V5)
        sender.send(mqtt.publish(self.topic, "first", V5, 2, 7))
        sender.receive_type(mqtt.PUBREC)
        self.connected(V5, sender.client_id, clean=True).disconnect()
        self.restart()
        sender = self.again(sender, present=False)
        sender.publish(self.topic, "second", 2, pid=7)
        self.expect_only("first", "second")

    @expected_differs("2.0 passes messages of QoS 2 on when it gets PUBREL")
    @each_ending
    def test_a_publisher_without_session_is_believed_too(self):
        self.receiver = self.away(qos=2)
        sender = self.connected(V311)
        sender.send(mqtt.publish(self.topic, "x", V311, 2, 7))
        sender.receive_type(mqtt.PUBREC)
        self.restart()
        self.expect_only("x")
