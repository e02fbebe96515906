"""What time does to sessions, wills and messages while no broker runs."""
import time

import mqtt
from harness import expected_differs, troupe_only
from mqtt import V5, V311, Will
from persistence import PersistenceTest, each_ending


class TimeTest(PersistenceTest):
    def restart_after(self, seconds):
        """End the broker and start it again when `seconds` have passed. Nobody
        is there meanwhile who could say so."""
        self.end()
        time.sleep(seconds)
        self.broker.start_again()


class SessionExpiry(TimeTest):
    @expected_differs("2.0 forgets when sessions expire")
    @each_ending
    def test_it_goes_on_while_the_broker_is_down(self):
        client = self.away()
        client = self.again(client, session_expiry=1)
        client.disconnect()
        self.broker.log.wait_for(f"{client.client_id}.*disconnect")
        self.restart_after(2.5)
        self.again(client, present=False)

    @expected_differs("2.0 forgets when sessions expire")
    @each_ending
    def test_it_goes_on_when_the_broker_is_back(self):
        client = self.durable(session_expiry=3)
        client.subscribe(self.topic, qos=1)
        client.disconnect()
        self.broker.log.wait_for(f"{client.client_id}.*disconnect")
        self.restart_after(1)
        self.let_time_pass(3)
        self.again(client, present=False)

    @expected_differs("2.0 forgets when sessions expire")
    @each_ending
    def test_it_begins_for_connected_clients_when_the_broker_ends(self):
        short = self.durable(session_expiry=1)
        long = self.durable(session_expiry=60)
        short.ping()
        long.ping()
        self.restart_after(3.5)
        self.again(short, present=False)
        self.again(long)

    @expected_differs("2.0 forgets when sessions expire")
    @each_ending
    def test_a_session_that_expired_takes_no_messages_and_stays_gone(self):
        client = self.durable(session_expiry=1)
        client.subscribe(self.topic, qos=1)
        client.disconnect()
        self.broker.log.wait_for(f"{client.client_id}.*disconnect")
        self.restart_after(2.5)
        told = self.connected().publish(self.topic, "nobody's", 1)
        self.assertEqual(told.code, 0x10)
        self.restart()
        self.again(client, present=False)

    @each_ending
    def test_sessions_before_mqtt_5_do_not_expire(self):
        client = self.away(V311)
        self.restart_after(2)
        self.again(client)


class MessageExpiry(TimeTest):
    @each_ending
    def test_it_goes_on_while_the_broker_is_down(self):
        client = self.away(qos=1)
        self.publish_all(["short"], props={"message_expiry": 1})
        self.publish_all(["long"], props={"message_expiry": 60})
        self.publish_all(["ever"])
        self.restart_after(2.5)
        client = self.again(client)
        got, ever = self.take(client, 2)
        self.assertEqual((got.payload, ever.payload), (b"long", b"ever"))
        self.assertTrue(50 <= got.props["message_expiry"] <= 58, got)
        self.assertNotIn("message_expiry", ever.props)
        self.assert_silent(client, self.topic)

    @each_ending
    def test_it_goes_on_when_the_broker_is_back(self):
        client = self.away(qos=1)
        self.publish_all(["short"], props={"message_expiry": 3})
        self.publish_all(["ever"])
        self.restart()
        self.let_time_pass(4)
        client = self.again(client)
        self.assertEqual(self.payloads(client, 1), ["ever"])
        self.assert_silent(client, self.topic)

    @expected_differs("2.0 lets messages expire that it has sent")
    @each_ending
    def test_what_was_sent_expires_no_more(self):
        client = self.durable()
        client.subscribe(self.topic, qos=2)
        for qos in (1, 2):
            self.publish_all(["sent"], qos, props={"message_expiry": 1})
        before = [client.receive_publish() for _ in range(2)]
        client.drop()
        self.let_time_pass(2)
        self.restart()
        client = self.again(client)
        for first in before:
            second = client.receive_publish()
            self.assertEqual((first.pid, first.qos), (second.pid, second.qos))
            self.assertTrue(second.dup)
            client.finish(second)

    @each_ending
    def test_retained_messages_expire_too(self):
        for name, props in (("short", {"message_expiry": 1}),
                            ("long", {"message_expiry": 60}), ("ever", {})):
            self.publish_all([name], topic=f"{self.topic}/{name}", retain=True,
                             props=props)
        self.restart_after(2.5)
        got = {self.subscriber(topic=f"{self.topic}/{name}").receive_publish()
               .payload for name in ("long", "ever")}
        self.assertEqual(got, {b"long", b"ever"})
        reader = self.subscriber(topic=f"{self.topic}/short")
        self.assert_silent(reader, f"{self.topic}/short")


