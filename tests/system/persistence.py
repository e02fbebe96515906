"""What tests of persistence share: a broker that is ended and comes back."""
import functools
import pathlib
import shutil
import signal
import subprocess
import tempfile

import mqtt
from harness import PEER, Broker, OwnBrokerTest
from mqtt import V5, V31

KEEP = {"session_expiry": 600}
# Mosquitto saves what it has only when it is asked to end.
ENDINGS = ("SIGTERM",) if PEER else ("SIGTERM", "SIGKILL")


def each_ending(test):
    """Runs `test(self)` with a broker of its own that `restart` ends by
    SIGTERM, and with one that it ends by SIGKILL."""
    @functools.wraps(test)
    def run(self):
        for ending in ENDINGS:
            with self.subTest(ending=ending):
                self.begin(ending)
                test(self)
    return run


class PersistenceTest(OwnBrokerTest):
    """Each test has a broker and a directory of its own."""

    options = {}

    def setUp(self):
        super().setUp()
        self.broker = None
        self.begin()

    def begin(self, ending="SIGTERM", **options):
        """A new broker on an empty directory."""
        self.finish()
        self.ending = ending
        self.location = pathlib.Path(
            tempfile.mkdtemp(prefix="troupe-persistence-"))
        self.addCleanup(shutil.rmtree, self.location, ignore_errors=True)
        self.broker = Broker(**{
            "persistence": True, "persistence_location": f"{self.location}/",
            **self.options, **options})

    def tearDown(self):
        self.finish()

    def finish(self):
        broker, self.broker = self.broker, None
        if broker and broker.process.poll() is None:
            if PEER:
                broker.kill()
            else:
                broker.stop()

    # -- ending and coming back ----------------------------------------------

    def end(self):
        if self.ending == "SIGKILL":
            self.broker.kill()
        elif PEER:
            self._end_peer()
        else:
            self.broker.stop(signal.SIGTERM)

    def _end_peer(self):
        """Mosquitto misses a SIGTERM now and then."""
        process = self.broker.process
        while process.poll() is None:
            process.terminate()
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                pass
        self.broker.kill()

    def restart(self, **options):
        """End the broker and start it on the same directory."""
        self.end()
        self.broker.start_again(**options)

    # -- clients -------------------------------------------------------------

    def durable(self, version=V5, client_id=None, will=None, **props):
        """A client whose session outlives its connection."""
        props = dict(KEEP, **props) if version == V5 else ()
        return self.connected(version, client_id, clean=False, props=props,
                              will=will)

    def again(self, client, present=True, will=None, **props):
        """The same client, connected anew."""
        made = self.durable(client.version, client.client_id, will, **props)
        # MQTT 3.1 has no such flag.
        self.assertEqual(made.connack.session_present,
                         present and client.version != V31)
        return made

    def away(self, version=V5, topic=None, qos=2, **options):
        """A durable client that subscribed and left."""
        client = self.durable(version)
        client.subscribe(topic or self.topic, qos=qos, **options)
        client.disconnect()
        return client

    def publish_all(self, payloads, qos=1, topic=None, **arguments):
        """Publish each; all are acknowledged when this returns."""
        sender = self.connected()
        for payload in payloads:
            told = sender.publish(topic or self.topic, payload, qos,
                                  **arguments)
            self.assertTrue(not told or told.code < 0x80, told)
        sender.disconnect()

    def flood(self, sender, count, qos=1, window=20):
        """Publish the numbers below `count`, `window` at a time."""
        acknowledged = mqtt.PUBACK if qos == 1 else mqtt.PUBREC
        for number in range(count):
            sender.send(mqtt.publish(self.topic, str(number), sender.version,
                                     qos, number % window + 1))
            if number >= window - 1 or number == count - 1:
                sender.receive_type(acknowledged)
        for _ in range(min(window, count) - 1):
            sender.receive_type(acknowledged)

    def take(self, client, count):
        """The next `count` messages, all acknowledged to their ends."""
        got = []
        unfinished = set()
        while len(got) < count or unfinished:
            packet = client.receive()
            if packet.type == mqtt.PUBLISH:
                self.assertLess(len(got), count, packet)
                got.append(packet)
            if packet.type == mqtt.PUBREL:
                client.ack(mqtt.PUBCOMP, packet.pid)
                unfinished.discard(packet.pid)
            elif packet.qos == 1:
                client.ack(mqtt.PUBACK, packet.pid)
            elif packet.qos == 2:
                client.ack(mqtt.PUBREC, packet.pid)
                unfinished.add(packet.pid)
        return got

    def payloads(self, client, count):
        """What these messages say."""
        return [each.payload.decode() for each in self.take(client, count)]
