"""SIGHUP: what the files say holds at once, for whom it concerns; all others
notice nothing."""
import signal
import threading
import time
import unittest

import client as raw
import mqtt
from credentials import make_folder, users_file, write
from harness import (QUICK, Broker, OwnBrokerTest, each_version, free_port,
                     troupe_only)
from mqtt import V5, V31, V311, Will

NOT_AUTHORIZED = 0x87
ADMINISTRATIVE = 0x98
KEPT = "what was in force stays"
PASSWORDS = {"anna": "a", "ben": "b", "cid": "c"}


class ReloadTest(OwnBrokerTest):
    def setUp(self):
        super().setUp()
        self.folder = make_folder(self)
        self.users = users_file(self.folder / "users", **PASSWORDS)
        self.rights = self.write_rights("pattern readwrite #")

    def begin(self, **options):
        self.broker = Broker(**options)
        self.addCleanup(self.end)

    def end(self):
        if self.broker.process.poll() is None:
            self.broker.stop()

    def write_rights(self, *lines):
        return write(self.folder / "rights", "\n".join(lines) + "\n")

    def user(self, name, version=V5, **arguments):
        return self.connected(version, username=name,
                              password=PASSWORDS[name].encode(), **arguments)

    def until(self, condition):
        """Ask again and again until it is so: whom a reload concerns learns of
        it some moments later."""
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it never was so")

    def code_for(self, address=None, version=V5, **arguments):
        """CONNACK's code for a new client, None if nobody listens."""
        try:
            client = self.client(version,
                                 address=address or self.broker.address)
        except OSError:
            return None
        try:
            client.send(mqtt.connect(version, self.new_id(), **arguments))
            return client.receive_type(mqtt.CONNACK).code
        except (raw.Closed, OSError):
            return None
        finally:
            client.drop()


@troupe_only
class Users(ReloadTest):
    def setUp(self):
        super().setUp()
        self.begin(password_file=str(self.users), allow_anonymous=True)
        self.there = {(name, version): self.user(name, version)
                      for name in PASSWORDS for version in mqtt.VERSIONS}
        self.nobody = [self.connected(version) for version in mqtt.VERSIONS]

    def assert_gone(self, *names):
        """Those, and nobody else, are closed; MQTT 5 is told why."""
        for (name, _), client in self.there.items():
            if name in names:
                client.expect_ended(NOT_AUTHORIZED)
        for (name, _), client in self.there.items():
            if name not in names:
                client.ping()
        for client in self.nobody:
            client.ping()

    def test_who_is_no_longer_a_user_is_closed(self):
        self.write_users_without("ben")
        self.broker.reload()
        self.assert_gone("ben")
        self.until(lambda: self.code_for(username="ben", password=b"b") == 135)
        self.user("anna").ping()

    def test_whose_password_changed_is_closed(self):
        users_file(self.users, anna="new")
        self.broker.reload()
        self.assert_gone("anna")
        self.until(lambda: self.code_for(username="anna", password=b"a")
                   == 135)
        self.assertEqual(self.code_for(username="anna", password=b"new"), 0)

    def test_who_is_as_before_stays(self):
        lines = self.users.read_text().splitlines()
        users_file(self.folder / "other", anna="new", dora="d")
        new = (self.folder / "other").read_text().splitlines()
        # In another order, with comments, one changed and one added.
        write(self.users, "\n".join(["# new", *new, "", lines[2], lines[1]]))
        self.broker.reload()
        self.assert_gone("anna")
        self.assertEqual(self.code_for(username="dora", password=b"d"), 0)

    def test_who_may_no_longer_be_anonymous_is_closed(self):
        self.broker.reload(allow_anonymous=False)
        for client in self.nobody:
            client.expect_ended(NOT_AUTHORIZED)
        for client in self.there.values():
            client.ping()
        self.assertEqual(self.code_for(), 135)

    def test_a_will_of_who_is_closed_is_published(self):
        watcher = self.user("cid")
        watcher.subscribe(self.topic)
        self.user("ben", will=Will(self.topic, b"gone"))
        self.write_users_without("ben")
        self.broker.reload()
        watcher.expect_publish(self.topic, "gone")

    def write_users_without(self, name):
        write(self.users, "".join(
            line for line in self.users.read_text().splitlines(True)
            if not line.startswith(f"{name}:")))

    def test_who_is_closed_may_come_back_when_it_may_again(self):
        before = self.users.read_text()
        self.write_users_without("ben")
        self.broker.reload()
        self.assert_gone("ben")
        write(self.users, before)
        self.broker.reload()
        self.assertEqual(self.code_for(username="ben", password=b"b"), 0)

    def test_a_session_of_who_was_closed_is_kept(self):
        keep = {"client_id": self.new_id(), "clean": False,
                "props": {"session_expiry": 600}}
        before = self.users.read_text()
        client = self.user("ben", **keep)
        self.write_users_without("ben")
        self.broker.reload()
        client.expect_ended(NOT_AUTHORIZED)
        write(self.users, before)
        self.broker.reload()
        self.assertTrue(self.user("ben", **keep).connack.session_present)


