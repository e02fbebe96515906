"""What tests of SIGHUP share."""
import time

import client as raw
import mqtt
from credentials import make_folder, users_file, write
from harness import Broker, OwnBrokerTest
from mqtt import V5

NOT_AUTHORIZED = 0x87
PASSWORDS = {"anna": "a", "ben": "b", "cid": "c"}


class ReloadTest(OwnBrokerTest):
    def setUp(self):
        super().setUp()
        self.folder = make_folder(self)
        self.users = users_file(self.folder / "users", **PASSWORDS)
        self.rights = self.write_rights("pattern readwrite #")

    def begin(self, **options):
        self.broker = Broker(**options)
        self.addCleanup(self.end)

    def end(self):
        if self.broker.process.poll() is None:
            self.broker.stop()

    def write_rights(self, *lines):
        return write(self.folder / "rights", "\n".join(lines) + "\n")

    def user(self, name, version=V5, **arguments):
        return self.connected(version, username=name,
                              password=PASSWORDS[name].encode(), **arguments)

    def until(self, condition):
        """Ask again and again until it is so: whom a reload concerns learns of
        it some moments later."""
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it never was so")

    def code_for(self, address=None, version=V5, **arguments):
        """CONNACK's code for a new client, None if nobody listens."""
        try:
            client = self.client(version,
                                 address=address or self.broker.address)
        except OSError:
            return None
        try:
            client.send(mqtt.connect(version, self.new_id(), **arguments))
            return client.receive_type(mqtt.CONNACK).code
        except (raw.Closed, OSError):
            return None
        finally:
            client.drop()


def client_code(client, topic):
    """What PUBACK says to a publication there; copies to itself are skipped.
    """
    client.send(mqtt.publish(topic, b"?", client.version, 1, 77))
    while True:
        got = client.receive()
        if got.type == mqtt.PUBACK:
            return got.code


def drain(client):
    """Take everything that is on its way, up to the answer to a ping."""
    client.send(mqtt.packet(mqtt.PINGREQ))
    while True:
        got = client.receive()
        if got.type == mqtt.PINGRESP:
            return
        if got.type == mqtt.PUBLISH:
            client.finish(got)
