"""Brokers that speak TLS, and clients for them."""
import atexit
import functools
import ssl
import subprocess

import certificates
import client as raw
import harness
import mqtt

DEADLINE = 30
FILES = ("certfile", "keyfile", "cafile", "crlfile", "acl_file", "psk_file")
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
BOTH = (TLS12, TLS13)
# For mosquitto_pub and mosquitto_sub.
NAMES = {TLS12: "tlsv1.2", TLS13: "tlsv1.3"}
# What mosquitto_pub says; from 2.0.21 on also the latter.
BAD_TLS = "TLS error|Protocol error"


@functools.lru_cache(None)
def shared_files():
    """Certificates that all tests of a process share."""
    made = certificates.Certificates()
    atexit.register(made.remove)
    return made


def listener(folder, port, certificate="server", **options):
    """A listener with `certificate`, None for one without TLS; files are named
    as they are in `folder`."""
    made = {"port": port, "address": "127.0.0.1", **options}
    if certificate:
        made.update(certfile=f"{certificate}.crt", keyfile=f"{certificate}.key")
    for name in FILES:
        if name in made:
            made[name] = str(folder / made[name])
    return made


def context(certificate=None, authority="ca", lowest=TLS12, highest=TLS13,
            files=None):
    """How a client sees TLS that trusts `authority` and shows `certificate`."""
    files = files or shared_files()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(files.path(f"{authority}.crt"))
    made.minimum_version, made.maximum_version = lowest, highest
    # An end without close_notify is told apart from one with it.
    made.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if certificate:
        made.load_cert_chain(files.path(f"{certificate}.crt"),
                             files.path(f"{certificate}.key"))
    return made


class Client(raw.Client):
    """A raw client above TLS."""

    def __init__(self, address, version=mqtt.V5, with_context=None,
                 host="localhost", session=None, **arguments):
        super().__init__(address, version, **arguments)
        self.socket.settimeout(raw.DEADLINE)
        self.socket = (with_context or context()).wrap_socket(
            self.socket, server_hostname=host, session=session)
        self.socket.settimeout(None)

    def certificate(self):
        """The common name of what the server showed."""
        subject = self.socket.getpeercert()["subject"]
        return dict(pair for part in subject for pair in part)["commonName"]


class TlsTest(harness.BrokerTest):
    """Tests that share a broker with `listeners`, by name: what each adds to a
    listener with the certificate `server`."""

    listeners = {"tls": {}}

    @classmethod
    def setUpClass(cls):
        cls.files = shared_files()
        cls.make_files()
        cls.ports = {name: harness.free_port() for name in cls.listeners}
        cls.broker = harness.Broker(listeners=[
            listener(cls.files.folder, cls.ports[name], **options)
            for name, options in cls.listeners.items()], **cls.options)

    @classmethod
    def make_files(cls):
        """What the listeners need beside certificates."""

    def at(self, name):
        return ("127.0.0.1", self.ports[name])

    def tls_client(self, name="tls", version=mqtt.V5, **arguments):
        """A client whose handshake is done and that has sent nothing yet."""
        made = Client(self.at(name), version, **arguments)
        self.addCleanup(made.drop)
        return made

    def connected(self, version=mqtt.V5, client_id=None, name="tls",
                  tls=None, **arguments):
        made = self.tls_client(name, version, **(tls or {}))
        return made.connect(client_id or self.new_id(), **arguments)

    def plain_client(self, name="tls"):
        made = raw.Client(self.at(name))
        self.addCleanup(made.drop)
        return made

    def assert_served(self, name="tls", **tls):
        """Somebody new gets through."""
        self.connected(name=name, tls=tls).ping().disconnect()

    def assert_refused(self, name="tls", log=None, **tls):
        """The broker ends a handshake with an alert; the log has `log`."""
        since = self.log_lines()
        with self.assertRaises((ssl.SSLError, ConnectionError)) as caught:
            # With TLS 1.3 a client is done before the server has seen who it
            # is, and learns of it by the next read.
            made = self.tls_client(name, **tls)
            made.socket.settimeout(raw.DEADLINE)
            made.socket.recv(1)
        self.assertNotIsInstance(caught.exception, ssl.SSLCertVerificationError)
        if log:
            self.assert_log(log, since)

    def log_lines(self):
        """Where the log is now, for `since`."""
        return len(self.broker.log.lines)

    def assert_log(self, pattern, since, times=1):
        return self.broker.log.wait_for(pattern, since=since, times=times)

    # -- programs ------------------------------------------------------------

    def mosquitto(self, program, name, *arguments, authority="ca",
                  certificate=None, host="localhost"):
        """The command line of mosquitto_pub or mosquitto_sub."""
        command = [program, "-h", host, "-p", str(self.ports[name])]
        if authority:
            command += ["--cafile", self.files.path(f"{authority}.crt")]
        if certificate:
            command += ["--cert", self.files.path(f"{certificate}.crt"),
                        "--key", self.files.path(f"{certificate}.key")]
        return command + list(arguments)

    def publishes(self, name, *arguments, **who):
        """The exit status of a mosquitto_pub, and what it complained of."""
        done = subprocess.run(
            self.mosquitto("mosquitto_pub", name, "-t", self.topic, "-m", "x",
                           "-q", "1", *arguments, **who),
            text=True, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=DEADLINE, check=False)
        return done.returncode, done.stdout + done.stderr

    def assert_publishes(self, name, *arguments, **who):
        self.assertEqual(self.publishes(name, *arguments, **who), (0, ""))

    def assert_cannot_publish(self, name, *arguments, log=None,
                              text=BAD_TLS, **who):
        """mosquitto_pub fails and says `text`; the log has `log`."""
        since = self.log_lines()
        status, said = self.publishes(name, *arguments, **who)
        self.assertNotEqual(status, 0, said)
        if text:
            self.assertRegex(said, text)
        if log:
            self.assert_log(log, since)

    def s_client(self, name, *arguments, send=""):
        """`openssl s_client` against a listener: (status, what it wrote). It
        ends as its input does."""
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.ports[name]}",
             "-CAfile", self.files.path("ca.crt"), *arguments],
            input=send, text=True, stdout=subprocess.PIPE, errors="replace",
            stderr=subprocess.STDOUT, timeout=DEADLINE, check=False)
        return done.returncode, done.stdout
