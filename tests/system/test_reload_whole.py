"""SIGHUP: listeners, limits and logs change; what is broken changes nothing."""
import signal
import socket
import unittest

import client as raw
import mqtt
from credentials import write
from harness import free_port, troupe_only
from mqtt import V5
from reloading import NOT_AUTHORIZED, ReloadTest

ADMINISTRATIVE = 0x98
KEPT = "what was in force stays"


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

    def test_one_moves_to_another_address_of_its_port(self):
        stays = self.at(1)
        port = self.ports[0]
        for address in ("0.0.0.0", "127.0.0.1", "", "127.0.0.1"):
            with self.subTest(to=address):
                client = self.at(0)
                self.set_listeners(self.listener(0, address=address),
                                   self.listener(1))
                client.expect_ended(ADMINISTRATIVE)
                self.assertEqual(self.code_for(("127.0.0.1", port)), 0)
                # Nobody else listens there, nor could.
                self.assertIsNone(self.code_for(
                    ("127.0.0.2", port)) if address == "127.0.0.1" else None)
        stays.ping()

    def test_one_that_cannot_move_stays(self):
        client = self.at(0)
        with socket.socket() as other:
            other.bind(("127.0.0.3", self.ports[0]))
            other.listen()
            self.broker.listeners[0]["address"] = "0.0.0.0"
            line = self.broker.reload(KEPT)
            self.assertIn("in use", line)
            client.ping()
            self.at(0).ping()

    def test_all_clients_go_by_the_new_file_when_it_is_said_to_be_read(self):
        there = [self.at(0) for _ in range(50)]
        for most in (0, 2, 1):
            self.set_listeners(self.listener(0, max_qos=most),
                               self.listener(1))
            self.assertEqual(self.at(0).connack.props.get("maximum_qos", 2),
                             most)
        for client in there:
            client.send(mqtt.publish("t", b"x", V5, 2, 1))
            client.expect_ended(0x9B)

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


if __name__ == "__main__":
    unittest.main()
