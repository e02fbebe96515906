"""Enhanced authentication (MQTT 5): SCRAM-SHA-256 packet by packet."""
import os
import unittest

import mqtt
from credentials import SCRAM, Scram, make_folder, set_password, users_file
from harness import Broker, BrokerTest, each_version, troupe_only
from mqtt import V5, Will

PROTOCOL_ERROR = 0x82
NOT_AUTHORIZED = 0x87
BAD_METHOD = 0x8C


class ScramTest(BrokerTest):
    options = {}

    @classmethod
    def setUpClass(cls):
        users = make_folder(cls) / "users"
        for user, password in (("anna", "geheim"), ("b=e,n", "p,w=d"),
                               ("cécile", "pässwörd")):
            set_password(users, user, password, "scram-sha-256")
        set_password(users, "slow", "geheim", "scram-sha-256", "-I", "50000")
        users_file(users, plain="geheim")
        cls.broker = Broker(**{"password_file": str(users),
                               "failed_authentication_limit": 0,
                               **cls.options})

    def begin(self, data, method=SCRAM, client_id=None, props=(), **more):
        """CONNECT with this as authentication data."""
        block = [("auth_method", method)] if method is not None else []
        block += [("auth_data", data)] if data is not None else []
        client = self.client(V5)
        return client.send(mqtt.connect(
            V5, client_id or self.new_id(), props=block + list(props), **more))

    def challenge(self, scram, **arguments):
        """A client to which the broker has sent its first message; that."""
        client = self.begin(scram.first, **arguments)
        return client, self.read_challenge(client)

    def read_challenge(self, client):
        got = client.receive_type(mqtt.AUTH)
        self.assertEqual((got.code, got.props["auth_method"]), (0x18, SCRAM))
        self.assertEqual(set(got.props), {"auth_method", "auth_data"})
        return got.props["auth_data"]

    def log_in(self, user="anna", password="geheim", **arguments):
        scram = Scram(user, password)
        client, first = self.challenge(scram, **arguments)
        client.send(mqtt.auth(method=SCRAM, data=scram.final(first)))
        got = client.receive_type(mqtt.CONNACK)
        self.assertEqual(got.code, 0)
        self.assertEqual(got.props["auth_method"], SCRAM)
        self.assertTrue(scram.knows_us(got.props["auth_data"]))
        client.connack = got
        return client

    def assert_refused(self, client, code):
        got = client.receive_type(mqtt.CONNACK)
        self.assertEqual(got.code, code, got)
        client.expect_closed()
        return got


@troupe_only
class Exchange(ScramTest):
    def test_both_sides_prove_that_they_know_the_password(self):
        for user, password in (("anna", "geheim"), ("b=e,n", "p,w=d"),
                               ("cécile", "pässwörd"), ("slow", "geheim")):
            with self.subTest(user=user):
                client = self.log_in(user, password)
                client.subscribe(self.topic)
                client.publish(self.topic, user)
                client.expect_publish(self.topic, user)

    def test_it_says_how_much_work_the_hash_is(self):
        for user, iterations in (("anna", 4096), ("slow", 50000)):
            scram = Scram(user, "geheim")
            _, first = self.challenge(scram)
            scram.final(first)
            self.assertEqual(scram.iterations, iterations)

    def test_what_follows_the_last_auth_in_one_write_is_done(self):
        scram = Scram("anna", "geheim")
        client, first = self.challenge(scram)
        client.send(mqtt.auth(method=SCRAM, data=scram.final(first))
                    + mqtt.subscribe(1, [(self.topic, 0)])
                    + mqtt.publish(self.topic, b"in one write"))
        self.assertEqual(client.receive_type(mqtt.CONNACK).code, 0)
        client.receive_type(mqtt.SUBACK)
        client.expect_publish(self.topic, "in one write")

    def test_packets_byte_by_byte_are_as_good(self):
        scram = Scram("anna", "geheim")
        client = self.client(V5)
        for byte in mqtt.connect(V5, self.new_id(), props=[
                ("auth_method", SCRAM), ("auth_data", scram.first)]):
            client.send(bytes([byte]))
        final = scram.final(self.read_challenge(client))
        for byte in mqtt.auth(method=SCRAM, data=final):
            client.send(bytes([byte]))
        got = client.receive_type(mqtt.CONNACK)
        self.assertEqual(got.code, 0)
        self.assertTrue(scram.knows_us(got.props["auth_data"]))

    def test_the_session_is_resumed(self):
        name = self.new_id()
        keep = {"client_id": name, "clean": False,
                "props": [("session_expiry", 60)]}
        first = self.log_in(**keep)
        first.subscribe(self.topic, qos=1)
        first.drop()
        self.connected().publish(self.topic, "meanwhile", 1)
        back = self.log_in(**keep)
        self.assertTrue(back.connack.session_present)
        back.finish(back.expect_publish(self.topic, "meanwhile", qos=1))

    def test_many_exchanges_at_once_do_not_disturb_each_other(self):
        waiting = []
        for _ in range(30):
            scram = Scram("anna", "geheim")
            waiting.append((scram, *self.challenge(scram)))
        for scram, client, first in reversed(waiting):
            client.send(mqtt.auth(method=SCRAM, data=scram.final(first)))
            got = client.receive_type(mqtt.CONNACK)
            self.assertTrue(scram.knows_us(got.props["auth_data"]))

    def test_no_nonce_comes_twice(self):
        nonces = set()
        for _ in range(20):
            scram = Scram("anna", "geheim", nonce="always")
            _, first = self.challenge(scram)
            scram.final(first)
            nonces.add(scram.server_nonce)
        self.assertEqual(len(nonces), 20)

    @each_version
    def test_a_plain_password_passes_with_such_a_hash_too(self, version):
        self.connected(version, username="anna", password=b"geheim").ping()


