"""SIGHUP: what the files say of users and rights holds at once, for whom it
concerns; all others notice nothing."""
import threading
import unittest

from credentials import users_file, write
from harness import QUICK, each_version, free_port, troupe_only
from mqtt import V5, V31, V311, VERSIONS, Will
from reloading import (NOT_AUTHORIZED, PASSWORDS, ReloadTest, client_code,
                       drain)


@troupe_only
class Users(ReloadTest):
    def setUp(self):
        super().setUp()
        self.begin(password_file=str(self.users), allow_anonymous=True)
        self.there = {(name, version): self.user(name, version)
                      for name in PASSWORDS for version in VERSIONS}
        self.nobody = [self.connected(version) for version in VERSIONS]

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
