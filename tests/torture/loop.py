"""One thread for all clients: sockets, and calls at a time."""
import heapq
import itertools
import selectors
import time


class Loop:
    """Calls a handler with the ready events of its socket, and functions when
    they are due."""

    MOST_WAIT = 0.02

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.calls = []
        self.order = itertools.count()
        self.every_turn = []

    def watch(self, sock, events, handler):
        """`handler(events)` from now on; no events: not any more."""
        known = sock in self.selector.get_map()
        if known and events:
            self.selector.modify(sock, events, handler)
        elif known:
            self.selector.unregister(sock)
        elif events:
            self.selector.register(sock, events, handler)

    def call_in(self, seconds, function):
        heapq.heappush(self.calls, (time.monotonic() + seconds,
                                    next(self.order), function))

    def run_until(self, deadline, done=lambda: False):
        """Turn until `done()` or the time `deadline`; returns `done()`."""
        while not done():
            now = time.monotonic()
            if now >= deadline:
                return done()
            self._turn(min(deadline - now, self.MOST_WAIT))
        return True

    def _turn(self, wait):
        if self.calls:
            wait = min(wait, max(0, self.calls[0][0] - time.monotonic()))
        for key, events in self.selector.select(wait):
            key.data(events)
        now = time.monotonic()
        while self.calls and self.calls[0][0] <= now:
            heapq.heappop(self.calls)[2]()
        for function in self.every_turn:
            function()
