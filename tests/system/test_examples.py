"""The examples of docs/examples: each starts, passes a message on, and ends."""
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import client as raw
import harness
from harness import Lines, ROOT, troupe_only

DEADLINE = 20


class Example:
    """An example that runs as a user starts it; its brokers are of its process
    group."""

    def __init__(self, test, name):
        folder = tempfile.TemporaryDirectory(prefix="troupe-example-")
        test.addCleanup(folder.cleanup)
        self.process = subprocess.Popen(
            [str(ROOT / "docs/examples" / name / "start"), folder.name],
            env={**os.environ, "TROUPE": os.path.abspath(harness.BINARY)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
            # Who is started in the background ignores it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        test.addCleanup(self.end)
        self.said = Lines(self.process.stdout)

    def tell(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def interrupt(self):
        """Ctrl-C goes to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(DEADLINE)

    def end(self):
        self.process.stdin.close()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.said.thread.join(DEADLINE)


@troupe_only
class Examples(unittest.TestCase):
    def client(self, port, client_id, **arguments):
        made = raw.Client(("127.0.0.1", port))
        self.addCleanup(made.drop)
        return made.connect(client_id, **arguments)

    def assert_all_is_gone(self, example):
        """Whatever is left would hold the other end of its output."""
        self.assertEqual(example.interrupt(), 0)
        example.said.thread.join(DEADLINE)
        self.assertTrue(example.said.ended)

    def test_two_sites_keep_what_the_centre_cannot_take(self):
        example = Example(self, "two-sites")
        example.said.wait_for("site: .*Bridge centre connected", DEADLINE)
        office = self.client(18831, "office")
        office.subscribe("site1/#", qos=2)
        sensor = self.client(18832, "sensor")
        sensor.publish("sensors/kitchen", b"21.5")
        office.expect_publish("site1/sensors/kitchen", "21.5", DEADLINE)
        example.tell("centre")
        example.said.wait_for("centre is killed", DEADLINE)
        sensor.publish("sensors/kitchen", b"22", qos=1)
        example.tell("centre")
        example.said.wait_for("centre: .*running", DEADLINE, times=2)
        office = self.client(18831, "office")
        office.subscribe("site1/#", qos=2)
        office.expect_publish("site1/sensors/kitchen", "22", DEADLINE)
        self.assert_all_is_gone(example)

    def test_three_sites_hear_a_message_once_each(self):
        example = Example(self, "three-sites")
        for name in ("north", "east", "west"):
            example.said.wait_for(f"Bridge {name} connected", DEADLINE)
        listeners = [self.client(port, "listener")
                     for port in (18841, 18842, 18843)]
        for each in listeners:
            each.subscribe("news/#", qos=1)
        self.client(18841, "author").publish("news/today", b"first", qos=1)
        for each in listeners:
            each.finish(each.expect_publish("news/today", "first", DEADLINE))
        # Were the first one still on its way somewhere, it would come here.
        self.client(18842, "author").publish("news/today", b"second", qos=1)
        for each in listeners:
            each.finish(each.expect_publish("news/today", "second", DEADLINE))
        self.assert_all_is_gone(example)

    def test_a_taken_port_ends_all(self):
        with socket.create_server(("127.0.0.1", 18831)):
            example = Example(self, "two-sites")
            example.said.wait_for("centre has ended by itself", DEADLINE)
            self.assertEqual(example.process.wait(DEADLINE), 1)
