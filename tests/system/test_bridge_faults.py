"""What a bridge does when the remote end fails: the cause is seen, it is tried
again, and nobody else notices."""
import re
import unittest
from collections import namedtuple

import harness
import mqtt
import tls
from fake_remote import FakeRemote, parse_subscribe
from harness import troupe_only
from mqtt import V5
from sites import SitesTest, payloads, section

# `play` is what the remote end does with each connection, `options` the
# bridge's, `cause` what is said of it.
Fault = namedtuple("Fault", "name play cause options", defaults=({},))
IN_V5 = {"bridge_protocol_version": "mqttv50"}


def refuses(code, **props):
    def play(peer):
        peer.take_connect()
        peer.connack(code, props)
        peer.expect_closed()
    return play


def says_instead(data):
    def play(peer):
        peer.take_connect()
        peer.send(data)
        peer.expect_closed()
    return play


def accepts_and_then(*packets):
    """What is no answer to anything."""
    def play(peer):
        peer.accept()
        for each in packets:
            peer.send(each)
        peer.serve()
    return play


def is_silent(peer):
    peer.take_connect()
    peer.expect_closed(600)


def closes_at_once(peer):
    peer.take_connect()


def closes_after_connack(peer):
    peer.accept()


def never_answers_a_ping(peer):
    peer.accept()
    while True:
        got = peer.receive(600)
        if got.type != mqtt.PINGREQ:
            peer.answer(got)


OLD_WORDS = {1: "version of MQTT", 2: "remote_clientid", 3: "not available",
             4: "remote_password", 5: "not authorised"}
NEW_CODES = (0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A,
             0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F)

