"""Brokers bridged in rings, meshes, lines and stars: every message comes exactly
once everywhere, in order, and then there is silence."""
import contextlib
import itertools
import pathlib
import socket
import subprocess
import tempfile
import threading
import unittest

from flow import Collector, Sender, complaint
from harness import troupe_only
from sites import MOSQUITTO, TROUPE, SitesTest, section, take
from test_persistence_disk import can_mount

EVERYTHING = ("m/# both 2",)
COUNT = 8 # of each QoS from each site


class Gate:
    """A way to `site` that can be closed: then what is under way is lost, and
    nobody gets through."""

    def __init__(self, case, site):
        self.target = site.address
        self.open, self.ends = True, []
        self.lock = threading.Lock()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        case.addCleanup(self._end)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listening.accept()[0]
                with self.lock, contextlib.suppress(OSError):
                    if not self.open:
                        near.close()
                        continue
                    far = socket.create_connection(self.target)
                    self.ends += [near, far]
                    for pair in ((near, far), (far, near)):
                        threading.Thread(target=self._pump, args=pair,
                                         daemon=True).start()

    @staticmethod
    def _pump(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self):
        with self.lock:
            self.open = False
            for each in self.ends:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
            self.ends = []

    def heal(self):
        with self.lock:
            self.open = True

    def _end(self):
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.close()


class MeshTest(SitesTest):
    """Sites that `shape` joins: for each its bridges, as (site, topics...) or
    only the number of the site they lead to."""

    def join(self, shape, version="mqttv50", makes=(), gate=None, **options):
        makes = dict(enumerate(makes))
        sites = [self.site(makes.get(i, TROUPE), max_queued_messages=0,
                           **options) for i in range(len(shape))]
        for here, targets in enumerate(shape):
            if not targets:
                continue
            bridges, names = "", {}
            for target in targets:
                there, *topics = (target if isinstance(target, tuple)
                                  else (target, *EVERYTHING))
                name, remote = f"s{here}to{there}", sites[there]
                names[name] = not all(" out " in each for each in topics)
                if gate == (here, there):
                    self.gate = Gate(self, remote)
                    remote = self.gate.port
                bridges += section(name, remote, *topics,
                                   bridge_protocol_version=version)
            sites[here].sections = bridges
            if makes.get(here) == MOSQUITTO: # takes no new bridges
                sites[here].stop()
                sites[here].start_again()
            else:
                sites[here].reload()
            self.wait_linked(sites[here], *names)
            for name, subscribes in names.items():
                if subscribes:
                    sites[int(name[4:])].wait_for_subscription(name)
        return sites

    def check_once(self, sites):
        """From everywhere to everywhere, at every QoS."""
        watchers = [self.watching(site, "m/#") for site in sites]
        senders = [self.at(site) for site in sites]
        expected = {}
        for number in range(COUNT):
            for at, qos in itertools.product(range(len(sites)), range(3)):
                topic = f"m/{at}/{qos}"
                senders[at].publish(topic, str(number), qos)
                expected.setdefault(topic, []).append(str(number))
        total = sum(map(len, expected.values()))
        for at, watcher in enumerate(watchers):
            got = {}
            for each in take(watcher, total):
                got.setdefault(each.topic, []).append(each.payload.decode())
            self.assertEqual(got, expected, f"at site {at}")
        self.check_silence(sites)
        senders[0].publish("m/0/last", "last", 1)
        for watcher in watchers: # nothing came meanwhile
            got, = take(watcher, 1)
            self.assertEqual(got.topic, "m/0/last")

    def check_silence(self, sites):
        """No bridge sends anything any more."""
        troupes = [site for site in sites if site.make == TROUPE]
        clocks = [self.watch(site, "$SYS/broker/uptime") for site in troupes]
        for clock in clocks:
            self.pass_seconds(clock, 1)
        before = [self.sent(site) for site in troupes]
        for clock in clocks:
            self.pass_seconds(clock, 1)
        self.assertEqual([self.sent(site) for site in troupes], before)

    @staticmethod
    def pass_seconds(clock, count):
        for _ in range(count + 1):
            clock.wait_for(lambda _: True)

    def sent(self, site):
        """What $SYS says that each bridge has sent."""
        reader = self.at(site)
        names = [line.split()[1] for line in site.sections.splitlines()
                 if line.startswith("connection ")]
        topics = [f"$SYS/broker/bridge/{name}/messages/sent"
                  for name in names]
        if not topics:
            return {}
        reader.subscribe(*topics)
        got = {}
        while len(got) < len(topics):
            each = reader.receive_publish()
            got.setdefault(each.topic, each.payload)
        return got


