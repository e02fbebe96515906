"""The PROXY protocol: who says where clients come from, and who may."""
import ssl
import unittest

import client as raw
import mqtt
import proxy
from certificates import Certificates
from harness import Broker, BrokerTest, PEER, free_port
from mqtt import V5


@unittest.skipIf(PEER, "Debian's mosquitto has no PROXY protocol")
class ProxyTest(BrokerTest):
    def proxied(self, header, address=None):
        """A connection that began with `header`."""
        return self.client(address=address or self.broker.address).send(header)

    def expect_taken(self, header, source, address=None):
        since = len(self.broker.log.lines)
        name = self.new_id()
        client = self.proxied(header, address).connect(name)
        self.broker.log.wait_for(
            rf"New client connected from {source} as {name} ", since=since)
        return client

    def expect_closed(self, header, why, address=None):
        """Closed without an answer, though CONNECT follows."""
        since = len(self.broker.log.lines)
        client = self.proxied(header, address)
        self.broker.log.wait_for(f"Client .* closed: .*{why}", since=since)
        client.expect_closed()


class Version1(ProxyTest):
    options = {"listener": {"enable_proxy_protocol": 1,
                            "proxy_trusted": ["127.0.0.0/31"],
                            "max_connections_per_address": 2,
                            "handshake_timeout": 2}}

    def test_the_log_has_the_address_of_the_client(self):
        self.expect_taken(proxy.v1("203.0.113.1"), r"203\.0\.113\.1:4711")
        self.expect_taken(proxy.v1("2001:db8::9", family="TCP6", target="::1"),
                          r"\[2001:db8::9\]:4711")

    def test_a_proxy_may_speak_for_itself(self):
        self.expect_taken(b"PROXY UNKNOWN whatever\r\n", r"127\.0\.0\.1:\d+")

    def test_connections_are_limited_by_the_address_of_the_client(self):
        first = [self.expect_taken(proxy.v1("203.0.113.2"), ".*")
                 for _ in range(2)]
        self.expect_closed(proxy.v1("203.0.113.2"),
                           "max_connections_per_address is reached")
        self.expect_taken(proxy.v1("203.0.113.3"), ".*")
        first.pop().disconnect()
        self.expect_taken(proxy.v1("203.0.113.2"), ".*")

    def test_a_header_from_an_untrusted_address_is_closed(self):
        since = len(self.broker.log.lines)
        client = self.client(source=("127.0.0.2", 0)).send(proxy.v1())
        self.broker.log.wait_for(r"127\.0\.0\.2:\d+ closed: .*not in proxy_t",
                                 since=since)
        client.expect_closed()

    def test_a_missing_header_is_closed(self):
        self.expect_closed(mqtt.connect(V5, "x"), "no PROXY protocol header")
        self.expect_closed(b"\x16\x03\x01\x00", "no PROXY protocol header")
        self.expect_closed(proxy.v2(), "no PROXY protocol header")

    def test_a_garbled_header_is_closed(self):
        for header in (b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
                       b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n",
                       b"PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
                       b"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
                       b"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
                       b"PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n",
                       b"PROXY TCP4 ::1 ::1 1 2\r\n",
                       b"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
                       b"PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n",
                       b"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
                       b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
                       b"PROXY TCP4 a\x1b[31m 5.6.7.8 1 2\r\n",
                       b"PROXY UNKNOWN " + b"x" * 200):
            with self.subTest(header=header):
                self.expect_closed(header, "PROXY")
        self.assertNotIn("\x1b", self.broker.log.text())

    def test_a_header_may_come_byte_by_byte_and_with_the_connect(self):
        name = self.new_id()
        client = self.client()
        for byte in proxy.v1("203.0.113.4") + mqtt.connect(V5, name):
            client.send(bytes([byte]))
        self.assertEqual(client.receive_type(mqtt.CONNACK).code, 0)
        client = self.client().send(proxy.v1("203.0.113.5")
                                    + mqtt.connect(V5, self.new_id())
                                    + mqtt.packet(mqtt.PINGREQ))
        self.assertEqual(client.receive_type(mqtt.CONNACK).code, 0)
        client.expect(b"\xd0\x00")

    def test_a_slow_header_is_ended_by_handshake_timeout(self):
        slow = [self.proxied(part) for part in (b"", b"PRO", proxy.v1()[:-1])]
        for client in slow:
            client.expect_closed()


class Version2(ProxyTest):
    options = {"listener": {"enable_proxy_protocol": 2,
                            "proxy_trusted": ["127.0.0.1", "::1"]}}

    def test_the_log_has_the_address_of_the_client(self):
        self.expect_taken(proxy.v2("203.0.113.1"), r"203\.0\.113\.1:4711")
        self.expect_taken(proxy.v2("2001:db8::9"), r"\[2001:db8::9\]:4711")

    def test_a_proxy_may_speak_for_itself(self):
        self.expect_taken(proxy.v2(command=0x20), r"127\.0\.0\.1:\d+")
        self.expect_taken(proxy.START + b"\x21\0\0\0", r"127\.0\.0\.1:\d+")

    def test_fields_nobody_knows_are_passed_over(self):
        self.expect_taken(proxy.v2(fields=proxy.field(0xEE, b"x" * 3000)),
                          r"203\.0\.113\.7:4711")

    def test_a_garbled_header_is_closed(self):
        for header in (proxy.v1(), mqtt.connect(V5, "x"),
                       proxy.v2(command=0x11), proxy.v2(command=0x22),
                       proxy.v2(kind=0x12), proxy.v2(kind=0x41),
                       proxy.v2(kind=0x13), proxy.v2(kind=0x21, size=12),
                       proxy.v2(size=65535), proxy.v2(size=0),
                       proxy.v2(fields=b"\x04"),
                       proxy.v2(fields=b"\x04\xff\xffx"),
                       proxy.v2(fields=proxy.field(proxy.TLS, b"\1")),
                       proxy.v2(fields=proxy.tls(common_name="a\nb")),
                       proxy.v2(fields=proxy.field(proxy.CRC32C, b"abcd"))):
            with self.subTest(header=header):
                self.expect_closed(header, "PROXY")

    def test_a_header_from_an_untrusted_address_is_closed(self):
        client = self.client(source=("127.0.0.2", 0)).send(proxy.v2())
        self.broker.log.wait_for(r"127\.0\.0\.2:\d+ closed: .*not in proxy_t")
        client.expect_closed()