@troupe_only
class Refused(ScramTest):
    def finish(self, scram, final=None, **arguments):
        client, first = self.challenge(scram, **arguments)
        made = scram.final(first)
        return client.send(mqtt.auth(
            method=SCRAM, data=made if final is None else final(made)))

    def test_a_wrong_password(self):
        self.assert_refused(self.finish(Scram("anna", "wrong")),
                            NOT_AUTHORIZED)

    def test_an_unknown_user_is_answered_like_a_known_one(self):
        known, unknown = Scram("anna", "wrong"), Scram("nobody", "wrong")
        answers = [self.assert_refused(self.finish(each), NOT_AUTHORIZED)
                   for each in (known, unknown)]
        self.assertEqual(answers[0].raw, answers[1].raw)
        self.assertEqual(known.iterations, unknown.iterations)
        self.assertEqual(len(known.salt), len(unknown.salt))
        self.assertEqual(len(known.server_nonce), len(unknown.server_nonce))

    def test_the_salt_of_an_unknown_user_is_always_the_same(self):
        salts = []
        for name in ("nobody", "nobody", "somebody"):
            scram = Scram(name, "wrong")
            _, first = self.challenge(scram)
            scram.final(first)
            salts.append(scram.salt)
        self.assertEqual(salts[0], salts[1])
        self.assertNotEqual(salts[0], salts[2])

    def test_a_user_whose_hash_is_of_another_kind_looks_unknown(self):
        self.assert_refused(self.finish(Scram("plain", "geheim")),
                            NOT_AUTHORIZED)

    def test_a_proof_that_was_seen_does_not_pass_again(self):
        scram = Scram("anna", "geheim", nonce="always")
        client, first = self.challenge(scram)
        seen = scram.final(first)
        client.send(mqtt.auth(method=SCRAM, data=seen))
        self.assertEqual(client.receive_type(mqtt.CONNACK).code, 0)
        again, _ = self.challenge(Scram("anna", "x", nonce="always"))
        again.send(mqtt.auth(method=SCRAM, data=seen))
        self.assert_refused(again, PROTOCOL_ERROR)

    def test_another_proof(self):
        bad = (lambda made: made[:-8] + b"AAAAAAA=", lambda made: made + b"A",
               lambda made: made.split(b",p=")[0] + b",p=",
               lambda made: made.split(b",p=")[0], lambda made: b"",
               lambda made: made.replace(b"c=biws", b"c=eSws"),
               lambda made: made.replace(b",r=", b",r=x"),
               lambda made: b"\0" * 1000, lambda made: b"," * 60000)
        for change in bad:
            client = self.finish(Scram("anna", "geheim"), change)
            got = client.receive_type(mqtt.CONNACK)
            self.assertIn(got.code, (PROTOCOL_ERROR, NOT_AUTHORIZED))
            client.expect_closed()

    def test_a_first_message_that_is_none(self):
        for data in (b"", b"n,,", b"n,,n=anna", b"n,,r=abc",
                     b"p=tls,,n=anna,r=a",
                     b"n,a=ben,n=anna,r=abc", b"n,,m=x,n=anna,r=abc",
                     b"n,,n=,r=abc", b"n,,n=anna,r=", b"n,,n=a=2Xb,r=abc",
                     b"n,,n=anna,r=abc,", b"\xff\xfe", b"n,,n=an\0na,r=abc",
                     os.urandom(1000), b"x" * 65535):
            with self.subTest(data=data[:40]):
                self.assert_refused(self.begin(data), PROTOCOL_ERROR)

    def test_no_first_message(self):
        self.assert_refused(self.begin(None), PROTOCOL_ERROR)

    def test_any_other_method_is_named_bad(self):
        for method in ("SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "scram-sha-256",
                       "", "PLAIN", "x" * 65535):
            got = self.assert_refused(
                self.begin(Scram("anna", "geheim").first, method), BAD_METHOD)
            self.assertNotIn("auth_method", got.props)

    def test_data_without_a_method(self):
        self.assert_refused(self.begin(b"n,,n=anna,r=abc", method=None),
                            PROTOCOL_ERROR)

    def test_whoever_does_not_wait_for_the_answer(self):
        scram = Scram("anna", "geheim")
        for behind in (mqtt.auth(method=SCRAM, data=b"c=biws,r=x,p=AAAA"),
                       mqtt.publish("a", b"b"), mqtt.packet(mqtt.PINGREQ)):
            client = self.client(V5)
            client.send(mqtt.connect(V5, self.new_id(), props=[
                ("auth_method", SCRAM), ("auth_data", scram.first)]) + behind)
            self.assert_refused(client, PROTOCOL_ERROR)

    def test_any_other_packet_in_its_place_ends_the_connection(self):
        watcher = self.subscriber()
        for packet in (mqtt.publish(self.topic, b"no"),
                       mqtt.subscribe(1, [("#", 0)]),
                       mqtt.packet(mqtt.PINGREQ), mqtt.disconnect(V5),
                       mqtt.connect(V5, "other"), b"\xf1\x00", b"\x00\x00"):
            client, _ = self.challenge(
                Scram("anna", "geheim"), will=Will(self.topic, b"will"))
            client.send(packet).expect_closed()
        self.assert_silent(watcher, self.topic)

    def test_an_auth_that_is_not_due(self):
        for packet in (mqtt.auth(0x19, SCRAM, b"x"), mqtt.auth(0, SCRAM, b"x"),
                       mqtt.auth(0x42, SCRAM, b"x"),
                       mqtt.auth(method="PLAIN", data=b"x"),
                       mqtt.auth(method=None, data=b"x"),
                       mqtt.auth(method=SCRAM), mqtt.packet(mqtt.AUTH),
                       mqtt.packet(mqtt.AUTH, b"\x18\xff\xff")):
            with self.subTest(packet=packet.hex()):
                client, _ = self.challenge(Scram("anna", "geheim"))
                self.assert_refused(client.send(packet), PROTOCOL_ERROR)

    def test_a_third_step(self):
        client = self.finish(Scram("anna", "wrong"))
        client.send(mqtt.auth(method=SCRAM, data=b"again"))
        self.assert_refused(client, NOT_AUTHORIZED)

    def test_auth_from_who_is_connected(self):
        for client in (self.connected(), self.log_in()):
            for packet in (mqtt.auth(0x18, SCRAM, b"x"),):
                client.send(packet).expect_ended(PROTOCOL_ERROR)

    def test_who_leaves_in_the_middle_leaves_nothing_behind(self):
        watcher = self.subscriber()
        before = self.broker.open_files()
        for _ in range(20):
            client, _ = self.challenge(Scram("anna", "geheim"),
                                       will=Will(self.topic, b"will"))
            client.drop()
        self.assert_silent(watcher, self.topic)
        self.log_in().disconnect()
        self.assertLessEqual(self.broker.open_files(), before + 3)

    def test_it_takes_nobody_over_before_it_is_done(self):
        name = self.new_id()
        there = self.connected(client_id=name)
        client, _ = self.challenge(Scram("anna", "x"), client_id=name)
        there.ping()
        client.send(mqtt.auth(method=SCRAM, data=b"c=biws,r=x,p=AAAA"))
        self.assert_refused(client, PROTOCOL_ERROR)
        there.ping()


