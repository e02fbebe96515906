"""Wills: when they are published, and when they are not."""
import time

import mqtt
from harness import BrokerTest, each_version, expected_differs
from mqtt import V311, V5, Will


class Wills(BrokerTest):
    def setUp(self):
        super().setUp()
        self.watcher = self.subscriber(qos=2)

    def watch(self):
        """Watch the topic of this sub-test."""
        self.watcher = self.subscriber(qos=2)

    def with_will(self, version=V5, client_id=None, delay=0, **arguments):
        props = {"will_delay": delay} if delay else {}
        will = Will(self.topic, arguments.pop("payload", b"will"),
                    arguments.pop("qos", 0), arguments.pop("retain", False),
                    dict(props, **arguments.pop("will_props", {})))
        return self.connected(version, client_id, will=will, **arguments)

    @each_version
    def test_a_lost_connection_publishes_the_will(self, version):
        self.watch()
        for qos in (0, 1, 2):
            self.with_will(version, qos=qos).drop()
            self.watcher.finish(self.watcher.expect_publish(
                self.topic, "will", qos=qos, retain=False))

    @each_version
    def test_disconnect_forgets_the_will(self, version):
        self.watch()
        self.with_will(version).disconnect()
        self.assert_silent(self.watcher, self.topic)

    def test_disconnect_with_0x04_publishes_the_will(self):
        self.with_will().disconnect(0x04)
        self.watcher.expect_publish(self.topic, "will")

    def test_disconnect_with_another_code_suppresses_the_will(self):
        for code in (0x80, 0x81, 0x93):
            with self.subTest(code=code):
                self.with_will().disconnect(code)
                self.assert_silent(self.watcher, self.topic)

    @each_version
    def test_a_protocol_error_publishes_the_will(self, version):
        self.watch()
        client = self.with_will(version)
        client.send(b"\x00\x00")
        self.watcher.expect_publish(self.topic, "will")

    def test_a_missed_keep_alive_publishes_the_will(self):
        self.with_will(keep_alive=1)
        self.watcher.expect_publish(self.topic, "will")

    def test_a_retained_will_is_kept(self):
        self.with_will(retain=True, qos=1).drop()
        self.watcher.expect_publish(self.topic, "will")
        self.subscriber().expect_publish(self.topic, "will", retain=True)

    def test_the_properties_of_a_will_are_passed_on(self):
        props = {"content_type": "x/y", "response_topic": "r",
                 "correlation_data": b"\x00", "payload_format": 1,
                 "user_property": ("a", "b"), "message_expiry": 50}
        self.with_will(will_props=props).drop()
        got = self.watcher.expect_publish(self.topic, "will")
        self.assertEqual(got.props.pop("user_property"), [("a", "b")])
        self.assertTrue(49 <= got.props.pop("message_expiry") <= 50)
        del props["user_property"], props["message_expiry"]
        self.assertEqual(got.props, props)

    def test_a_will_without_payload_is_published(self):
        self.with_will(payload=b"").drop()
        self.watcher.expect_publish(self.topic, "")

    def test_a_will_waits_for_its_delay(self):
        start = time.monotonic()
        self.with_will(delay=2, props={"session_expiry": 60}).drop()
        self.watcher.expect_publish(self.topic, "will")
        self.assertTrue(1.9 <= time.monotonic() - start <= 6)

    def test_coming_back_in_time_cancels_the_will(self):
        client = self.with_will(delay=2, props={"session_expiry": 60})
        client.drop()
        back = self.connected(client_id=client.client_id, clean=False,
                              props={"session_expiry": 60})
        self.assertTrue(back.connack.session_present)
        self.let_time_pass(4)
        self.assert_silent(self.watcher, self.topic)

    def test_the_end_of_the_session_ends_the_delay(self):
        start = time.monotonic()
        self.with_will(delay=60, props={"session_expiry": 1}).drop()
        self.watcher.expect_publish(self.topic, "will")
        self.assertTrue(time.monotonic() - start <= 8)

    @expected_differs("2.0.11 waits for the delay")
    def test_a_delay_without_a_session_to_wait_in_is_none(self):
        self.with_will(delay=60).drop()
        self.watcher.expect_publish(self.topic, "will")

    def test_a_clean_take_over_publishes_the_will(self):
        client = self.with_will()
        self.connected(client_id=client.client_id)
        self.watcher.expect_publish(self.topic, "will")

    def test_a_take_over_that_resumes_the_session_does_not(self):
        for version in (V311, V5):
            with self.subTest(version=version):
                props = {"session_expiry": 60} if version == V5 else ()
                client = self.with_will(version, clean=False, props=props)
                self.connected(version, client.client_id, clean=False,
                               props=props)
                self.assert_silent(self.watcher, self.topic)

    @expected_differs("2.0.11 never publishes it")
    def test_a_clean_start_during_the_delay_publishes_the_will(self):
        client = self.with_will(delay=60, props={"session_expiry": 60})
        client.drop()
        self.connected(client_id=client.client_id, clean=True)
        self.watcher.expect_publish(self.topic, "will")

    def test_a_new_connection_has_a_will_of_its_own(self):
        client = self.with_will(payload=b"first")
        client.disconnect()
        self.with_will(client_id=client.client_id, payload=b"second").drop()
        self.watcher.expect_publish(self.topic, "second")

    def test_a_will_to_sys_reaches_nobody(self):
        watcher = self.subscriber(topic="$SYS/will")
        self.connected(will=Will("$SYS/will", b"no")).drop()
        self.with_will().drop()
        self.watcher.expect_publish(self.topic, "will")
        watcher.subscribe(self.topic)
        self.assert_silent(watcher, self.topic)
