"""Unix sockets, interfaces, sockets opened by systemd, and what it is told;
limits of connections."""
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

import client as raw
import mqtt
from harness import (BINARY, Broker, BrokerTest, Lines, OwnBrokerTest, PEER,
                     die_with_parent, free_port)
from mqtt import V5, V31, V311
from service import Service

CONF = "allow_anonymous true\nlistener {} 127.0.0.1\nuser root\n"


@unittest.skipIf(PEER, "about troupe's own options")
class Places(OwnBrokerTest):
    def broker_at(self, **listener):
        self.broker = Broker(listeners=[listener])
        self.addCleanup(self.broker.kill)
        return self.broker

    def test_a_unix_socket_has_the_mode_that_is_asked_for(self):
        for mode in ("0600", "0660", "0777"):
            with self.subTest(mode=mode), tempfile.TemporaryDirectory(
                    prefix="troupe-test-") as folder:
                path = str(pathlib.Path(folder) / "mqtt.sock")
                broker = self.broker_at(path=path, socket_mode=mode)
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode),
                                 int(mode, 8))
                self.client(address=path).connect(self.new_id()).ping()
                broker.stop()

    def refused(self, **listener):
        """What a broker says that does not start."""
        broker = Broker(listeners=[listener], wait=False)
        self.addCleanup(broker.kill)
        self.assertNotEqual(broker.process.wait(10), 0)
        broker.log.thread.join(5)
        return broker.log.text()

    def test_a_mode_that_is_none_is_refused(self):
        for mode in ("rw", "0999", "77777", "-1"):
            with self.subTest(mode=mode):
                self.assertIn("socket_mode", self.refused(
                    path="/tmp/never.sock", socket_mode=mode))
        self.assertIn("socket_mode",
                      self.refused(port=free_port(), socket_mode="0600"))

    def test_a_file_that_is_no_socket_is_left_alone(self):
        with tempfile.TemporaryDirectory(prefix="troupe-test-") as folder:
            path = pathlib.Path(folder) / "mqtt.sock"
            path.write_text("precious")
            self.assertIn(str(path), self.refused(path=str(path)))
            self.assertEqual(path.read_text(), "precious")

    def test_a_socket_somebody_listens_on_is_left_alone(self):
        with tempfile.TemporaryDirectory(prefix="troupe-test-") as folder:
            path = str(pathlib.Path(folder) / "mqtt.sock")
            self.broker_at(path=path)
            self.assertIn(path, self.refused(path=path))
            self.client(address=path).connect(self.new_id()).ping()

    def test_a_path_too_long_for_a_socket_is_refused(self):
        self.assertIn("107", self.refused(path="/tmp/" + "x" * 200))

    def test_a_listener_can_be_bound_to_the_loopback_interface(self):
        port = free_port()
        self.broker_at(port=port, bind_interface="lo")
        self.client(address=("127.0.0.1", port)).connect(self.new_id()).ping()
        self.client(address=("::1", port)).connect(self.new_id()).ping()

    def test_an_unknown_interface_is_refused_and_those_there_are_named(self):
        for name in ("nonesuch0", "x" * 300, "lo;"):
            with self.subTest(name=name):
                said = self.refused(port=free_port(), bind_interface=name)
                self.assertRegex(said, "those that exist: .*lo")


