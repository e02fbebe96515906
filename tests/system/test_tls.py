"""MQTT over TLS: who gets through, who does not, and what the log says."""
import os
import selectors
import socket
import ssl
import subprocess

import client as raw
import harness
import mqtt
import tls

NOT_TLS = {
    "MQTT": (mqtt.connect(mqtt.V311, "plain"), "the peer does not speak TLS"),
    "MQTT 5": (mqtt.connect(mqtt.V5, "plain"), "the peer does not speak TLS"),
    "HTTP": (b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\n\r\n",
             "the peer sent an HTTP request, not TLS"),
    "HTTP that uploads": (b"POST / HTTP/1.0\r\n\r\n",
                          "the peer sent an HTTP request, not TLS"),
    "a proxied HTTP": (b"CONNECT localhost:443 HTTP/1.1\r\n\r\n",
                       "the peer sent an HTTP request, not TLS"),
    "SSH": (b"SSH-2.0-OpenSSH_9.2p1\r\n", "the peer does not speak TLS"),
    "zeros": (bytes(64), "the peer does not speak TLS"),
    "a record of 64 KiB": (b"\x16\x03\x01\xff\xff" + bytes(200), ""),
    "an empty record": (b"\x16\x03\x01\x00\x00" + bytes(64), ""),
    "an alert": (b"\x15\x03\x01\x00\x02\x02\x28", ""),
    "application data": (b"\x17\x03\x03\x00\x05hello", ""),
    "an SSL 2 hello": (b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"
                       + bytes(37), ""),
    "a hello that is noise": (b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03"
                              + b"\xa5" * 194, ""),
}


