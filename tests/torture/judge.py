"""Judges a history: what was acknowledged must have arrived.

Pure: the same history always gets the same verdict.
"""
import itertools
from collections import Counter, defaultdict

from history import NEVER


class Verdict:
    """How many of each kind of mistake, and the first ones in words."""

    MOST = 10

    def __init__(self):
        self.acknowledged = 0
        self.delivered = 0
        # At QoS 1, over a new connection after SIGKILL, without DUP.
        self.unmarked = 0
        self.counts = Counter()
        self.texts = defaultdict(list)

    def add(self, kind, text, count=1):
        self.counts[kind] += count
        if len(self.texts[kind]) < self.MOST:
            self.texts[kind].append(f"{kind}: {text}")

    def findings(self):
        """The first ones, of every kind in turn."""
        turns = itertools.zip_longest(*self.texts.values())
        found = [text for turn in turns for text in turn if text]
        return sorted(found[:self.MOST])

    def is_good(self):
        return not self.counts


def judge(history):
    """The verdict on all sessions and on the retained messages."""
    verdict = Verdict()
    for kind, texts in history.complaints.items():
        verdict.texts[kind] += texts
        verdict.counts[kind] += history.said[kind]
    for stream in history.streams.values():
        verdict.acknowledged += sum(moment != NEVER
                                    for moment in stream.acknowledged)
    for session in history.sessions:
        for stream in history.streams.values():
            _Pair(history, session, stream, verdict).judge()
    for topic, counter in history.retained.items():
        _judge_retained(history, topic, counter, verdict)
    return verdict


class _Pair:
    """One session and one publisher's messages to one topic."""

    def __init__(self, history, session, stream, verdict):
        self.history = history
        self.session = session
        self.stream = stream
        self.verdict = verdict
        self.subscriptions = session.subscriptions_to(stream.topic)
        self.copies = list(session.copies_of(stream.topic))

    def judge(self):
        if not self.subscriptions and not self.copies:
            return
        self.verdict.delivered += len(self.copies)
        self._judge_known()
        self._judge_loss()
        self._judge_order()
        self._judge_copies()
        self._judge_wanted()

    def _add(self, kind, counter, text):
        stream, session = self.stream, self.session
        where = f"{session.client_id}: {stream.topic} #{counter}"
        if counter < len(stream):
            round_of = self.history.round_of
            acknowledged = stream.acknowledged[counter]
            told = "never" if acknowledged == NEVER else (
                f"in round {round_of(acknowledged)}")
            where += (f" (sent {stream.sends[counter]} times since round "
                      f"{round_of(stream.sent[counter])}, acknowledged {told})")
        self.verdict.add(kind, f"{where} {text}")

    def _judge_known(self):
        """Nothing arrives that was never sent."""
        for counter, _, _ in self.copies:
            if counter >= len(self.stream):
                self._add("invented", counter, "was never sent")
        self.copies = [copy for copy in self.copies
                       if copy[0] < len(self.stream)]

    def _judge_loss(self):
        """What was acknowledged to its publisher after the subscription was
        acknowledged has arrived."""
        if self.session.ended != NEVER:
            return
        got = {counter for counter, _, _ in self.copies}
        for counter, sent in enumerate(self.stream.sent):
            if (self.stream.is_acknowledged(counter) and counter not in got
                    and any(each.owes(sent) for each in self.subscriptions)):
                self._add("lost", counter, "did not arrive")

    def _judge_order(self):
        """First copies come in the order in which they were published."""
        seen = set()
        latest = -1
        for counter, _, _ in self.copies:
            if counter in seen:
                continue
            seen.add(counter)
            if counter < latest:
                self._add("misordered", counter, f"came after #{latest}")
            latest = max(latest, counter)

    def _judge_copies(self):
        """QoS 2: one copy. QoS 1: more only where the publisher sent it again,
        or over a new connection, marked as DUP. A broker that was killed may
        not know that it sent it: then the mark may be missing."""
        copies_of = defaultdict(list)
        for counter, connection, dup in self.copies:
            copies_of[counter].append((connection, dup))
        for counter, copies in copies_of.items():
            if len(copies) > 1 and self._is_exactly_once():
                self._add("duplicated", counter, f"came {len(copies)} times")
            elif len(copies) > 1:
                self._judge_repeated(counter, copies)

    def _judge_repeated(self, counter, copies):
        left = self.stream.sends[counter]
        marked = Counter()
        before = copies[0][0]
        for connection, dup in copies:
            if dup:
                marked[connection] += 1
            elif left:
                left -= 1
            elif self.session.was_killed_between(before, connection):
                self.verdict.unmarked += 1
            else:
                self._add("duplicated", counter, "came again without DUP over "
                          f"connection {connection} after {before}")
            before = connection
        for connection, times in marked.items():
            if times > self.stream.sends[counter]:
                self._add("duplicated", counter, f"came {times} times marked "
                          f"as DUP over connection {connection}")

    def _is_exactly_once(self):
        return self.stream.qos == 2 and all(each.qos == 2 for each
                                            in self.subscriptions)

    def _judge_wanted(self):
        """Nothing comes back that a clean start discarded, nor what was sent
        while there was no subscription."""
        for counter, _, _ in self.copies:
            sent = self.stream.sent[counter]
            acknowledged = self.stream.acknowledged[counter]
            if acknowledged < self.session.begun:
                self._add("resurrected", counter, "came after a clean start")
            elif not any(each.may_bring(sent, acknowledged)
                         for each in self.subscriptions):
                self._add("unwanted", counter, "came without a subscription")


def _judge_retained(history, topic, counter, verdict):
    """The retained message is the last acknowledged one or a later one."""
    stream = history.streams[topic]
    told = [number for number in range(len(stream))
            if stream.is_acknowledged(number)]
    if told and (counter is None or counter < told[-1]):
        found = "nothing" if counter is None else f"#{counter}"
        verdict.add("lost", f"retained {topic}: #{told[-1]} was acknowledged, "
                            f"{found} is there")