class TlsAtTheProxy(ProxyTest):
    options = {"listener": {"enable_proxy_protocol": 2,
                            "proxy_trusted": ["127.0.0.1"],
                            "proxy_protocol_v2_require_tls": True}}

    def test_a_client_that_used_tls_may_connect(self):
        self.expect_taken(proxy.v2(fields=proxy.tls()), ".*").ping()

    def test_a_client_that_used_none_is_closed(self):
        for header in (proxy.v2(), proxy.v2(fields=proxy.tls(client=0)),
                       proxy.v2(command=0x20)):
            with self.subTest(header=header):
                self.expect_closed(header, "did not use TLS")


class NamesFromTheProxy(ProxyTest):
    """The user name is the common name of the certificate that the proxy saw.
    """

    options = {"listener": {"enable_proxy_protocol": 2,
                            "proxy_trusted": ["127.0.0.1"],
                            "use_identity_as_username": True},
               "allow_anonymous": False}
    shown = proxy.TLS_USED | proxy.CERTIFICATE_SHOWN

    def test_the_common_name_is_the_user_name(self):
        fields = proxy.tls(self.shown, 0, "sensor 7")
        name = self.new_id()
        self.proxied(proxy.v2(fields=fields)).connect(name, username="admin")
        self.broker.log.wait_for(rf" as {name} .*u'sensor 7'")

    def test_a_name_that_the_proxy_did_not_verify_is_none(self):
        for fields in (proxy.tls(self.shown, 1, "sensor 7"),
                       proxy.tls(proxy.TLS_USED, 0, "sensor 7"),
                       proxy.tls(proxy.CERTIFICATE_SHOWN, 0, "sensor 7"),
                       proxy.tls(self.shown, 0, ""), proxy.tls(self.shown),
                       proxy.tls(), b""):
            with self.subTest(fields=fields):
                client = self.proxied(proxy.v2(fields=fields))
                client.connect(self.new_id(), code=0x87, username="sensor 7",
                               password=b"x")
                client.expect_closed()


@unittest.skipIf(PEER, "Debian's mosquitto has no PROXY protocol")
class TlsBehindTheHeader(ProxyTest):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        path = cls.certificates.path
        tls = {"certfile": path("server.crt"), "keyfile": path("server.key"),
               "cafile": path("ca.crt"), "enable_proxy_protocol": 2,
               "proxy_trusted": ["127.0.0.1"], "address": "127.0.0.1"}
        cls.ports = [free_port(), free_port()]
        cls.broker = Broker(allow_anonymous=False, listeners=[
            {"port": cls.ports[0], **tls, "listener_allow_anonymous": True},
            {"port": cls.ports[1], **tls, "require_certificate": True,
             "use_identity_as_username": True}])

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()
        cls.certificates.remove()

    def secure(self, port, certificate=None):
        context = ssl.create_default_context(
            cafile=self.certificates.path("ca.crt"))
        if certificate:
            path = self.certificates.path(certificate)
            context.load_cert_chain(f"{path}.crt", f"{path}.key")
        client = raw.Client(("127.0.0.1", self.ports[port]))
        self.addCleanup(client.drop)
        client.send(proxy.v2("203.0.113.9"))
        client.socket = context.wrap_socket(client.socket,
                                            server_hostname="localhost")
        return client

    def test_tls_begins_behind_the_header(self):
        name = self.new_id()
        self.secure(0).connect(name).ping()
        self.broker.log.wait_for(
            rf"New client connected from 203\.0\.113\.9:4711 as {name} ")

    def test_the_name_is_that_of_the_certificate_broker_and_client_agreed(self):
        name = self.new_id()
        self.secure(1, "client").connect(name).ping()
        self.broker.log.wait_for(rf"203\.0\.113\.9:4711 as {name} .*"
                                 "u'sensor 7'")

    def test_plain_mqtt_behind_the_header_is_closed(self):
        address = ("127.0.0.1", self.ports[0])
        since = len(self.broker.log.lines)
        client = self.proxied(proxy.v2() + mqtt.connect(V5, "x"), address)
        self.broker.log.wait_for("203.0.113.7:4711 closed: ", since=since)
        client.drop()

    def test_tls_without_the_header_is_closed(self):
        self.expect_closed(b"\x16\x03\x01\x00\x05", "no PROXY protocol header",
                           ("127.0.0.1", self.ports[0]))


if __name__ == "__main__":
    unittest.main()
