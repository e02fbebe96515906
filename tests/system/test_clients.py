"""Clients that we did not write: mosquitto-clients, paho-mqtt, MQTT.js.

The same script for each, in all three versions of the protocol and at all
three QoS: subscribe with a wildcard, publish, retained messages, wills.
"""
import json
import pathlib
import subprocess
import threading
import unittest

import paho.mqtt.client as paho

import mqtt
from harness import BrokerTest, Lines, each_version, expected_differs
from mqtt import V31, V311, V5

HERE = pathlib.Path(__file__).resolve().parent
QOS = (0, 1, 2)


class MosquittoClients(BrokerTest):
    NAMES = {V31: "mqttv31", V311: "mqttv311", V5: "mqttv5"}

    def arguments(self, program, version):
        return [program, "-h", "127.0.0.1", "-p", str(self.broker.port),
                "-V", self.NAMES[version]]

    def pub(self, version, *arguments, payload=None):
        done = subprocess.run(
            [*self.arguments("mosquitto_pub", version), *arguments],
            input=payload, text=True, capture_output=True, timeout=20,
            check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def sub(self, version, *arguments, first="Subscribed"):
        """A running mosquitto_sub that has written `first`; its lines."""
        process = subprocess.Popen(
            ["stdbuf", "-oL", *self.arguments("mosquitto_sub", version), "-d",
             *arguments],
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

        def end():
            process.kill()
            process.wait(10)
        self.addCleanup(end)
        lines = Lines(process.stdout)
        lines.wait_for(first)
        lines.process = process
        return lines

    @each_version
    def test_messages_at_each_qos(self, version):
        for qos in QOS:
            lines = self.sub(version, "-t", f"{self.topic}/+", "-q", str(qos),
                             "-C", "2", "-F", "got %t %q %p")
            self.pub(version, "-t", f"{self.topic}/a", "-q", str(qos),
                     "-m", "hello world")
            self.pub(version, "-t", f"{self.topic}/b", "-q", str(qos), "-n")
            lines.wait_for(f"^got {self.topic}/a {qos} hello world$")
            lines.wait_for(f"^got {self.topic}/b {qos} $")
            self.assertEqual(lines.process.wait(10), 0)

    @expected_differs("2.0.11 loses QoS 2 messages of a hasty MQTT 5 client")
    @each_version
    def test_many_lines_of_standard_input_arrive_in_order(self, version):
        for qos in QOS:
            total = 300
            lines = self.sub(version, "-t", self.topic, "-q", str(qos), "-C",
                             str(total), "-F", "got %p")
            self.pub(version, "-t", self.topic, "-q", str(qos), "-l",
                     payload="".join(f"{n}\n" for n in range(total)))
            lines.wait_for(f"^got {total - 1}$")
            self.assertEqual([line for line in lines.lines
                              if line.startswith("got")],
                             [f"got {n}" for n in range(total)])

    @each_version
    def test_retained_messages_and_their_end(self, version):
        self.pub(version, "-t", f"{self.topic}/r", "-m", "kept", "-r",
                 "-q", "1")
        lines = self.sub(version, "-t", f"{self.topic}/#", "-F", "got %r %p")
        lines.wait_for("^got 1 kept$")
        self.pub(version, "-t", f"{self.topic}/r", "-n", "-r", "-q", "1")
        lines.wait_for("^got 0 $")
        self.assertEqual(subprocess.run(
            [*self.arguments("mosquitto_sub", version), "-t",
             f"{self.topic}/#", "-W", "1"],
            capture_output=True, timeout=20, check=False).stdout, b"")

    @each_version
    def test_wills(self, version):
        lines = self.sub(version, "-t", f"{self.topic}/will",
                         "-F", "got %q %p", "-q", "1")
        dying = self.sub(version, "-t", self.topic, "--will-topic",
                         f"{self.topic}/will", "--will-payload", "gone",
                         "--will-qos", "1")
        dying.process.kill()
        lines.wait_for("^got 1 gone$")

    @each_version
    def test_a_durable_session_catches_up(self, version):
        name = self.new_id()
        durable = ["-i", name, "-c", "-q", "1", "-t", self.topic]
        if version == V5:
            durable += ["-x", "600"]
        subprocess.run([*self.arguments("mosquitto_sub", version), *durable,
                        "-E"], timeout=20, check=True)
        self.pub(version, "-t", self.topic, "-m", "missed", "-q", "1")
        self.sub(version, *durable, "-C", "1", "-F", "got %p",
                 first="^got missed$")

    def test_properties_of_mqtt5(self):
        lines = self.sub(V5, "-t", self.topic, "-F", "got %P %C %p")
        self.pub(V5, "-t", self.topic, "-m", "x", "-D", "publish",
                 "user-property", "key", "value", "-D", "publish",
                 "content-type", "text/plain")
        lines.wait_for("^got key:value text/plain x$")

    def test_a_file_arrives_whole(self):
        path = pathlib.Path(self.broker.folder) / "file"
        path.write_text("line\n" * 20000)
        lines = self.sub(V311, "-t", self.topic, "-F", "got %l", "-C", "1")
        self.pub(V311, "-t", self.topic, "-f", str(path), "-q", "1")
        lines.wait_for("^got 100000$")


class PahoClient:
    """paho-mqtt 1.6 and 2.x behind one face, with a thread that listens."""

    NAMES = {V31: paho.MQTTv31, V311: paho.MQTTv311, V5: paho.MQTTv5}

    def __init__(self, version, client_id, clean=True):
        arguments = {"client_id": client_id, "protocol": self.NAMES[version]}
        if version != V5:
            arguments["clean_session"] = clean
        if hasattr(paho, "CallbackAPIVersion"):
            arguments["callback_api_version"] = \
                paho.CallbackAPIVersion.VERSION1
        self.client = paho.Client(**arguments)
        self.changed = threading.Condition()
        self.messages = []
        self.connected = False
        self.granted = 0
        self.client.on_message = self._on_message
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe

    def _on_message(self, _client, _data, message):
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def _on_connect(self, *_):
        with self.changed:
            self.connected = True
            self.changed.notify_all()

    def _on_subscribe(self, *_):
        with self.changed:
            self.granted += 1
            self.changed.notify_all()

    def wait(self, predicate):
        with self.changed:
            assert self.changed.wait_for(predicate, 20), self.messages

    def start(self, address):
        self.client.connect(*address)
        self.client.loop_start()
        self.wait(lambda: self.connected)
        return self

    def subscribe(self, topic, qos):
        before = self.granted
        self.client.subscribe(topic, qos)
        self.wait(lambda: self.granted > before)

    def publish(self, *arguments, **named):
        self.client.publish(*arguments, **named).wait_for_publish()

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()

    def lose_connection(self):
        """Close the socket without DISCONNECT."""
        self.client.loop_stop()
        self.client.socket().close()


class Paho(BrokerTest):
    def paho(self, version, client_id=None, start=True, **arguments):
        made = PahoClient(version, client_id or self.new_id(), **arguments)
        if start:
            made.start(self.broker.address)
            self.addCleanup(made.stop)
        return made

    @each_version
    def test_messages_at_each_qos_in_order(self, version):
        receiver, sender = self.paho(version), self.paho(version)
        for qos in QOS:
            topic = f"{self.topic}/{qos}"
            receiver.subscribe(f"{topic}/#", qos)
            receiver.messages.clear()
            for number in range(50):
                sender.publish(f"{topic}/x", str(number), qos)
            receiver.wait(lambda: len(receiver.messages) >= 50)
            self.assertEqual([(int(got.payload), got.qos)
                              for got in receiver.messages],
                             [(number, qos) for number in range(50)])

    @each_version
    def test_retained_messages(self, version):
        self.paho(version).publish(f"{self.topic}/r", "kept", 1, retain=True)
        receiver = self.paho(version)
        receiver.subscribe(f"{self.topic}/+", 1)
        receiver.wait(lambda: receiver.messages)
        got = receiver.messages[0]
        self.assertEqual((got.payload, got.retain), (b"kept", 1))

    @each_version
    def test_wills(self, version):
        watcher = self.paho(version)
        watcher.subscribe(self.topic, 2)
        dying = self.paho(version, start=False)
        dying.client.will_set(self.topic, "gone", 2)
        dying.start(self.broker.address)
        dying.lose_connection()
        watcher.wait(lambda: watcher.messages)
        self.assertEqual(watcher.messages[0].payload, b"gone")

    def test_a_durable_session_catches_up(self):
        for version in (V31, V311):
            with self.subTest(version=version):
                topic, name = self.new_topic(), self.new_id()
                first = self.paho(version, name, clean=False)
                first.subscribe(topic, 2)
                first.stop()
                sender = self.paho(version)
                for number in range(20):
                    sender.publish(topic, str(number), 2)
                again = self.paho(version, name, clean=False)
                again.wait(lambda: len(again.messages) >= 20)
                self.assertEqual([int(got.payload) for got in again.messages],
                                 list(range(20)))


class MqttJs(BrokerTest):
    """What mqttjs.js did and saw, read from the JSON it prints."""

    @classmethod
    def setUpClass(cls):
        if not (HERE / "node_modules/mqtt").is_dir():
            raise unittest.SkipTest("MQTT.js is not there: npm ci")
        super().setUpClass()

    def js(self, scenario, version):
        done = subprocess.run(
            ["node", str(HERE / "mqttjs.js"), scenario,
             str(self.broker.port), str(version), self.topic],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return json.loads(done.stdout)

    @each_version
    def test_messages_at_each_qos_in_order(self, version):
        expected = [[f"{self.topic}/{qos}/x", str(number), qos]
                    for qos in QOS for number in range(50)]
        self.assertEqual(self.js("messages", version), expected)

    @each_version
    def test_retained_messages_and_their_end(self, version):
        self.assertEqual(self.js("retained", version),
                         {"first": ["kept", True], "after": "end"})

    @each_version
    def test_wills(self, version):
        self.assertEqual(self.js("will", version), ["gone", 1])

    @each_version
    def test_a_durable_session_catches_up(self, version):
        self.assertEqual(self.js("durable", version),
                         [str(number) for number in range(20)])

    def test_properties_of_mqtt5(self):
        self.assertEqual(self.js("properties", V5), {
            "contentType": "text/plain", "responseTopic": "answer",
            "userProperties": {"a": ["1", "2"], "b": "3"},
            "subscriptionIdentifier": 7})


class Together(BrokerTest):
    def test_all_three_read_what_a_raw_client_wrote(self):
        """One publisher, one retained message, every client and version."""
        self.connected().publish(self.topic, "to all", 1, retain=True)
        for version in mqtt.VERSIONS:
            receiver = PahoClient(version, self.new_id())
            receiver.start(self.broker.address)
            receiver.subscribe(self.topic, 1)
            receiver.wait(lambda r=receiver: r.messages)
            self.assertEqual(receiver.messages[0].payload, b"to all")
            receiver.stop()
            done = subprocess.run(
                ["mosquitto_sub", "-p", str(self.broker.port), "-t",
                 self.topic, "-C", "1", "-V",
                 MosquittoClients.NAMES[version]],
                capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.stdout, "to all\n")