class Wills(TimeTest):
    def setUp(self):
        super().setUp()
        self.watcher = None

    def watch(self):
        """A durable subscriber that is away."""
        self.watcher = self.away(qos=1)

    def will(self, delay=0, payload=b"will", **arguments):
        props = {"will_delay": delay} if delay else ()
        return Will(self.topic, payload, 1, props=props, **arguments)

    def expect_will(self, within=10):
        watcher = self.again(self.watcher)
        watcher.finish(watcher.expect_publish(self.topic, "will", within))
        self.assert_silent(watcher, self.topic)

    def expect_no_will(self):
        self.assert_silent(self.again(self.watcher), self.topic)

    @troupe_only
    @each_ending
    def test_the_end_of_the_broker_is_the_end_of_its_connections(self):
        for version in (V311, V5):
            self.begin(self.ending)
            self.watch()
            self.durable(version, will=self.will())
            self.restart()
            self.expect_will()

    @troupe_only
    @each_ending
    def test_a_delay_that_ran_goes_on_over_the_downtime(self):
        self.watch()
        client = self.durable(will=self.will(delay=2))
        client.drop()
        self.broker.log.wait_for(f"{client.client_id}.*(closed|lost)")
        self.restart_after(2.5)
        self.expect_will(within=1.5)

    @troupe_only
    @each_ending
    def test_a_delay_goes_on_when_the_broker_is_back(self):
        self.watch()
        client = self.durable(will=self.will(delay=3))
        client.drop()
        self.broker.log.wait_for(f"{client.client_id}.*(closed|lost)")
        self.restart()
        self.expect_will()

    @troupe_only
    @each_ending
    def test_a_client_that_is_back_in_time_has_no_will_published(self):
        self.watch()
        client = self.durable(will=self.will(delay=3))
        self.restart()
        self.again(client)
        self.let_time_pass(4)
        self.expect_no_will()

    @troupe_only
    @each_ending
    def test_a_session_that_expires_first_ends_the_delay(self):
        self.watch()
        client = self.durable(will=self.will(delay=60), session_expiry=2)
        client.ping()
        self.restart()
        self.expect_will()

    @each_ending
    def test_a_will_that_was_withdrawn_stays_withdrawn(self):
        self.watch()
        self.durable(will=self.will()).disconnect()
        client = self.durable(will=self.will(delay=1))
        client.disconnect()
        self.broker.log.wait_for(f"{client.client_id}.*disconnect")
        # Nothing answers a DISCONNECT; this is written behind it.
        self.publish_all(["behind it"])
        self.restart()
        self.let_time_pass(2)
        watcher = self.again(self.watcher)
        watcher.finish(watcher.expect_publish(self.topic, "behind it"))
        self.assert_silent(watcher, self.topic)

    @troupe_only
    @each_ending
    def test_a_new_will_replaces_the_old_one(self):
        self.watch()
        client = self.durable(will=self.will(payload=b"old"))
        client = self.again(client, will=self.will(payload=b"will"))
        client.ping()
        self.restart()
        self.expect_will()

    @troupe_only
    @each_ending
    def test_every_field_of_a_will_survives(self):
        self.watch()
        props = {"will_delay": 1, "content_type": "x/y",
                 "response_topic": "r", "correlation_data": b"\x00",
                 "payload_format": 1, "user_property": ("a", "b"),
                 "message_expiry": 50}
        self.durable(will=Will(self.topic, b"will", 1, True, props))
        self.restart()
        watcher = self.again(self.watcher)
        got = watcher.finish(watcher.expect_publish(self.topic, "will", qos=1))
        self.assertTrue(40 <= got.props.pop("message_expiry") <= 50)
        self.assertEqual(got.props.pop("user_property"), [("a", "b")])
        del props["will_delay"], props["user_property"]
        del props["message_expiry"]
        self.assertEqual(got.props, props)
        self.subscriber().expect_publish(self.topic, "will", retain=True)


class Retained(PersistenceTest):
    def keep(self, payload, name="", **arguments):
        self.publish_all([payload], topic=self.topic + name, retain=True,
                         **arguments)

    @each_ending
    def test_they_are_there_as_they_were(self):
        props = [("content_type", "t"), ("user_property", ("a", "b")),
                 ("correlation_data", b"\x00")]
        self.keep("x" * 100_000, "/large", props=props)
        self.keep("qos 2", "/2", qos=2)
        self.restart()
        got = self.subscriber(topic=f"{self.topic}/large", qos=2)
        got = got.expect_publish(f"{self.topic}/large", "x" * 100_000, qos=1,
                                 retain=True)
        self.assertEqual(got.props, {
            "content_type": "t", "user_property": [("a", "b")],
            "correlation_data": b"\x00"})
        reader = self.subscriber(topic=f"{self.topic}/2", qos=2)
        reader.expect_publish(f"{self.topic}/2", "qos 2", qos=2, retain=True)

    @each_ending
    def test_the_newest_replaced_the_older(self):
        for number in range(5):
            self.keep(str(number))
        self.restart()
        reader = self.subscriber()
        reader.expect_publish(self.topic, "4", retain=True)
        self.assert_silent(reader, self.topic)

    @each_ending
    def test_what_was_deleted_stays_deleted(self):
        self.keep("kept")
        self.keep("")
        self.restart()
        self.assert_silent(self.subscriber(), self.topic)
        self.keep("kept")
        self.restart()
        self.keep("")
        self.restart()
        self.assert_silent(self.subscriber(), self.topic)

    @each_ending
    def test_qos0_is_retained_too(self):
        sender = self.connected()
        sender.publish(self.topic, "zero", 0, retain=True)
        sender.publish(f"{self.topic}/behind", "written", 1, retain=True)
        self.restart()
        self.subscriber().expect_publish(self.topic, "zero", retain=True)

    @each_ending
    def test_a_thousand_topics(self):
        sender = self.connected()
        for number in range(1000):
            sender.publish(f"{self.topic}/{number}", str(number), 1,
                           retain=True)
        self.restart()
        reader = self.subscriber(topic=f"{self.topic}/#")
        got = {reader.receive_publish().payload for _ in range(1000)}
        self.assertEqual(got, {str(number).encode()
                               for number in range(1000)})
