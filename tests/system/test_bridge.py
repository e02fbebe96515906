"""Bridges between troupe and troupe, and between troupe and Debian's Mosquitto
in either part: what crosses, under which name, with which QoS and flags."""
import itertools
import unittest

import harness
import tls
from credentials import make_folder, set_mosquitto_password, write
from harness import troupe_only
from sites import MOSQUITTO, TROUPE, SitesTest, payloads, section, take

# Who has the bridge, and who it leads to.
PAIRS = ((TROUPE, TROUPE), (TROUPE, MOSQUITTO), (MOSQUITTO, TROUPE))
VERSIONS = ("mqttv31", "mqttv311", "mqttv50")
DIRECTIONS = ("out", "in", "both")


class Rule:
    """One topic line of the table, and what it stands for."""

    def __init__(self, direction, qos, renames):
        self.direction, self.qos, self.renames = direction, qos, renames
        self.name = f"{direction}{qos}{'renamed' if renames else ''}"
        self.line = f"{self.name}/# {direction} {qos}"
        if renames:
            self.line += " here/ there/site/"

    def topic(self, is_local, base):
        prefix = ("here/" if is_local else "there/site/") * self.renames
        return f"{prefix}{self.name}/{base}"


RULES = [Rule(*row) for row in itertools.product(DIRECTIONS, range(3),
                                                 (False, True))]


class Table(SitesTest):
    """Every direction, QoS and way to name topics, in every version."""

    def check_pair(self, here, there):
        remote = self.site(there)
        # One pair of brokers; versions are told apart by their topics.
        bridges = [section(version, remote,
                           *(rule.line.replace(rule.name,
                                               f"{version}{rule.name}", 1)
                             for rule in RULES),
                           bridge_protocol_version=version)
                   for version in VERSIONS]
        local = self.site(here, "".join(bridges))
        self.wait_linked(local, *VERSIONS)
        for version in VERSIONS:
            remote.wait_for_subscription(version)
        for version, rule in itertools.product(VERSIONS, RULES):
            with self.subTest(version=version, topic=rule.line):
                self.check_rule(local, remote, rule, version)

    def check_rule(self, local, remote, rule, version):
        names = [rule.topic(is_local, "a/b").replace(
            rule.name, version + rule.name) for is_local in (True, False)]
        ends = [self.watching(site, name)
                for site, name in zip((local, remote), names)]
        ways = {"out": [0], "in": [1], "both": [0, 1]}[rule.direction]
        for way in ways:
            source, target = (local, remote) if way == 0 else (remote, local)
            for qos in range(3):
                text = f"{way} {qos}"
                self.publish(source, names[way], text, qos=qos)
                for side in (way, 1 - way):
                    got, = take(ends[side], 1)
                    self.assertEqual((got.topic, got.payload.decode()),
                                     (names[side], text))
                    expected = qos if side == way else min(qos, rule.qos)
                    self.assertEqual(got.qos, expected)
        # Nothing came twice or back: what is next at both ends is this.
        for end, name, site in zip(ends, names, (local, remote)):
            self.publish(site, name, "the end", qos=0)
            self.assertEqual(payloads(end, 1), ["the end"])
            if len(ways) == 1 and site is (local, remote)[1 - ways[0]]:
                continue
            other = ends[1] if end is ends[0] else ends[0]
            self.assertEqual(payloads(other, 1), ["the end"])
        for end in ends:
            end.disconnect()

    def test_troupe_to_troupe(self):
        self.check_pair(TROUPE, TROUPE)

    def test_troupe_to_mosquitto(self):
        self.check_pair(TROUPE, MOSQUITTO)

    def test_mosquitto_to_troupe(self):
        self.check_pair(MOSQUITTO, TROUPE)


def each_pair(test):
    """Runs `test(self, here, there)` for each pair of makes."""
    def run(self):
        for here, there in PAIRS:
            with self.subTest(here=here, there=there):
                self.topic = self.new_topic()
                test(self, here, there)
    run.__name__ = test.__name__
    return run


