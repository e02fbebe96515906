"""Messages with numbers that flow from one site to another while links and
brokers fail: who sends them, who takes them, and what is wrong with what came.

Both keep their MQTT sessions over any number of connections, as the
specification asks of a client with a durable session.
"""
import contextlib
import itertools
import socket
import threading

import client as raw
import mqtt

KEEP = {"session_expiry": 3600}
RETRY = 0.05
names = itertools.count(1)


class Endpoint:
    """A client in a thread of its own that comes back whenever it is cut off.
    """

    def __init__(self, case, address):
        self.address = address
        self.name = f"flow{next(names)}"
        self.changed = threading.Condition()
        self.over = threading.Event()
        self.failure = None
        self.has_session = False
        self.client = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        case.addCleanup(self.stop)

    def stop(self):
        self.over.set()
        with self.changed:
            self.changed.notify_all()
        if self.client:
            with contextlib.suppress(OSError): # wakes who reads, unlike close
                self.client.socket.shutdown(socket.SHUT_RDWR)
        if self.thread.ident:
            self.thread.join(10)
        if self.client:
            self.client.drop()

    def _run(self):
        while not self.over.is_set():
            try:
                self._connect()
                self.serve()
            except (OSError, raw.Closed):
                if self.client:
                    self.client.drop()
                self.over.wait(RETRY) # nobody tells when it is back
            except BaseException as wrong: # for the test to see
                with self.changed:
                    if not self.over.is_set():
                        self.failure = wrong
                    self.changed.notify_all()
                return

    def _connect(self):
        self.client = raw.Client(self.address)
        self.client.connect(self.name, clean=False, props=KEEP,
                            keep_alive=0)
        present = self.client.connack.session_present
        assert present or not self.has_session, "the broker lost a session"
        self.has_session = True

    def wait(self, condition, within, what):
        with self.changed:
            met = self.changed.wait_for(
                lambda: self.failure or condition(), within)
        if self.failure:
            raise self.failure
        assert met, what()


class Sender(Endpoint):
    """Sends the numbers from 0 to `topic`, `window` at a time, as many as
    `allow` says in all."""

    def __init__(self, case, address, topic, qos, window=20):
        super().__init__(case, address)
        self.topic, self.qos, self.window = topic, qos, window
        self.allowed = 0
        self.sent = 0
        self.pending = {} # packet identifier -> (number, PUBREC has come)
        self.thread.start()

    def allow(self, count):
        """So many more; those that are due go with the next answer."""
        with self.changed:
            self.allowed += count
            self.changed.notify_all()
        return self

    def finish(self, within=60):
        """Until all that are allowed are acknowledged."""
        self.wait(lambda: self.sent == self.allowed and not self.pending,
                  within, lambda: f"{self.sent} of {self.allowed} sent, "
                  f"{len(self.pending)} not acknowledged")

    def serve(self):
        for pid, (number, received) in self.pending.items():
            if received:
                self.client.ack(mqtt.PUBREL, pid)
            else:
                self.client.send(mqtt.publish(
                    self.topic, str(number), mqtt.V5, self.qos, pid,
                    dup=True))
        while not self.over.is_set():
            self.fill()
            if self.pending:
                self.take(self.client.receive(600))
            with self.changed:
                self.changed.notify_all()
                self.changed.wait_for(
                    lambda: self.over.is_set() or self.pending
                    or self.sent < self.allowed)

    def fill(self):
        while self.sent < self.allowed and len(self.pending) < self.window:
            pid = next(pid for pid in itertools.count(1 + self.sent % 60000)
                       if pid not in self.pending)
            self.pending[pid] = (self.sent, False)
            self.sent += 1
            self.client.send(mqtt.publish(
                self.topic, str(self.sent - 1), mqtt.V5, self.qos, pid))

    def take(self, got):
        if got.type == mqtt.PUBREC and got.code < 0x80:
            number, _ = self.pending[got.pid]
            self.pending[got.pid] = (number, True)
            self.client.ack(mqtt.PUBREL, got.pid)
        elif got.type in (mqtt.PUBACK, mqtt.PUBREC, mqtt.PUBCOMP):
            assert got.code in (0, 0x10), got
            self.pending.pop(got.pid, None)


class Collector(Endpoint):
    """Takes what comes to `topics`; `got` has the numbers by topic."""

    def __init__(self, case, address, *topics):
        super().__init__(case, address)
        self.got = {topic: [] for topic in topics}
        self.unfinished = set()
        self._connect()
        self.client.subscribe(*topics, qos=2)
        self.client.drop()
        self.thread.start()

    def serve(self):
        while not self.over.is_set():
            got = self.client.receive(600)
            if got.type == mqtt.PUBREL:
                self.unfinished.discard(got.pid)
                self.client.ack(mqtt.PUBCOMP, got.pid)
                continue
            if got.type == mqtt.DISCONNECT: # the broker stops
                raise raw.Closed(got)
            assert got.type == mqtt.PUBLISH, got
            if got.pid not in self.unfinished:
                with self.changed:
                    self.got[got.topic].append(int(got.payload))
                    self.changed.notify_all()
            if got.qos == 2:
                self.unfinished.add(got.pid)
                self.client.ack(mqtt.PUBREC, got.pid)
            elif got.qos == 1:
                self.client.ack(mqtt.PUBACK, got.pid)

    def total(self):
        return sum(map(len, self.got.values()))

    def wait_for(self, topic, number, within=60):
        """Until `number` has come there."""
        self.wait(lambda: number in self.got[topic][-1000:], within,
                  lambda: f"{topic}: {number} is missing; the last are "
                  f"{self.got[topic][-10:]}")


def complaint(numbers, count, once):
    """What is wrong with `numbers`, which should be those below `count`, first
    copies in order, and `once`, only once; None: nothing."""
    first = list(dict.fromkeys(numbers))
    if first != sorted(first):
        at = next(i for i in range(1, len(first)) if first[i] < first[i - 1])
        return f"out of order: {first[max(0, at - 5):at + 5]}"
    missing = sorted(set(range(count)) - set(first))
    if missing:
        return f"{len(missing)} of {count} lost, the first of them {missing[0]}"
    if once and len(first) != len(numbers):
        again = [each for each in first if numbers.count(each) > 1]
        return f"{len(again)} came again: {again[:20]}"
    return None
