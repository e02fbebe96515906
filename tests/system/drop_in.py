"""Puts the same questions to Debian's mosquitto and to troupe, which are
started with the same files and may not change them.

A `Row` of a table is a short dialogue: a client connects and takes steps, each
a line of text (see `Dialogue`); the answer is what came of it, as text, too.
"""
import collections
import contextlib
import hashlib
import itertools
import os
import pathlib
import shlex
import shutil
import signal
import ssl
import subprocess
import tempfile

import certificates
import client as raw
import harness
import mqtt
from mqtt import V5
from store_tool import MOSQUITTO

DEADLINE = 10
# What only moves the dialogue on begins so; it is never part of an answer.
FENCE = b"\0fence"
fences = itertools.count(1)
ADMIN = {"user": "admin", "password": "of the house"}
ACKS = {mqtt.PUBACK: "puback", mqtt.PUBREC: "pubrec",
        mqtt.PUBCOMP: "pubcomp"}
OF_TLS = ("certificate", "highest", "plain")
sources = itertools.count(1)

# `answers` and `debian` map versions to the text that is expected; `debian`
# only holds those in which 2.0.11 differs, and `why` then says from what.
Row = collections.namedtuple("Row", "name on who steps answers debian why")
# `files` are name -> text; `{plain}` and so on become ports, `{dir}` the folder.
Installation = collections.namedtuple("Installation", "name files rows")


def row(name, on, who, *steps, every=None, v3=None, v31=None, v311=None,
        v5=None, debian=None, why=""):
    """`every`, or the answers for 3.1 and 3.1.1, and for 5.0; without an
    answer the version is not asked. `debian` has the same keywords."""
    answers = _answers(every, v3, v31, v311, v5)
    other = _answers(**{**dict.fromkeys(("every", "v3", "v31", "v311", "v5")),
                        **(debian or {})})
    assert answers and bool(other) == bool(why) and set(other) <= set(answers)
    assert all(answers[version] != other[version] for version in other), name
    return Row(name, on, who, steps, answers, other, why)


def _answers(every, v3, v31, v311, v5):
    found = {mqtt.V31: v31 or v3 or every, mqtt.V311: v311 or v3 or every,
             V5: v5 or every}
    return {version: text for version, text in found.items() if text}