@unittest.skipIf(PEER, "Debian's mosquitto takes over no sockets")
class Systemd(unittest.TestCase):
    def service(self, conf, sockets=(), **environment):
        made = Service(conf, sockets, **environment)
        self.addCleanup(made.clean_up)
        return made

    def listening(self, family=socket.AF_INET, address=("127.0.0.1", 0)):
        made = socket.socket(family)
        self.addCleanup(made.close)
        made.bind(address)
        made.listen()
        return made

    def ping(self, address):
        client = raw.Client(address)
        self.addCleanup(client.drop)
        client.connect("c").ping()

    def test_sockets_passed_on_are_taken_over(self):
        with tempfile.TemporaryDirectory(prefix="troupe-test-") as folder:
            path = str(pathlib.Path(folder) / "mqtt.sock")
            tcp = self.listening()
            local = self.listening(socket.AF_UNIX, path)
            early = raw.Client(tcp.getsockname())  # before there is a broker
            self.addCleanup(early.drop)
            early.send(mqtt.connect(V5, "early"))
            service = self.service(CONF.format(tcp.getsockname()[1])
                                   + f"listener 0 {path}\n", [tcp, local],
                                   LISTEN_FDNAMES="mqtt:local")
            self.assertIn("READY=1", service.notice())
            early.receive_type(mqtt.CONNACK)
            self.ping(tcp.getsockname())
            self.ping(path)
            self.assertEqual(
                service.log.text().count("Taking over listen socket"), 2)
            self.assertNotIn("Opening", service.log.text())
            service.end()

    def test_a_socket_without_a_listener_is_named(self):
        other = self.listening()
        port = free_port()
        service = self.service(CONF.format(port), [other])
        self.assertIn("READY=1", service.notice())
        self.ping(("127.0.0.1", port))
        service.log.wait_for(f"127.0.0.1:{other.getsockname()[1]} was opened")
        service.end()

    def test_what_does_not_listen_is_refused_by_its_name(self):
        silent = socket.socket()
        datagrams = socket.socket(type=socket.SOCK_DGRAM)
        self.addCleanup(silent.close)
        self.addCleanup(datagrams.close)
        for each in (silent, datagrams):
            service = self.service(CONF.format(free_port()), [each],
                                   LISTEN_FDNAMES="odd")
            service.end(expected=1)
            service.log.wait_for(r"file descriptor 3 \(odd\)")

    def test_a_number_of_sockets_that_is_none_is_refused(self):
        for count in ("x", "-1", "999999", "", "2"):
            with self.subTest(count=count):
                service = self.service(CONF.format(free_port()),
                                       [self.listening()], LISTEN_FDS=count)
                service.end(expected=1)
                service.log.wait_for("LISTEN_FDS|file descriptor 4")

    def test_reloading_and_stopping_are_told(self):
        service = self.service(CONF.format(free_port()))
        self.assertIn("READY=1", service.notice())
        service.process.send_signal(signal.SIGHUP)
        said = service.notice()
        self.assertEqual(said[0], "RELOADING=1")
        self.assertRegex(said[1], r"^MONOTONIC_USEC=\d+$")
        self.assertIn("READY=1", service.notice())
        service.conf.write_text("nonsense\n")
        service.process.send_signal(signal.SIGHUP)
        self.assertEqual(service.notice()[0], "RELOADING=1")
        self.assertIn("READY=1", service.notice())
        service.process.terminate()
        self.assertIn("STOPPING=1", service.notice())
        service.end()

    def test_a_start_that_fails_is_not_told_as_ready(self):
        service = self.service("nonsense\n")
        service.end(expected=3)
        service.notices.setblocking(False)
        with self.assertRaises(BlockingIOError):
            service.notice()

    @unittest.skipUnless(shutil.which("systemd-socket-activate"),
                         "there is no systemd-socket-activate")
    def test_systemds_own_tool_can_start_the_broker(self):
        port = free_port()
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            conf.write(CONF.format(port))
            conf.flush()
            process = subprocess.Popen(
                ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", BINARY,
                 "-c", conf.name], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                preexec_fn=die_with_parent)
            log = Lines(process.stderr)
            try:
                log.wait_for("Listening on")
                self.ping(("127.0.0.1", port))
                log.wait_for("Taking over listen socket")
            finally:
                process.terminate()
                process.wait(10)
                log.thread.join(5)