@troupe_only
class FromNothing(ReloadTest):
    def test_users_where_there_were_none_close_whoever_was_believed(self):
        self.begin(allow_anonymous=True)
        named = self.connected(username="anna")
        nobody = self.connected()
        self.broker.reload(password_file=str(self.users))
        named.expect_ended(NOT_AUTHORIZED)
        nobody.ping()

    def test_rights_where_there_were_none_hold_at_once(self):
        self.begin(allow_anonymous=True)
        client = self.connected(username="anna")
        client.subscribe("#")
        path = self.write_rights("user anna", "topic read yes")
        self.broker.reload(acl_file=str(path))
        self.until(
            lambda: client_code(client, "no") == NOT_AUTHORIZED)

    def test_rights_that_are_no_more_forbid_nothing(self):
        path = self.write_rights("user nobody")
        self.begin(allow_anonymous=True, acl_file=str(path))
        client = self.connected()
        client.publish("x", "no", 1, NOT_AUTHORIZED)
        self.broker.reload(acl_file=None)
        self.until(lambda: client_code(client, "x") != NOT_AUTHORIZED)


def client_code(client, topic):
    """What PUBACK says to a publication there; copies to itself are skipped.
    """
    client.send(mqtt.publish(topic, b"?", client.version, 1, 77))
    while True:
        got = client.receive()
        if got.type == mqtt.PUBACK:
            return got.code


@troupe_only
class Rights(ReloadTest):
    def setUp(self):
        super().setUp()
        self.begin(allow_anonymous=True, acl_file=str(self.rights))

    @each_version
    def test_a_changed_file_is_asked_from_the_next_message_on(self, version):
        self.write_rights("pattern readwrite #")
        self.broker.reload()
        reader, other = (self.connected(version, username=name)
                         for name in ("anna", "ben"))
        sender = self.connected(username="ben")
        for client in (reader, other):
            client.subscribe("#", qos=1)
        self.until(lambda: client_code(sender, "no/1") == 0)
        for client in (reader, other):
            drain(client)
        self.write_rights("user anna", "topic read yes/#", "user ben",
                          "topic readwrite yes/#", "topic write last",
                          "topic read last")
        self.broker.reload()
        self.until(lambda: client_code(sender, "no/2") == NOT_AUTHORIZED)
        # The sockets are the same, the subscriptions still there.
        self.until(lambda: self.gets_only(reader, sender))
        for client in (reader, other):
            drain(client)

    def gets_only(self, reader, sender):
        """Whether of two topics only the one comes that is allowed."""
        drain(reader)
        sender.publish("last", "not for anna", 1)
        sender.publish("yes/1", "for anna", 1)
        got = reader.receive_publish()
        reader.finish(got)
        if got.topic == "last":  # not yet
            reader.finish(reader.receive_publish())
            return False
        self.assertEqual(got.topic, "yes/1")
        return True

    def test_queues_of_who_is_away_are_judged_by_the_new_file(self):
        keep = {"username": "anna", "clean": False,
                "props": {"session_expiry": 600}}
        away = self.connected(**keep)
        away.subscribe("#", qos=1)
        away.disconnect()
        sender = self.connected(username="ben")
        for topic in ("secret", "open"):
            sender.publish(topic, "x", 1)
        self.write_rights("user anna", "topic read open")
        self.broker.reload()
        self.until(lambda: client_code(sender, "x") == NOT_AUTHORIZED)
        back = self.connected(client_id=away.client_id, **keep)
        back.expect_publish("open", "x")

    def test_a_will_of_who_is_away_is_judged_by_the_new_file(self):
        watcher = self.connected(username="ben")
        watcher.subscribe("#")
        for topic in ("secret", "open"):
            self.connected(
                username="anna", props={"session_expiry": 600},
                will=Will(topic, b"will", props={"will_delay": 2})).drop()
        self.write_rights("user anna", "topic write open", "user ben",
                          "topic read #")
        self.broker.reload()
        watcher.expect_publish("open", "will")
        self.write_rights("pattern readwrite #")
        self.broker.reload()
        sender = self.connected(username="ben")
        self.until(lambda: client_code(sender, "last") == 0)
        watcher.expect_publish("last", "?")


