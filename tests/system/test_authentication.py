"""Who may connect: password files, anonymous clients, guessing."""
import select
import subprocess
import unittest

import client as raw
import harness
import mqtt
from credentials import (BAD_LOGIN, MOSQUITTO_PASSWD, make_folder,
                         needs_mosquitto_passwd, set_mosquitto_password,
                         set_password, users_file, write)
from harness import (PEER, Broker, BrokerTest, OwnBrokerTest, each_version,
                     expected_differs, free_port, troupe_only)
from mqtt import V5, V31, V311, Will

# User, kind of hash and who writes it.
KINDS = [("anna", "sha512-pbkdf2", "mosquitto_passwd"),
         ("ben", "sha512", "mosquitto_passwd"),
         ("cid", "argon2id", "troupe"), ("dora", "scram-sha-256", "troupe"),
         ("eve", "sha512-pbkdf2", "troupe"), ("fay", "sha512", "troupe")]


def right(user):
    return f"{user}'s secret: é".encode()


@needs_mosquitto_passwd
class PasswordFiles(BrokerTest):
    """One file that holds hashes of every kind."""

    @classmethod
    def setUpClass(cls):
        folder = make_folder(cls)
        cls.users = []
        cls.file = folder / "users"
        for user, kind, tool in KINDS:
            if tool == "mosquitto_passwd":
                set_mosquitto_password(folder / "users", user,
                                       right(user).decode(), kind)
            elif not PEER:
                set_password(folder / "users", user, right(user).decode(),
                             kind)
            else:
                continue
            cls.users.append(user)
        limit = {} if PEER else {"failed_authentication_limit": 0}
        cls.broker = Broker(password_file=str(folder / "users"), **limit)

    def assert_refused(self, version, **arguments):
        client = self.client(version)
        client.connect(self.new_id(), code=BAD_LOGIN[version], **arguments)
        self.assertFalse(client.connack.session_present)
        client.expect_closed()

    @each_version
    def test_the_right_password_lets_in_whatever_its_hash(self, version):
        for user in self.users:
            client = self.connected(version, username=user,
                                    password=right(user))
            client.subscribe(self.topic)
            client.publish(self.topic, user)
            client.expect_publish(self.topic, user)

    @each_version
    def test_any_other_password_is_refused(self, version):
        for user in self.users:
            for wrong in (b"x", right(user) + b"x", right(user)[:-1],
                          b"\0" + right(user), right(user).upper(), b"\0",
                          b"\xff\xfe", b"x" * 65535):
                self.assert_refused(version, username=user, password=wrong)

    @each_version
    def test_an_empty_password_is_refused(self, version):
        for user in self.users:
            self.assert_refused(version, username=user, password=b"")

    @each_version
    def test_a_user_without_password_is_refused(self, version):
        for user in self.users:
            self.assert_refused(version, username=user)

    @expected_differs("2.0.11 takes an empty name for none")
    @each_version
    def test_an_unknown_user_is_refused(self, version):
        for user in ("nobody", "", "anna ", " anna", "Anna", "ann", "anna:",
                     "#", "a" * 65535):
            self.assert_refused(version, username=user, password=right("anna"))

    @each_version
    def test_the_password_of_somebody_else_is_refused(self, version):
        for user, other in zip(self.users, self.users[1:] + self.users[:1]):
            self.assert_refused(version, username=user, password=right(other))

    @each_version
    def test_a_clients_id_proves_nothing(self, version):
        client = self.client(version)
        client.connect("anna", code=BAD_LOGIN[version], username="anna",
                       password=b"x")

    @each_version
    def test_anonymous_clients_pass_where_they_are_allowed(self, version):
        self.connected(version).ping()

    def test_a_password_without_user_is_nobodys(self):
        client = self.client(V311)
        client.send(mqtt.connect(V311, "c", password=right("anna")))
        client.expect_closed()
        # MQTT 5 allows it: then it is an anonymous client.
        self.connected(V5, password=right("anna")).ping()

    def test_the_hash_is_no_password(self):
        for line in self.file.read_text().splitlines():
            user, stored = line.split(":", 1)
            for wrong in (stored, stored.split("$")[-1]):
                self.assert_refused(V5, username=user, password=wrong.encode())

    @each_version
    def test_nothing_behind_a_refused_connect_is_done(self, version):
        watcher = self.subscriber()
        client = self.client(version)
        client.send(mqtt.connect(version, self.new_id(), username="anna",
                                 password=b"wrong",
                                 will=Will(self.topic, b"will"))
                    + mqtt.publish(self.topic, b"no", version)
                    + mqtt.subscribe(1, [("#", 0)], version))
        got = client.receive_type(mqtt.CONNACK)
        self.assertEqual(got.code, BAD_LOGIN[version])
        client.expect_closed()
        self.assert_silent(watcher, self.topic)

    @each_version
    def test_everything_behind_a_good_connect_is_done(self, version):
        for user in self.users:
            client = self.client(version)
            client.send(mqtt.connect(version, self.new_id(), username=user,
                                     password=right(user))
                        + mqtt.subscribe(1, [(self.topic, 0)], version)
                        + mqtt.publish(self.topic, user, version))
            self.assertEqual(client.receive_type(mqtt.CONNACK).code, 0)
            client.receive_type(mqtt.SUBACK)
            client.expect_publish(self.topic, user)

    @each_version
    def test_a_wrong_password_takes_nobody_over(self, version):
        name = self.new_id()
        owner = self.client(version).connect(name, username="anna",
                                             password=right("anna"))
        self.client(version).connect(name, code=BAD_LOGIN[version],
                                     username="anna", password=b"wrong")
        owner.ping()

    def test_a_connect_byte_by_byte_is_judged_like_any_other(self):
        client = self.client(V5)
        for byte in mqtt.connect(V5, self.new_id(), username="anna",
                                 password=right("anna")):
            client.send(bytes([byte]))
        self.assertEqual(client.receive_type(mqtt.CONNACK).code, 0)

    @unittest.skipUnless(MOSQUITTO_PASSWD, "no mosquitto-clients here")
    def test_mosquitto_pub_is_told(self):
        for password, status in ((right("anna"), 0), (b"wrong", 5)):
            for version, code in (("mqttv31", 5), ("mqttv311", 5),
                                  ("mqttv5", 135)):
                done = subprocess.run(
                    ["mosquitto_pub", "-p", str(self.broker.port), "-h",
                     "127.0.0.1", "-V", version, "-u", "anna", "-P", password,
                     "-t", self.topic, "-m", "x"], check=False, timeout=30,
                    stderr=subprocess.DEVNULL)
                self.assertEqual(done.returncode, status and code, version)


