"""A subscriber with a durable session: it remembers what MQTT wants."""
from collections import deque

import mqtt
from endpoint import SESSION_EXPIRY, Endpoint
from history import NEVER, Subscription
from messages import counter_of


class Subscriber(Endpoint):
    """Receives, records and acknowledges. `filters` are (filter, QoS) pairs
    that share no topic."""

    def __init__(self, world, number, version, filters, receive_maximum):
        super().__init__(world, f"s{number}", version)
        self.filters = filters
        self.receive_maximum = receive_maximum
        self.ack_delay = 0.0
        self.session = world.history.begin_session(self.client_id, 0)
        self.is_confirmed = False
        self.is_resetting = False
        self.reset_at = 0
        # CONNECTs since the session was certainly gone: the answer to the
        # first one says that it is new, that to others need not.
        self.attempts = 0
        self.held = {}
        self.unfinished = set()
        self.next_pid = 1
        self.requests = {}
        self.late_acks = deque()
        self._plan_subscriptions()

    def _plan_subscriptions(self):
        for name, qos in self.filters:
            self.session.subscriptions.append(
                Subscription(name, qos, self.world.history.now()))

    # -- what it is told to do -----------------------------------------------

    def reset(self):
        """Connect with a clean start: what the session held is given up."""
        self.hang_up()
        self.is_resetting = True
        self.session.ended = self.world.history.now()
        if self.wanted:
            self._dial()
        else:
            self.arrive()

    def unsubscribe(self, subscription):
        subscription.leaving = self.world.history.now()
        if self.is_up:
            self._request(subscription)

    def subscribe(self, name, qos):
        made = Subscription(name, qos, self.world.history.now())
        self.session.subscriptions.append(made)
        if self.is_up:
            self._request(made)

    # -- connections ---------------------------------------------------------

    def connect_packet(self):
        if self.is_resetting:
            self.reset_at = self.world.history.now()
        self.attempts += 1
        props = {"session_expiry": SESSION_EXPIRY}
        if self.receive_maximum:
            props["receive_maximum"] = self.receive_maximum
        return mqtt.connect(self.version, self.client_id,
                            clean=self.is_resetting, props=props)

    def on_up(self, connack):
        present = connack.session_present
        if present and (self.is_resetting or self.attempts == 1):
            self.complain("session", "present in spite of a clean start")
        if self.is_resetting:
            self._begin_anew()
            if self.version != mqtt.V5:
                self._make_durable()
                return
        elif self.is_confirmed and not present:
            self.complain("session", "lost that of a subscriber")
        if not present:
            self.held.clear()
        self.is_confirmed = True
        self.session.connect(self.world.history.kills)
        for each in self.session.subscriptions:
            if not present or each.is_pending():
                self._request(each)

    def _begin_anew(self):
        self.is_resetting = False
        self.session = self.world.history.begin_session(self.client_id,
                                                        self.reset_at)
        self._plan_subscriptions()

    def _make_durable(self):
        """Before MQTT 5, a session that began clean ends with its connection.
        """
        self.held.clear()
        self.is_confirmed = False
        self.attempts = 0
        self.hang_up()
        self._dial()

    def on_down(self):
        self.requests.clear()
        self.late_acks.clear()
        self.unfinished.clear()

    # -- subscriptions -------------------------------------------------------

    def _request(self, subscription):
        """SUBSCRIBE, or UNSUBSCRIBE where it is leaving."""
        pid, self.next_pid = self.next_pid, self.next_pid % 65535 + 1
        if subscription.left != NEVER:
            return
        leaving = subscription.leaving != NEVER
        self.requests[pid] = (subscription, leaving)
        if leaving:
            self.send(mqtt.unsubscribe(pid, [subscription.filter],
                                       self.version))
        else:
            self.send(mqtt.subscribe(
                pid, [(subscription.filter, subscription.qos)], self.version))

    def on_suback(self, packet):
        subscription, leaving = self.requests.pop(packet.pid, (None, False))
        if not subscription or leaving or packet.codes != [subscription.qos]:
            self.complain("protocol", f"unexpected {packet}")
        elif subscription.granted == NEVER:
            subscription.granted = self.world.history.now()

    def on_unsuback(self, packet):
        subscription, leaving = self.requests.pop(packet.pid, (None, False))
        if not subscription or not leaving:
            self.complain("protocol", f"unexpected {packet}")
        else:
            subscription.left = self.world.history.now()

    # -- messages ------------------------------------------------------------

    def on_publish(self, packet):
        counter = counter_of(packet.topic, packet.payload)
        if counter is None:
            self.complain("garbled", f"{packet}")
            return
        if packet.dup and self.session.connections == 1:
            self.complain("protocol", f"DUP in a new session: {packet}")
        self._judge_pid(packet)
        if packet.qos == 2:
            self._hold(packet, counter)
            self._acknowledge(mqtt.PUBREC, packet.pid)
        else:
            self.session.receive(packet.topic, counter, packet.dup)
            if packet.qos == 1:
                self._acknowledge(mqtt.PUBACK, packet.pid)

    def _judge_pid(self, packet):
        if not packet.pid:
            self.complain("protocol", f"QoS 0: {packet}")
            return
        if packet.pid in self.unfinished:
            self.complain("protocol", f"packet identifier in use: {packet}")
        self.unfinished.add(packet.pid)
        if self.receive_maximum and (
                len(self.unfinished) > self.receive_maximum):
            self.complain("protocol", f"{len(self.unfinished)} in flight, "
                          f"receive maximum {self.receive_maximum}")

    def _hold(self, packet, counter):
        """QoS 2: what has this identifier comes to the application once."""
        message = (packet.topic, counter)
        known = self.held.get(packet.pid)
        if known is None:
            self.held[packet.pid] = message
            self.session.receive(*message, packet.dup)
        elif known != message:
            self.complain("protocol", f"{packet.topic} #{counter} came with "
                          f"packet identifier {packet.pid} of {known}")
        elif not packet.dup:
            self.complain("protocol", f"again without DUP: {packet}")

    def on_pubrel(self, packet):
        known = self.held.pop(packet.pid, None)
        if known is None and self.session.connections == 1:
            self.complain("protocol", f"PUBREL for nothing: {packet}")
        code = 0 if known else 0x92
        self._acknowledge(mqtt.PUBCOMP, packet.pid, code)

    def _acknowledge(self, kind, pid, code=0):
        due = self.world.time + self.ack_delay
        data = mqtt.ack(kind, pid, self.version, code)
        if self.ack_delay or self.late_acks:
            self.late_acks.append((due, kind, pid, data))
        else:
            self._answer(kind, pid, data)

    def _answer(self, kind, pid, data):
        if kind != mqtt.PUBREC:
            self.unfinished.discard(pid)
        self.send(data)

    def send_late_acks(self):
        """Those whose time has come."""
        while self.late_acks and self.late_acks[0][0] <= self.world.time:
            self._answer(*self.late_acks.popleft()[1:])
