"""Several brokers that bridges join, each a site: troupe, or Debian's Mosquitto
with the same lines of configuration."""
import contextlib
import pathlib
import shutil
import signal
import subprocess
import tempfile

import client as raw
import harness
import mqtt
from mqtt import V5
from store_tool import MOSQUITTO as DEBIANS

TROUPE, MOSQUITTO = "troupe", "mosquitto"
DEADLINE = 20
KEEP = {"session_expiry": 600}


def section(name, remote, *topics, **options):
    """The lines of one bridge: `remote` is a site, a port or several addresses,
    `topics` are what stands behind `topic`."""
    if isinstance(remote, int):
        remote = f"127.0.0.1:{remote}"
    elif not isinstance(remote, str):
        remote = f"127.0.0.1:{remote.port}"
    options = {"remote_clientid": name, "restart_timeout": 1, **options}
    lines = [f"connection {name}", f"address {remote}",
             *(f"topic {topic}" for topic in topics)]
    lines += [harness.conf_line(pair) for pair in options.items()
              if pair[1] is not None]
    return "\n".join(lines) + "\n"


class Site(harness.Broker):
    """One broker. `keeps`: with a database that outlives it."""

    def __init__(self, make=TROUPE, bridges="", keeps=False, **options):
        self.make = MOSQUITTO if harness.PEER else make
        if make == MOSQUITTO:
            self.binary = DEBIANS
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="troupe-site-"))
        if keeps:
            options.update(persistence=True,
                           persistence_location=f"{self.data}/")
        super().__init__(conf=True, sections=bridges, **options)

    def end(self):
        """As the test is over."""
        try:
            if self.process.poll() is None:
                self.stop()
        finally:
            self.kill()
            shutil.rmtree(self.data, ignore_errors=True)

    def stop(self, sig=signal.SIGTERM):
        if self.make == TROUPE:
            super().stop(sig)
            return
        while self.process.poll() is None:
            # It misses a signal that comes before its loop runs.
            self.process.send_signal(sig)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)

    def change(self, bridges):
        """SIGHUP with other bridges."""
        self.sections = bridges
        return self.reload()

    def log_has(self, pattern, **arguments):
        return self.log.wait_for(pattern, **arguments)

    def wait_for_subscription(self, client_id, since=0):
        """The bridge `client_id` of another site has subscribed here."""
        self.log.wait_for(f"Sending SUBACK to {client_id}( |$)", DEADLINE, since)


class Watch:
    """Somebody who sees one retained topic change."""

    def __init__(self, client, topic):
        self.client = client
        self.seen = []
        client.subscribe(topic, qos=1)

    def wait(self, *values, within=DEADLINE):
        """Until it has one of `values`; returns that."""
        return self.wait_for(lambda value: value in values, within)

    def wait_for(self, condition, within=DEADLINE):
        """Until `condition(value)`; returns the value."""
        while True:
            got = self.client.receive_publish(within)
            self.client.finish(got)
            self.seen.append(got.payload.decode())
            if condition(self.seen[-1]):
                return self.seen[-1]


class SitesTest(harness.OwnBrokerTest):
    """Tests with sites of their own."""

    def site(self, make=TROUPE, bridges="", **options):
        made = Site(make, bridges, **options)
        self.addCleanup(made.end)
        return made

    def at(self, site, version=V5, client_id=None, **arguments):
        """A client of `site`, connected."""
        address = site if isinstance(site, tuple) else site.address
        made = raw.Client(address, version)
        self.addCleanup(made.drop)
        return made.connect(client_id or self.new_id(), **arguments)

    def watching(self, site, *filters, qos=2, version=V5, **options):
        """A subscriber at `site`."""
        made = self.at(site, version)
        made.subscribe(*filters, qos=qos, **options)
        return made

    def watch(self, site, topic):
        return Watch(self.at(site), topic)

    def state(self, site, name):
        """Watches what Mosquitto says of the bridge, 1 or 0."""
        return self.watch(site, f"$SYS/broker/connection/{name}/state")

    def told(self, site, name, what):
        """Watches what troupe says of the bridge besides."""
        return self.watch(site, f"$SYS/broker/bridge/{name}/{what}")

    def wait_linked(self, site, *names):
        for name in names:
            self.state(site, name).wait("1")

    def publish(self, site, topic, *payloads, qos=1, **arguments):
        """Publish each; all are acknowledged when this returns."""
        sender = self.at(site)
        for payload in payloads:
            sender.publish(topic, payload, qos, **arguments)
        sender.disconnect()


def take(client, count, within=DEADLINE):
    """The next `count` messages, all acknowledged to their ends."""
    got, unfinished = [], set()
    while len(got) < count or unfinished:
        packet = client.receive(within)
        if packet.type == mqtt.PUBLISH:
            assert len(got) < count, f"one too many: {packet}"
            got.append(packet)
            if packet.qos == 1:
                client.ack(mqtt.PUBACK, packet.pid)
            elif packet.qos == 2:
                client.ack(mqtt.PUBREC, packet.pid)
                unfinished.add(packet.pid)
        elif packet.type == mqtt.PUBREL:
            client.ack(mqtt.PUBCOMP, packet.pid)
            unfinished.discard(packet.pid)
        else:
            raise AssertionError(f"{packet} among publications")
    return got


def payloads(client, count, within=DEADLINE):
    """What these messages say."""
    return [each.payload.decode() for each in take(client, count, within)]