FAULTS = [
    *(Fault(f"refused{code}", refuses(code), f"code {code}.*{words}")
      for code, words in OLD_WORDS.items()),
    *(Fault(f"refused{code}", refuses(code), f"code {code}: \\w+", IN_V5)
      for code in NEW_CODES),
    Fault("redirected", refuses(0x9C, server_reference="other.example:1884"),
          "code 156.*other.example:1884", IN_V5),
    Fault("explained", refuses(0x87, reason_string="because I say so"),
          "code 135.*because I say so", IN_V5),
    Fault("garbage", says_instead(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
          "answer to CONNECT"),
    Fault("endless", says_instead(b"\x20\xff\xff\xff\xff\xff"),
          "answer to CONNECT"),
    Fault("otherpacket", says_instead(mqtt.packet(mqtt.PINGRESP)),
          "answer to CONNECT is another packet"),
    Fault("unknowncode", refuses(77), "answer to CONNECT is malformed"),
    Fault("malformed", says_instead(mqtt.packet(mqtt.CONNACK, b"\0")),
          "answer to CONNECT is malformed"),
    Fault("silent", is_silent, "no answer within bridge_connect_timeout",
          {"bridge_connect_timeout": 1}),
    Fault("closes", closes_at_once, "closed.*without an answer"),
    Fault("closeslater", closes_after_connack, "closed"),
    Fault("toolarge",
          accepts_and_then(mqtt.publish("toolarge/x", "x" * 2000)),
          "bridge_max_packet_size",
          {"bridge_max_packet_size": 1000, **IN_V5}),
    Fault("garbagelater", accepts_and_then(b"\xf7\xff\xff\xff\xff\xff"),
          "malformed|reserved|protocol|length|type"),
    Fault("disconnects", accepts_and_then(
        mqtt.disconnect(V5, 0x8B, {"reason_string": "we close at ten"})),
          "disconnects with code 139: we close at ten", IN_V5),
    Fault("asks", accepts_and_then(mqtt.packet(mqtt.PINGREQ)),
          "sends what a server does not"),
    Fault("mute", never_answers_a_ping, "does not answer",
          {"keepalive_interval": 5}),
]


@troupe_only
class Faults(SitesTest):
    """All of them at a time, in one broker, and one bridge that is well."""

    def test_each_is_seen_with_its_cause_and_tried_again(self):
        fakes = {each.name: FakeRemote(self, each.play) for each in FAULTS}
        remote = self.site()
        local = self.site(bridges=section("well", remote, "well/# both 1")
                          + "".join(
            section(each.name, fakes[each.name].port, f"{each.name}/# both 1",
                    **each.options) for each in FAULTS))
        self.wait_linked(local, "well")
        for each in FAULTS:
            with self.subTest(each.name):
                local.log_has(
                    f"Bridge {each.name}: (no link|the link) .*"
                    f"127.0.0.1:{fakes[each.name].port}.*{each.cause}.*"
                    "Next attempt in", within=20)
                self.told(local, each.name, "error").wait_for(
                    re.compile(each.cause).search)
                self.told(local, each.name, "failures").wait_for(
                    lambda value: int(value) >= 1)
                fakes[each.name].wait_for_arrivals(2)
        reader = self.watching(remote, "well/#")
        self.publish(local, "well/x", "still well")
        self.assertEqual(payloads(reader, 1), ["still well"])
        self.assertEqual(self.told(local, "well", "links").wait_for(int), "1")


@troupe_only
class Nobody(SitesTest):
    """There is nobody who could answer, or it is somebody else."""

    def check(self, cause, address, **options):
        local = self.site(bridges=section("b", address, "b/# out 1",
                                          **options))
        local.log_has(f"Bridge b: no link to {re.escape(address)}: "
                      f".*{cause}.*Next attempt in")
        self.told(local, "b", "error").wait_for(re.compile(cause).search)
        self.told(local, "b", "failures").wait_for(
            lambda value: int(value) >= 2)
        self.at(local).ping()

    def test_a_name_that_stands_for_nothing(self):
        self.check("no-such-site.invalid|resolv|known|Name",
                   "no-such-site.invalid:1883")

    def test_a_port_where_nobody_listens(self):
        self.check("refused", f"127.0.0.1:{harness.free_port()}")

    def test_a_socket_that_is_not_there(self):
        self.check("No such file", "unix:/tmp/no/such/socket")

    def test_an_address_is_said_once(self):
        port = harness.free_port()
        for address, said in (
                (f"127.0.0.1:{port}", "Connection refused"),
                ("unix:/tmp/no/such/socket", "No such file or directory"),
                (f"localhost:{port}", r"(127\.0\.0\.1|\[::1\])"
                 f":{port}: Connection refused")):
            with self.subTest(address=address):
                local = self.site(bridges=section("b", address, "b/# out 1"))
                local.log_has(f"Bridge b: no link to {re.escape(address)}: "
                              f"{said}\\. Next attempt in")

    def secure(self, certificate):
        files = tls.shared_files()
        return self.site(listener={
            "certfile": files.path(f"{certificate}.crt"),
            "keyfile": files.path(f"{certificate}.key")})

    def test_a_certificate_of_another_authority(self):
        remote = self.secure("self")
        self.check("certificate", f"localhost:{remote.port}",
                   bridge_cafile=tls.shared_files().path("ca.crt"))

    def test_a_certificate_of_another_host(self):
        remote = self.secure("other_host")
        self.check("host|name", f"localhost:{remote.port}",
                   bridge_cafile=tls.shared_files().path("ca.crt"))

    def test_a_certificate_that_has_expired(self):
        remote = self.secure("expired")
        self.check("expired", f"localhost:{remote.port}",
                   bridge_cafile=tls.shared_files().path("ca.crt"))

    def test_tls_where_there_is_none(self):
        remote = self.site()
        self.check("", f"localhost:{remote.port}",
                   bridge_cafile=tls.shared_files().path("ca.crt"))


@troupe_only
class Narrow(SitesTest):
    """The remote end allows less than was hoped for."""

    def link(self, *topics, props=(), present=False, **options):
        self.fake = FakeRemote(self)
        self.local = self.site(bridges=section(
            "b", self.fake.port, *topics, notifications_local_only=True,
            **options))
        peer = self.fake.accept()
        peer.accept(props, present)
        self.wait_linked(self.local, "b")
        return peer

    def test_maximum_qos(self):
        for most in (0, 1):
            with self.subTest(most=most):
                peer = self.link("b/# out 2", props={"maximum_qos": most},
                                 **IN_V5)
                for qos in range(3):
                    self.publish(self.local, "b/x", str(qos), qos=qos)
                for qos in range(3):
                    got = peer.next_publish()
                    peer.answer(got)
                    self.assertEqual((got.payload.decode(), got.qos),
                                     (str(qos), min(qos, most)))
                # Nothing is left for another link.
                self.told(self.local, "b", "queue/messages").wait("0")

    def test_what_waits_is_lowered_too(self):
        fake = FakeRemote(self)
        local = self.site(bridges=section(
            "b", fake.port, "b/# out 2", notifications=False, **IN_V5))
        for number in range(5):
            self.publish(local, "b/x", str(number), qos=2)
        peer = fake.accept()
        peer.accept({"maximum_qos": 0})
        for number in range(5):
            got = peer.next_publish()
            self.assertEqual((got.payload.decode(), got.qos),
                             (str(number), 0))
        self.told(local, "b", "queue/messages").wait("0")

    def test_no_retained_messages(self):
        peer = self.link("b/# out 1", props={"retain_available": 0}, **IN_V5)
        self.publish(self.local, "b/x", "kept here", retain=True)
        self.assertFalse(peer.next_publish().retain)

    def test_receive_maximum(self):
        peer = self.link("b/# out 2", props={"receive_maximum": 1}, **IN_V5)
        for number in range(6):
            self.publish(self.local, "b/x", str(number), qos=1 + number % 2)
        for number in range(6):
            got = peer.next_publish()
            self.assertEqual(got.payload.decode(), str(number))
            # Nothing more comes before this one is done.
            peer.send(mqtt.packet(mqtt.PINGRESP))
            peer.finish(got)

    def check_left_out(self, peer, topic, too_large):
        """Of three messages the one with so many bytes is not sent."""
        for size in (10, too_large, 20):
            self.publish(self.local, topic, "y" * size)
        sizes = []
        for _ in range(2):
            got = peer.next_publish()
            peer.answer(got)
            sizes.append(len(got.payload))
        self.assertEqual(sizes, [10, 20])

    def test_maximum_packet_size(self):
        peer = self.link("b/# out 1", props={"maximum_packet_size": 100},
                         **IN_V5)
        self.check_left_out(peer, "b/x", 200)

    def test_bridge_max_packet_size_is_not_for_what_mqtt_311_brings(self):
        peer = self.link("b/# both 1", bridge_max_packet_size=1000)
        self.check_left_out(peer, "b/out", 2000)
        # MQTT 3.1.1 cannot say what is too large: it is taken.
        reader = self.watching(self.local, "b/in")
        peer.send(mqtt.publish("b/in", "x" * 2000, mqtt.V311))
        reader.expect_publish("b/in", "x" * 2000)

    def test_topic_aliases(self):
        peer = self.link("b/# out 0", props={"topic_alias_maximum": 2},
                         **IN_V5)
        for number in range(3):
            self.publish(self.local, "b/a/long/topic", str(number), qos=0)
        first = peer.next_publish()
        self.assertEqual(first.topic, "b/a/long/topic")
        alias = first.props["topic_alias"]
        for number in (1, 2):
            got = peer.next_publish()
            self.assertEqual((got.topic, got.props["topic_alias"],
                              got.payload.decode()), ("", alias, str(number)))

    def test_aliases_from_there(self):
        peer = self.link("b/# in 0", bridge_max_topic_alias=5, **IN_V5)
        self.assertEqual(peer.greeting.props["topic_alias_maximum"], 5)
        reader = self.watching(self.local, "b/#")
        peer.send(mqtt.publish("b/x", "1", props={"topic_alias": 5}))
        peer.send(mqtt.publish("", "2", props={"topic_alias": 5}))
        reader.expect_publish("b/x", "1")
        reader.expect_publish("b/x", "2")

    def test_what_it_does_not_want_to_send(self):
        peer = self.link("b/# in 1", "c/# out 1")
        got = peer.receive_type(mqtt.UNSUBSCRIBE)
        peer.answer(got)
        got = peer.receive_type(mqtt.SUBSCRIBE)
        self.assertEqual(parse_subscribe(got, peer.version)[1], [("b/#", 1)])
        peer.answer(got, refuse=0x80)
        self.local.log_has("Bridge b: the remote broker refuses the "
                           "subscription to b/#")
        self.told(self.local, "b", "error").wait_for(
            lambda value: "b/#" in value)
        # The other way goes on.
        self.publish(self.local, "c/x", "1")
        self.assertEqual(peer.next_publish().payload, b"1")

    def test_server_keep_alive(self):
        peer = self.link("b/# out 1", props={"server_keep_alive": 1}, **IN_V5)
        for _ in range(3):
            while True:
                got = peer.receive(5)
                peer.answer(got)
                if got.type == mqtt.PINGREQ:
                    break

    def test_what_comes_back_is_not_taken(self):
        peer = self.link("b/# both 1", try_private=False)
        self.assertFalse(peer.greeting.is_private)
        near = self.watching(self.local, "b/#")
        for number in range(20):
            self.publish(self.local, "b/x", str(number))
            got = peer.next_publish()
            peer.answer(got)
            peer.send(mqtt.publish(got.topic, got.payload, peer.version, 1,
                                   number + 1))
            peer.receive_type(mqtt.PUBACK)
        peer.send(mqtt.publish("b/x", "of others", peer.version))
        self.assertEqual(payloads(near, 21),
                         [*map(str, range(20)), "of others"])
        self.told(self.local, "b", "messages/echoes").wait("20")

    def test_a_bridge_that_may_not_say_so(self):
        """An old broker that closes when it reads the private bit."""
        fake = FakeRemote(self)
        self.site(bridges=section("b", fake.port, "b/# both 1",
                                  restart_timeout=1))
        first = fake.accept()
        self.assertTrue(first.take_connect().is_private)
        first.drop()
        self.assertFalse(fake.accept().take_connect().is_private)


if __name__ == "__main__":
    unittest.main()