class Names(SitesTest):
    @each_pair
    def test_a_bridge_may_be_called_anything(self, here, there):
        names = {"a/b": "r1", "a+b": "r2", "#": "r3", "50%": "r4"}
        remote = self.site(there)
        local = self.site(here, "".join(
            section(name, remote, f"{client}/# out 1", remote_clientid=client)
            for name, client in names.items()))
        self.wait_linked(local, *names.values())
        for client in names.values():
            reader = self.watching(remote, f"{client}/#")
            self.publish(local, f"{client}/x", client)
            self.assertEqual(payloads(reader, 1), [client])
        if local.make == TROUPE:
            for name in ("a/b", "a%2Bb", "%23", "50%25"):
                self.told(local, name, "state").wait("connected")


class Flags(SitesTest):
    @each_pair
    def test_retained_messages_go_along_when_the_link_comes(self, here, there):
        remote = self.site(there)
        self.publish(remote, "from/there", "old", retain=True)
        local = self.site(here, section(
            "r", remote, "from/# in 1", "to/# out 1"))
        got, = take(self.watching(local, "from/#"), 1)
        self.assertEqual(got.payload, b"old")
        self.wait_linked(local, "r")
        self.publish(local, "to/there", "new", retain=True)
        early = self.watching(remote, "to/#")
        self.assertEqual(payloads(early, 1), ["new"])
        got, = take(self.watching(remote, "to/#"), 1)
        self.assertTrue(got.retain)

    @each_pair
    def test_the_retain_flag_stays_here_if_wanted(self, here, there):
        remote = self.site(there)
        local = self.site(here, section(
            "r", remote, "to/# out 1", bridge_outgoing_retain=False))
        self.wait_linked(local, "r")
        early = self.watching(remote, "to/#", retain_as_published=True)
        self.publish(local, "to/there", "new", retain=True)
        got, = take(early, 1)
        self.assertEqual((got.payload, got.retain), (b"new", False))
        late = self.watching(remote, "to/#")
        self.assert_silent(late, "to/there", self.at(remote))

    @each_pair
    def test_properties_cross_both_ways(self, here, there):
        remote = self.site(there)
        local = self.site(here, section(
            "p", remote, "p/# both 1", bridge_protocol_version="mqttv50"))
        self.wait_linked(local, "p")
        remote.wait_for_subscription("p")
        props = [("payload_format", 1), ("message_expiry", 100),
                 ("content_type", "text/plain"), ("response_topic", "answers"),
                 ("correlation_data", b"\0\1"), ("user_property", ("a", "1")),
                 ("user_property", ("a", "2"))]
        for source, target in ((local, remote), (remote, local)):
            reader = self.watching(target, "p/x")
            self.publish(source, "p/x", "text", props=props)
            got, = take(reader, 1)
            self.assertLessEqual(got.props.pop("message_expiry"), 100)
            self.assertEqual(
                [pair for pair in got.props.pop("user_property")
                 if pair[0] == "a"], [("a", "1"), ("a", "2")])
            self.assertEqual(got.props, {
                "payload_format": 1, "content_type": "text/plain",
                "response_topic": "answers", "correlation_data": b"\0\1"})
            reader.disconnect()

    @each_pair
    def test_one_topic_stands_for_another(self, here, there):
        remote = self.site(there)
        local = self.site(here, section(
            "one", remote, '"" out 1 up/here up/there',
            '"" in 1 down/here down/there'))
        self.wait_linked(local, "one")
        remote.wait_for_subscription("one")
        for source, target, sent, name in (
                (local, remote, "up/here", "up/there"),
                (remote, local, "down/there", "down/here")):
            reader = self.watching(target, "#")
            self.publish(source, sent, "x")
            reader.expect_publish(name, "x")
            reader.drop()


class Notifications(SitesTest):
    def link(self, here, there, **options):
        self.remote = self.site(there)
        self.local = self.site(here, section(
            "n", self.remote, "n/# out 1", **options))

    @each_pair
    def test_both_sides_hear_of_the_link(self, here, there):
        self.link(here, there)
        far = self.state(self.remote, "n")
        self.assertEqual(far.wait("0", "1"), "1")
        near = self.state(self.local, "n")
        near.wait("1")
        self.remote.stop()
        near.wait("0")

    @each_pair
    def test_the_other_side_hears_of_the_end(self, here, there):
        self.link(here, there)
        far = self.state(self.remote, "n")
        far.wait("1")
        self.local.kill()
        far.wait("0")

    @each_pair
    def test_a_topic_of_ones_own(self, here, there):
        self.link(here, there, notification_topic="bridges/n")
        self.watch(self.local, "bridges/n").wait("1")
        far = self.watch(self.remote, "bridges/n")
        far.wait("1")
        self.local.stop()
        far.wait("0")

    @each_pair
    def test_only_here(self, here, there):
        self.link(here, there, notification_topic="bridges/n",
                  notifications_local_only=True)
        self.watch(self.local, "bridges/n").wait("1")
        self.publish(self.local, "n/x", "through")
        far = self.watching(self.remote, "#")
        self.publish(self.local, "n/x", "again")
        got = far.receive_publish()
        while got.payload == b"through":
            got = far.receive_publish()
        self.assertEqual(got.payload, b"again")

    @each_pair
    def test_none_at_all(self, here, there):
        self.link(here, there, notification_topic="bridges/n",
                  notifications=False)
        far = self.watching(self.remote, "n/#", "bridges/#")
        near = self.watching(self.local, "bridges/#")
        self.publish(self.local, "n/x", "waits for the link")
        far.expect_publish("n/x", "waits for the link")
        self.assert_silent(near, "bridges/x", self.at(self.local))