@troupe_only
class Shapes(MeshTest):
    def test_a_pair_bridged_by_both(self):
        self.check_once(self.join([[1], [0]]))

    def test_a_ring_of_three(self):
        self.check_once(self.join([[1], [2], [0]]))

    def test_each_of_five_with_each(self):
        self.check_once(self.join(
            [list(range(here + 1, 5)) for here in range(5)]))

    def test_a_line(self):
        self.check_once(self.join([[1], [2], []]))

    def test_a_star(self):
        self.check_once(self.join([[], [0], [0], [0]]))

    def test_a_ring_whose_links_have_filters_of_their_own(self):
        self.check_once(self.join([
            [(1, "m/0/# both 2", "m/1/# both 2", "m/+/last both 2")],
            [(2, "m/# both 2")],
            [(0, "m/+/2 both 2", "m/2/# both 2", "m/2/1 both 2")]]))

    def test_a_retained_message_goes_round_once(self):
        sites = self.join([[1], [2], [0]])
        watchers = [self.watching(site, "m/#") for site in sites]
        for text in ("old", "new"):
            self.publish(sites[1], "m/kept", text, retain=True)
        for watcher in watchers:
            self.assertEqual([each.payload for each in take(watcher, 2)],
                             [b"old", b"new"])
        self.check_silence(sites)
        for site in sites:
            got, = take(self.watching(site, "m/#"), 1)
            self.assertEqual((got.payload, got.retain), (b"new", True))

    def test_ordinary_clients_are_sent_no_path_and_believed_none(self):
        sites = self.join([[1], [2], [0]])
        watchers = [self.watching(site, "m/#") for site in sites]
        forged = ("troupe-path", "0000000000000001/1.0/1")
        for _ in range(2): # would be one and the same
            self.publish(sites[0], "m/x", "x",
                         props=[("user_property", forged),
                                ("user_property", ("a", "1"))])
        for watcher in watchers:
            for got in take(watcher, 2):
                self.assertEqual(got.props, {"user_property": [("a", "1")]})
            self.assert_silent(watcher, "m/x", self.at(sites[0]))


@troupe_only
class Others(MeshTest):
    """Where no path goes along."""

    def check_pair(self, here, there, version):
        sites = self.join([[1], []], version, (here, there))
        self.check_once(sites)

    def test_what_crosses_one_bridge_does_not_come_back(self):
        for here, there in ((TROUPE, TROUPE), (TROUPE, MOSQUITTO),
                            (MOSQUITTO, TROUPE)):
            with self.subTest(here=here, there=there):
                self.check_pair(here, there, "mqttv311")

    def test_a_pair_with_a_bridge_each_way_of_topics_of_their_own(self):
        for there in (TROUPE, MOSQUITTO):
            with self.subTest(there=there):
                sites = self.join([[(1, "m/0/# out 2")], [(0, "m/1/# out 2")]],
                                  "mqttv311", (TROUPE, there))
                self.check_once_each_way(sites)

    def check_once_each_way(self, sites):
        watchers = [self.watching(site, "m/#") for site in sites]
        for at, site in enumerate(sites):
            self.publish(site, f"m/{at}/x", "1", "2")
        for watcher in watchers:
            got = sorted(each.topic + each.payload.decode()
                         for each in take(watcher, 4))
            self.assertEqual(got, ["m/0/x1", "m/0/x2", "m/1/x1", "m/1/x2"])
        self.check_silence(sites)

    def test_mosquitto_in_the_middle_of_a_line(self):
        for version in ("mqttv311", "mqttv50"):
            with self.subTest(version=version):
                self.check_once(self.join([[1], [], [1]], version,
                                          (TROUPE, MOSQUITTO, TROUPE)))


