"""A publisher that resends what was not acknowledged, as MQTT wants it."""
import mqtt
from endpoint import SESSION_EXPIRY, Endpoint
from messages import payload

WINDOW = 20
TOPICS_PER_QOS = 2
RETAINED_EVERY = 50


class Message:
    """One that is on the way: published, or released after its PUBREC."""

    __slots__ = ("stream", "counter", "is_released")

    def __init__(self, stream, counter):
        self.stream = stream
        self.counter = counter
        self.is_released = False


class Publisher(Endpoint):
    """Publishes at QoS 1 and 2 to topics that nobody else writes to."""

    def __init__(self, world, number, version, is_durable):
        super().__init__(world, f"p{number}", version)
        self.is_durable = is_durable
        self.is_confirmed = False
        self.in_flight = {}
        self.next_pid = 1
        self.window = WINDOW
        self.budget = 0.0
        stream = world.history.stream
        self.streams = [stream(f"t/{self.client_id}/{qos}/{n}", qos)
                        for qos in (1, 2) for n in range(TOPICS_PER_QOS)]
        self.retained = stream(f"r/{self.client_id}", 1)

    def connect_packet(self):
        props = {"session_expiry": SESSION_EXPIRY} if self.is_durable else ()
        return mqtt.connect(self.version, self.client_id,
                            clean=not self.is_durable, props=props)

    # -- connections ---------------------------------------------------------

    def on_up(self, connack):
        self.window = min(WINDOW, connack.props.get("receive_maximum", WINDOW))
        if connack.session_present:
            if not self.is_durable:
                self.complain("session", "present in spite of a clean start")
        elif self.is_confirmed:
            self.complain("session", "lost that of a publisher")
            self._forget_released()
        self.is_confirmed = self.is_durable
        for pid, message in self.in_flight.items():
            self._send_again(pid, message, connack.session_present)

    def on_down(self):
        if not self.is_durable:
            self.in_flight.clear()

    def _forget_released(self):
        self.in_flight = {pid: message for pid, message
                          in self.in_flight.items() if not message.is_released}

    def _send_again(self, pid, message, dup):
        if message.is_released:
            self.send(mqtt.ack(mqtt.PUBREL, pid, self.version))
        else:
            message.stream.send_again(message.counter)
            self._send(pid, message, dup)

    # -- publishing ----------------------------------------------------------

    def earn(self, messages):
        """It may publish so many more."""
        self.budget = min(self.budget + messages, 2 * WINDOW)
        while (self.is_up and self.budget >= 1
               and len(self.in_flight) < self.window):
            self.budget -= 1
            self._publish()

    def _publish(self):
        stream = self.world.rng.choice(self.streams)
        if self.world.rng.randrange(RETAINED_EVERY) == 0:
            stream = self.retained
        counter = stream.send(self.world.history.now())
        while self.next_pid in self.in_flight:
            self.next_pid = self.next_pid % 65535 + 1
        pid, self.next_pid = self.next_pid, self.next_pid % 65535 + 1
        self.in_flight[pid] = Message(stream, counter)
        self._send(pid, self.in_flight[pid], False)

    def _send(self, pid, message, dup):
        stream = message.stream
        self.send(mqtt.publish(stream.topic,
                               payload(stream.topic, message.counter),
                               self.version, stream.qos, pid, dup=dup,
                               retain=stream is self.retained))

    # -- what it is told -----------------------------------------------------

    def on_puback(self, packet):
        message = self.in_flight.pop(packet.pid, None)
        if message is None or message.stream.qos != 1:
            self.complain("protocol", f"PUBACK for nothing: {packet}")
        else:
            self._judge_turn(message)
            self._told(message, packet)

    def on_pubrec(self, packet):
        message = self.in_flight.get(packet.pid)
        if message is None or message.stream.qos != 2:
            self.complain("protocol", f"PUBREC for nothing: {packet}")
            return
        self._judge_turn(message)
        self._told(message, packet)
        if packet.code >= 0x80:
            del self.in_flight[packet.pid]
            return
        message.is_released = True
        self.send(mqtt.ack(mqtt.PUBREL, packet.pid, self.version))

    def on_pubcomp(self, packet):
        message = self.in_flight.pop(packet.pid, None)
        if message is None or not message.is_released:
            self.complain("protocol", f"PUBCOMP for nothing: {packet}")

    def _told(self, message, packet):
        history = self.world.history
        if packet.code >= 0x80:
            history.refused += 1
        else:
            message.stream.acknowledge(message.counter, history.now())

    def _judge_turn(self, message):
        """Acknowledgements come in the order of the messages.
        [MQTT-4.6.0-2] [MQTT-4.6.0-3]"""
        for other in self.in_flight.values():
            if (other.stream is message.stream
                    and other.counter < message.counter
                    and not other.is_released):
                self.complain("protocol", f"{message.stream.topic} "
                              f"#{message.counter} was acknowledged before "
                              f"#{other.counter}")
                return
