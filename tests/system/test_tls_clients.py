"""paho-mqtt and MQTT.js over TLS."""
import json
import os
import ssl
import subprocess
import unittest

import harness
import mqtt
import tls
from test_clients import HERE, QOS, PahoClient

LISTENERS = {"tls": {}, "newest": {"tls_version": "tlsv1.3"},
             "required": {"require_certificate": True, "cafile": "ca.crt"},
             "expired": {"certificate": "expired"},
             "other": {"certificate": "other_host"}}


@harness.troupe_only
class PahoOverTls(tls.TlsTest):
    listeners = LISTENERS

    def paho(self, version, name="tls", start=True, **how):
        made = PahoClient(version, self.new_id())
        made.client.tls_set_context(tls.context(**how))
        if start:
            made.start(("localhost", self.ports[name]))
            self.addCleanup(made.stop)
        return made

    @harness.each_version
    def test_messages_at_each_qos_in_order(self, version):
        for of_tls in tls.BOTH:
            how = {"lowest": of_tls, "highest": of_tls}
            receiver = self.paho(version, **how)
            sender = self.paho(version, **how)
            for qos in QOS:
                topic = f"{self.topic}/{of_tls}/{qos}"
                receiver.subscribe(topic, qos)
                receiver.messages.clear()
                for number in range(30):
                    sender.publish(topic, str(number), qos)
                receiver.wait(lambda: len(receiver.messages) >= 30)
                self.assertEqual([(int(got.payload), got.qos)
                                  for got in receiver.messages],
                                 [(number, qos) for number in range(30)])

    @harness.each_version
    def test_wills(self, version):
        watcher = self.paho(version)
        watcher.subscribe(self.topic, 2)
        dying = self.paho(version, start=False)
        dying.client.will_set(self.topic, "gone", 2)
        dying.start(("localhost", self.ports["tls"]))
        dying.lose_connection()
        watcher.wait(lambda: watcher.messages)
        self.assertEqual(watcher.messages[0].payload, b"gone")

    def test_a_large_message(self):
        client = self.paho(mqtt.V311)
        client.subscribe(self.topic, 1)
        payload = os.urandom(1_500_000)
        client.publish(self.topic, payload, 1)
        client.wait(lambda: client.messages)
        self.assertEqual(client.messages[0].payload, payload)

    def test_a_client_certificate(self):
        good = self.paho(mqtt.V5, "required", certificate="client")
        good.publish(self.topic, "x", 1)
        bad = self.paho(mqtt.V5, start=False, certificate="stranger",
                        highest=tls.TLS12)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            bad.client.connect("localhost", self.ports["required"])

    def test_bad_servers_are_refused(self):
        for name in ("expired", "other"):
            with self.assertRaises(ssl.SSLCertVerificationError):
                self.paho(mqtt.V5, start=False).client.connect(
                    "localhost", self.ports[name])


@harness.troupe_only
class MqttJsOverTls(tls.TlsTest):
    listeners = LISTENERS

    @classmethod
    def setUpClass(cls):
        if not (HERE / "node_modules/mqtt").is_dir():
            raise unittest.SkipTest("MQTT.js is not there: npm ci")
        super().setUpClass()

    def js(self, scenario, version, name="tls"):
        """(status, standard output, errors) of a scenario over mqtts."""
        done = subprocess.run(
            ["node", str(HERE / "mqttjs.js"), scenario,
             f"mqtts://localhost:{self.ports[name]}", str(version),
             self.topic],
            capture_output=True, text=True, timeout=60, check=False,
            env=dict(os.environ,
                     NODE_EXTRA_CA_CERTS=self.files.path("ca.crt")))
        return done.returncode, done.stdout, done.stderr

    def assert_seen(self, expected, scenario, version, name="tls"):
        status, seen, errors = self.js(scenario, version, name)
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual(json.loads(seen), expected)

    @harness.each_version
    def test_messages_at_each_qos_in_order(self, version):
        for name in ("tls", "newest"):
            self.topic = self.new_topic()
            self.assert_seen([[f"{self.topic}/{qos}/x", str(number), qos]
                              for qos in QOS for number in range(50)],
                             "messages", version, name)

    @harness.each_version
    def test_wills(self, version):
        self.assert_seen(["gone", 1], "will", version)

    @harness.each_version
    def test_a_durable_session_catches_up(self, version):
        self.assert_seen([str(number) for number in range(20)], "durable",
                         version)

    def test_bad_servers_are_refused(self):
        for name, why in (("expired", "certificate has expired"),
                          ("other", "does not match certificate")):
            status, _, errors = self.js("messages", mqtt.V5, name)
            self.assertEqual(status, 1)
            self.assertIn(why, errors)

    def test_who_must_show_a_certificate_and_does_not_is_told(self):
        since = self.log_lines()
        status, _, errors = self.js("messages", mqtt.V5, "required")
        self.assertEqual(status, 1)
        self.assertRegex(errors, "(?i)certificate required|alert number 116")
        self.assert_log("the peer showed no certificate", since)