class Anonymous(OwnBrokerTest):
    def begin(self, **options):
        self.folder = make_folder(self)
        if options.pop("with_users", False):
            path = self.folder / "users"
            if PEER:
                set_mosquitto_password(path, "anna", "secret")
            else:
                users_file(path, anna="secret")
            options["password_file"] = str(path)
        self.broker = Broker(**options)
        self.addCleanup(self.broker.kill)

    def codes(self, **arguments):
        """CONNACK's code in every version."""
        result = {}
        for version in mqtt.VERSIONS:
            client = self.client(version)
            client.send(mqtt.connect(version, self.new_id(), **arguments))
            result[version] = client.receive_type(mqtt.CONNACK).code
            client.drop()
        return result

    GOOD = {V31: 0, V311: 0, V5: 0}
    ANNA = {"username": "anna", "password": b"secret"}
    WRONG = {"username": "anna", "password": b"wrong"}

    def assert_lets_in(self, anonymous, wrong, right_one):
        for arguments, good in (({}, anonymous), (self.WRONG, wrong),
                                (self.ANNA, right_one)):
            self.assertEqual(self.codes(**arguments),
                             self.GOOD if good else BAD_LOGIN, arguments)
        self.broker.stop()

    def test_a_listener_lets_nobody_in_unasked(self):
        self.begin(allow_anonymous=None)
        self.assert_lets_in(False, False, False)

    def test_a_password_file_lets_in_who_is_in_it_and_nobody_else(self):
        self.begin(allow_anonymous=None, with_users=True)
        self.assert_lets_in(False, False, True)

    def test_anonymous_clients_are_closed_where_that_is_said(self):
        self.begin(allow_anonymous=False, with_users=True)
        self.assert_lets_in(False, False, True)

    def test_allowing_anonymous_clients_forgives_no_wrong_password(self):
        self.begin(allow_anonymous=True, with_users=True)
        self.assert_lets_in(True, False, True)

    def test_without_users_a_name_is_as_good_as_none(self):
        self.begin(allow_anonymous=True)
        self.assert_lets_in(True, True, True)

    def test_without_users_and_anonymous_clients_nobody_gets_in(self):
        self.begin(allow_anonymous=False)
        self.assert_lets_in(False, False, False)

    def test_an_empty_password_file_has_no_users(self):
        folder = make_folder(self)
        self.begin(allow_anonymous=None,
                   password_file=str(write(folder / "none", "")))
        self.assert_lets_in(False, False, False)


