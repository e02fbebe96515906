"""What every client was told and what it got, kept in little memory.

Everything that happens gets a number, its moment; comparing moments says what
came first. One process does everything, so the order is certain.
"""
import bisect
from array import array
from collections import Counter, defaultdict

import matching

NEVER = 1 << 62
COPY = (1 << 32) - 1


class Stream:
    """The messages of one publisher to one topic, counted from 0."""

    def __init__(self, topic, qos):
        self.topic = topic
        self.qos = qos
        self.sent = array("Q")
        self.acknowledged = array("Q")
        self.sends = array("H")

    def __len__(self):
        return len(self.sent)

    def send(self, moment):
        """A new message; returns its counter."""
        self.sent.append(moment)
        self.acknowledged.append(NEVER)
        self.sends.append(1)
        return len(self.sent) - 1

    def send_again(self, counter):
        self.sends[counter] += 1

    def acknowledge(self, counter, moment):
        self.acknowledged[counter] = min(self.acknowledged[counter], moment)

    def is_acknowledged(self, counter):
        return self.acknowledged[counter] != NEVER


class Subscription:
    """One filter from SUBSCRIBE to UNSUBACK; a step that has not come is
    NEVER."""

    def __init__(self, name, qos, asked):
        self.filter = name
        self.qos = qos
        self.asked = asked
        self.granted = NEVER
        self.leaving = NEVER
        self.left = NEVER

    def is_pending(self):
        """Whether SUBSCRIBE or UNSUBSCRIBE still wants its answer."""
        wanted = self.granted if self.leaving == NEVER else self.left
        return wanted == NEVER

    def owes(self, sent):
        """Whether a message that was sent then must arrive if acknowledged."""
        return self.granted < sent and self.leaving == NEVER

    def may_bring(self, sent, acknowledged):
        """Whether a message sent and acknowledged then may arrive at all."""
        return acknowledged > self.asked and sent < self.left


class Session:
    """A durable session of a subscriber, from the clean start that made it to
    the one that ends it."""

    def __init__(self, client_id, begun):
        self.client_id = client_id
        self.begun = begun
        self.ended = NEVER
        self.connections = 0
        self.kills = [0]
        self.subscriptions = []
        self.copies = {}

    def connect(self, kills):
        """A further connection, after the broker was killed so many times."""
        self.connections += 1
        self.kills.append(kills)

    def was_killed_between(self, one, other):
        """Whether the broker was killed between these connections."""
        return self.kills[one] != self.kills[other]

    def receive(self, topic, counter, dup):
        """The application got a copy over the session's latest connection."""
        copies = self.copies.setdefault(topic, array("Q"))
        copies.append(counter << 32 | self.connections << 1 | int(dup))

    def copies_of(self, topic):
        """(counter, connection, dup) for each copy in the order it came."""
        for packed in self.copies.get(topic, ()):
            yield packed >> 32, (packed & COPY) >> 1, bool(packed & 1)

    def subscriptions_to(self, topic):
        return [each for each in self.subscriptions
                if matching.matches(each.filter, topic)]


class History:
    """All of it."""

    def __init__(self):
        self.moment = 0
        self.streams = {}
        self.sessions = []
        self.retained = {}
        self.complaints = defaultdict(list)
        self.refused = 0
        self.kills = 0
        self.said = Counter()
        self.rounds = []

    def now(self):
        self.moment += 1
        return self.moment

    def begin_round(self):
        self.rounds.append(self.now())

    def round_of(self, moment):
        """The number of the round in which `moment` fell, from 1."""
        return bisect.bisect(self.rounds, moment)

    def stream(self, topic, qos):
        return self.streams.setdefault(topic, Stream(topic, qos))

    def begin_session(self, client_id, begun):
        self.sessions.append(Session(client_id, begun))
        return self.sessions[-1]

    def complain(self, kind, text):
        """Something that a client saw itself is wrong; the first of a kind are
        kept in full."""
        self.said[kind] += 1
        if self.said[kind] <= 10:
            self.complaints[kind].append(
                f"{kind}: {text} (round {len(self.rounds)})")
