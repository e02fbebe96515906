"""SUBSCRIBE and UNSUBSCRIBE: filters, options, and what they bring."""
import mqtt
from harness import BrokerTest, each_version, expected_differs
from mqtt import V31, V311, V5


class Filters(BrokerTest):
    def matches(self, filter_, topic):
        """Whether a message to `topic` reaches a subscription to `filter_`."""
        end = f"{self.topic}/the end"
        receiver = self.subscriber(topic=filter_)
        receiver.subscribe(end)
        sender = self.connected()
        # QoS 1: its PUBACK tells that the first has been routed.
        sender.publish(topic, "x", 1)
        sender.publish(end, "end", 1)
        got = receiver.receive_publish()
        receiver.drop()
        sender.drop()
        return got.topic == topic

    def test_filters_match_as_the_specification_says(self):
        base = self.topic
        table = [("a", "a", True), ("a", "a/b", False), ("a/+", "a/b", True),
                 ("a/+", "a", False), ("a/+", "a/", True), ("a/#", "a", True),
                 ("a/#", "a/b/c", True), ("a/+/c", "a/b/c", True),
                 ("a/+/c", "a/b/d", False), ("+/b", "a/b", True),
                 ("a/+/+", "a//", True), ("a//b", "a//b", True),
                 ("a/b", "A/b", False), ("a b", "a b", True)]
        for filter_, topic, expected in table:
            with self.subTest(filter=filter_, topic=topic):
                self.assertEqual(
                    self.matches(f"{base}/{filter_}", f"{base}/{topic}"),
                    expected)

    def test_leading_wildcards_do_not_match_dollar_topics(self):
        self.assertFalse(self.matches("+/x", "$topic/x"))
        self.assertFalse(self.matches("#", "$topic/x"))
        self.assertTrue(self.matches("$topic/+", "$topic/x"))

    def test_a_leading_slash_is_a_level_of_its_own(self):
        self.assertTrue(self.matches("/+", f"/{self.topic}"))
        self.assertFalse(self.matches("+", f"/{self.topic}"))
        self.assertTrue(self.matches("+/+", f"/{self.topic}"))

    @each_version
    def test_the_whole_tree_can_be_subscribed(self, version):
        receiver = self.subscriber(version, topic="#")
        self.connected().publish(self.topic, "seen")
        receiver.expect_publish(self.topic, "seen")
        receiver.disconnect()

    def test_bad_filters_end_the_client(self):
        for bad in ("a/#/b", "a#", "a+", "+a/b", "a/b+", "", "##"):
            for version in (V311, V5):
                with self.subTest(filter=bad, version=version):
                    client = self.connected(version)
                    client.send(mqtt.subscribe(1, [(bad, 0)], version))
                    if version == V5:
                        self.assertIn(
                            client.receive_type(mqtt.DISCONNECT).code,
                            (0x81, 0x82, 0x8F))
                    client.expect_closed()