def drain(client):
    """Take everything that is on its way, up to the answer to a ping."""
    client.send(mqtt.packet(mqtt.PINGREQ))
    while True:
        got = client.receive()
        if got.type == mqtt.PINGRESP:
            return
        if got.type == mqtt.PUBLISH:
            client.finish(got)


@troupe_only
class Listeners(ReloadTest):
    def setUp(self):
        super().setUp()
        self.ports = [free_port() for _ in range(3)]
        self.begin(allow_anonymous=True, listeners=[
            self.listener(0), self.listener(1)])

    def listener(self, index, **options):
        return {"port": self.ports[index], "address": "127.0.0.1", **options}

    def at(self, index, version=V5):
        client = self.client(version, address=("127.0.0.1", self.ports[index]))
        return client.connect(self.new_id())

    def set_listeners(self, *listeners):
        self.broker.listeners = list(listeners)
        self.broker.reload()

    def test_a_new_one_opens_and_the_others_stay(self):
        there = [self.at(index) for index in (0, 1)]
        self.assertIsNone(self.code_for(("127.0.0.1", self.ports[2])))
        self.set_listeners(*(self.listener(index) for index in range(3)))
        self.until(lambda:
                   self.code_for(("127.0.0.1", self.ports[2])) == 0)
        for client in there:
            client.ping()
        self.at(2).ping()

    def test_one_that_is_gone_closes_and_its_clients_go(self):
        stays = self.at(0)
        for version in mqtt.VERSIONS:
            goes = self.at(1, version)
            self.set_listeners(self.listener(0))
            goes.expect_ended(ADMINISTRATIVE)
            self.until(lambda:
                       self.code_for(("127.0.0.1", self.ports[1])) is None)
            self.set_listeners(self.listener(0), self.listener(1))
            self.until(lambda:
                       self.code_for(("127.0.0.1", self.ports[1])) == 0)
        stays.ping()

    def test_who_has_not_sent_connect_to_one_that_is_gone_gets_nowhere(self):
        half = self.client(V5, address=("127.0.0.1", self.ports[1]))
        packet = mqtt.connect(V5, self.new_id())
        half.send(packet[:5])
        goes = self.at(1)
        self.set_listeners(self.listener(0))
        goes.expect_ended(ADMINISTRATIVE)
        half.send(packet[5:])
        try:
            while True:
                got = half.receive()
                self.assertIn(got.type, (mqtt.CONNACK, mqtt.DISCONNECT))
        except raw.Closed:
            pass

    def test_options_hold_for_who_is_there_and_who_comes(self):
        there = self.at(0)
        other = self.at(1)
        there.publish(self.topic, "x", 2)
        self.set_listeners(self.listener(0, max_qos=1), self.listener(1))
        self.until(lambda: self.at(0).connack.props.get("maximum_qos") == 1)
        self.assertNotIn("maximum_qos", self.at(1).connack.props)
        there.send(mqtt.publish(self.topic, b"x", V5, 2, 9))
        there.expect_ended(0x9B)
        other.publish(self.topic, "x", 2)

    def test_a_listener_can_be_closed_to_anonymous_clients(self):
        there, other = self.at(0), self.at(1)
        self.set_listeners(self.listener(0, allow_anonymous=False),
                           self.listener(1))
        there.expect_ended(NOT_AUTHORIZED)
        other.ping()

    def test_a_limit_of_connections_counts_who_is_there(self):
        there = [self.at(0) for _ in range(3)]
        self.set_listeners(self.listener(0, max_connections=4),
                           self.listener(1))
        address = ("127.0.0.1", self.ports[0])
        kept = []

        def is_full():
            client = self.client(V5, address=address)
            client.send(mqtt.connect(V5, self.new_id()))
            try:
                client.receive_type(mqtt.CONNACK)
            except raw.Closed:
                return True
            kept.append(client)
            return False
        self.until(is_full)
        self.assertGreaterEqual(len(kept), 1)
        for client in there:
            client.ping()

    def test_a_port_that_is_taken_changes_nothing(self):
        there = [self.at(index) for index in (0, 1)]
        with raw.socket.socket() as taken:
            taken.bind(("127.0.0.1", self.ports[2]))
            taken.listen()
            self.broker.listeners = [self.listener(0), self.listener(2)]
            line = self.broker.reload(KEPT)
            self.assertIn(str(self.ports[2]), line)
        for client in there:
            client.ping()
        self.at(1).ping()