@troupe_only
class Failures(MeshTest):
    """A ring under load, of which a part fails."""

    def begin(self, count, **options):
        self.sites = self.join([[1], [2], [0]], keeps=True, **options)
        self.count = count
        topics = [f"m/{at}/{qos}" for at in range(3) for qos in (1, 2)]
        self.collectors = [Collector(self, site.address, *topics)
                           for site in self.sites]
        self.senders = [Sender(self, self.sites[int(topic[2])].address, topic,
                               int(topic[4])) for topic in topics]

    def allow(self, part):
        for each in self.senders:
            each.allow(part)

    def wait_for_part(self, at, count):
        got = self.collectors[at]
        got.wait(lambda: got.total() >= count, 60,
                 lambda: f"only {got.total()} of {count}")

    def finish(self, restarted=frozenset()):
        """Of QoS 1, a client at a site that was restarted may be sent once more
        what it acknowledged just then, and what a client sent there may not have
        been acknowledged: it sends it again, as another message."""
        for each in self.senders:
            each.finish()
        for at, got in enumerate(self.collectors):
            for topic, numbers in got.got.items():
                got.wait_for(topic, self.count - 1)
                once = (topic.endswith("/2")
                        or restarted.isdisjoint({at, int(topic[2])}))
                self.assertIsNone(complaint(numbers, self.count, once),
                                  f"{topic} at site {at}")

    def test_a_link_that_is_cut_and_comes_back(self):
        self.begin(400, gate=(2, 0))
        self.allow(200)
        self.wait_for_part(0, 300)
        self.gate.close()
        self.state(self.sites[2], "s2to0").wait("0")
        self.allow(100)
        self.wait_for_part(2, 1200)
        self.gate.heal()
        self.allow(100)
        self.wait_linked(self.sites[2], "s2to0")
        self.finish()

    def take_the_longer_way(self, end, *topics):
        """Between 0 and 2 there are two ways. That by 1 is closed; what has come
        by the other comes by this one when 2 was ended and started again."""
        sites = self.join([[1, 2], [2], []], gate=(1, 2), keeps=True)
        self.gate.close()
        self.state(sites[1], "s1to2").wait("0")
        durable = {"client_id": "durable", "clean": False,
                   "props": {"session_expiry": 3600}}
        away = self.at(sites[2], **durable)
        away.subscribe("m/1", "m/2", qos=2)
        away.drop()
        online = self.watching(sites[2], *topics)
        for topic, qos in (("m/1", 1), ("m/2", 2), ("m/online", 2)):
            self.publish(sites[0], topic, "1", "2", "3", qos=qos)
        take(online, 3 * len(topics))
        end(sites[2])
        sites[2].start_again()
        online = self.watching(sites[2], *topics, "m/last")
        repeats = self.watch(sites[2], "$SYS/broker/bridge/dropped/repeat")
        self.gate.heal()
        repeats.wait_for(lambda count: int(count) >= 3 * len(topics))
        self.publish(sites[0], "m/last", "last")
        self.assertEqual(take(online, 1)[0].topic, "m/last")
        self.assertEqual(
            [(each.topic, each.payload.decode())
             for each in take(self.at(sites[2], **durable), 6)],
            [(f"m/{qos}", str(each)) for qos in (1, 2) for each in (1, 2, 3)])

    def test_what_came_before_a_stop_is_a_repeat_after_it(self):
        self.take_the_longer_way(lambda site: site.stop(), "m/1", "m/2",
                                 "m/online")

    def test_what_came_before_a_kill_is_a_repeat_after_it(self):
        self.take_the_longer_way(lambda site: site.kill(), "m/1", "m/2")

    def check_restarts(self, end, rounds):
        self.begin(100 * (rounds + 1))
        restarted = set()
        for each in range(rounds):
            at = each % 3
            restarted.add(at)
            self.allow(100)
            self.wait_for_part(at, 600 * each + 200)
            end(self.sites[at])
            self.sites[at].start_again()
        self.allow(100)
        self.finish(restarted)

    def test_a_link_that_comes_back_asks_no_more_than_the_remote_takes(self):
        sites = self.join([[1], []], gate=(0, 1))
        reader = Collector(self, sites[1].address, "m/x")
        self.gate.close()
        self.state(sites[0], "s0to1").wait("0")
        self.publish(sites[0], "m/x", *map(str, range(60)), qos=2)
        self.gate.heal()
        reader.wait_for("m/x", 59)
        self.assertIsNone(complaint(reader.got["m/x"], 60, True))
        self.assertNotIn("receive maximum", sites[1].log.text())

    def test_a_remote_without_memory_gets_it_later(self):
        sites = self.join([[1], []], memory_limit=24 * 1024 * 1024)
        reader, greedy = (self.at(sites[1]) for _ in range(2))
        reader.subscribe("m/x", qos=1)
        greedy.subscribe("full", qos=1) # and never acknowledges
        sender = self.at(sites[1])
        while sender.publish("full", "x" * 10000, 1).code != 0x97:
            pass
        self.publish(sites[0], "m/x", "1", "2")
        sites[1].log_has("s0to1 disconnected: .*above its memory_limit")
        greedy.drop()
        self.assertEqual([each.payload for each in take(reader, 2)],
                         [b"1", b"2"])

    def test_a_site_that_is_started_again(self):
        self.check_restarts(lambda site: site.stop(), 2)

    def test_a_site_that_is_killed(self):
        self.check_restarts(lambda site: site.kill(), 2)


@troupe_only
@unittest.skipUnless(can_mount(), "cannot mount a small disk here")
class FullDisk(SitesTest):
    def setUp(self):
        super().setUp()
        self.location = pathlib.Path(tempfile.mkdtemp(prefix="troupe-full-"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs",
                        str(self.location)], check=True)
        self.addCleanup(self.remove)

    def remove(self):
        subprocess.run(["umount", str(self.location)], check=True)
        self.location.rmdir()

    def fill(self):
        with open(self.location / "ballast", "ab", buffering=0) as file:
            for size in (65536, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def test_what_the_remote_cannot_store_is_sent_again(self):
        full = self.site(persistence=True, max_queued_messages=0,
                         persistence_location=str(self.location))
        here = self.site(bridges=section(
            "f", full, "m/# out 2", bridge_protocol_version="mqttv50"),
            max_queued_messages=0)
        self.wait_linked(here, "f")
        topics = ["m/1", "m/2"]
        reader = Collector(self, full.address, *topics)
        self.fill()
        for topic in topics:
            self.publish(here, topic, *(f"{each:03000}" for each in range(60)),
                         qos=int(topic[-1]))
        full.log_has("cannot be written")
        full.log_has("could not be stored")
        (self.location / "ballast").unlink()
        for topic in topics:
            reader.wait_for(topic, 59)
            self.assertIsNone(complaint(
                sorted(reader.got[topic]), 60, once=False))


if __name__ == "__main__":
    unittest.main()