class Subscribe(BrokerTest):
    @each_version
    def test_each_filter_has_its_answer_in_order(self, version):
        client = self.connected(version)
        client.send(mqtt.subscribe(
            9, [(f"{self.topic}/{q}", q) for q in (2, 0, 1)], version))
        got = client.receive_type(mqtt.SUBACK)
        self.assertEqual((got.pid, got.codes), (9, [2, 0, 1]))

    def test_the_suback_has_exactly_these_bytes(self):
        for version, expected in ((V31, "90 03 00 09 01"),
                                  (V311, "90 03 00 09 01"),
                                  (V5, "90 04 00 09 00 01")):
            with self.subTest(version=version):
                client = self.connected(version)
                client.send(mqtt.subscribe(9, [(self.topic, 1)], version))
                client.expect(bytes.fromhex(expected))

    @each_version
    def test_the_same_filter_again_replaces_the_subscription(self, version):
        client = self.connected(version)
        client.subscribe(self.topic, qos=2)
        client.subscribe(self.topic, qos=0)
        self.connected(version).publish(self.topic, "x", 2)
        client.expect_publish(self.topic, "x", qos=0)
        self.assert_silent(client, self.topic)

    @each_version
    def test_unsubscribe_ends_the_messages(self, version):
        receiver = self.subscriber(version)
        receiver.subscribe(f"{self.topic}/end")
        sender = self.connected(version)
        sender.publish(self.topic, "seen", 1)
        receiver.expect_publish(self.topic, "seen")
        receiver.unsubscribe(self.topic)
        sender.publish(self.topic, "unseen", 1)
        self.assert_silent(receiver, f"{self.topic}/end", sender)

    def test_unsuback_tells_mqtt5_what_was_not_subscribed(self):
        client = self.subscriber()
        got = client.unsubscribe(self.topic, f"{self.topic}/never")
        self.assertEqual(got.codes, [0x00, 0x11])

    def test_unsuback_is_four_bytes_in_mqtt3(self):
        for version in (V31, V311):
            with self.subTest(version=version):
                client = self.connected(version)
                client.send(mqtt.unsubscribe(5, ["never"], version))
                client.expect(bytes.fromhex("b0 02 00 05"))

    @expected_differs("2.0 sends MQTT 3 clients one copy in all")
    @each_version
    def test_overlapping_subscriptions_each_bring_a_copy(self, version):
        receiver = self.connected(version)
        receiver.subscribe(f"{self.topic}/a", f"{self.topic}/+",
                           f"{self.topic}/#")
        sender = self.connected(version)
        sender.publish(f"{self.topic}/a", "x")
        sender.publish(self.topic, "end")
        for _ in range(3):
            receiver.expect_publish(f"{self.topic}/a", "x")
        receiver.expect_publish(self.topic, "end")

    def test_each_copy_has_the_identifier_of_its_subscription(self):
        receiver = self.connected()
        receiver.subscribe(f"{self.topic}/a", props={"subscription_id": 1})
        receiver.subscribe(f"{self.topic}/+",
                           props={"subscription_id": 268435455})
        receiver.subscribe(f"{self.topic}/#")
        self.connected().publish(f"{self.topic}/a", "x")
        found = [receiver.expect_publish(f"{self.topic}/a", "x").props.get(
            "subscription_id") for _ in range(3)]
        self.assertCountEqual(found, [[1], [268435455], None])

    def test_a_subscription_identifier_can_be_changed_and_removed(self):
        receiver = self.connected()
        sender = self.connected()
        for props in ({"subscription_id": 1}, {"subscription_id": 2}, {}):
            receiver.subscribe(self.topic, props=props)
            sender.publish(self.topic, "x")
            got = receiver.expect_publish(self.topic, "x")
            self.assertEqual(got.props.get("subscription_id"),
                             list(props.values()) or None)

    def test_no_local_keeps_own_messages_away_and_no_others(self):
        client = self.connected()
        client.subscribe(self.topic, no_local=True)
        client.publish(self.topic, "mine", 1)
        self.assert_silent(client, self.topic, self.connected())

    def test_retain_as_published_keeps_the_flag(self):
        keeps, drops = self.connected(), self.connected()
        keeps.subscribe(self.topic, retain_as_published=True)
        drops.subscribe(self.topic)
        sender = self.connected()
        sender.publish(self.topic, "1", retain=True)
        sender.publish(self.topic, "2")
        keeps.expect_publish(self.topic, "1", retain=True)
        keeps.expect_publish(self.topic, "2", retain=False)
        drops.expect_publish(self.topic, "1", retain=False)
        drops.expect_publish(self.topic, "2", retain=False)

    def test_retain_handling_says_when_retained_messages_are_sent(self):
        self.connected().publish(self.topic, "kept", 1, retain=True)
        client = self.connected()

        def again(handling, expected):
            client.subscribe(self.topic, retain_handling=handling)
            if expected:
                client.expect_publish(self.topic, "kept", retain=True)
            self.assert_silent(client, self.topic)

        again(2, False)
        again(1, False)  # it exists already
        again(0, True)
        again(0, True)
        client.unsubscribe(self.topic)
        again(1, True)
        again(1, False)

    def test_reserved_options_end_the_client(self):
        for version, byte in ((V5, 0x40), (V5, 0x30), (V5, 3), (V311, 4)):
            with self.subTest(version=version, byte=byte):
                client = self.connected(version)
                client.send(mqtt.subscribe(1, [("a", byte)], version))
                if version == V5:
                    self.assertIn(client.receive_type(mqtt.DISCONNECT).code,
                                  (0x81, 0x82))
                client.expect_closed()

    @each_version
    def test_a_publish_right_behind_its_subscribe_comes_back(self, version):
        client = self.connected(version)
        client.send(mqtt.subscribe(1, [(self.topic, 0)], version)
                    + mqtt.publish(self.topic, b"at once", version))
        client.receive_type(mqtt.SUBACK)
        client.expect_publish(self.topic, "at once")

    def test_many_filters_in_one_packet(self):
        client = self.connected()
        client.subscribe(*[f"{self.topic}/{n}" for n in range(1000)])
        self.connected().publish(f"{self.topic}/999", "last")
        client.expect_publish(f"{self.topic}/999", "last")