class PerListener(OwnBrokerTest):
    """Who may come in depends on the door."""

    def begin(self, conf):
        folder = make_folder(self)
        users_file(folder / "first", anna="one")
        users_file(folder / "second", anna="two", ben="three")
        self.ports = [free_port() for _ in range(4)]
        doors = [{"password_file": str(folder / "first")},
                 {"password_file": str(folder / "second")},
                 {"allow_anonymous": True}, {}]
        options = {"per_listener_settings": True} if conf else {}
        self.broker = Broker(
            allow_anonymous=None, conf=conf,
            listeners=[dict({"port": port, "address": "127.0.0.1"}, **door)
                       for port, door in zip(self.ports, doors)], **options)
        self.addCleanup(self.broker.kill)

    def lets_in(self, door, **arguments):
        client = self.client(V5, address=("127.0.0.1", self.ports[door]))
        client.send(mqtt.connect(V5, self.new_id(), **arguments))
        code = client.receive_type(mqtt.CONNACK).code
        self.assertIn(code, (0, 135))
        client.drop()
        return code == 0

    def check(self):
        doors = range(4)
        for user, password, open_to in (
                ("anna", b"one", [0, 2]), ("anna", b"two", [1, 2]),
                ("ben", b"three", [1, 2]), ("ben", b"one", [2])):
            self.assertEqual(
                [door for door in doors
                 if self.lets_in(door, username=user, password=password)],
                open_to, user)
        self.assertEqual([door for door in doors if self.lets_in(door)], [2])
        self.broker.stop()

    @troupe_only
    def test_each_listener_has_its_own_users(self):
        self.begin(conf=False)
        self.check()

    @troupe_only
    def test_per_listener_settings_give_each_its_own_users(self):
        self.begin(conf=True)
        self.check()


