"""Floods: memory stays bounded, and whoever behaves is served meanwhile."""
import resource
import socket

import client as raw
import mqtt
from harness import QUICK, BrokerTest
from mqtt import V311, V5

MIB = 1 << 20
MESSAGES = 100_000 if QUICK else 1_000_000
BATCH = 1000


def figure(text):
    """A measured value, for whoever reads the log."""
    print(f"figure: {text}", flush=True)


class Silent(BrokerTest):
    """Connections that never send CONNECT."""

    def connections(self):
        """10,000, or what the limit of open files allows."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard == resource.RLIM_INFINITY or hard > 12_000:
            resource.setrlimit(resource.RLIMIT_NOFILE, (12_000, hard))
            soft = 12_000
        return min(10_000, soft - 500)

    def test_ten_thousand_that_never_connect_cost_little(self):
        normal = self.subscriber(qos=1)
        self.talker = self.connected()
        before = self.broker.rss()
        total = self.connections()
        waiting = []
        try:
            for number in range(total):
                # Several source addresses: ports are a resource too.
                waiting.append(raw.open_socket(
                    self.broker.address, (f"127.0.0.{2 + number % 8}", 0)))
                if number % 1000 == 0:
                    self.publish_and_receive(normal, str(number))
            # The last one is served only after all before it.
            self.talker = self.connected()
            self.publish_and_receive(normal, "last")
            self.assertGreater(self.broker.open_files(), total)
            each = (self.broker.rss() - before) / total
            figure(f"{total} silent connections: {each:.0f} bytes each")
            self.assertLess(each, 4096)
        finally:
            for sock in waiting:
                sock.close()
        normal.ping()

    def publish_and_receive(self, client, payload):
        self.talker.publish(self.topic, payload, 1)
        client.finish(client.expect_publish(self.topic, payload))


class Stalled(BrokerTest):
    """A subscriber that stops reading."""

    def assert_grown_less(self, before, mib, what):
        """Since `before` the broker's memory grew by less than `mib` MiB."""
        now = self.broker.rss()
        figure(f"{what}: RSS {before / MIB:.1f} MiB before, "
               f"{now / MIB:.1f} MiB after")
        self.assertLess(now - before, mib * MIB)

    def dropped(self):
        """$SYS/broker/publish/messages/dropped, as it stands now."""
        return int(self.subscriber(
            topic="$SYS/broker/publish/messages/dropped"
        ).receive_publish().payload)

    def stalled(self, qos, version=V5):
        client = self.client(version, receive_buffer=4096)
        client.connect(self.new_id(), keep_alive=0)
        client.subscribe(self.topic, qos=qos)
        return client

    def packets(self, start):
        """A batch whose packets all have one size and tell their number."""
        return b"".join(mqtt.publish(self.topic, f"{number:064d}", V311)
                        for number in range(start, start + BATCH))

    def flood(self, reader, sender, total):
        """`total` messages at QoS 0; `reader` gets each of them in order."""
        for start in range(0, total, BATCH):
            batch = self.packets(start)
            sender.send(batch)
            reader.expect(batch, within=30)

    def wait_for_dropped(self, least):
        """Wait until $SYS counts at least `least` dropped messages."""
        watcher = self.subscriber(topic="$SYS/broker/publish/messages/dropped")
        while int(watcher.receive_publish().payload) < least:
            pass

    def test_qos0_is_dropped_for_it_and_counted_and_others_get_all(self):
        stalled = self.stalled(0)
        reader = self.subscriber(V311)
        sender = self.connected(V311, keep_alive=0)
        self.flood(reader, sender, 2 * BATCH)
        before, dropped = self.broker.rss(), self.dropped()
        self.flood(reader, sender, MESSAGES)
        self.assert_grown_less(before, 32, f"{MESSAGES} at QoS 0, not read")
        # What its socket and its output limit hold was not dropped: 8 MiB is
        # more than both.
        held = 8 * MIB // (len(self.packets(0)) // BATCH)
        self.wait_for_dropped(dropped + MESSAGES - held)
        stalled.socket.shutdown(socket.SHUT_RDWR)

    def test_qos1_waits_up_to_the_queue_limit_and_others_get_all(self):
        self.stalled(1)
        reader = self.subscriber(V311)
        sender = self.connected(V311, keep_alive=0)
        total = MESSAGES // 20
        before, dropped = self.broker.rss(), self.dropped()
        for start in range(1, total, BATCH):
            sender.send(b"".join(
                mqtt.publish(self.topic, f"{n:064d}", V311, 1, n % BATCH + 1)
                for n in range(start, start + BATCH)))
            sender.take(4 * BATCH, within=30)
            for number in range(start, start + BATCH):
                reader.expect_publish(self.topic, f"{number:064d}")
        self.assert_grown_less(before, 32, f"{total} at QoS 1, not read")
        # 20 in flight and 1000 queued, the rest is dropped.
        self.wait_for_dropped(dropped + total - 1020 - BATCH)

    def test_it_goes_on_where_it_stopped_once_it_reads_again(self):
        stalled = self.stalled(1)
        sender = self.connected()
        for number in range(500):
            sender.publish(self.topic, f"{number:064d}" * 50, 1)
        for number in range(500):
            stalled.finish(
                stalled.expect_publish(self.topic, f"{number:064d}" * 50))

    def test_a_publisher_that_reads_no_acknowledgement_harms_nobody(self):
        reader = self.subscriber()
        rude = self.client(V311, receive_buffer=4096)
        rude.connect(self.new_id(), keep_alive=0)
        rude.socket.settimeout(2)
        data = b"".join(mqtt.publish("rude", b"x" * 10, V311, 1, n)
                        for n in range(1, 1001))
        before = self.broker.rss()
        try:
            for _ in range(MESSAGES // 1000):
                rude.socket.sendall(data)
        except (socket.timeout, ConnectionError):
            pass  # slowed or closed, either is right
        self.connected().publish(self.topic, "served", 1)
        reader.expect_publish(self.topic, "served")
        self.assert_grown_less(before, 64, f"{MESSAGES} PUBACKs not read")


class FanOut(BrokerTest):
    def test_a_thousand_subscribers_get_every_message_in_order(self):
        total = 200 if QUICK else 1000
        clients = [self.connected(V311) for _ in range(total)]
        for client in clients:
            client.subscribe(self.topic)
        sender = self.connected(V311)
        data = b"".join(mqtt.publish(self.topic, f"{n:08d}", V311)
                        for n in range(100))
        sender.send(data)
        for client in clients:
            client.expect(data)


class FanIn(BrokerTest):
    def test_many_publishers_reach_one_subscriber_each_in_order(self):
        reader = self.subscriber(V311, topic=f"{self.topic}/#")
        senders = [self.connected(V311) for _ in range(50)]
        for number in range(20):
            for index, sender in enumerate(senders):
                sender.publish(f"{self.topic}/{index}", str(number))
            # In step, so that nothing has to be dropped.
            for _ in senders:
                got = reader.receive_publish()
                self.assertEqual(int(got.payload), number)
