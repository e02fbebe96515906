"""Two sites that are network namespaces, joined by a cable that is pulled.

TROUPE_CUT_SECONDS  how long it stays pulled (default: 3)
"""
import itertools
import os
import subprocess
import unittest

import sites
from credentials import make_folder
from flow import Collector, Sender, complaint
from harness import troupe_only
from sites import SitesTest, section

SECONDS = int(os.environ.get("TROUPE_CUT_SECONDS", "3"))
PORT = 1883
cables = itertools.count(1)


def ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], check=check, text=True,
                          capture_output=True, timeout=30)


def has_namespaces():
    if os.geteuid() != 0:
        return False
    name = f"troupe-probe-{os.getpid()}"
    try:
        if ip("netns", "add", name, check=False).returncode:
            return False
    except FileNotFoundError:
        return False
    try:
        return not ip("-n", name, "link", "add", "probe0", "type", "veth",
                      "peer", "probe1", check=False).returncode
    finally:
        ip("netns", "delete", name)


class Cable:
    """Two namespaces with an address each, and what joins them."""

    def __init__(self, case):
        number = next(cables)
        self.names = [f"troupe-{os.getpid()}-{number}{end}" for end in "ab"]
        self.hosts = ["10.199.7.1", "10.199.7.2"]
        for name in self.names:
            ip("netns", "add", name)
            case.addCleanup(ip, "netns", "delete", name)
        ip("-n", self.names[0], "link", "add", "cable", "type", "veth", "peer",
           "cable", "netns", self.names[1])
        for name, host in zip(self.names, self.hosts):
            ip("-n", name, "address", "add", f"{host}/24", "dev", "cable")
            ip("-n", name, "link", "set", "cable", "up")
            ip("-n", name, "link", "set", "lo", "up")

    def pull(self):
        ip("-n", self.names[0], "link", "set", "cable", "down")

    def plug(self):
        ip("-n", self.names[0], "link", "set", "cable", "up")

    def lose_what_comes_from(self, end):
        ip("-n", self.names[end], "route", "add", "blackhole",
           f"{self.hosts[1 - end]}/32")

    def lose_nothing(self, end):
        ip("-n", self.names[end], "route", "delete", "blackhole",
           f"{self.hosts[1 - end]}/32")


class FarSite(sites.Site):
    """A site in a namespace; its clients are elsewhere and come by way of a
    unix socket."""

    def __init__(self, namespace, host, folder, **options):
        self.prefix = ("ip", "netns", "exec", namespace)
        path = str(folder / f"{namespace}.socket")
        super().__init__(keeps=True, wait=False, max_queued_messages=0,
                         arguments=(),
                         listeners=[
                             {"port": 0, "path": path},
                             {"port": PORT, "address": host}],
                         **options)
        self.port, self.address = PORT, path

    def wait_until_ready(self):
        self.log.wait_for("running")
        return True


@troupe_only
@unittest.skipUnless(has_namespaces(), "no network namespaces here")
class Network(SitesTest):
    def check(self, cut, heal, seconds, way="out", **options):
        folder = make_folder(self)
        cable = Cable(self)
        ends = list(zip(cable.names, cable.hosts))
        remote = FarSite(*ends[1], folder)
        self.addCleanup(remote.end)
        local = FarSite(*ends[0], folder, bridges=section(
            "b", f"{cable.hosts[1]}:{PORT}", f"f/# {way} 2",
            keepalive_interval=5, **options))
        self.addCleanup(local.end)
        for each in (remote, local):
            each.wait_until_ready()
        self.state(remote, "b").wait("1") # told behind the subscriptions
        source, target = (local, remote) if way == "out" else (remote, local)
        topics = ("f/1", "f/2")
        collector = Collector(self, target.address, *topics)
        senders = [Sender(self, source.address, topic, int(topic[-1]))
                   for topic in topics]
        for each in senders:
            each.allow(300)
        collector.wait(lambda: collector.total() > 100, 30, collector.total)
        cut(cable)
        for each in senders:
            each.allow(700)
        self.broker = local
        self.let_time_pass(1)
        reached = collector.total()
        self.let_time_pass(seconds - 1)
        self.assertEqual(collector.total(), reached, "nothing was cut")
        heal(cable)
        for each in senders:
            each.finish()
        for topic in topics:
            collector.wait_for(topic, 999, within=60)
        for each in senders:
            each.allow(1)
        for topic in topics:
            collector.wait_for(topic, 1000)
            self.assertIsNone(complaint(collector.got[topic], 1001,
                                        topic == "f/2"), topic)
        return local

    def test_the_cable_is_pulled_under_load(self):
        for way in ("out", "in"):
            with self.subTest(way=way):
                self.check(Cable.pull, Cable.plug, SECONDS, way)

    def test_what_comes_back_is_lost(self):
        self.check(lambda cable: cable.lose_what_comes_from(1),
                   lambda cable: cable.lose_nothing(1), SECONDS)

    def test_what_goes_there_is_lost(self):
        self.check(lambda cable: cable.lose_what_comes_from(0),
                   lambda cable: cable.lose_nothing(0), SECONDS)

    def test_a_cut_that_the_bridge_notices(self):
        local = self.check(Cable.pull, Cable.plug, max(SECONDS, 12),
                           bridge_protocol_version="mqttv50")
        local.log_has("Bridge b: the link to .* is lost: the remote broker "
                      "does not answer")


if __name__ == "__main__":
    unittest.main()