@troupe_only
class OffTheLoop(OwnBrokerTest):
    """Passwords whose check takes half a second and more, on one loop."""

    CHECKS = 20

    def setUp(self):
        super().setUp()
        path = make_folder(self) / "users"
        set_password(path, "anna", "secret", "argon2id", "-I", "3")
        self.broker = Broker(password_file=str(path), loops=1,
                             failed_authentication_limit=0)
        self.addCleanup(self.broker.kill)

    def knock(self, password=b"secret", **arguments):
        client = self.client(V5)
        return client.send(mqtt.connect(V5, self.new_id(), username="anna",
                                        password=password, **arguments))

    def test_clients_are_served_while_passwords_are_checked(self):
        served = self.subscriber()
        waiting = [self.knock() for _ in range(self.CHECKS)]
        for number in range(20):
            served.publish(self.topic, str(number))
            served.expect_publish(self.topic, str(number))
        answered = select.select([each.socket for each in waiting], [], [], 0)
        self.assertLess(len(answered[0]), self.CHECKS)
        for each in waiting:
            got = each.receive_type(mqtt.CONNACK, within=120)
            self.assertEqual(got.code, 0)
        self.broker.stop()

    def test_who_leaves_meanwhile_is_no_trouble(self):
        before = self.broker.open_files()
        for _ in range(4):
            self.knock().drop()
            self.knock(b"wrong").drop()
        # Those in front of it are done when it is.
        last = self.knock()
        self.assertEqual(last.receive_type(mqtt.CONNACK, within=60).code, 0)
        last.disconnect()
        self.knock(b"wrong").receive_type(mqtt.CONNACK, within=60)
        self.connected().disconnect()
        self.assertLessEqual(self.broker.open_files(), before + 1)
        self.broker.log.wait_for("wrong password", times=5)
        self.broker.stop()

    def test_only_the_will_of_one_who_was_let_in_is_published(self):
        watcher = self.subscriber()
        self.knock(b"wrong", will=Will(self.topic, b"wrong")).drop()
        self.knock(will=Will(self.topic, b"right")).drop()
        watcher.expect_publish(self.topic, "right", within=60)
        self.knock(b"wrong").receive_type(mqtt.CONNACK, within=60)
        self.assert_silent(watcher, self.topic)
        self.broker.stop()

    def test_the_broker_ends_while_passwords_are_checked(self):
        waiting = [self.knock() for _ in range(self.CHECKS)]
        self.connected().ping()
        self.broker.stop()
        # Whoever was not let in before is closed.
        self.assertRaises(raw.Closed, waiting[-1].receive)


@troupe_only
class Guessing(OwnBrokerTest):
    """An address from which too many attempts fail has to wait."""

    def setUp(self):
        super().setUp()
        path = make_folder(self) / "users"
        users_file(path, anna="secret")
        self.broker = Broker(password_file=str(path),
                             failed_authentication_limit=5,
                             failed_authentication_block=2)
        self.addCleanup(self.broker.kill)

    def attempt(self, password=b"secret", version=V5, source="127.0.0.1"):
        client = self.client(version, source=(source, 0))
        client.send(mqtt.connect(version, self.new_id(), username="anna",
                                 password=password))
        code = client.receive_type(mqtt.CONNACK).code
        client.drop()
        return code

    def fail(self, times, **arguments):
        for _ in range(times):
            self.assertEqual(self.attempt(b"wrong", **arguments), 135)

    def test_the_right_password_does_not_help_who_failed_too_often(self):
        there = self.client(V5).connect("there", username="anna",
                                        password=b"secret")
        self.fail(5)
        for version in mqtt.VERSIONS:
            self.assertEqual(self.attempt(version=version),
                             BAD_LOGIN[version])
        self.broker.log.wait_for("too many failed attempts from its address")
        there.ping()
        # The neighbours have done nothing.
        self.assertEqual(self.attempt(source="127.0.0.2"), 0)
        self.broker.stop()

    def test_the_wait_ends_and_begins_again_with_the_next_failure(self):
        self.fail(5)
        self.assertEqual(self.attempt(), 135)
        self.let_time_pass(3)
        self.assertEqual(self.attempt(b"wrong"), 135)
        self.assertEqual(self.attempt(), 135)
        self.let_time_pass(5)
        self.assertEqual(self.attempt(), 0)
        self.broker.stop()

    def test_a_success_ends_the_count(self):
        for _ in range(4):
            self.fail(4)
            self.assertEqual(self.attempt(), 0)
        self.broker.stop()

    def test_a_storm_is_braked_and_what_it_costs_is_bounded(self):
        knocking = []
        for number in range(100):
            client = self.client(V5)
            knocking.append(client.send(mqtt.connect(
                V5, self.new_id(), username=f"user{number}", password=b"x")))
        for client in knocking:
            self.assertEqual(client.receive_type(mqtt.CONNACK).code, 135)
        self.assertEqual(self.attempt(), 135)
        self.assertEqual(self.attempt(source="127.0.0.2"), 0)
        self.broker.stop()

    def test_waiting_costs_no_work(self):
        self.fail(5)
        for _ in range(20):
            self.assertEqual(self.attempt(b"wrong"), 135)
        self.broker.log.wait_for("too many failed attempts", times=20)
        self.assertEqual(self.broker.log.text().count("wrong password"), 5)
        self.broker.stop()


