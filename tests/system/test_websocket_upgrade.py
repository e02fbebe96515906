"""The request that a WebSocket begins with, and what else comes instead."""
import contextlib
import ssl
import unittest

import client as raw
import mqtt
import websocket
from certificates import Certificates
from harness import Broker, BrokerTest, PEER, free_port
from websocket import frame, request


@unittest.skipIf(PEER, "Debian's mosquitto answers in its own way")
class UpgradeTest(BrokerTest):
    options = {"listener": {"protocol": "websockets"}}

    def visitor(self, address=None):
        made = websocket.Client(address or self.broker.address)
        self.addCleanup(made.drop)
        return made

    def expect_refused(self, status, sent, why, address=None):
        """The answer names what is wrong, the log too; then it is closed."""
        since = len(self.broker.log.lines)
        visitor = self.visitor(address)
        answer = visitor.ask(sent)
        self.assertEqual((answer.status, visitor.buffer), (status, b""))
        self.assertIn(why, answer.body)
        self.assertEqual(answer.fields["connection"], "close")
        visitor.expect_closed()
        self.broker.log.wait_for(f"Client .* closed: .*{why}", since=since)
        return answer

    def expect_taken(self, sent, protocol="mqtt", address=None):
        visitor = self.visitor(address)
        answer = visitor.ask(sent)
        self.assertEqual(answer.status, 101, answer.body)
        visitor.check(answer, protocol)
        return visitor.connect(self.new_id())


class Requests(UpgradeTest):
    def test_the_first_subprotocol_offered_that_we_speak_is_taken(self):
        for offered, taken in ((["mqtt"], "mqtt"), (["mqttv3.1"], "mqttv3.1"),
                               (["mqttv3.1, mqtt"], "mqttv3.1"),
                               (["soap,mqtt ,\tmqttv3.1"], "mqtt"),
                               (["soap", "mqtt"], "mqtt")):
            with self.subTest(offered=offered):
                self.expect_taken(request(offered), taken)

    def test_without_a_subprotocol_that_we_speak_there_is_no_connection(self):
        for offered in ([], ["soap"], ["MQTT"], ["mqtt5"], ["mqttv3"], [""]):
            with self.subTest(offered=offered):
                self.expect_refused(400, request(offered),
                                    "neither mqtt nor mqttv3.1")

    def test_the_path_does_not_matter(self):
        for path in ("/", "/mqtt", "/any/where?with=this"):
            with self.subTest(path=path):
                self.expect_taken(request(path=path))

    def test_names_and_tokens_may_be_in_any_case(self):
        self.expect_taken(request().replace(b"Upgrade: websocket",
                                            b"uPGRADE: WebSocket"))

    def test_a_browser_asks_for_more_than_we_need(self):
        taken = self.expect_taken(request(
            Connection="keep-alive, Upgrade", Pragma="no-cache",
            more=["User-Agent: Mozilla/5.0", "Origin: https://any.example",
                  "Sec-WebSocket-Extensions: permessage-deflate"]))
        taken.ping()

    def test_plain_http_is_told_what_this_port_is(self):
        for sent in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                     request(Upgrade=None), request(Upgrade="h2c"),
                     request(Connection=None), request(Connection="close")):
            with self.subTest(sent=sent):
                self.expect_refused(400, sent, "does not ask for WebSocket")

    def test_a_request_that_is_not_http_1_1_is_refused(self):
        for sent in (request().replace(b"HTTP/1.1", b"HTTP/1.0"),
                     request(Host=None), request(more=["Host: other"])):
            with self.subTest(sent=sent):
                self.expect_refused(400, sent, "not HTTP/1.1")
        for sent in (b"GET\r\n\r\n", b"HELLO\r\n\r\n",
                     request(more=["no colon"]), request(more=["a\0b: c"]),
                     request(path="/a b"), request(path="/\x01")):
            with self.subTest(sent=sent):
                self.expect_refused(400, sent, "not HTTP/1.1")

    def test_a_method_other_than_get_is_refused(self):
        for method in (b"POST", b"PUT", b"HEAD", b"OPTIONS"):
            with self.subTest(method=method):
                answer = self.expect_refused(
                    405, request().replace(b"GET", method, 1), "GET only")
                self.assertEqual(answer.fields["allow"], "GET")

    def test_a_body_is_refused(self):
        for line in ("Content-Length: 5", "Transfer-Encoding: chunked"):
            with self.subTest(line=line):
                self.expect_refused(400, request(more=[line]), "a body")

    def test_another_version_of_websocket_is_told_ours(self):
        for version in ("8", "14", "13, 8", None):
            with self.subTest(version=version):
                answer = self.expect_refused(
                    426, request(Sec_WebSocket_Version=version), "version 13")
                self.assertEqual(answer.fields["sec-websocket-version"], "13")

    def test_a_key_that_is_none_is_refused(self):
        for key in (None, "", "short", "=" * 24, "A" * 24, "A" * 23 + "="):
            with self.subTest(key=key):
                self.expect_refused(400, request(Sec_WebSocket_Key=key),
                                    "Sec-WebSocket-Key")

    def test_a_request_longer_than_4096_bytes_is_refused(self):
        plain = len(request(more=["X: "]))
        self.expect_taken(request(more=["X: " + "y" * (4096 - plain)]))
        for size in (4097 - plain, 100000):
            with self.subTest(size=size):
                self.expect_refused(431, request(more=["X: " + "y" * size]),
                                    "too long")

    def test_a_request_without_end_costs_no_memory(self):
        before = self.broker.rss()
        for _ in range(20):
            visitor = self.visitor()
            with contextlib.suppress(ConnectionError):
                for _ in range(64):
                    visitor.send_raw(b"GET /" + b"x" * 65536)
        self.expect_taken(request()).ping()
        self.assertLess(self.broker.rss() - before, 8 << 20)