@troupe_only
class Broken(ReloadTest):
    """A reload that cannot be done whole is not done at all."""

    def setUp(self):
        super().setUp()
        self.begin(password_file=str(self.users), acl_file=str(self.rights),
                   max_keepalive=100)
        self.there = [self.user("anna", version) for version in mqtt.VERSIONS]
        self.there[-1].subscribe(self.topic)

    def assert_nothing_changed(self):
        for client in self.there:
            client.ping()
        new = self.user("anna")
        self.assertEqual(self.code_for(username="anna", password=b"x"), 135)
        new.publish(self.topic, "works")
        self.there[-1].expect_publish(self.topic, "works")
        self.assertEqual(
            self.user("ben", keep_alive=200).connack.props["server_keep_alive"],
            100)

    def refuse(self, *said, **options):
        """A reload with these options fails and names each of `said`."""
        before = len(self.broker.log.lines)
        old = dict(self.broker.options)
        # What is right in it must not come into force either.
        self.broker.reload(KEPT, max_keepalive=10, **options)
        text = "\n".join(self.broker.log.lines[before:])
        for each in said:
            self.assertIn(each, text)
        self.assert_nothing_changed()
        self.broker.options = old

    def test_syntax(self):
        path = self.broker.write_config()
        good = path.read_text()
        for text in ("{", good[:-2], good + "}", "listener 99999\n",
                     good.replace("max_keepalive", "max_keepalife"), "\0"):
            with self.subTest(text=text[:40]):
                before = len(self.broker.log.lines)
                path.write_text(text)
                self.broker.process.send_signal(signal.SIGHUP)
                self.broker.log.wait_for(KEPT, since=before)
                self.assertIn(path.name, "\n".join(
                    self.broker.log.lines[before:]))
                self.assert_nothing_changed()

    def test_a_missing_configuration(self):
        path = self.broker.write_config()
        path.unlink()
        self.broker.process.send_signal(signal.SIGHUP)
        self.broker.log.wait_for(KEPT)
        self.assert_nothing_changed()

    def test_options(self):
        self.refuse("max_packet_size", max_packet_size=1)
        self.refuse("no_such_option", no_such_option=True)

    def test_missing_files(self):
        for name in ("password_file", "acl_file"):
            gone = str(self.folder / "gone")
            self.refuse(gone, **{name: gone})

    def test_a_broken_line_of_users(self):
        good = self.users.read_text()
        write(self.users, good + "dora\n")
        self.refuse(f"{self.users}:4: ")
        write(self.users, "")  # nobody, but sound
        self.write_rights("user anna", "topik readwrite #")
        self.refuse(f"{self.rights}:2: ")

    def test_files_that_all_may_write(self):
        self.users.chmod(0o666)
        self.refuse("chmod")

    def test_a_log_that_cannot_be_written(self):
        self.refuse("/no/such/folder/log",
                    log_dest=["stderr", "file /no/such/folder/log"])

    def test_the_next_good_one_counts(self):
        self.refuse("max_packet_size", max_packet_size=1)
        self.broker.reload(max_keepalive=50)
        self.until(lambda: self.user(
            "ben", keep_alive=200).connack.props["server_keep_alive"] == 50)
        for client in self.there:
            client.ping()


