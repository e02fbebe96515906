"""The broker, all clients, and what is done to them, round by round."""
import random
import signal
import time

import mqtt
from endpoint import Endpoint
from history import NEVER, History
from judge import judge
from loop import Loop
from messages import counter_of
from publisher import Publisher
from subscriber import Subscriber

START_DEADLINE = 30
ANSWER_DEADLINE = 120
DRAIN_DEADLINE = 3600 # a slow client and a slow disk: a few messages a second
QUIET = 0.3
QUIET_IF_LOST = 5.0
RATES = (400, 2000, 10000)


class BrokerFailed(Exception):
    """The broker did not start, or ended by itself."""


class World:
    """Everything in one thread, so that what is recorded has one order."""

    def __init__(self, seed, broker, publishers, subscribers, kills=0.85,
                 is_spared=False):
        """`kills`: the share of rounds that end with SIGKILL, not SIGTERM;
        `is_spared`: only the clients are cut, the broker goes on."""
        self.plans = random.Random(seed)
        self.rng = random.Random(seed + 1)
        self.broker = broker
        self.kills = kills
        self.is_spared = is_spared
        self.address = ("127.0.0.1", broker.port)
        self.history = History()
        self.loop = Loop()
        self.loop.every_turn.append(self._turn)
        self.to_flush = set()
        self.time = time.monotonic()
        self.packets = 0
        self.connacks = 0
        self.connacks_before = 0
        self.rate = 0
        self.is_ending = False
        self.is_over = False
        self.publishers = [self._make_publisher(n) for n in range(publishers)]
        self.subscribers = [self._make_subscriber(n, publishers)
                            for n in range(subscribers)]
        self.clients = self.publishers + self.subscribers

    # -- the cast ------------------------------------------------------------

    def _make_publisher(self, number):
        """Versions and kinds of sessions in turn."""
        version = (mqtt.V311, mqtt.V5)[number % 2]
        return Publisher(self, number, version, is_durable=number % 6 < 4)

    def _make_subscriber(self, number, publishers):
        version = (mqtt.V5, mqtt.V311)[number % 2]
        qos = 1 + number // 2 % 2
        other = 3 - qos
        one, two = (f"p{(number + n) % publishers}" for n in (0, 1))
        filters = [
            [("t/#", 2)],
            [(f"t/{one}/1/0", qos), (f"t/{one}/2/1", 2)],
            [(f"t/+/{qos}/0", qos), (f"t/+/{qos}/1", other)],
            [(f"t/{one}/#", qos), (f"t/{two}/2/+", 2)],
            [(f"t/{one}/2/0", 2), (f"t/{two}/+/1", 2)],
        ][number % 5]
        maximum = (0, 1, 0, 3)[number // 2 % 4] if version == mqtt.V5 else 0
        return Subscriber(self, number, version, filters, maximum)

    # -- each turn of the loop -----------------------------------------------

    def _turn(self):
        now = time.monotonic()
        earned = (now - self.time) * self.rate / len(self.publishers)
        self.time = now
        if self.rate:
            for publisher in self.publishers:
                publisher.earn(earned)
        for subscriber in self.subscribers:
            subscriber.send_late_acks()
        for client in list(self.to_flush):
            client.flush()

    def _run(self, seconds, done=lambda: False):
        """Let it run; what is done to the broker is not done here, so it must
        be alive."""
        def stop():
            if self.broker.has_ended():
                raise BrokerFailed(
                    f"the broker ended by itself, status "
                    f"{self.broker.process.returncode}:\n"
                    f"{self.broker.last_lines()}")
            return done()
        return self.loop.run_until(time.monotonic() + seconds, stop)

    # -- rounds --------------------------------------------------------------

    def round(self):
        """Start the broker, load it, end it."""
        plan = self.plans
        self.history.begin_round()
        self._choose_who_is_there(plan)
        self.rate = plan.choice(RATES)
        for client in plan.sample(self.clients, plan.randrange(4)):
            self._plan_mischief(plan, client)
        is_killed = plan.random() < self.kills
        delay = plan.uniform(0.02, plan.choice((0.1, 0.5, 1.5, 1.5)))
        at_start = plan.random() < 0.05
        self._start_broker()
        if not at_start:
            self._wait_for_load()
        self._run(delay)
        self._end_broker(is_killed)

    def _start_broker(self):
        self.connacks_before = self.connacks
        if not self.is_spared or not self.broker.process:
            self.broker.start()

    def _has_served(self):
        """Somebody was connected since the broker was started."""
        return self.connacks > self.connacks_before

    def _wait_for_load(self):
        if not self._run(START_DEADLINE, self._has_served):
            raise BrokerFailed(f"nobody could connect:\n"
                               f"{self.broker.last_lines()}")

    def _choose_who_is_there(self, plan):
        for client in self.clients:
            client.wanted = False
        for publisher in self.publishers:
            if plan.random() < 0.9:
                publisher.arrive()
        for subscriber in self.subscribers:
            subscriber.ack_delay = plan.choice((0, 0, 0, 0.001, 0.03))
            if plan.random() < 0.7:
                subscriber.arrive()

    def _plan_mischief(self, plan, client):
        """What clients do to themselves, some time after the start."""
        what = [lambda: client.cut(0.05), client.take_over,
                lambda: client.pause_reading(0.3)]
        if client in self.subscribers:
            what += [lambda: client.leave(politely=True),
                     lambda: self._toggle(client)]
            if plan.random() < 0.3:
                what = [client.reset]
        action = plan.choice(what)
        rounds = len(self.history.rounds)

        def act():
            if client.is_up and rounds == len(self.history.rounds):
                action()
        self.loop.call_in(plan.uniform(0.05, 0.8), act)

    def _toggle(self, subscriber):
        """Unsubscribe the last filter, or subscribe it anew."""
        name, qos = subscriber.filters[-1]
        last = [each for each in subscriber.session.subscriptions
                if each.filter == name][-1]
        if last.is_pending():
            return
        if last.leaving == NEVER:
            subscriber.unsubscribe(last)
        else:
            subscriber.subscribe(name, qos)

    def _end_broker(self, is_killed):
        self.is_ending = True
        if self.is_spared and not self.is_over:
            self._cut_all()
        elif is_killed:
            self.broker.kill()
            self.history.kills += 1
        else:
            self.broker.ask_to_end()
            self.loop.run_until(time.monotonic() + 20, self.broker.has_ended)
            status = self.broker.status()
            if not self.is_orderly(status):
                raise BrokerFailed(f"SIGTERM ended it with status {status}:\n"
                                   f"{self.broker.last_lines()}")
        # What it said to the last is read before anybody tries again.
        self.loop.run_until(
            time.monotonic() + 2,
            lambda: not any(client.socket for client in self.clients))
        self._cut_all()
        self.is_ending = False

    def is_orderly(self, status):
        """A process that is just being started does not take signals yet, and
        so SIGTERM ends it as it ends any other."""
        return status == 0 or (status == -signal.SIGTERM
                               and not self._has_served())

    def _cut_all(self):
        for client in self.clients:
            client.wanted = False
            client.hang_up()

    # -- the end -------------------------------------------------------------

    def finish(self):
        """Let everybody finish what is on the way; returns the verdict."""
        self.rate = 0
        self.history.begin_round()
        for client in self.clients:
            client.ack_delay = 0
            client.arrive()
        self._start_broker()
        self._run(ANSWER_DEADLINE, self._are_all_done)
        verdict = self._drain()
        self._read_retained()
        self.is_over = True
        self._end_broker(is_killed=False)
        return judge(self.history) if verdict.is_good() else verdict

    def _are_all_done(self):
        return (all(client.is_up for client in self.clients)
                and not any(publisher.in_flight
                            for publisher in self.publishers))

    def _drain(self):
        """Until nothing comes any more; longer where something is missing."""
        deadline = time.monotonic() + DRAIN_DEADLINE
        self._wait_until_quiet(QUIET, deadline)
        verdict = judge(self.history)
        while verdict.counts["lost"] and time.monotonic() < deadline:
            before = self.packets
            self._wait_until_quiet(QUIET_IF_LOST, deadline)
            verdict = judge(self.history)
            if self.packets == before:
                break
        return verdict

    def _wait_until_quiet(self, seconds, deadline):
        """Until the broker answers every ping and says nothing else."""
        while time.monotonic() < deadline:
            before = self.packets
            for client in self.clients:
                client.ping()
            self._run(ANSWER_DEADLINE, lambda: not any(
                client.pongs_due for client in self.clients))
            self._run(seconds)
            if self.packets == before:
                return

    def _read_retained(self):
        """What a new client finds."""
        reader = RetainedReader(self)
        reader.arrive()
        self._run(START_DEADLINE, lambda: reader.is_granted)
        self._run(QUIET)
        reader.leave(politely=True)
        for publisher in self.publishers:
            topic = publisher.retained.topic
            self.history.retained[topic] = reader.found.get(topic)


class RetainedReader(Endpoint):
    """A new client that asks for the retained messages."""

    def __init__(self, world):
        super().__init__(world, "retained", mqtt.V5)
        self.found = {}
        self.is_granted = False

    def connect_packet(self):
        return mqtt.connect(self.version, self.client_id)

    def on_up(self, _):
        self.send(mqtt.subscribe(1, [("r/+", 0)], self.version))

    def on_down(self):
        pass

    def on_suback(self, _):
        self.is_granted = True

    def on_publish(self, packet):
        self.found[packet.topic] = counter_of(packet.topic, packet.payload)