class Shared(BrokerTest):
    def member(self, group="g", version=V5, qos=1, **arguments):
        client = self.connected(version, **arguments)
        client.subscribe(f"$share/{group}/{self.topic}", qos=qos)
        return client

    def count_until_end(self, client, end):
        """Read to the message on topic `end`; how many were before it."""
        count = 0
        while True:
            got = client.finish(client.receive_publish())
            if got.topic == end:
                return count
            count += 1

    @each_version
    def test_members_share_the_messages_evenly(self, version):
        members = [self.member(version=version) for _ in range(3)]
        end = f"{self.topic}/end"
        for member in members:
            member.subscribe(end, qos=1)
        sender = self.connected()
        for number in range(30):
            sender.publish(self.topic, str(number), 1)
        sender.publish(end, "", 1)
        found = [self.count_until_end(member, end) for member in members]
        self.assertEqual(found, [10, 10, 10])

    def test_each_group_gets_each_message(self):
        one, two = self.member("one"), self.member("two")
        plain = self.subscriber()
        self.connected().publish(self.topic, "x")
        for client in (one, two, plain):
            client.expect_publish(self.topic, "x")

    @expected_differs("2.0 sends them")
    def test_shared_subscriptions_get_no_retained_messages(self):
        self.connected().publish(self.topic, "kept", 1, retain=True)
        self.assert_silent(self.member(), self.topic)

    def test_a_member_that_leaves_gets_nothing_more(self):
        gone, stays = self.member(), self.member()
        gone.unsubscribe(f"$share/g/{self.topic}")
        gone.disconnect()
        sender = self.connected()
        for number in range(4):
            sender.publish(self.topic, str(number), 1)
            stays.finish(stays.expect_publish(self.topic, str(number)))

    @expected_differs("2.0 drops what the member did not acknowledge")
    def test_messages_of_a_member_that_leaves_go_to_another(self):
        first = self.member()
        sender = self.connected()
        sender.publish(self.topic, "mine", 1)
        first.expect_publish(self.topic, "mine")
        second = self.member()
        first.disconnect()
        second.finish(second.expect_publish(self.topic, "mine"))

    @expected_differs("2.0.11 accepts it")
    def test_no_local_is_a_protocol_error(self):
        client = self.connected()
        client.send(mqtt.subscribe(1, [("$share/g/a", 4)]))
        client.expect_ended(0x82)

    @expected_differs("2.0 accepts some of them")
    def test_ill_formed_shared_filters_end_the_client(self):
        for bad in ("$share/g", "$share", "$share/+/a", "$share/g/"):
            with self.subTest(filter=bad):
                client = self.connected(V311)
                client.send(mqtt.subscribe(1, [(bad, 0)], V311))
                client.expect_closed()

    def test_a_group_without_a_name_is_accepted(self):
        client = self.connected()
        client.subscribe(f"$share//{self.topic}")
        self.connected().publish(self.topic, "x")
        client.expect_publish(self.topic, "x")
