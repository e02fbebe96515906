"""The broker under test as a process, in a directory that outlives it."""
import json
import signal
import subprocess

from harness import die_with_parent

STOP_DEADLINE = 20

MOSQUITTO_CONF = """listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 0
user root
log_dest stderr
connection_messages false
"""


class Broker:
    """`kind` is "troupe" or "mosquitto"; its output goes to broker.log."""

    def __init__(self, kind, binary, folder, port, options):
        self.kind = kind
        self.binary = binary
        self.folder = folder
        self.port = port
        self.options = options
        self.process = None

    def start(self):
        with open(self.folder / "broker.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "-c", str(self._write_config())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, start_new_session=True,
                preexec_fn=die_with_parent)

    def _write_config(self):
        if self.kind == "mosquitto":
            path = self.folder / "mosquitto.conf"
            path.write_text(MOSQUITTO_CONF.format(port=self.port,
                                                  folder=self.folder))
            return path
        path = self.folder / "troupe.json"
        path.write_text(json.dumps({
            "listeners": [{"port": self.port, "address": "127.0.0.1"}],
            "allow_anonymous": True, "persistence": True,
            "persistence_location": str(self.folder),
            "max_queued_messages": 0, "connection_messages": False,
            **self.options}))
        return path

    def has_ended(self):
        return self.process.poll() is not None

    def kill(self):
        """As a crash does: without a chance to say or save anything."""
        self.process.kill()
        self.process.wait()

    def ask_to_end(self):
        self.process.send_signal(signal.SIGTERM)

    def status(self):
        """Its exit status; None if it had to be killed."""
        try:
            return self.process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def last_lines(self, count=20):
        text = (self.folder / "broker.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-count:])
