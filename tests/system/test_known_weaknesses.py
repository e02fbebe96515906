"""Causes of published weaknesses of other brokers: none of them is one here.

docs/security.md lists them all, each with the test that excludes it. Most are
elsewhere, beside what they are about; here are those that need an attacker.
"""
import pathlib
import random
import resource
import socket
import stat
import subprocess
import threading

import client as raw
import mqtt
from harness import (BINARY, QUICK, Broker, BrokerTest, expected_differs,
                     troupe_only)
from mqtt import V311, V5, Will
from persistence import PersistenceTest

MIB = 1 << 20
ROUNDS = 200 if QUICK else 1000
KEEP = {"session_expiry": 600}


class Attacked(BrokerTest):
    """A broker, and two clients that notice if it ceases to serve."""

    def setUp(self):
        super().setUp()
        self.receiver = self.subscriber(qos=1)
        self.sender = self.connected(V311)

    def assert_served(self):
        payload = f"served {next(self.names)}"
        self.sender.publish(self.topic, payload, 1)
        self.receiver.finish(self.receiver.expect_publish(self.topic, payload))

    def cpu_seconds(self):
        """What the broker has used so far."""
        path = pathlib.Path(f"/proc/{self.broker.process.pid}/stat")
        fields = path.read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def assert_no_growth(self, attack, mib=16, rounds=ROUNDS):
        """`attack(n)` again and again leaves no memory taken."""
        for number in range(rounds // 4):  # what is kept for reuse
            attack(number)
        before = self.broker.rss()
        for number in range(rounds):
            attack(number)
        self.assert_served()
        self.assertLess(self.broker.rss() - before, mib * MIB)

    def refused(self, data):
        """A CONNECT that is not accepted."""
        with raw.Client(self.broker.address, V5) as client:
            client.send(data)
            try:
                self.assertNotEqual(client.receive_type(mqtt.CONNACK).code, 0)
                client.expect_closed()
            except raw.Closed:
                pass  # without an answer is right, too

    def ended(self, data, version=V5):
        """A client that is ended for sending `data`."""
        with raw.Client(self.broker.address, version) as client:
            client.connect(self.new_id())
            try:
                client.send(data)
                while client.take(1):
                    pass
            except (raw.Closed, OSError):
                pass


@troupe_only
class BeforeConnect(Attacked):
    """Of a connection that has said nothing yet little can be known, so it may
    cost little."""

    def test_unfinished_connects_take_bounded_memory(self):
        # CVE-2017-7651, CVE-2021-33175
        before = self.broker.rss()
        part = b"\x10" + mqtt.varint(500_000) + b"\x00\x04MQTT\x05\x02" \
            + b"x" * 400_000
        waiting = []
        try:
            for _ in range(400):  # 160 MB in all
                waiting.append(raw.open_socket(self.broker.address))
                try:
                    waiting[-1].sendall(part)
                except OSError:
                    pass  # dismissed meanwhile
            self.assert_served()
            loops = len(list(pathlib.Path(
                f"/proc/{self.broker.process.pid}/task").iterdir()))
            # 64 MiB a loop.
            self.assertLess(self.broker.rss() - before, loops * 80 * MIB)
            self.connected().ping()
        finally:
            for each in waiting:
                each.close()

    def test_a_length_without_a_connect_reserves_nothing(self):
        # CVE-2023-0809
        before = self.broker.rss()
        waiting = []
        for kind in range(16):
            for flags in range(16):
                first = kind << 4 | flags
                if first == 0x10:
                    continue
                client = self.client()
                client.send(bytes([first]) + b"\xff\xff\xff\x7f")
                waiting.append(client)
        for client in waiting:
            client.expect_closed()
        self.assert_served()
        self.assertLess(self.broker.rss() - before, 16 * MIB)

    def test_silent_connections_take_no_time(self):
        # CVE-2023-5632
        for _ in range(50):
            self.client()
        self.assert_served()
        before = self.cpu_seconds()
        self.let_time_pass(2)
        self.assertLess(self.cpu_seconds() - before, 0.5)

    def test_many_user_properties_take_little_time(self):
        # CVE-2021-41039
        one = b"\x26\x00\x00\x00\x00"
        block = one * 90_000
        body = mqtt.text("MQTT") + b"\x05\x02\x00\x3c" \
            + mqtt.varint(len(block)) + block + mqtt.text(self.new_id())
        before = self.cpu_seconds()
        client = self.client()
        client.send(mqtt.packet(mqtt.CONNECT, body))
        self.assertEqual(client.receive_type(mqtt.CONNACK).code, 0)
        body = mqtt.text(self.topic) + mqtt.varint(len(block)) + block + b"p"
        for _ in range(10):
            client.send(mqtt.packet(mqtt.PUBLISH, body))
            self.receiver.expect_publish(self.topic, b"p")
        self.assert_served()
        self.assertLess(self.cpu_seconds() - before, 3)

    def test_connections_beyond_the_descriptors_leave_clients_served(self):
        # CVE-2024-48077
        broker = Broker(connect_timeout=2)
        self.addCleanup(broker.stop)
        resource.prlimit(broker.process.pid, resource.RLIMIT_NOFILE, (64, 64))
        receiver = self.client(address=broker.address).connect(self.new_id())
        receiver.subscribe("t")
        flood = []
        for _ in range(200):
            flood.append(raw.open_socket(broker.address))
        receiver.publish("t", "still served")
        receiver.expect_publish("t", "still served")
        # Whoever was silent longest made room.
        self.client(address=broker.address).connect(self.new_id()).ping()
        for each in flood:
            each.close()


@troupe_only
class Leaks(Attacked):
    """What is refused is also forgotten."""

    def test_refused_wills(self):
        # CVE-2023-3592, CVE-2021-34431, CVE-2017-7654
        payload = b"x" * 60_000
        bad = [(("server_keep_alive", 1),), (("topic_alias", 1),),
               (("content_type", "a"), ("content_type", "b")),
               (("payload_format", 9),), (("response_topic", "a/#"),)]

        def attack(number):
            will = Will("w", payload, 0, False, bad[number % len(bad)])
            self.refused(mqtt.connect(V5, "x", will=will,
                                      props={"user_property": ("k", "v")}))
        self.assert_no_growth(attack)

    def test_refused_connects(self):
        # CVE-2017-7654, CVE-2021-34431
        def attack(number):
            whole = mqtt.connect(
                V5, "c" * 20_000, username="u" * 20_000, password=b"p" * 20_000,
                props=[("user_property", ("k" * 1000, "v" * 1000)),
                       ("auth_method", "none"), ("auth_data", b"a" * 1000),
                       ("receive_maximum", 0)])
            body = whole[4:]
            cut = len(body) - (number * 61) % len(body)
            self.refused(mqtt.packet(mqtt.CONNECT, body[:cut]))
        self.assert_no_growth(attack)

    def test_malformed_packets_of_clients(self):
        # CVE-2023-33656, and what 2.0.21 closed in Mosquitto without a number
        long = "t" * 30_000
        bad = [mqtt.subscribe(1, [(long, 0), (long, 0), (long, 7)]),
               mqtt.subscribe(1, [(long, 0), (long + "#", 0)]),
               mqtt.subscribe(1, [(long, 0)],
                              props=[("user_property", ("k", long)),
                                     ("subscription_id", 0)]),
               mqtt.unsubscribe(1, [long, "a#"]),
               mqtt.publish(long, long, props=[("topic_alias", 1),
                                               ("topic_alias", 1)]),
               mqtt.publish("t", long, props=[("correlation_data", b"c" * 9000),
                                              ("response_topic", "#")])]
        self.assert_no_growth(lambda n: self.ended(bad[n % len(bad)]))

    def test_qos2_messages_that_are_never_released(self):
        # CVE-2023-28366
        payload = b"x" * 10_000
        client = self.connected(V311)
        before = self.broker.rss()
        for _ in range(5 * ROUNDS):
            client.send(mqtt.publish("q", payload, V311, 2, 7, dup=True))
            self.assertEqual(client.receive_type(mqtt.PUBREC).pid, 7)
        self.assert_served()
        self.assertLess(self.broker.rss() - before, 16 * MIB)

    def test_qos2_messages_with_every_identifier(self):
        # CVE-2023-28366: an identifier costs, a message that nobody gets not
        payload = b"x" * 1000
        client = self.connected(V311)
        before = self.broker.rss()
        for first in range(1, 20_000, 500):
            numbers = range(first, first + 500)
            client.send(b"".join(mqtt.publish("q", payload, V311, 2, pid)
                                 for pid in numbers))
            for pid in numbers:
                self.assertEqual(client.receive_type(mqtt.PUBREC).pid, pid)
        self.assert_served()
        self.assertLess(self.broker.rss() - before, 16 * MIB)

    def test_sessions_that_come_and_go(self):
        # CVE-2024-8376
        filters = ["a", "$share/g/a", "a/#", "+", "$share/g/+/b", "$share/h/a"]

        def attack(number):
            picked = filters[number % 6:] + filters[:number % 3]
            with raw.Client(self.broker.address, V5) as client:
                client.connect(self.new_id(), will=Will("a", b"w" * 5000))
                client.send(mqtt.subscribe(
                    1, [(name, 1) for name in picked], V5))
                # The will of the one before may come first.
                while client.receive().type != mqtt.SUBACK:
                    pass
                client.send(mqtt.unsubscribe(
                    9, [name.removeprefix("$share/g/") for name in picked]))
                client.send(mqtt.publish("a", b"p" * 1000, qos=1, pid=3))
        self.assert_no_growth(attack)


class Topics(Attacked):
    """Topics and filters that are long, deep or odd."""

    def test_topics_that_begin_with_a_dollar(self):
        # CVE-2018-12543
        for version in mqtt.VERSIONS:
            for topic in ("$", "$x", "$x/y", "$/", "$$", "$SYSx", "$SYS/",
                          "$share", "$share/g/t", "$sys", "$CONTROL",
                          "$CONTROL/"):
                with self.subTest(version=version, topic=topic):
                    client = self.client(version).connect(self.new_id())
                    client.send(mqtt.publish(topic, b"x", version))
                    client.send(mqtt.publish(topic, b"x", version, 1, 1,
                                             retain=True))
                    client.send(mqtt.publish(topic, b"", version, 1, 2,
                                             retain=True))
        self.assert_served()

    def test_the_deepest_topics_end_the_client(self):
        # CVE-2019-11779
        deep = "/" * 65_535
        for version in mqtt.VERSIONS:
            for data in (mqtt.subscribe(1, [(deep, 0)], version),
                         mqtt.subscribe(1, [("+/" * 30_000 + "#", 0)], version),
                         mqtt.subscribe(1, [("$share/g/" + "/" * 65_000, 0)],
                                        version),
                         mqtt.unsubscribe(1, [deep], version),
                         mqtt.publish(deep, b"x", version),
                         mqtt.publish(deep, b"x", version, retain=True)):
                with self.subTest(version=version, data=data[:20]):
                    self.ended(data, version)
        self.assert_served()

    def test_a_will_on_the_deepest_topic_does_no_harm(self):
        # CVE-2019-11779
        for version in mqtt.VERSIONS:
            client = self.client(version)
            client.send(mqtt.connect(version, self.new_id(),
                                     will=Will("/" * 65_535, b"w")))
            client.drop()
        self.assert_served()

    @troupe_only
    def test_a_will_to_control_is_refused(self):
        for version in mqtt.VERSIONS:
            for topic in ("$CONTROL/x", "$CONTROL/dynamic-security/v1"):
                with self.subTest(version=version, topic=topic):
                    self.refused(mqtt.connect(
                        version, self.new_id(), will=Will(topic, b"{}")))
        self.assert_served()

    def test_a_will_topic_that_is_not_utf8_is_refused(self):
        # CVE-2017-7653: passed on, it would end whoever receives it
        everything = self.subscriber(topic="#")
        for topic in (b"\xff", b"a\xc3", b"\xed\xa0\x80", b"a\x00b"):
            for version in mqtt.VERSIONS:
                with self.subTest(topic=topic, version=version):
                    client = self.client(version)
                    client.send(mqtt.connect(version, self.new_id(),
                                             will=Will(topic, b"w")))
                    with self.assertRaises((raw.Closed, AssertionError)):
                        self.assertEqual(
                            client.receive_type(mqtt.CONNACK).code, 0)
                    client.drop()
        self.assert_silent(everything, "the-end")

    def test_a_filter_that_is_shared_and_not(self):
        # CVE-2024-8376, CVE-2025-59947: they are two subscriptions
        both = self.connected()
        both.subscribe("s/t")
        both.subscribe("$share/g/s/t")
        self.connected().publish("s/t", "1")
        both.expect_publish("s/t", "1")
        both.expect_publish("s/t", "1")
        both.unsubscribe("s/t")
        self.connected().publish("s/t", "2")
        both.expect_publish("s/t", "2")
        both.unsubscribe("$share/g/s/t")
        self.connected().publish("s/t", "3")
        both.ping()
        self.assert_served()

    def test_unsubscribing_the_other_form_leaves_the_subscription(self):
        # CVE-2024-8376
        plain, shared = self.connected(), self.connected()
        plain.subscribe("u/t")
        shared.subscribe("$share/g/u/t")
        plain.unsubscribe("$share/g/u/t")
        shared.unsubscribe("u/t")
        self.connected().publish("u/t", "still")
        plain.expect_publish("u/t", "still")
        shared.expect_publish("u/t", "still")

    def test_shared_filters_without_an_end(self):
        # CVE-2025-68699, CVE-2024-31041
        publisher = self.connected()
        for name in ("$share", "$share/", "$share/ab", "$share/ab/", "$share/+",
                     "$share/#", "$share/a#/b", "$share/+/b", "$share//"):
            with self.subTest(name=name):
                client = self.connected()
                client.send(mqtt.subscribe(1, [(name, 0)]))
                for topic in ("ab", "b", "$share/ab", name):
                    if "+" not in topic and "#" not in topic:
                        publisher.send(mqtt.publish(topic, b"x"))
                publisher.ping()
                client.drop()
        self.assert_served()


class Decoding(Attacked):
    """Lengths that lie. What is read past its end shows in the sanitizers'
    build (TROUPE=build/asan/troupe)."""

    PACKETS = [
        mqtt.connect(V5, "id", will=Will("w", b"w", 1, True, {
            "content_type": "c", "user_property": ("k", "v")}),
            username="u", password=b"p",
            props={"user_property": ("k", "v"), "receive_maximum": 9}),
        mqtt.publish("t", b"", qos=1, pid=1, props={
            "content_type": "c", "correlation_data": b"d",
            "user_property": ("k", "v"), "topic_alias": 1}),
        mqtt.subscribe(1, [("a", 0), ("b", 1)],
                       props={"subscription_id": 300}),
        mqtt.unsubscribe(1, ["a", "b"], props={"user_property": ("k", "v")}),
        mqtt.ack(mqtt.PUBACK, 1, code=0, props={"reason_string": "r"}),
        mqtt.ack(mqtt.PUBREL, 1, code=0, props={"reason_string": "r"}),
        mqtt.disconnect(code=4, props={"reason_string": "r",
                                       "session_expiry": 1}),
    ]

    def attack(self, whole, data):
        if whole[0] >> 4 == mqtt.CONNECT:
            with raw.Client(self.broker.address, V5) as client:
                client.send(data)
        else:
            self.connected().send(data).drop()

    def test_every_packet_cut_short_with_its_length_adjusted(self):
        # CVE-2023-29994, -29995, -29996, -33658, -33659, -33660, -34488;
        # CVE-2024-31036, -42646, -42648, -42650; CVE-2026-35217
        for whole in self.PACKETS:
            body = whole[2:]
            for size in range(len(body)):
                self.attack(whole, mqtt.packet(whole[0], body[:size]))
        self.assert_served()

    def test_every_length_inside_a_packet_one_too_large(self):
        # the same
        for whole in self.PACKETS:
            for place in range(2, len(whole)):
                for change in (1, 0x7F, 0x80, 0xFF):
                    data = bytearray(whole)
                    data[place] = (data[place] + change) & 0xFF
                    self.attack(whole, bytes(data))
        self.assert_served()

    def test_a_subscribe_without_its_last_options_byte_is_malformed(self):
        # CVE-2026-35217
        for count in (1, 2, 9):
            whole = mqtt.subscribe(1, [(f"t{n}", 0) for n in range(count)])
            client = self.connected()
            client.send(mqtt.packet(whole[0], whole[2:-1]))
            got = client.receive()
            self.assertEqual(got.type, mqtt.DISCONNECT)
            client.expect_closed()
        self.assert_served()

    @expected_differs("2.0 closes without saying why")
    def test_lengths_of_five_bytes_are_malformed(self):
        # CVE-2024-31040, CVE-2026-21888
        five = b"\x80\x80\x80\x80\x01"
        bodies = {
            mqtt.PUBLISH << 4: mqtt.text("t") + five,
            mqtt.SUBSCRIBE << 4 | 2: b"\x00\x01" + five,
            mqtt.UNSUBSCRIBE << 4 | 2: b"\x00\x01" + five,
            mqtt.PUBREL << 4 | 2: b"\x00\x01\x00" + five,
            mqtt.DISCONNECT << 4: b"\x00" + five,
        }
        for first, body in bodies.items():
            for tail in (b"", b"\x00", b"x" * 300):
                with self.subTest(first=first, tail=tail[:3]):
                    client = self.connected()
                    client.send(mqtt.packet(first, body + tail))
                    self.assertEqual(
                        client.receive_type(mqtt.DISCONNECT).code, 0x81)
                    client.expect_closed()
        self.refused(mqtt.packet(
            mqtt.CONNECT, mqtt.text("MQTT") + b"\x05\x02\x00\x3c" + five))
        self.refused(mqtt.packet(
            mqtt.CONNECT, mqtt.text("MQTT") + b"\x05\x02\x00\x3c" + five[:4]))
        self.assert_served()

    def test_a_packet_shorter_than_it_says_is_waited_for(self):
        # CVE-2026-25627, over TCP
        client = self.connected()
        client.send(b"\x30" + mqtt.varint(4096) + b"\x00\x01t")
        self.assert_served()
        client.drop()
        self.assert_served()

    def test_random_packets(self):
        # CVE-2024-42646, and whatever else is like it
        random.seed(7)
        for _ in range(2 * ROUNDS):
            data = bytearray()
            for _ in range(random.randrange(1, 4)):
                whole = bytearray(random.choice(self.PACKETS[1:]))
                for _ in range(random.randrange(4)):
                    whole[random.randrange(len(whole))] = random.randrange(256)
                data += whole
            self.connected().send(bytes(data)).drop()
        self.assert_served()


class Races(Attacked):
    """The same client many times at once."""

    def churn(self, seed, props, clean):
        """One of those who all call themselves the same."""
        chance = random.Random(seed)
        for _ in range(ROUNDS // 4):
            try:
                with raw.Client(self.broker.address, V5) as client:
                    client.connect("the-same", clean=clean, props=props)
                    for _ in range(chance.randrange(6)):
                        client.send(chance.choice([
                            mqtt.subscribe(1, [("race/#", 2)]),
                            mqtt.subscribe(1, [("$share/g/race/+", 1)]),
                            mqtt.unsubscribe(2, ["race/#"]),
                            mqtt.unsubscribe(2, ["$share/g/race/+"]),
                            mqtt.publish("race/1", b"p" * 100),
                            mqtt.publish("race/2", b"p", qos=1, pid=9),
                            mqtt.publish("race/3", b"p", qos=2, pid=8,
                                         retain=True)]))
            except (AssertionError, OSError):
                pass  # another one took over

    def race(self, props=(), clean=True):
        threads = [threading.Thread(target=self.churn, args=(n, props, clean))
                   for n in range(6)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.sender.send(b"".join(
                mqtt.publish(f"race/{n}", b"flood", V311) for n in range(200)))
            self.assert_served()
        for thread in threads:
            thread.join()
        self.connected(client_id="the-same").ping()
        self.assert_served()

    def test_take_overs_under_subscriptions_and_publishes(self):
        # CVE-2026-22040, CVE-2025-59946, CVE-2024-42651, CVE-2023-34494
        self.race()

    def test_take_overs_that_resume_a_session(self):
        # CVE-2026-32134
        self.race(KEEP, clean=False)


@troupe_only
class Files(PersistenceTest):
    """What is kept is nobody else's business."""

    def assert_closed(self, path):
        self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o007, 0, path)

    def test_the_database_and_its_backups_are_closed_to_others(self):
        # CVE-2017-9868
        self.away()
        self.publish_all("secret")
        store, backup = self.location / "troupe.store", self.location / "backup"
        subprocess.run([BINARY, "store", "backup", "-d", str(self.location),
                        str(backup)], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        self.assert_closed(store)
        self.assert_closed(backup)
        # One that an older version left open is closed.
        store.chmod(0o755)
        self.restart()
        # Its sockets are open before the database is.
        self.broker.log.wait_for("running")
        self.assert_closed(store)


@troupe_only
class RemoteBrokers(BrokerTest):
    """What a bridge is sent by a remote broker that means ill."""

    CONNACK = b"\x20\x02\x00\x00"
    BEFORE_CONNACK = [
        b"\x30\x05\x00\x03in/x", b"\x32\x07\x00\x03in/\x00\x01x", b"\xd0\x00",
        b"\x90\x03\x00\x01\x00", b"\x40\x02\x00\x01", b"\xe0\x00",
        b"\x20\x00", b"\x20\x02\x00", b"\x30\xff\xff\xff\x7f",
        b"\x00" * 64, b"\xff" * 64,
    ]
    TOPICS = [b"", b"in/", b"in", b"in/#", b"in/+", b"in/" + b"/" * 300,
              b"in/" + b"x" * 60000, b"in/\x00", b"in/\xff", b"$SYS/in/x"]

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def attack(self, answers):
        """Bridges of one broker meet an answer each; the broker serves on, and
        knows what became of each."""
        with socket.create_server(("127.0.0.1", 0)) as remote:
            remote.settimeout(raw.DEADLINE)
            broker = Broker(bridges=[
                {"name": f"b{i}", "restart_timeout": [60],
                 "addresses": [f"127.0.0.1:{remote.getsockname()[1]}"],
                 "topics": [{"pattern": "#", "direction": "in", "qos": 2,
                             "local_prefix": "here/", "remote_prefix": "in/"}]}
                for i in range(len(answers))])
            self.addCleanup(broker.kill)
            links = []
            for answer in answers:
                link, _ = remote.accept()
                self.addCleanup(link.close)
                link.sendall(answer)
                links.append(link)
            for link in links:
                link.shutdown(socket.SHUT_WR)
            broker.log.wait_for("no link to|is lost:", times=len(answers))
            with raw.Client(broker.address, V5) as client:
                client.connect("served")
                client.ping()
            broker.stop()

    def test_a_remote_broker_that_speaks_before_connack(self):
        self.attack(self.BEFORE_CONNACK
                    + [each * 2 for each in self.BEFORE_CONNACK])

    def test_topics_that_are_renamed(self):
        self.attack([self.CONNACK
                     + mqtt.packet(0x30, mqtt.binary(topic) + b"payload") * 2
                     for topic in self.TOPICS])


@troupe_only
class Tools(BrokerTest):
    """troupe's own client, and a broker that is not one."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    ANSWERS = [
        # SUBACK without codes, with too many, for another packet
        (b"\x20\x02\x00\x00", b"\x90\x02\x00\x01"),
        (b"\x20\x02\x00\x00", b"\x90\x09\x00\x01\x00\x00\x00\x00\x00\x00\x00"),
        (b"\x20\x02\x00\x00", b"\x90\x03\x77\x77\x00"),
        (b"\x20\x02\x00\x00", b"\x90\x00"),
        # acknowledgements of what was never sent, lengths that lie
        (b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x00" b"\x62\x02\x00\x09"),
        (b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x00" b"\x30\x02\xff\xff"),
        (b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x00" b"\x30\xff\xff\xff\xff"),
        (b"\x20\x00", b""),
        (b"\x90\x03\x00\x01\x00", b""),
    ]

    def test_a_malicious_broker_does_not_crash_the_client(self):
        # CVE-2024-10525, CVE-2017-7655
        for answers in self.ANSWERS:
            with self.subTest(answers=answers), \
                    socket.create_server(("127.0.0.1", 0)) as listener:
                listener.settimeout(raw.DEADLINE)
                port = listener.getsockname()[1]
                with subprocess.Popen(
                        [BINARY, "sub", "-p", str(port), "-t", "t", "-C", "1",
                         "-W", "5"], stdout=subprocess.DEVNULL,
                        stderr=subprocess.PIPE) as tool:
                    connection, _ = listener.accept()
                    for answer in answers:
                        connection.recv(65536)
                        connection.sendall(answer)
                    connection.close()
                    listener.close()
                    tool.communicate(timeout=30)
                    # A signal would be negative.
                    self.assertGreaterEqual(tool.returncode, 0)
