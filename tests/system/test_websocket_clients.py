"""WebSocket clients that we did not write: MQTT.js in Node and, in a page, in
Chromium; over ws and wss."""
import contextlib
import functools
import http.server
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from certificates import Certificates
from harness import (Broker, BrokerTest, PEER, PRCTL, die_with_parent,
                     each_version, free_port)
from mqtt import V5, VERSIONS

HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = HERE / "node_modules/mqtt/dist/mqtt.min.js"
PAGE = HERE / "websocket_page.html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PR_SET_CHILD_SUBREAPER = 36
QOS = (0, 1, 2)


@unittest.skipIf(PEER, "Debian's mosquitto needs a configuration of its own")
class WebSocketClients(BrokerTest):
    """A broker with a listener for MQTT, one for ws and one for wss."""

    more = {}  # for the WebSocket listeners

    @classmethod
    def setUpClass(cls):
        if not SCRIPT.exists():
            raise unittest.SkipTest("MQTT.js is not there: npm ci")
        cls.certificates = Certificates()
        tls = {"certfile": cls.certificates.path("server.crt"),
               "keyfile": cls.certificates.path("server.key")}
        ports = [free_port() for _ in range(3)]
        web = {"address": "127.0.0.1", "protocol": "websockets", **cls.more}
        listeners = [{"port": ports[0], "address": "127.0.0.1"},
                     {"port": ports[1], **web},
                     {"port": ports[2], **web, **tls}]
        cls.broker = Broker(max_packet_size=1 << 24, max_queued_messages=0,
                            listeners=listeners)
        cls.broker.address = ("127.0.0.1", ports[0])
        cls.urls = [f"ws://127.0.0.1:{ports[1]}/mqtt",
                    f"wss://127.0.0.1:{ports[2]}/mqtt"]

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()
        cls.certificates.remove()


class Node(WebSocketClients):
    def js(self, scenario, url, version, authority="ca.crt"):
        environment = dict(os.environ, NODE_EXTRA_CA_CERTS=(
            self.certificates.path(authority)))
        done = subprocess.run(
            ["node", str(HERE / "mqttjs.js"), scenario, url, str(version),
             f"{self.topic}/{url[:3]}"], env=environment,
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return json.loads(done.stdout)

    def assert_seen(self, scenario, version, expected):
        for url in self.urls:
            with self.subTest(url=url):
                self.assertEqual(self.js(scenario, url, version), expected)

    @each_version
    def test_messages_at_each_qos_in_order(self, version):
        for url in self.urls:
            with self.subTest(url=url):
                self.assertEqual(
                    self.js("messages", url, version),
                    [[f"{self.topic}/{url[:3]}/{qos}/x", str(number), qos]
                     for qos in QOS for number in range(50)])

    @each_version
    def test_large_messages(self, version):
        self.assert_seen("large", version,
                         [[4 << 20, True, str(qos), qos] for qos in QOS])

    @each_version
    def test_many_small_messages_keep_their_order(self, version):
        self.assert_seen("many", version, [f"{qos} {number}" for qos in QOS
                                           for number in range(1000)])

    @each_version
    def test_a_durable_session_catches_up(self, version):
        self.assert_seen("durable", version,
                         [str(number) for number in range(20)])

    @each_version
    def test_a_vanished_client_leaves_its_will(self, version):
        self.assert_seen("will", version, ["gone", 1])

    def test_a_client_that_does_not_trust_our_authority_does_not_connect(self):
        self.assertIn(
            "certificate",
            self.js("refused", self.urls[1], V5, authority="stranger_ca.crt"))


class PageServer(http.server.BaseHTTPRequestHandler):
    """Serves the page and the script; what is posted goes to `seen`."""

    def __init__(self, seen, *arguments):
        self.seen = seen
        super().__init__(*arguments)

    def do_GET(self):
        path = {"/": PAGE, "/mqtt.min.js": SCRIPT}.get(
            urllib.parse.urlsplit(self.path).path)
        if path is None:
            self.send_error(404)
            return
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if path == PAGE
                         else "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.seen.put(json.loads(self.rfile.read(size)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def page_server():
    """The port of a server of the page, and the queue of what it is told."""
    seen = queue.Queue()
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(PageServer, seen))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def browser(url):
    """Chromium, without a window, at `url`."""
    with tempfile.TemporaryDirectory(prefix="troupe-page-",
                                     ignore_cleanup_errors=True) as folder:
        PRCTL(PR_SET_CHILD_SUBREAPER, 1)  # what it leaves behind is ours
        running = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--disable-crash-reporter",
             "--disable-breakpad", "--no-first-run",
             "--disable-background-networking", "--disable-component-update",
             "--ignore-certificate-errors", f"--user-data-dir={folder}", url],
            env=dict(os.environ, HOME=folder), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=die_with_parent)
        try:
            yield
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            with contextlib.suppress(ChildProcessError):
                while True:
                    os.waitpid(-running.pid, 0)


@unittest.skipUnless(CHROMIUM, "there is no chromium")
class Page(WebSocketClients):
    def visit(self, port, seen):
        """What the page at `port` of the loopback says until it is done."""
        query = urllib.parse.urlencode(
            [("topic", self.topic), *(("url", url) for url in self.urls)])
        with browser(f"http://127.0.0.1:{port}/?{query}"):
            return list(iter(functools.partial(seen.get, timeout=60), "done"))

    def test_a_page_publishes_and_subscribes_by_ws_and_wss(self):
        watcher = self.subscriber(topic=f"{self.topic}/#")
        with page_server() as (port, seen):
            told = self.visit(port, seen)
        got = [[100000 + qos, qos] for qos in QOS]
        self.assertEqual(told, [[url, version, got] for url in self.urls
                                for version in VERSIONS])
        for _ in self.urls:
            for version in VERSIONS:
                for qos in QOS:
                    watcher.expect_publish(f"{self.topic}/{version}",
                                           b"x" * (100000 + qos))


@unittest.skipUnless(CHROMIUM, "there is no chromium")
class PageOfAnotherOrigin(Page):
    """Pages of one origin may connect, pages of others may not."""

    more = {"websockets_origin": ["http://dashboard.example"]}

    def test_a_page_publishes_and_subscribes_by_ws_and_wss(self):
        with page_server() as (port, seen):
            told = self.visit(port, seen)
        self.assertEqual(
            [(url, version) for url, version, _ in told],
            [(url, version) for url in self.urls for version in VERSIONS])
        for _, _, what in told:
            self.assertRegex(what, "^failed")
        self.broker.log.wait_for(
            f'the origin "http://127.0.0.1:{port}" may not connect')


if __name__ == "__main__":
    unittest.main()