@troupe_only
class Again(ScramTest):
    """Re-authentication [MQTT 4.12.1]."""

    def begin_again(self, client, user="anna", password="geheim"):
        scram = Scram(user, password)
        client.send(mqtt.auth(0x19, SCRAM, scram.first))
        return scram, self.read_challenge(client)

    def prove_again(self, client, *who):
        scram, first = self.begin_again(client, *who)
        client.send(mqtt.auth(method=SCRAM, data=scram.final(first)))
        return scram

    def test_it_may_be_done_at_any_time_and_as_often_as_one_likes(self):
        client = self.log_in()
        client.subscribe(self.topic)
        for _ in range(3):
            scram = self.prove_again(client)
            got = client.receive_type(mqtt.AUTH)
            self.assertEqual((got.code, got.props["auth_method"]), (0, SCRAM))
            self.assertTrue(scram.knows_us(got.props["auth_data"]))
            client.publish(self.topic, "as before")
            client.expect_publish(self.topic, "as before")

    def test_other_packets_are_served_meanwhile(self):
        client = self.log_in()
        client.subscribe(self.topic)
        scram, first = self.begin_again(client)
        client.publish(self.topic, "meanwhile")
        client.expect_publish(self.topic, "meanwhile")
        client.send(mqtt.auth(method=SCRAM, data=scram.final(first)))
        self.assertEqual(client.receive_type(mqtt.AUTH).code, 0)

    def test_a_wrong_password_ends_the_connection(self):
        client = self.log_in()
        self.prove_again(client, "anna", "wrong")
        client.expect_ended(NOT_AUTHORIZED)

    def test_another_user_is_refused(self):
        client = self.log_in()
        self.prove_again(client, "b=e,n", "p,w=d")
        client.expect_ended(NOT_AUTHORIZED)

    def test_what_is_not_due_is_a_protocol_error(self):
        for packet in (mqtt.auth(0x18, SCRAM, b"x"), mqtt.auth(0, SCRAM, b"x"),
                       mqtt.auth(0x19, SCRAM, b"x"), mqtt.auth(0x19, SCRAM),
                       mqtt.auth(0x19, "PLAIN", b"n,,n=anna,r=a")):
            with self.subTest(packet=packet):
                self.log_in().send(packet).expect_ended(PROTOCOL_ERROR)

    def test_a_second_beginning_is_a_protocol_error(self):
        client = self.log_in()
        self.begin_again(client)
        client.send(mqtt.auth(0x19, SCRAM, Scram("anna", "geheim").first))
        client.expect_ended(PROTOCOL_ERROR)

    def test_who_came_in_otherwise_cannot(self):
        for known in ({}, {"username": "anna", "password": b"geheim"}):
            client = self.connected(**known)
            client.send(mqtt.auth(0x19, SCRAM, b"n,,n=anna,r=abc"))
            client.expect_ended(PROTOCOL_ERROR)