HASH = "$7$101$" + "A" * 16 + "$" + "A" * 86 + "=="
# What stands in the file, which line is wrong, and what is said of it.
BROKEN = [
    ("anna\n", 1, "colon"),
    (f"# fine\n\nanna:{HASH}\nben\n", 4, "colon"),
    (f":{HASH}\n", 1, "user"),
    ("anna:\n", 1, ""),
    ("anna:secret\n", 1, "not hashed"),
    (f"anna:{HASH}\nben:{HASH}\nanna:{HASH}\n", 3, "anna"),
    ("anna:$9$101$AAAA$AAAA\n", 1, ""),
    ("anna:$7$0$AAAAAAAAAAAAAAAA$" + "A" * 86 + "==\n", 1, ""),
    ("anna:$7$999999999$AAAAAAAAAAAAAAAA$" + "A" * 86 + "==\n", 1, ""),
    ("anna:$7$101$!!!!$" + "A" * 86 + "==\n", 1, ""),
    (f"anna:{HASH[:-20]}\n", 1, ""),
    ("anna:$6$AAAA\n", 1, ""),
    ("anna:$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA\n", 1, ""),
    ("anna:$scram-sha-256$1$AAAA$AAAA$AAAA\n", 1, ""),
]


@troupe_only
class BrokenFiles(unittest.TestCase):
    """A broker that cannot know its users does not start."""

    def assert_refused(self, path, *said):
        broker = Broker(password_file=str(path), wait=False)
        self.addCleanup(broker.kill)
        status = broker.process.wait(harness.START_DEADLINE)
        broker.log.thread.join(5)
        text = broker.log.text()
        self.assertEqual(status, 3, text)
        self.assertNotIn("running", text)
        for each in said:
            self.assertIn(each, text)
        with self.assertRaises(OSError):
            raw.open_socket(broker.address)
        return text

    def setUp(self):
        self.path = make_folder(self) / "users"

    def test_a_broken_line_is_named(self):
        for text, line, why in BROKEN:
            with self.subTest(text=text):
                write(self.path, text)
                self.assert_refused(self.path, f"{self.path}:{line}: ", why)

    def test_what_may_be_a_password_is_not_shown(self):
        write(self.path, "anna:geheim\n")
        self.assertNotIn("geheim", self.assert_refused(self.path))

    def test_a_file_that_all_may_write_is_refused(self):
        users_file(self.path, anna="secret")
        self.path.chmod(0o666)
        self.assert_refused(self.path, str(self.path), "chmod")

    def test_a_missing_file_is_named(self):
        self.assert_refused(self.path, str(self.path))

    def test_a_folder_is_no_file(self):
        self.path.mkdir()
        self.assert_refused(self.path, str(self.path))

    def test_a_file_of_one_listener_counts_like_any_other(self):
        write(self.path, "anna\n")
        broker = Broker(listener={"password_file": str(self.path)},
                        wait=False)
        self.addCleanup(broker.kill)
        self.assertEqual(broker.process.wait(harness.START_DEADLINE), 3)


if __name__ == "__main__":
    unittest.main()
