"""Starts the broker as systemd would: with sockets, and asked to report."""
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

from harness import BINARY, Lines, die_with_parent

# Becomes the broker, once descriptors 3 and up are the sockets whose numbers
# stand first and the environment names this process.
STARTER = """
import os, sys
count = int(sys.argv[1])
given = [int(each) for each in sys.argv[2:2 + count]]
given = [os.dup2(os.dup(each), 100 + at) for at, each in enumerate(given)]
for at, each in enumerate(given):
    os.dup2(each, 3 + at, inheritable=True)
    os.close(each)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = os.environ.get("LISTEN_FDS", str(count))
os.execv(sys.argv[2 + count], sys.argv[2 + count:])
"""


class Service:
    """One broker with `conf` as its configuration, the `sockets` passed on and
    NOTIFY_SOCKET at `self.notices`."""

    def __init__(self, conf, sockets=(), **environment):
        self.folder = tempfile.TemporaryDirectory(prefix="troupe-test-")
        folder = pathlib.Path(self.folder.name)
        self.conf = folder / "mosquitto.conf"
        self.conf.write_text(conf)
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(str(folder / "notify"))
        self.notices.settimeout(10)
        numbers = [str(each.fileno()) for each in sockets]
        self.process = subprocess.Popen(
            [sys.executable, "-c", STARTER, str(len(numbers)), *numbers, BINARY,
             "-v", "-c", str(self.conf)],
            env=dict(os.environ, NOTIFY_SOCKET=str(folder / "notify"),
                     **environment),
            pass_fds=[each.fileno() for each in sockets],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self.log = Lines(self.process.stderr)

    def notice(self):
        """The next thing told, as a list of lines."""
        return self.notices.recv(4096).decode().split("\n")

    def end(self, expected=0):
        if expected == 0:
            self.process.terminate()
        status = self.process.wait(10)
        self.log.thread.join(5)
        assert status == expected, (status, self.log.text())

    def clean_up(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.notices.close()
        self.folder.cleanup()
