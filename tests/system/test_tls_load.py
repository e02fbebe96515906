"""TLS under load: large messages, slow readers, reloads, broken handshakes."""
import hashlib
import os
import pathlib
import random
import shutil
import socket
import ssl
import struct
import tempfile
import threading
import time

import client as raw
import harness
import mqtt
import tls

NOT_AUTHORIZED = 0x87

DEADLINE = 30
MIB = 1024 * 1024
MESSAGES = 12 if harness.QUICK else 40
CUT = 60 if harness.QUICK else 200
CLIENTS = 10


def digest(data):
    return hashlib.sha256(data).digest()


@harness.troupe_only
class LargeMessages(tls.TlsTest):
    listeners = {"tls": {}, "newest": {"tls_version": "tlsv1.3"},
                 "plain": {"certificate": None}}
    options = {"max_queued_messages": 0, "max_packet_size": 21 * MIB}

    def small_window(self, version):
        """A client that the kernel keeps little for."""
        return self.connected(tls={
            "receive_buffer": 4096,
            "with_context": tls.context(lowest=version, highest=version)})

    def test_who_reads_late_gets_everything_in_order(self):
        """Nobody reads while all of it is sent, neither messages nor
        acknowledgements; then those who wait take it in small pieces."""
        payloads = [os.urandom(MIB) for _ in range(4)]
        sums = [digest(each) for each in payloads]
        slow = [self.small_window(version) for version in tls.BOTH]
        for each in slow:
            each.subscribe(self.topic, qos=1)
        sender = self.connected()
        for number in range(MESSAGES):
            sender.send(mqtt.publish(self.topic, payloads[number % 4],
                                     mqtt.V5, 1, number + 1))
        for number in range(MESSAGES):
            self.assertEqual(sender.receive_type(mqtt.PUBACK, 60).pid,
                             number + 1)
        for each in slow:
            for number in range(MESSAGES):
                got = each.receive_publish(60)
                self.assertEqual(digest(got.payload), sums[number % 4])
                each.finish(got)
            each.ping()

    def test_both_ways_at_once(self):
        """Each sends to the other what neither socket can hold."""
        version = tls.TLS13
        left, right = self.small_window(version), self.small_window(version)
        left.subscribe(f"{self.topic}/l", qos=1)
        right.subscribe(f"{self.topic}/r", qos=1)
        senders = [self.connected(), self.connected()]
        failed = []

        def send(sender, topic, seed):
            payloads = random.Random(seed)
            try:
                for _ in range(MESSAGES // 4):
                    sender.publish(topic, payloads.randbytes(MIB), 1, code=0)
            except Exception as problem:  # told where it is waited for
                failed.append(problem)

        threads = [threading.Thread(target=send, args=arguments, daemon=True)
                   for arguments in ((senders[0], f"{self.topic}/l", 1),
                                     (senders[1], f"{self.topic}/r", 2))]
        for thread in threads:
            thread.start()
        for receiver, seed in ((right, 2), (left, 1)):
            expected = random.Random(seed)
            for _ in range(MESSAGES // 4):
                got = receiver.finish(receiver.receive_publish(60))
                self.assertEqual(digest(got.payload),
                                 digest(expected.randbytes(MIB)))
        for thread in threads:
            thread.join(60)
        self.assertEqual(failed, [])

    def test_a_message_of_20_mib_crosses_from_each_transport_to_each(self):
        payload = os.urandom(20 * MIB)
        clients = [self.connected(), self.connected(name="newest"),
                   self.plain_client("plain").connect(self.new_id())]
        for sender in clients:
            for receiver in clients:
                topic = self.new_topic()
                receiver.subscribe(topic)
                sender.publish(topic, payload)
                got = receiver.receive_publish(60)
                self.assertEqual(digest(got.payload), digest(payload))
                receiver.unsubscribe(topic)

    def test_a_reader_that_stops_does_not_stop_others(self):
        stuck, good = self.small_window(tls.TLS13), self.connected()
        for each in (stuck, good):
            each.subscribe(self.topic, qos=1)
        sender = self.connected()
        payload = os.urandom(MIB)
        for number in range(MESSAGES):
            sender.publish(self.topic, payload, 1, code=0)
            self.assertEqual(good.finish(good.receive_publish()).payload,
                             payload)
        stuck.drop()
        good.ping()


@harness.troupe_only
class Reload(tls.TlsTest):
    """Each test has files of its own, which it replaces."""

    @classmethod
    def setUpClass(cls):
        cls.files = tls.shared_files()

    @classmethod
    def tearDownClass(cls):
        pass

    def start(self, **options):
        source = self.files
        self.folder = pathlib.Path(
            tempfile.mkdtemp(prefix="troupe-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("server.crt", "server.key", "ca.crt"):
            shutil.copy(source.path(name), self.folder / name)
        shutil.copy(source.path("ca_empty.crl"), self.folder / "crl")
        self.ports = {"tls": harness.free_port()}
        self.broker = harness.Broker(listeners=[tls.listener(
            self.folder, self.ports["tls"], **options)])
        self.addCleanup(self.broker.stop)

    def replace(self, certificate):
        for end in ("crt", "key"):
            shutil.copy(self.files.path(f"{certificate}.{end}"),
                        self.folder / f"server.{end}")

    def served(self):
        """The common name of what a new client is shown."""
        open_mind = tls.context()
        open_mind.check_hostname = False
        client = self.connected(tls={"with_context": open_mind})
        client.ping()
        return client.certificate()

    def reload_until(self, is_done):
        """Reload; each thread of the broker learns of it soon after, which is
        when `is_done` holds for one new client after the other."""
        self.broker.reload()
        deadline = time.monotonic() + DEADLINE
        in_a_row = 0
        while in_a_row < 10:
            in_a_row = in_a_row + 1 if is_done() else 0
            self.assertLess(time.monotonic(), deadline)

    def is_let_in(self, **how):
        try:
            self.connected(tls=how).disconnect()
            return True
        except (ssl.SSLError, ConnectionError):
            return False

    def test_new_clients_get_the_new_certificate_and_old_ones_stay(self):
        self.start()
        receiver, sender = self.connected(), self.connected()
        receiver.subscribe(self.topic, qos=1)
        self.replace("other_host")
        self.assertEqual(self.served(), "localhost")
        self.reload_until(lambda: self.served() == "broker.example")
        sender.publish(self.topic, "still here", 1, code=0)
        receiver.finish(receiver.expect_publish(self.topic, "still here"))
        self.replace("server")
        self.reload_until(lambda: self.served() == "localhost")
        sender.ping()

    def test_a_reload_under_load_loses_nobody_and_nothing(self):
        self.start()
        pairs = []
        for number in range(CLIENTS):
            receiver = self.connected()
            receiver.subscribe(f"{self.topic}/{number}", qos=1)
            pairs.append((self.connected(), receiver))
        total = 60
        for count in range(total):
            for number, (sender, _) in enumerate(pairs):
                sender.send(mqtt.publish(f"{self.topic}/{number}", str(count),
                                         mqtt.V5, 1, count + 1))
            if count % 20 == 10:
                name, shown = (("other_host", "broker.example")
                               if count == 10 else ("server", "localhost"))
                self.replace(name)
                self.reload_until(lambda: self.served() == shown)
        for number, (sender, receiver) in enumerate(pairs):
            for count in range(total):
                self.assertEqual(sender.receive_type(mqtt.PUBACK).pid,
                                 count + 1)
                receiver.finish(receiver.expect_publish(
                    f"{self.topic}/{number}", str(count)))
            sender.ping()

    def test_files_that_do_not_fit_leave_the_old_ones_in_force(self):
        self.start()
        client = self.connected()
        shutil.copy(self.files.path("other_host.crt"),
                    self.folder / "server.crt")
        line = self.broker.reload("not reloaded")
        self.assertIn("does not belong to the certificate", line)
        for content in ("", "nothing\n", "-----BEGIN CERTIFICATE-----\nMII\n"):
            (self.folder / "server.crt").write_text(content)
            self.broker.reload("not reloaded")
            self.assertEqual(self.served(), "localhost")
        (self.folder / "server.crt").unlink()
        self.broker.reload("not reloaded")
        self.assertEqual(self.served(), "localhost")
        client.ping()

    def test_a_new_revocation_list_counts_for_new_handshakes(self):
        self.start(require_certificate=True, cafile="ca.crt", crlfile="crl")
        revoked, good = tls.context("revoked"), tls.context("client")
        first = self.connected(tls={"with_context": revoked})
        session = first.socket.session
        self.assert_served(with_context=revoked, session=session)
        shutil.copy(self.files.path("ca.crl"), self.folder / "crl")
        self.reload_until(lambda: not self.is_let_in(with_context=revoked))
        # Neither anew nor by a ticket from before.
        for ticket in (None, session):
            self.assert_refused(with_context=revoked, session=ticket,
                                log="it was revoked")
        self.assert_served(with_context=good)

    def assert_ended(self, client, log, since):
        client.expect_ended(NOT_AUTHORIZED)
        self.assert_log(f"{client.client_id} disconnected: .*{log}", since)

    def test_who_was_revoked_is_closed_and_nobody_else(self):
        self.start(require_certificate=True, cafile="ca.crt", crlfile="crl")
        for version in tls.BOTH:
            with self.subTest(version=version):
                shutil.copy(self.files.path("ca_empty.crl"),
                            self.folder / "crl")
                self.broker.reload()
                revoked, good = (
                    tls.context(name, lowest=version, highest=version)
                    for name in ("revoked", "client"))
                stays = self.connected(tls={"with_context": good})
                gone = self.connected(tls={"with_context": revoked})
                # What a session resumed knows of its certificate is less.
                again = self.connected(tls={"with_context": revoked,
                                            "session": gone.socket.session})
                since = self.log_lines()
                shutil.copy(self.files.path("ca.crl"), self.folder / "crl")
                self.broker.reload()
                for client in (gone, again):
                    self.assert_ended(client, "it was revoked", since)
                stays.ping()

    def test_whose_authority_is_trusted_no_more_is_closed(self):
        self.start(require_certificate=True, cafile="ca.crt")
        client = self.connected(tls={"with_context": tls.context("client")})
        since = self.log_lines()
        shutil.copy(self.files.path("stranger_ca.crt"),
                    self.folder / "ca.crt")
        self.broker.reload()
        self.assert_ended(client, "refused", since)

    def test_who_shakes_hands_during_a_reload_is_judged_by_the_new_list(self):
        self.start(require_certificate=True, cafile="ca.crt", crlfile="crl")
        silent = self.tls_client(with_context=tls.context("revoked"))
        # TLS 1.3: the server is done with the handshake when tickets come.
        self.connected(tls={"with_context": tls.context("client")}).ping()
        shutil.copy(self.files.path("ca.crl"), self.folder / "crl")
        self.broker.reload()
        silent.send(mqtt.connect(mqtt.V5, self.new_id()))
        with self.assertRaises((AssertionError, raw.Closed, OSError)):
            silent.connect(self.new_id())
        self.broker.log.wait_for("it was revoked")

    def test_settings_of_tls_are_reloaded(self):
        self.start()
        oldest = tls.context(highest=tls.TLS12)
        before = self.connected(tls={"with_context": oldest})
        self.broker.listeners[0]["tls_version"] = "tlsv1.3"
        self.reload_until(lambda: not self.is_let_in(with_context=oldest))
        self.assert_refused(with_context=oldest,
                            log="no version of TLS in common")
        self.assert_served()
        before.ping()


@harness.troupe_only
class BrokenHandshakes(tls.TlsTest):
    listeners = {"tls": {}, "required": {"require_certificate": True,
                                         "cafile": "ca.crt"}}

    def break_one(self, name, with_context, chance):
        """A handshake that is cut, or changed, at a byte chosen by `chance`;
        the end of the connection is an orderly one or a reset."""
        sock = raw.open_socket(self.at(name))
        sock.settimeout(raw.DEADLINE)
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        machine = with_context.wrap_bio(into, out,
                                        server_hostname="localhost")
        left = chance.choice((chance.randrange(700), chance.randrange(3000)))
        flips = chance.random() < 0.3
        try:
            while left > 0:
                try:
                    machine.do_handshake()
                    machine.write(mqtt.connect(mqtt.V5, "cut")[:left])
                except ssl.SSLWantReadError:
                    pass
                data = bytearray(out.read())
                if not data:
                    break
                if flips:
                    data[chance.randrange(len(data))] ^= \
                        1 << chance.randrange(8)
                sock.sendall(data[:left])
                left -= len(data)
                if left > 0 and not machine.version():
                    came = sock.recv(65536)
                    if not came:
                        break
                    into.write(came)
        except (ssl.SSLError, ConnectionError, socket.timeout):
            pass
        finally:
            if chance.random() < 0.5:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
            sock.close()

    def test_handshakes_cut_at_random_cost_nothing(self):
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        contexts = {
            "tls": [tls.context(highest=each) for each in tls.BOTH],
            "required": [tls.context("client", highest=each)
                         for each in tls.BOTH]}
        client = self.connected()
        before = self.broker.open_files()
        for number in range(CUT):
            name = chance.choice(sorted(contexts))
            with self.subTest(seed=seed, number=number):
                self.break_one(name, chance.choice(contexts[name]), chance)
                if number % 20 == 0:
                    client.ping()
        self.assert_served()
        self.assert_served("required", with_context=contexts["required"][0])
        client.ping()
        self.wait_for_files(client, before)

    def wait_for_files(self, client, most):
        """The broker has as few files open again; each look costs it a
        message, so that it is not asked idly."""
        for _ in range(2000):
            if self.broker.open_files() <= most:
                return
            client.publish(self.topic, b"x", 1)
        self.fail(f"{self.broker.open_files()} files open, {most} before")