class Limits(UpgradeTest):
    options = {"listener": {"protocol": "websockets"},
               "packet_buffer_size": 1000}

    def test_the_length_of_a_request_can_be_limited(self):
        self.expect_taken(request())
        self.expect_refused(431, request(more=["X: " + "y" * 1000]),
                            "too long")


class Origins(UpgradeTest):
    options = {"listener": {"protocol": "websockets", "websockets_origin": [
        "https://dashboard.example", "http://localhost:8080"]}}

    def test_pages_that_are_listed_may_connect(self):
        for origin in ("https://dashboard.example", "http://localhost:8080",
                       "HTTPS://Dashboard.Example"):
            with self.subTest(origin=origin):
                self.expect_taken(request(Origin=origin))

    def test_other_pages_may_not_connect(self):
        for origin in ("http://dashboard.example", "https://evil.example",
                       "https://dashboard.example.evil.example",
                       "https://dashboard.example:8443", "null", "", None,
                       "https://dashboard.example, https://evil.example"):
            with self.subTest(origin=origin):
                self.expect_refused(403, request(Origin=origin),
                                    "may not connect")
        self.expect_refused(
            403, request(Origin="https://evil.example",
                         more=["Origin: https://dashboard.example"]),
            "may not connect")

    def test_an_origin_cannot_write_into_the_log(self):
        since = len(self.broker.log.lines)
        answer = self.visitor().ask(request(Origin="a\x1b[31m\x85b"))
        self.assertIn(answer.status, (400, 403))
        self.broker.log.wait_for("closed: ", since=since)
        self.assertNotIn("\x1b", self.broker.log.text())


@unittest.skipIf(PEER, "Debian's mosquitto answers in its own way")
class WrongPort(BrokerTest):
    """Who speaks something else is closed, and the log says what it was."""

    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        tls = {"certfile": cls.certificates.path("server.crt"),
               "keyfile": cls.certificates.path("server.key")}
        web = {"protocol": "websockets"}
        cls.ports = {name: free_port() for name in ("mqtt", "ws", "wss")}
        more = {"mqtt": {}, "ws": web, "wss": {**web, **tls}}
        cls.broker = Broker(listeners=[
            {"port": port, "address": "127.0.0.1", **more[name]}
            for name, port in cls.ports.items()])

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()
        cls.certificates.remove()

    def expect_closed(self, port, sent, why):
        since = len(self.broker.log.lines)
        visitor = raw.Client(("127.0.0.1", self.ports[port]))
        self.addCleanup(visitor.drop)
        visitor.send(sent)
        self.broker.log.wait_for(f"closed: .*{why}", since=since)
        return visitor

    def test_websocket_on_a_port_for_mqtt(self):
        self.expect_closed("mqtt", request(), "HTTP on a").expect_closed()

    def test_mqtt_on_a_port_for_websocket(self):
        self.expect_closed("ws", mqtt.connect(mqtt.V5, "x"),
                           "speaks MQTT without WebSocket").expect_closed()

    def test_tls_on_a_port_for_plain_websocket(self):
        self.expect_closed("ws", b"\x16\x03\x01\x02\x00\x01",
                           "speaks TLS").expect_closed()

    def test_nothing_known_on_a_port_for_websocket(self):
        self.expect_closed("ws", b"\0\0\0\0", "not speak HTTP").expect_closed()

    def test_plain_http_on_a_port_for_secure_websocket(self):
        self.expect_closed("wss", request(), "HTTP")

    def test_plain_mqtt_on_a_port_for_secure_websocket(self):
        self.expect_closed("wss", mqtt.connect(mqtt.V5, "x"), "")

    def test_frames_within_tls_are_understood(self):
        context = ssl.create_default_context(
            cafile=self.certificates.path("ca.crt"))
        client = websocket.Client(("127.0.0.1", self.ports["wss"]),
                                  tls=context)
        self.addCleanup(client.drop)
        client.upgrade().connect(self.new_id())
        client.subscribe(self.topic)
        client.publish(self.topic, b"x" * 1000000)
        client.expect_publish(self.topic, b"x" * 1000000)
        client.send_raw(frame(b"p", websocket.PING))
        client.expect_control(websocket.PONG, b"p")
        client.disconnect()


class SlowHandshake(UpgradeTest):
    options = {"listener": {"protocol": "websockets", "handshake_timeout": 1}}

    def test_who_does_not_finish_in_time_is_closed(self):
        halves = [b"", request()[:-2], request()[:1]]
        visitors = [self.visitor() for _ in halves]
        for visitor, half in zip(visitors, halves):
            visitor.send_raw(half)
        for visitor in visitors:
            visitor.expect_closed()
        self.broker.log.wait_for("closed: no CONNECT in time")

    def test_a_byte_now_and_then_does_not_help(self):
        visitor = self.visitor().send_raw(request()[:-2])
        visitor.socket.settimeout(0.05)
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                visitor.send_raw(b"X")
                with contextlib.suppress(TimeoutError):
                    self.assertEqual(visitor.socket.recv(1), b"")
                    return
            self.fail("was not closed")

    def test_a_handshake_without_connect_is_closed(self):
        visitor = self.visitor()
        self.assertEqual(visitor.ask(request()).status, 101)
        visitor.wire, visitor.buffer = visitor.buffer, bytearray()
        visitor.expect_closed()

    def test_who_was_in_time_stays(self):
        client = self.expect_taken(request())
        self.visitor().send_raw(b"GET").expect_closed()
        client.ping()


if __name__ == "__main__":
    unittest.main()