@troupe_only
class Log(ReloadTest):
    def test_a_renamed_log_is_opened_anew(self):
        log = self.folder / "broker.log"
        self.begin(allow_anonymous=True,
                   log_dest=["stderr", f"file {log}"])
        for number in range(3):
            rotated = self.folder / f"broker.log.{number}"
            log.rename(rotated)
            self.broker.reload()
            self.connected(client_id=f"after{number}")
            self.broker.log.wait_for(f"connected from .* as after{number}")
            self.assertIn(f"after{number}", log.read_text())
            self.assertNotIn(f"after{number}", rotated.read_text())

    def test_it_is_opened_anew_whatever_the_configuration(self):
        log = self.folder / "broker.log"
        self.begin(allow_anonymous=True,
                   log_dest=["stderr", f"file {log}"])
        log.rename(self.folder / "old")
        self.broker.reload(KEPT, max_packet_size=1)
        self.assertIn(KEPT, log.read_text())

    def test_its_kinds_of_lines_change(self):
        self.begin(allow_anonymous=True, arguments=(), log_type=["notice"])
        self.connected(client_id="before")
        self.broker.log.wait_for("as before")
        self.broker.reload(log_type=["error", "notice", "subscribe"])
        self.subscriber(topic="some/topic")
        self.broker.log.wait_for("some/topic")


@troupe_only
class UnderLoad(ReloadTest):
    """Publishers and subscribers at QoS 1 while the files change."""

    RELOADS = 5 if QUICK else 20
    PAIRS = 4

    def publish_until(self, stop, sender, topic, sent):
        while not stop.is_set():
            sender.publish(topic, str(len(sent)), 1)
            sent.append(len(sent))

    def test_nothing_is_lost_and_nobody_dropped(self):
        self.begin(password_file=str(self.users), acl_file=str(self.rights),
                   allow_anonymous=False)
        extra = {"port": free_port(), "address": "127.0.0.1"}
        stop = threading.Event()
        pairs, threads = [], []
        for number in range(self.PAIRS):
            version = (V5, V311, V31)[number % 3]
            reader, sender = self.user("anna", version), self.user("ben")
            topic = self.new_topic()
            reader.subscribe(topic, qos=1)
            sent, got = [], []
            pairs.append((reader, sender, topic, sent, got))
            threads += [
                threading.Thread(target=self.publish_until,
                                 args=(stop, sender, topic, sent)),
                threading.Thread(target=self.read_all, args=(reader, got))]
        for each in threads:
            each.start()
        try:
            for number in range(self.RELOADS):
                progress = [len(pair[3]) for pair in pairs]
                self.write_rights(f"# {number}", "pattern readwrite #")
                with open(self.users, "a", encoding="utf-8") as file:
                    file.write(f"# {number}\n")
                self.broker.listeners = [self.broker.listeners[0],
                                         *([extra] if number % 2 else [])]
                self.broker.reload(max_keepalive=100 + number)
                for pair, before in zip(pairs, progress):
                    self.until(lambda pair=pair, before=before:
                               len(pair[3]) > before)
        finally:
            stop.set()
            for each in threads[::2]:
                each.join(20)
        for reader, sender, topic, sent, got in pairs:
            sender.publish(topic, "end", 1)
        for each in threads[1::2]:
            each.join(20)
        for reader, sender, topic, sent, got in pairs:
            self.assertEqual(got, [str(each) for each in sent] + ["end"])
            reader.ping()
            sender.ping()

    @staticmethod
    def read_all(reader, got):
        while not got or got[-1] != "end":
            packet = reader.finish(reader.receive_publish(within=30))
            got.append(packet.payload.decode())


if __name__ == "__main__":
    unittest.main()