class Place:
    """The files of an installation, with ports of their own."""

    def __init__(self, installation):
        self.installation = installation
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-drop-in-"))
        self.folder.chmod(0o755)
        self.config = self.folder / "mosquitto.conf"
        self.write()

    def write(self):
        """Again only where somebody else took one of the ports."""
        self.ports = collections.defaultdict(harness.free_port)
        self.ports["dir"] = str(self.folder)
        for name, text in self.installation.files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text.format_map(self.ports), encoding="utf-8")

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def digest(self):
        """Changes when any of the files does."""
        whole = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                whole.update(f"{path} {path.stat().st_mode} ".encode())
                whole.update(path.read_bytes())
        return whole.hexdigest()

    def address(self, listener):
        port = self.ports[listener]
        return ("127.0.0.1", port)

    def add_user(self, name, password, *flags):
        """A line of the password file, by Mosquitto's own tool."""
        path = self.folder / "passwords"
        create = [] if path.exists() else ["-c"]
        subprocess.run(["mosquitto_passwd", *create, *flags, "-b", str(path),
                        name, password], check=True, timeout=DEADLINE,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        path.chmod(0o600)

    def make_certificates(self):
        """A CA, what it signed, and what it did not."""
        self.self_signed("ca", "The house")
        self.self_signed("stranger", "ann")
        for name in ("server", "ann", "bob"):
            self.request(name, name)
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt",
                         "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                         "-out", f"{name}.crt")
        self.request("past", "ann")
        (self.folder / "past.cnf").write_text(certificates.CONFIG)
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("1000\n")
        self.openssl("ca", "-batch", "-notext", "-config", "past.cnf",
                     *certificates.PAST, "-in", "past.csr", "-out", "past.crt")

    def request(self, name, subject):
        self.openssl("req", "-new", *self.key(name), "-out", f"{name}.csr",
                     "-subj", f"/CN={subject}")

    def self_signed(self, name, subject):
        self.openssl("req", "-x509", *self.key(name), "-out", f"{name}.crt",
                     "-subj", f"/CN={subject}", "-days", "2")

    @staticmethod
    def key(name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-keyout", f"{name}.key"]

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True,
                       timeout=DEADLINE, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def wrap(self, made, who):
        """TLS around the connection; 1.2, where the hand-shake says all."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.folder / "ca.crt")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.maximum_version = ssl.TLSVersion[who.get("highest", "TLSv1_2")]
        if "certificate" in who:
            name = self.folder / who["certificate"]
            context.load_cert_chain(f"{name}.crt", f"{name}.key")
        made.socket.settimeout(DEADLINE)
        made.socket = context.wrap_socket(made.socket)


class Running:
    """A broker with the files of a place; `binary -c mosquitto.conf`."""

    def __init__(self, binary, place, *arguments):
        self.place = place
        self.is_debian = binary == MOSQUITTO
        self.command = [binary, "-c", str(place.config), *arguments]

    def start(self):
        self.before = self.place.digest()
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace",
            cwd=self.place.folder, preexec_fn=harness.die_with_parent)
        self.log = harness.Lines(self.process.stderr)

    def __enter__(self):
        self.start()
        for _ in range(5):
            if self.is_ready():
                break
            assert "in use" in self.log.text(), self.log.text()
            self.place.write()
            self.start()
        try:
            self.admin = self.helper()
            self.watcher = self.helper()
            self.watcher.subscribe("#", "$app/#", qos=2, retain_handling=2,
                                   retain_as_published=True)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def is_ready(self):
        """Waits until every listener takes connections; False if it ended."""
        for name, port in list(self.place.ports.items()):
            while isinstance(port, int):
                if self.process.poll() is not None:
                    self.log.thread.join(5)
                    return False
                try:
                    raw.open_socket(self.place.address(name)).close()
                    break
                except OSError:
                    # Ends early where the broker writes a line.
                    with self.log.changed:
                        self.log.changed.wait(0.02)
        return True

    def has_left_the_files_alone(self):
        return self.place.digest() == self.before

    def helper(self):
        return self.client("plain", V5).connect(
            f"helper{next(sources)}", username=ADMIN["user"],
            password=ADMIN["password"].encode(), keep_alive=0)

    def __exit__(self, *_):
        self.admin.drop()
        self.watcher.drop()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(DEADLINE)
        finally:
            self.process.kill()
            self.process.wait()
            self.log.thread.join(5)
        assert status == 0, f"{status}: {self.log.text()[-2000:]}"

    def client(self, listener, version):
        # An address of its own, so that nobody pays for another's failures.
        number = next(sources)
        source = (f"127.1.{number // 250 % 250}.{number % 250 + 1}", 0)
        return raw.Client(self.place.address(listener), version, source)

    def seen(self):
        """What the watcher got since it was asked last."""
        last = fence()
        self.admin.publish("fence/watcher", last, qos=1)
        found = []
        while True:
            got = self.watcher.receive(DEADLINE)
            acknowledge(self.watcher, got)
            if got.type != mqtt.PUBLISH:
                continue
            if got.payload == last:
                return found
            if not is_fence(got):
                found.append(describe(got))


class Dialogue:
    """One row with one broker in one version; `answer` is what came of it.

    Steps, with `qN` for a QoS (0):
      pub TOPIC [qN] [retain] [size=N] [text=T]   and what arrives elsewhere
      sub FILTER[,FILTER] [qN] [nolocal] [rap] [rh=N]
      unsub FILTER[,FILTER]
      admin TOPIC [qN] [retain] [size=N] [text=T]  somebody else publishes
      raw HEX                                      these bytes
      leave [code=N]                               DISCONNECT
      again [clean]                                connects anew
    """

    def __init__(self, broker, row, version):
        self.broker = broker
        self.row = row
        self.version = version
        self.parts = []
        self.made = []
        self.retained = set()
        self.client = None
        self.open = False
        self.client_id = row.who.get(
            "id", f"c{os.getpid()}x{next(sources)}")

    def run(self):
        try:
            self.broker.seen()
            self.connect(self.row.who)
            for step in self.row.steps:
                word, *rest = shlex.split(step)
                getattr(self, "do_" + word)(*rest)
            if self.open:
                # Nothing of it may reach the next dialogue: not even a will.
                self.client.send(mqtt.disconnect(self.version))
                self.collect(lambda each: False)
            self.clear()
        finally:
            for each in self.made:
                each.drop()
        return "; ".join(self.parts)

    # -- the clients ---------------------------------------------------------

    def connect(self, who):
        fields = {key: value for key, value in who.items()
                  if key not in ("id", "user", "raw", "mount", *OF_TLS)}
        if "user" in who:
            fields["username"] = who["user"]
        if self.version != V5:
            fields.pop("props", None)
        self.client = self.broker.client(self.row.on, self.version)
        self.made.append(self.client)
        if self.row.on.startswith("tls") and not who.get("plain"):
            try:
                self.broker.place.wrap(self.client, who)
            except (ssl.SSLError, ConnectionError):
                self.parts.append("no handshake")
                return
        self.open = True
        self.client.send(who["raw"] if "raw" in who else mqtt.connect(
            self.version, self.client_id, **fields))
        got = self.collect(lambda each: each.type == mqtt.CONNACK
                           and each.code == 0)
        if got != ["in"] or who is not self.row.who or not self.row.steps:
            self.parts += got
        if self.open and self.receives():
            self.client.send(mqtt.subscribe(
                0xFFFF, [(self.fence_topic(), 0)], self.version))
            # What is kept for it from before may stand in front.
            self.parts += self.collect(
                lambda each: each.type == mqtt.SUBACK)[:-1]

    def receives(self):
        return any(step.startswith(("sub", "admin", "again"))
                   for step in self.row.steps)

    def fence_topic(self):
        return "fence/" + self.client_id.replace("/", ".")

    def publish_as_admin(self, topic, payload, qos=1, retain=False):
        self.broker.admin.publish(topic, payload, qos, retain=retain)

    def collect(self, is_last):
        """What comes, as text, up to the packet for which `is_last` is true or
        to the end of the connection; publications are acknowledged."""
        found = []
        while self.open:
            try:
                got = self.client.receive(DEADLINE)
            except raw.Closed:
                self.open = False
                found.append("closed")
                break
            with contextlib.suppress(OSError):  # the end comes behind it
                acknowledge(self.client, got)
            found += self.words(got)
            if is_last(got):
                break
        return [word for word in found if word]

    def words(self, got):
        if got.type == mqtt.CONNACK:
            if got.code:
                return [f"connack {got.code}"]
            return ["in again" if got.session_present else "in"]
        if got.type == mqtt.PUBLISH:
            return [] if is_fence(got) else [describe(got)]
        if got.type == mqtt.SUBACK:
            return ["suback " + ",".join(map(str, got.codes))]
        if got.type == mqtt.UNSUBACK:
            return [" ".join(["unsuback", *map(str, got.codes)])]
        if got.type == mqtt.DISCONNECT:
            return [f"disconnect {got.code}"]
        if got.type in (mqtt.PINGRESP, mqtt.PUBREL):
            return []
        return [f"{ACKS[got.type]} {got.code}"]

    def wait_for_all(self):
        """Everything that is on its way to the client has come, as text."""
        if not self.open:
            return []
        last = fence()
        mount = self.row.who.get("mount", "")
        self.publish_as_admin(mount + self.fence_topic(), last)
        return self.collect(lambda each: each.type == mqtt.PUBLISH
                            and each.payload == last)

    def clear(self):
        for topic in self.retained:
            self.publish_as_admin(topic, b"", retain=True)

    # -- the steps -----------------------------------------------------------

    def do_pub(self, topic, *rest):
        qos, retain, payload = publication(rest)
        mount = self.row.who.get("mount", "")
        self.client.send(mqtt.publish(topic, payload, self.version, qos,
                                      7 if qos else None, retain))
        if qos == 0:
            self.client.send(mqtt.packet(mqtt.PINGREQ))
        last = {0: (mqtt.PINGRESP,), 1: (mqtt.PUBACK,),
                2: (mqtt.PUBREC, mqtt.PUBCOMP)}[qos]
        got = self.collect(
            lambda each: each.type in last
            and (each.type != mqtt.PUBREC or each.code >= 0x80))
        # Behind it on the same way, and then on that of the watcher.
        if self.open:
            if retain:
                self.retained.add(mount + topic)
            self.publish_as_admin(mount + topic, fence())
        if "pubcomp 0" in got:
            got.remove("pubcomp 0")
        arrived = self.broker.seen() or ["nothing"]
        self.parts.append(" ".join([*got, "->", *arrived]))

    def do_sub(self, filters, *rest):
        rest = list(rest)
        handling = next((int(word[3:]) for word in rest
                         if word.startswith("rh=")), 0)
        byte = mqtt.options(qos_of(rest), "nolocal" in rest, "rap" in rest,
                            handling)
        self.client.send(mqtt.subscribe(
            9, [(name, byte) for name in filters.split(",")], self.version))
        self.parts += self.collect(lambda each: each.type == mqtt.SUBACK)
        self.parts += self.wait_for_all()

    def do_unsub(self, filters):
        self.client.send(mqtt.unsubscribe(10, filters.split(","),
                                          self.version))
        self.parts += self.collect(lambda each: each.type == mqtt.UNSUBACK)

    def do_admin(self, topic, *rest):
        qos, retain, payload = publication(rest)
        if retain:
            self.retained.add(topic)
        self.publish_as_admin(topic, payload, qos, retain)
        if qos == 0:
            self.publish_as_admin(topic, fence())
        if self.open:
            self.parts.append(
                " ".join(sorted(self.wait_for_all()) or ["nothing"]))
        self.broker.seen()

    def do_raw(self, *data):
        self.client.send(bytes.fromhex("".join(data))
                         + mqtt.packet(mqtt.PINGREQ))
        self.parts += self.collect(
            lambda each: each.type == mqtt.PINGRESP) or ["nothing"]

    def do_leave(self, code="code=0"):
        self.client.send(mqtt.disconnect(self.version, int(code[5:])))
        got = self.collect(lambda each: False)
        self.parts += [] if got == ["closed"] else got

    def do_again(self, *rest):
        self.connect(dict(self.row.who, clean="clean" in rest))
        self.parts += self.wait_for_all()


def acknowledge(client, got):
    """The next packet of a publication's hand-shake, if it wants one."""
    if got.type == mqtt.PUBLISH and got.qos:
        client.ack(mqtt.PUBACK if got.qos == 1 else mqtt.PUBREC, got.pid)
    elif got.type == mqtt.PUBREC and got.code < 0x80:
        client.ack(mqtt.PUBREL, got.pid)
    elif got.type == mqtt.PUBREL:
        client.ack(mqtt.PUBCOMP, got.pid)


def qos_of(words):
    return next((int(word[1]) for word in words
                 if word in ("q0", "q1", "q2")), 0)


def publication(words):
    """(qos, retain, payload) of the words behind a topic."""
    values = dict(word.split("=") for word in words if "=" in word)
    payload = values.get("text", "x").encode() * int(values.get("size", 1))
    return qos_of(words), "retain" in words, payload


def fence():
    """A payload that nothing else has."""
    return FENCE + str(next(fences)).encode()


def is_fence(got):
    return got.payload.startswith(FENCE)


def describe(got):
    return " ".join([got.topic, f"q{got.qos}", *["r"] * got.retain])
