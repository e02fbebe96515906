"""memory_limit: what a broker does that has no memory for more."""
import mqtt
from harness import BrokerTest

LIMIT = 24 * 1024 * 1024
PAYLOAD = b"x" * 4000


class MemoryLimit(BrokerTest):
    options = {"memory_limit": LIMIT, "max_queued_messages": 0}

    def fill(self, sender):
        for _ in range(2 * LIMIT // len(PAYLOAD)):
            if sender.publish(self.topic, PAYLOAD, qos=1).code == 0x97:
                return
        self.fail("nothing was ever refused")

    def test_new_work_is_refused_until_memory_is_back(self):
        greedy = self.connected()
        greedy.subscribe(self.topic, qos=1)  # and never acknowledges
        sender = self.connected()
        old = self.connected(mqtt.V311)
        other = self.connected()
        self.fill(sender)
        self.assertLess(self.broker.rss(), 2 * LIMIT)
        self.broker.log.wait_for("above memory_limit")
        self.client().connect(code=0x97)
        self.client(mqtt.V311).connect(code=3)
        old.send(mqtt.publish(self.topic, b"x", mqtt.V311, 1, 1))
        old.expect_closed()
        other.ping()
        greedy.drop()
        self.broker.log.wait_for("below memory_limit")
        sender.publish(self.topic, PAYLOAD, qos=1, code=0x10)
        self.connected(mqtt.V311)