@harness.troupe_only
class Tls(tls.TlsTest):
    listeners = {"tls": {}, "plain": {"certificate": None},
                 "expired": {"certificate": "expired"},
                 "other": {"certificate": "other_host"},
                 "self": {"certificate": "self"}}

    # -- mosquitto_pub and mosquitto_sub -------------------------------------

    def sub(self, *arguments):
        process = subprocess.Popen(
            ["stdbuf", "-oL", *self.mosquitto("mosquitto_sub", "tls", "-d",
                                              *arguments)],
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

        def end():
            process.kill()
            process.wait(10)
        self.addCleanup(end)
        lines = harness.Lines(process.stdout)
        lines.wait_for("Subscribed")
        lines.process = process
        return lines

    def test_messages_travel_in_each_version_of_both_protocols(self):
        for of_tls in tls.NAMES.values():
            for of_mqtt in ("mqttv31", "mqttv311", "mqttv5"):
                with self.subTest(tls=of_tls, mqtt=of_mqtt):
                    self.topic = self.new_topic()
                    how = ("--tls-version", of_tls, "-V", of_mqtt)
                    lines = self.sub("-t", self.topic, "-q", "2", "-C", "3",
                                     "-F", "got %q %p", *how)
                    for qos in "012":
                        self.assert_publishes("tls", *how, "-q", qos)
                        lines.wait_for(f"^got {qos} x$")
                    self.assertEqual(lines.process.wait(10), 0)

    def test_clients_with_and_without_tls_meet(self):
        inside, outside = self.connected(), self.plain_client("plain")
        outside.connect(self.new_id())
        for client in (inside, outside):
            client.subscribe(self.topic)
        inside.publish(self.topic, "from TLS")
        outside.receive_publish()
        inside.receive_publish()
        outside.publish(self.topic, "from TCP")
        for client in (inside, outside):
            client.expect_publish(self.topic, "from TCP")

    def test_bad_servers_are_refused_by_mosquitto_pub(self):
        for name, log in (("expired", "our certificate has expired"),
                          ("self", "unknown CA"), ("other", "")):
            with self.subTest(name):
                self.assert_cannot_publish(name, log=log)
        self.assert_cannot_publish("tls", authority="stranger_ca",
                                   log="unknown CA")
        # The same listeners let in who does not mind, or trusts them.
        self.assert_publishes("other", "--insecure")
        self.assert_publishes("self", authority="self")

    # -- the wrong protocol --------------------------------------------------

    def test_tls_on_a_plain_port_is_closed_and_named(self):
        self.assert_cannot_publish(
            "plain", log="TLS on a listener without certfile")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            tls.Client(self.at("plain"))
        self.plain_client("plain").connect(self.new_id()).ping()

    def test_what_is_not_tls_is_closed_and_named(self):
        for name, (data, log) in NOT_TLS.items():
            with self.subTest(name):
                since = self.log_lines()
                stranger = self.plain_client()
                port = stranger.socket.getsockname()[1]
                stranger.send(data)
                # At most an alert comes back, never MQTT.
                answer = self.read_to_end(stranger)
                self.assertIn(answer[:1], (b"", b"\x15"))
                self.assertLess(len(answer), 16)
                self.assert_log(f"127.0.0.1:{port} closed: .*{log}", since)
        self.assert_served()

    @staticmethod
    def read_to_end(stranger):
        stranger.socket.settimeout(raw.DEADLINE)
        answer = b""
        try:
            while data := stranger.socket.recv(4096):
                answer += data
        except ConnectionResetError:
            pass
        return answer

    def test_mqtt_rules_hold_above_tls(self):
        first = self.tls_client()
        first.send(mqtt.packet(mqtt.PINGREQ)).expect_closed()
        http = self.tls_client()
        since = self.log_lines()
        http.send(b"GET / HTTP/1.1\r\n\r\n").expect_closed()
        self.assert_log("HTTP on a listener for MQTT", since)
        bad = self.connected()
        bad.send(b"\xf0\xff\xff\xff\xff\x7f").expect_ended(0x81)

    def test_tls_within_tls_is_closed(self):
        inner = self.tls_client()
        hello, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        machine = tls.context().wrap_bio(hello, out,
                                         server_hostname="localhost")
        with self.assertRaises(ssl.SSLWantReadError):
            machine.do_handshake()
        inner.send(out.read()).expect_closed()
        self.assert_served()

    def test_plain_bytes_in_the_middle_end_that_connection_only(self):
        watcher = self.connected()
        watcher.subscribe(self.topic)
        broken = self.connected(will=mqtt.Will(self.topic, b"gone"))
        since = self.log_lines()
        os.write(broken.socket.fileno(), mqtt.packet(mqtt.PINGREQ) * 32)
        watcher.expect_publish(self.topic, "gone")
        self.assert_log(f"{broken.client_id}.*no record of TLS", since)
        watcher.ping()

    # -- how connections end -------------------------------------------------

    def test_a_take_over_is_told_to_the_old_client(self):
        for version in mqtt.VERSIONS:
            with self.subTest(version=version):
                name = self.new_id()
                old = self.connected(version, name)
                new = self.connected(version, name)
                old.expect_ended(0x8E)
                new.ping()

    def test_a_take_over_reaches_from_tls_to_tcp_and_back(self):
        name = self.new_id()
        first = self.plain_client("plain").connect(name)
        second = self.connected(client_id=name)
        first.expect_ended(0x8E)
        third = self.plain_client("plain").connect(name)
        second.expect_ended(0x8E)
        third.ping()

    def test_disconnect_suppresses_the_will_and_ends_tls_in_order(self):
        watcher = self.connected()
        watcher.subscribe(self.topic)
        for highest in tls.BOTH:
            leaving = self.connected(
                will=mqtt.Will(self.topic, b"gone"),
                tls={"with_context": tls.context(highest=highest)})
            # Without close_notify this would be an error.
            leaving.socket.suppress_ragged_eofs = False
            leaving.disconnect()
        self.assert_silent(watcher, self.topic)

    def test_a_close_without_disconnect_publishes_the_will(self):
        watcher = self.connected()
        watcher.subscribe(self.topic)
        will = mqtt.Will(self.topic, b"gone")
        self.connected(will=will).socket.unwrap().close()
        watcher.expect_publish(self.topic, "gone")
        self.connected(will=will).drop()
        watcher.expect_publish(self.topic, "gone")

    def test_a_connection_refused_by_mqtt_is_told_why(self):
        self.tls_client().connect("x", level=9, code=0x84)

    # -- how bytes are cut ---------------------------------------------------

    def test_packets_may_be_cut_into_records_at_will(self):
        client = self.tls_client()
        stream = mqtt.connect(mqtt.V5, self.new_id()) + mqtt.packet(
            mqtt.PINGREQ)
        for byte in stream:
            client.send(bytes([byte]))
        self.assertEqual(client.receive().type, mqtt.CONNACK)
        client.expect(b"\xd0\x00")
        client.subscribe(self.topic)
        packets = b"".join(mqtt.publish(self.topic, str(number))
                           for number in range(500))
        client.send(packets)
        for number in range(500):
            client.expect_publish(self.topic, str(number))

    def test_a_connect_and_all_behind_it_may_come_in_one_record(self):
        client = self.tls_client()
        client.send(mqtt.connect(mqtt.V5, self.new_id())
                    + mqtt.subscribe(1, [(self.topic, 0)])
                    + mqtt.publish(self.topic, "at once")
                    + mqtt.packet(mqtt.PINGREQ))
        self.assertEqual(client.receive().type, mqtt.CONNACK)
        self.assertEqual(client.receive().type, mqtt.SUBACK)
        self.assertEqual({client.receive().type, client.receive().type},
                         {mqtt.PUBLISH, mqtt.PINGRESP})


@harness.troupe_only
class HandshakeTimeout(tls.TlsTest):
    listeners = {"tls": {"handshake_timeout": 2}}

    def setUp(self):
        super().setUp()
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        machine = tls.context().wrap_bio(into, out,
                                         server_hostname="localhost")
        with self.assertRaises(ssl.SSLWantReadError):
            machine.do_handshake()
        self.hello = out.read()

    def closes(self, stranger, data=b""):
        stranger.send(data)
        return Tls.read_to_end(stranger)

    def test_silent_and_half_done_handshakes_end_while_others_are_served(self):
        since = self.log_lines()
        strangers = []
        for size in (0, 1, 5, 60, len(self.hello) - 1, len(self.hello)):
            for _ in range(5):
                strangers.append(self.plain_client())
                strangers[-1].send(self.hello[:size])
        client = self.connected()
        ended = 0
        with selectors.DefaultSelector() as waiting:
            for stranger in strangers:
                stranger.socket.setblocking(False)
                waiting.register(stranger.socket, selectors.EVENT_READ)
            while waiting.get_map():
                client.ping()
                ready = waiting.select(raw.DEADLINE)
                self.assertTrue(ready, "they were not ended")
                for key, _ in ready:
                    if not self.has_more(key.fileobj):
                        waiting.unregister(key.fileobj)
                        ended += 1
        self.assertEqual(ended, len(strangers))
        self.assert_log("closed: no CONNECT in time", since, ended)
        client.ping()
        self.assert_served()

    @staticmethod
    def has_more(sock):
        try:
            return bool(sock.recv(65536))
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False

    def test_a_handshake_that_drips_has_no_more_time(self):
        since = self.log_lines()
        slow = self.plain_client()
        port = slow.socket.getsockname()[1]
        slow.socket.settimeout(0.02)
        sent = 0
        for byte in self.hello:
            try:
                slow.socket.sendall(bytes([byte]))
                sent += 1
                self.assertEqual(slow.socket.recv(1), b"")
                break
            except socket.timeout:
                continue
            except (ConnectionResetError, BrokenPipeError):
                break
        self.assertLess(sent, len(self.hello))
        self.assert_log(f":{port} closed: no CONNECT in time", since)
        self.assert_served()

    def test_a_finished_handshake_without_connect_ends_too(self):
        since = self.log_lines()
        silent = self.tls_client()
        port = silent.socket.getsockname()[1]
        silent.expect_closed()
        self.assert_log(f":{port} closed: no CONNECT in time", since)

    def test_a_client_is_not_ended_by_it(self):
        client = self.connected()
        self.plain_client().expect_closed()  # the time is over
        client.ping()