@unittest.skipIf(PEER, "about troupe's own options")
class Limits(OwnBrokerTest):
    def broker_with(self, **options):
        self.broker = Broker(**options)
        self.addCleanup(self.broker.kill)
        return self.broker

    def from_address(self, source):
        return self.client(source=(source, 0))

    def expect_refused(self, source, why):
        since = len(self.broker.log.lines)
        client = self.from_address(source)
        self.broker.log.wait_for(rf"Client {source}:\d+ closed: {why}",
                                 since=since)
        client.expect_closed()

    def test_connections_from_one_address_are_limited(self):
        self.broker_with(listener={"max_connections_per_address": 2})
        mine = [self.from_address("127.0.0.2").connect(self.new_id())
                for _ in range(2)]
        self.expect_refused("127.0.0.2", "max_connections_per_address")
        self.from_address("127.0.0.3").connect(self.new_id()).ping()
        mine[0].disconnect()
        self.from_address("127.0.0.2").connect(self.new_id()).ping()
        mine[1].ping()

    def test_who_has_not_sent_connect_counts_as_well(self):
        self.broker_with(listener={"max_connections_per_address": 2})
        # Which of them is refused is for the broker to say.
        silent = {client.socket.getsockname()[1]: client for client in
                  (self.from_address("127.0.0.2") for _ in range(3))}
        said = self.broker.log.wait_for(
            r"Client 127\.0\.0\.2:\d+ closed: max_connections_per_address")
        port = int(said.partition("127.0.0.2:")[2].split()[0])
        silent.pop(port).expect_closed()
        for client in silent.values():
            client.connect(self.new_id()).ping()

    def flood(self, source, why):
        """Connect until one is refused; those before it are served."""
        taken = []
        for _ in range(500):
            since = len(self.broker.log.lines)
            client = self.from_address(source)
            client.send(mqtt.connect(V5, self.new_id()))
            try:
                client.receive_type(mqtt.CONNACK)
            except raw.Closed:
                self.broker.log.wait_for(f"closed: {why} is reached",
                                         since=since)
                return taken
            taken.append(client)
        return self.fail("none was refused")

    def test_connections_per_second_are_limited(self):
        self.broker_with(max_connect_rate=5)
        for client in self.flood("127.0.0.2", "max_connect_rate"):
            client.ping()

    def test_connections_per_second_from_one_address_are_limited(self):
        self.broker_with(max_connect_rate_per_address=5)
        taken = self.flood("127.0.0.2", "max_connect_rate_per_address")
        self.assertGreaterEqual(len(taken), 5)
        self.from_address("127.0.0.3").connect(self.new_id()).ping()
        taken[0].ping()

    def test_the_longest_keep_alive_holds_over_every_listener(self):
        ports = [free_port(), free_port()]
        self.broker_with(max_keepalive=10, listeners=[
            {"port": port, "address": "127.0.0.1"} for port in ports])
        for port in ports:
            for asked in (0, 11, 65535):
                client = self.client(address=("127.0.0.1", port))
                client.connect(self.new_id(), keep_alive=asked)
                self.assertEqual(client.connack.props["server_keep_alive"], 10)
                client = self.client(V311, address=("127.0.0.1", port))
                client.connect(self.new_id(), code=2, keep_alive=asked)
                client.expect_closed()

    def test_each_listener_has_its_own_protocol_versions(self):
        lists = {free_port(): ["3"], free_port(): ["4", "5"]}
        self.broker_with(listeners=[
            {"port": port, "address": "127.0.0.1",
             "accept_protocol_versions": versions}
            for port, versions in lists.items()])
        for port, versions in lists.items():
            for version in (V31, V311, V5):
                with self.subTest(port=port, version=version):
                    client = self.client(version, address=("127.0.0.1", port))
                    fits = str(version) in versions
                    refusal = 0x84 if version == V5 else 1
                    client.connect(self.new_id(), code=0 if fits else refusal)
                    if not fits:
                        client.expect_closed()


if __name__ == "__main__":
    unittest.main()
