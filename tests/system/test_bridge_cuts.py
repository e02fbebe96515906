"""Links that break again and again, in the middle of packets: between troupe
and troupe, and to and from Debian's Mosquitto."""
import contextlib
import itertools
import random
import socket
import threading
import unittest

from flow import Collector, Sender, complaint
from harness import troupe_only
from sites import MOSQUITTO, TROUPE, SitesTest, section

CUTS = 6
COUNT = 1000 # over each link
# Without a line for each packet, which cost more than the packets.
QUIET = {"arguments": (), "max_queued_messages": 0}


class Scissors:
    """A way to `target` that breaks after so many bytes, by chance, `cuts`
    times; then it holds."""

    def __init__(self, case, target, cuts, seed):
        self.target, self.left = target, cuts
        self.dice = random.Random(seed)
        self.lock = threading.Lock()
        self.pairs = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        case.addCleanup(self.close)

    def _accept(self):
        while True:
            try:
                near = self.listening.accept()[0]
                far = socket.create_connection(self.target)
            except OSError:
                return
            pair = {"sockets": (near, far), "bytes": 0,
                    "limit": self.dice.randrange(300, 8000)}
            self.pairs.append(pair)
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pump, daemon=True,
                                 args=(pair, source, target)).start()

    def _pump(self, pair, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                with self.lock:
                    pair["bytes"] += len(data)
                    over = pair["bytes"] - pair["limit"]
                    if over >= 0 and self.left > 0:
                        self.left -= 1
                        target.sendall(data[:max(0, len(data) - over)])
                        break
                target.sendall(data)
        self.cut(pair)

    @staticmethod
    def cut(pair):
        for each in pair["sockets"]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for each in self.pairs:
            self.cut(each)


class Leg:
    """One bridge of many, to a site of its own: what flows over it."""

    def __init__(self, case, number, make, version, levels):
        self.name = "-".join((make, version, *map(str, levels)))
        self.case, self.version = case, version
        self.count = COUNT // len(levels)
        self.remote = case.site(make, **QUIET)
        self.scissors = Scissors(case, ("127.0.0.1", self.remote.port), CUTS,
                                 number)
        self.topics = [f"{self.name}/{qos}" for qos in levels]

    def section(self, way):
        return section(self.name, self.scissors.port, f"{self.name}/# {way} 2",
                       bridge_protocol_version=self.version)

    def begin(self, source, target):
        self.collectors = {
            topic: Collector(self.case, target.address, topic)
            for topic in self.topics}
        self.senders = [
            Sender(self.case, source.address, topic, int(topic[-1]))
            .allow(self.count) for topic in self.topics]

    def finish(self):
        for each in self.senders:
            each.finish(120)
        for topic in self.topics:
            self.collectors[topic].wait_for(topic, self.count - 1, within=120)
        self.case.assertEqual(self.scissors.left, 0)
        # What would come again comes before these.
        for each in self.senders:
            each.allow(1)
        for topic in self.topics:
            self.collectors[topic].wait_for(topic, self.count)
            self.case.assertIsNone(
                complaint(self.collectors[topic].got[topic], self.count + 1,
                          topic.endswith("2")), topic)


@troupe_only
class Cuts(SitesTest):
    def check(self, way):
        # Mosquitto 2.0.11 mixes up what one client gets with QoS 1 and 2.
        pairs = ((TROUPE, (1, 2)), (MOSQUITTO, (1,)), (MOSQUITTO, (2,)))
        legs = [Leg(self, number, make, version, levels)
                for number, (version, (make, levels)) in enumerate(
                    itertools.product(("mqttv311", "mqttv50"), pairs))]
        local = self.site(**QUIET, bridges="".join(
            leg.section(way) for leg in legs))
        for leg in legs:
            if way == "in":
                # Told behind the subscriptions.
                self.state(leg.remote, leg.name).wait("1")
                leg.begin(leg.remote, local)
            else:
                leg.begin(local, leg.remote)
        for leg in legs:
            with self.subTest(leg.name):
                leg.finish()

    def test_while_messages_go_there(self):
        self.check("out")

    def test_while_messages_come_from_there(self):
        self.check("in")


if __name__ == "__main__":
    unittest.main()
