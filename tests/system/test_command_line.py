"""The program as an operator meets it: arguments, signals, log, exit codes."""
import json
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

import client as raw
import mqtt
from harness import (BINARY, Broker, BrokerTest, Lines, OwnBrokerTest,
                     free_port, troupe_only)
from mqtt import V311, V5


@troupe_only
class Arguments(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="troupe-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_troupe(self, *arguments, within=10):
        return subprocess.run([BINARY, *arguments], text=True, timeout=within,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              check=False)

    def config(self, content, name="troupe.json"):
        path = self.folder / name
        path.write_text(content if isinstance(content, str)
                        else json.dumps(content))
        return str(path)

    def start(self, *arguments):
        """A broker with these arguments; ended by the test's end."""
        process = subprocess.Popen([BINARY, *arguments], text=True,
                                   stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        log = Lines(process.stderr)

        def end():
            process.terminate()
            self.assertEqual(process.wait(10), 0, log.text())
            log.thread.join(5)
        self.addCleanup(end)
        return log

    def test_help_names_every_argument_and_succeeds(self):
        done = self.run_troupe("-h")
        self.assertEqual(done.returncode, 0)
        for argument in ("-c", "-p", "-v", "-q", "-d", "-h", "--version",
                         "--test-config"):
            self.assertIn(argument, done.stdout)

    def test_version_is_the_version(self):
        done = self.run_troupe("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^troupe.* \d+\.\d+\.\d+")

    def test_a_good_configuration_passes_the_test(self):
        path = self.config({"listeners": [{"port": 0x7000}],
                            "allow_anonymous": True})
        self.assertEqual(
            self.run_troupe("-c", path, "--test-config").returncode, 0)

    def test_bad_configurations_end_with_3_within_a_second(self):
        bad = ['{"no_such_option": 1}', '{"listeners": 5}', "{", "[]",
               '{"listeners": [{"port": 70000}]}',
               '{"max_packet_size": "large"}']
        for text in bad:
            for arguments in ((), ("--test-config",)):
                with self.subTest(text=text, arguments=arguments):
                    path = self.config(text)
                    start = time.monotonic()
                    done = self.run_troupe("-c", path, *arguments)
                    self.assertEqual(done.returncode, 3, done.stderr)
                    self.assertLess(time.monotonic() - start, 1)
                    self.assertIn("troupe.json", done.stderr)

    def test_a_missing_configuration_ends_with_3(self):
        done = self.run_troupe("-c", str(self.folder / "nothing.json"))
        self.assertEqual(done.returncode, 3)
        self.assertIn("nothing.json", done.stderr)

    def test_a_mosquitto_conf_is_read_too(self):
        port = free_port()
        path = self.config(f"# as found\nlistener {port} 127.0.0.1\n"
                           "allow_anonymous true\nmax_keepalive 30\n",
                           "mosquitto.conf")
        self.start("-c", path, "-v").wait_for(str(port))
        client = raw.Client(("127.0.0.1", port)).connect("x", keep_alive=60)
        self.assertEqual(client.connack.props["server_keep_alive"], 30)
        client.disconnect()

    def test_unknown_arguments_are_refused_and_named(self):
        done = self.run_troupe("--frobnicate")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--frobnicate", done.stderr + done.stdout)

    def test_p_chooses_the_port_on_localhost_only(self):
        port = free_port()
        log = self.start("-p", str(port), "-v")
        log.wait_for(rf"127\.0\.0\.1.*{port}|{port}.*127\.0\.0\.1|port {port}")
        for host in ("127.0.0.1", "::1"):
            client = raw.Client((host, port)).connect("x")
            client.ping()
            client.disconnect()
        # 127.0.0.2 is loopback, too, and not among those two.
        with self.assertRaises(OSError):
            raw.open_socket(("127.0.0.2", port)).close()

    def test_a_port_in_use_is_named(self):
        with raw.socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            path = self.config({"listeners": [
                {"port": port, "address": "127.0.0.1"}]})
            done = self.run_troupe("-c", path)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "(?i)in use")
        self.assertIn(str(port), done.stderr)

    def test_quiet_says_nothing(self):
        port = free_port()
        path = self.config({"listeners": [
            {"port": port, "address": "127.0.0.1"}], "allow_anonymous": True})
        process = subprocess.Popen([BINARY, "-c", path, "-q"], text=True,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 10
        while True:
            try:
                client = raw.Client(("127.0.0.1", port)).connect("x")
                break
            except OSError:
                self.assertLess(time.monotonic(), deadline)
                self.assertIsNone(process.poll())
        client.disconnect()
        process.terminate()
        output, _ = process.communicate(timeout=10)
        self.assertEqual((process.returncode, output), (0, ""))


@troupe_only
class Signals(OwnBrokerTest):
    def setUp(self):
        super().setUp()
        self.broker = Broker()
        self.addCleanup(self.broker.kill)

    def assert_stops(self, sig):
        clients = [self.connected(version) for version in mqtt.VERSIONS]
        clients += [self.connected() for _ in range(20)]
        half = self.client()
        half.send(mqtt.connect(V5, "half")[:5])
        start = time.monotonic()
        self.broker.stop(sig)
        self.assertLess(time.monotonic() - start, 5)
        for client in clients:
            client.expect_ended(0x8B)
        half.expect_closed()

    def test_sigterm_says_goodbye_and_ends_with_0(self):
        self.assert_stops(signal.SIGTERM)

    def test_sigint_says_goodbye_and_ends_with_0(self):
        self.assert_stops(signal.SIGINT)

    def test_sigterm_ends_it_in_the_middle_of_traffic(self):
        stalled = self.client(receive_buffer=4096).connect("stalled")
        stalled.subscribe(self.topic, qos=1)
        sender = self.connected(V311)
        sender.send(mqtt.publish(self.topic, b"x" * 500, V311) * 20000)
        self.broker.stop(signal.SIGTERM)

    def test_the_port_is_free_again_at_once(self):
        client = self.connected()
        self.broker.stop()
        client.expect_ended(0x8B)
        self.broker.start()
        self.broker.wait_until_ready()
        self.connected().ping()
        self.broker.stop()


@troupe_only
class Log(BrokerTest):
    """-v shows each packet as mosquitto -v does."""

    def see(self, pattern):
        return self.broker.log.wait_for(pattern)

    def test_packets_are_shown_as_mosquitto_does(self):
        client = self.connected(V311, keep_alive=30)
        name = re.escape(client.client_id)
        topic = re.escape(self.topic)
        client.subscribe(self.topic, qos=1)
        sender = self.connected(V311)
        source = re.escape(sender.client_id)
        sender.publish(self.topic, "hello", 1)
        client.finish(client.expect_publish(self.topic, "hello"))
        client.ping()
        client.unsubscribe(self.topic)
        client.disconnect()
        for pattern in (
                rf"Sending CONNACK to {name} \(0, 0\)",
                rf"Received SUBSCRIBE from {name}",
                rf"Sending SUBACK to {name}",
                rf"Received PUBLISH from {source} \(d0, q1, r0, m\d+, "
                rf"'{topic}', \.\.\. \(5 bytes\)\)",
                rf"Sending PUBACK to {source} \(m\d+, rc0\)",
                rf"Sending PUBLISH to {name} \(d0, q1, r0, m\d+, "
                rf"'{topic}', \.\.\. \(5 bytes\)\)",
                rf"Received PUBACK from {name} \(Mid: \d+, RC:0\)",
                rf"Received PINGREQ from {name}",
                rf"Sending PINGRESP to {name}",
                rf"Received UNSUBSCRIBE from {name}",
                rf"Sending UNSUBACK to {name}",
                rf"Received DISCONNECT from {name}"):
            with self.subTest(pattern=pattern):
                self.see(pattern)

    def test_a_connect_names_address_client_and_protocol(self):
        client = self.connected(V5, keep_alive=30)
        self.see(rf"127\.0\.0\.1.*{client.client_id}.*p5.*k30")

    def test_a_client_that_errs_is_named_with_the_cause(self):
        client = self.connected()
        client.send(mqtt.publish("a/#", b""))
        client.receive()
        self.see(rf"{client.client_id}.*(malformed|protocol error|topic)")

    def test_no_payload_is_written_to_the_log(self):
        self.connected().publish(self.topic, "secret-payload", 1)
        self.see(self.topic)
        self.assertNotIn("secret-payload", self.broker.log.text())