class Ways(SitesTest):
    """What lies between the brokers, and who the bridge is."""

    TOPICS = ("w/out/# out 1", "w/in/# in 1")

    def check_crosses(self, here, remote, target, **options):
        """A bridge of `here` with `options` to `target`, by which it gets to
        the plain first listener of `remote`."""
        local = self.site(here, section("w", target, *self.TOPICS, **options))
        self.wait_linked(local, "w")
        remote.wait_for_subscription("w")
        there = self.watching(remote, "w/out/#")
        self.publish(local, "w/out/x", "out")
        self.assertEqual(payloads(there, 1), ["out"])
        back = self.watching(local, "w/in/#")
        self.publish(remote, "w/in/x", "in")
        self.assertEqual(payloads(back, 1), ["in"])

    def remote(self, there, port=None, **listener):
        """A site with a plain listener, and one as said; and that one's port.
        """
        port = harness.free_port() if port is None else port
        first = harness.free_port()
        options = {} if port == 0 else {"address": "127.0.0.1"}
        made = self.site(there, listeners=[
            {"port": first, "address": "127.0.0.1"},
            {"port": port, **options, **listener}])
        made.address = ("127.0.0.1", first)
        return made, port

    @each_pair
    def test_user_name_and_password(self, here, there):
        users = make_folder(self) / "users"
        set_mosquitto_password(users, "site", "secret")
        remote, port = self.remote(there, password_file=users)
        self.check_crosses(here, remote, port, remote_username="site",
                           remote_password="secret")

    @each_pair
    def test_tls_with_certificates(self, here, there):
        files = tls.shared_files()
        remote, port = self.remote(
            there, certfile=files.path("server.crt"),
            keyfile=files.path("server.key"), cafile=files.path("ca.crt"),
            require_certificate=True)
        self.check_crosses(
            here, remote, port, bridge_cafile=files.path("ca.crt"),
            bridge_certfile=files.path("client.crt"),
            bridge_keyfile=files.path("client.key"))

    @each_pair
    def test_tls_with_a_shared_key(self, here, there):
        keys = write(make_folder(self) / "keys", "site:0a112233445566aa\n")
        remote, port = self.remote(there, psk_hint="house", psk_file=keys)
        for key in ("0a112233445566AA", "A112233445566AA"):
            self.check_crosses(here, remote, port, bridge_identity="site",
                               bridge_psk=key)

    @troupe_only
    def test_websocket(self):
        for there in (TROUPE, MOSQUITTO):
            with self.subTest(there=there):
                remote, port = self.remote(there, protocol="websockets")
                self.check_crosses(TROUPE, remote, port,
                                   bridge_transport="websockets")

    @troupe_only
    def test_websocket_above_tls(self):
        files = tls.shared_files()
        remote, port = self.remote(
            TROUPE, protocol="websockets", certfile=files.path("server.crt"),
            keyfile=files.path("server.key"))
        self.check_crosses(TROUPE, remote, f"localhost:{port}",
                           bridge_cafile=files.path("ca.crt"),
                           bridge_transport="websockets")

    @troupe_only
    def test_unix_socket(self):
        for there in (TROUPE, MOSQUITTO):
            with self.subTest(there=there):
                path = str(make_folder(self) / "socket")
                remote, _ = self.remote(there, 0, path=path)
                self.check_crosses(TROUPE, remote, f"unix:{path}")


if __name__ == "__main__":
    unittest.main()
