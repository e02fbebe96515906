"""Where the broker listens: IPv4, IPv6, unix sockets, several at once."""
import pathlib
import tempfile

from harness import (Broker, BrokerTest, each_version, expected_differs,
                     free_port)


class Listeners(BrokerTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="troupe-test-")
        cls.path = str(pathlib.Path(cls.folder.name) / "mqtt.sock")
        cls.ipv4, cls.ipv6 = free_port(), free_port()
        cls.broker = Broker(listeners=[
            {"port": cls.ipv4, "address": "127.0.0.1"},
            {"port": cls.ipv6, "address": "::1"}, {"path": cls.path}])
        cls.addresses = [("127.0.0.1", cls.ipv4), ("::1", cls.ipv6), cls.path]

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()
        cls.folder.cleanup()

    @each_version
    def test_clients_of_all_listeners_meet(self, version):
        receivers = []
        for address in self.addresses:
            receiver = self.client(version, address=address)
            receiver.connect(self.new_id())
            receiver.subscribe(self.topic, qos=1)
            receivers.append(receiver)
        for address in self.addresses:
            sender = self.client(version, address=address)
            sender.connect(self.new_id())
            sender.publish(self.topic, str(address), 1)
            for receiver in receivers:
                receiver.finish(
                    receiver.expect_publish(self.topic, str(address)))

    @expected_differs("2.0.11 closes the old client without DISCONNECT")
    def test_a_take_over_reaches_across_listeners(self):
        name = self.new_id()
        old = self.client(address=self.path).connect(name)
        new = self.client(address=self.addresses[0]).connect(name)
        old.expect_ended(0x8E)
        new.ping()

    def test_ipv4_is_not_served_where_only_ipv6_was_asked_for(self):
        with self.assertRaises(OSError):
            self.client(address=("127.0.0.1", self.ipv6))

    def test_a_unix_socket_left_behind_is_replaced(self):
        path = str(pathlib.Path(self.folder.name) / "left.sock")
        first = Broker(listeners=[{"path": path}])
        first.process.kill()
        first.process.wait()
        second = Broker(listeners=[{"path": path}])
        self.client(address=path).connect(self.new_id()).ping()
        second.stop()
        first.kill()