@troupe_only
class Silent(ScramTest):
    options = {"connect_timeout": 1}

    def test_who_does_not_answer_is_closed_in_time(self):
        client, _ = self.challenge(Scram("anna", "geheim"))
        client.expect_closed(within=10)
        self.broker.log.wait_for("no CONNECT in time")


@troupe_only
class Braked(ScramTest):
    options = {"failed_authentication_limit": 3,
               "failed_authentication_block": 60}

    def test_guessing_by_exchanges_is_braked_like_any_other(self):
        for _ in range(3):
            scram = Scram("anna", "wrong")
            client, first = self.challenge(scram)
            client.send(mqtt.auth(method=SCRAM, data=scram.final(first)))
            self.assert_refused(client, NOT_AUTHORIZED)
        self.assert_refused(self.begin(Scram("anna", "geheim").first),
                            NOT_AUTHORIZED)
        self.broker.log.wait_for("too many failed attempts")


@troupe_only
class WithoutUsers(BrokerTest):
    """Where there are no users there is no method either."""

    def test_the_method_is_bad(self):
        client = self.client(V5)
        client.connect(self.new_id(), code=BAD_METHOD,
                       props=[("auth_method", SCRAM), ("auth_data", b"x")])
        client.expect_closed()


if __name__ == "__main__":
    unittest.main()
