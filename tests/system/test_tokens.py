"""JSON Web Tokens as passwords: who makes them gets in, nobody else."""
import hashlib
import hmac
import json
import pathlib
import time
import unittest

import harness
import mqtt
from credentials import (BAD_LOGIN, Key, base64url, make_folder, users_file,
                         write)
from harness import Broker, BrokerTest, each_version, troupe_only
from mqtt import V5, V311

# Clocks may differ by this much.
LEEWAY = 60
HOUR = 3600


def claims(**replaced):
    """Good ones, for anna; None leaves one out."""
    made = {"sub": "anna", "exp": int(time.time()) + HOUR, **replaced}
    return {name: value for name, value in made.items() if value is not None}


class TokenTest(BrokerTest):
    """The class says in `jwt` how tokens are judged, with its keys for names
    of files."""

    jwt = {}
    options = {"allow_anonymous": False}

    @classmethod
    def setUpClass(cls):
        cls.folder = make_folder(cls)
        cls.rsa = Key(cls.folder, "RS256")
        cls.prepare()
        cls.broker = Broker(failed_authentication_limit=0,
                            jwt=cls.settings(), **cls.options)

    @classmethod
    def prepare(cls):
        pass

    @classmethod
    def settings(cls):
        return {"key_file": str(cls.rsa.public), **cls.jwt}

    def log_in(self, token, user="anna", version=V5, code=0, client_id=None):
        client = self.client(version)
        client.connect(client_id or self.new_id(), username=user, code=code,
                       password=token.encode())
        if code:
            client.expect_closed()
        else:
            client.ping()
        return client

    def assert_refused(self, token, **arguments):
        version = arguments.get("version", V5)
        self.log_in(token, code=BAD_LOGIN[version], **arguments)


@troupe_only
class Tokens(TokenTest):
    """The usual way: a public RSA key."""

    @each_version
    def test_a_good_token_lets_in(self, version):
        self.log_in(self.rsa.token(claims()), version=version)

    def test_the_user_may_be_left_to_the_token(self):
        token = self.rsa.token(claims())
        for user in ("anna", "", None):
            self.log_in(token, user=user)
        self.broker.log.wait_for("u'anna'", times=3)

    @each_version
    def test_a_token_is_nobody_elses(self, version):
        token = self.rsa.token(claims())
        for user in ("ben", "Anna", "anna "):
            self.assert_refused(token, user=user, version=version)

    @each_version
    def test_an_expired_token_is_refused(self, version):
        for ago in (LEEWAY, LEEWAY + 1, HOUR, 10 ** 9):
            self.assert_refused(
                self.rsa.token(claims(exp=int(time.time()) - ago)),
                version=version)
        self.broker.log.wait_for("it expired 3600 s ago")

    def test_the_connection_ends_with_the_token(self):
        for version in (V311, V5):
            # Still accepted for some seconds.
            ends = time.time() + 6
            token = self.rsa.token(claims(exp=ends - LEEWAY))
            client = self.log_in(token, version=version)
            client.expect_ended(0x87, within=20)
            self.assertGreaterEqual(time.time(), ends - 0.1)
            self.assert_refused(token, version=version)
        self.broker.log.wait_for("its token has expired", times=2)

    def test_a_token_without_end_is_refused(self):
        for end in (None, "tomorrow", -1, [], {}, True):
            self.assert_refused(self.rsa.token(claims(exp=end)))

    def test_a_token_from_the_future_is_refused(self):
        soon = time.time() + LEEWAY - 30
        late = time.time() + LEEWAY + HOUR
        for name in ("nbf", "iat"):
            self.log_in(self.rsa.token(claims(**{name: soon})))
            self.assert_refused(self.rsa.token(claims(**{name: late})))
            self.assert_refused(self.rsa.token(claims(**{name: "now"})))

    def test_a_token_for_some_audience_is_refused_where_none_is_set(self):
        self.assert_refused(self.rsa.token(claims(aud="broker")))

    def test_a_token_without_user_is_refused(self):
        for user in (None, "", 5, ["anna"], "an\0na", "an\nna"):
            self.assert_refused(self.rsa.token(claims(sub=user)), user=None)

    @each_version
    def test_no_signature_is_none(self, version):
        for name in ("none", "None", "NONE", "nOnE", ""):
            token = self.rsa.token(claims(), {"alg": name}, lambda _: b"")
            self.assert_refused(token, version=version)
            self.assert_refused(
                self.rsa.token(claims(), {"alg": name}), version=version)

    def test_a_public_key_is_no_secret(self):
        for text in (self.rsa.public.read_bytes(),
                     self.rsa.public.read_bytes().strip()):
            self.assert_refused(self.rsa.token(
                claims(), {"alg": "HS256"},
                lambda data, text=text: hmac.new(
                    text, data, hashlib.sha256).digest()))

    def test_the_key_of_somebody_else_signs_nothing(self):
        other = Key(make_folder(self), "RS256")
        self.assert_refused(other.token(claims()))
        self.assert_refused(other.token(claims(), {"jwk": other.jwk()}))
        self.assert_refused(other.token(claims(), {
            "jku": "http://127.0.0.1/keys", "kid": str(other.public)}))

    def test_other_algorithms_are_refused(self):
        for name in ("RS384", "RS512", "PS256", "HS256", "ES256", "rs256",
                     "EdDSA", 5, None, [], "RS256 "):
            self.assert_refused(self.rsa.token(claims(), {"alg": name}))

    def test_a_changed_token_is_refused(self):
        head, body, sign = self.rsa.token(claims(sub="ben")).split(".")
        mine = base64url(json.dumps(claims()).encode())
        for token in (f"{head}.{mine}.{sign}", f"{head}.{body}.{sign[:-4]}",
                      f"{head}.{body}.", f"{head}.{body}", f"{head}..{sign}",
                      f".{body}.{sign}", f"{head}.{body}.{sign}.",
                      f"{head}.{body}.{sign}=", f"{head}.{body}.{sign}\n",
                      f" {head}.{body}.{sign}", f"{head}.{body}.{sign[::-1]}",
                      "..", "...", "eyJ.eyJ.eyJ", "eyJ" * 2000):
            self.assert_refused(token)

    def test_what_is_signed_but_no_claims_is_refused(self):
        for body in (base64url(b"[]"), base64url(b"anna"), base64url(b""),
                     base64url(b'{"sub":"anna"'), "!!!!",
                     base64url(b'{"sub":"anna","sub":"anna","exp":9999999999}'),
                     base64url(b"[" * 5000), base64url(b"\xff\xfe")):
            self.assert_refused(self.rsa.token(body))

    def test_a_critical_header_is_refused(self):
        self.assert_refused(self.rsa.token(claims(), {"crit": ["exp"]}))

    def test_a_token_that_is_too_long_is_refused(self):
        self.log_in(self.rsa.token(claims(x="y" * 4000)))
        self.assert_refused(self.rsa.token(claims(x="y" * 8000)))
        self.assert_refused("eyJ" + "A" * 65000 + ".e.e")

    def test_a_password_that_is_no_token_is_refused(self):
        for text in ("secret", "", "anna"):
            self.assert_refused(text)

    def test_nothing_of_a_token_but_names_is_logged(self):
        token = self.rsa.token(claims(sub="ben"))
        self.assert_refused(token)
        self.broker.log.wait_for("for the user")
        for part in token.split(".")[1:]:
            self.assertNotIn(part, self.broker.log.text())


@troupe_only
class Algorithms(TokenTest):
    """Keys of all kinds, in a JWK set and a file beside it."""

    @classmethod
    def prepare(cls):
        cls.secret = Key(cls.folder, "HS256")
        cls.curve = Key(cls.folder, "ES256")
        cls.other = Key(cls.folder, "ES256", "other")
        cls.file = write(cls.folder / "jwks.json", json.dumps({"keys": [
            cls.secret.jwk(kid="s", use="sig"), cls.curve.jwk(kid="c"),
            cls.rsa.jwk(kid="r"), {"kty": "OKP", "kid": "unknown kind"}]}))

    @classmethod
    def settings(cls):
        return {"jwks_file": str(cls.file),
                "key_file": str(cls.other.public)}

    def test_each_signs_for_itself(self):
        for key, name in ((self.secret, "s"), (self.curve, "c"),
                          (self.rsa, "r")):
            for header in ({}, {"kid": name}):
                for version in mqtt.VERSIONS:
                    self.log_in(key.token(claims(), header), version=version)
        self.log_in(self.other.token(claims()))

    def test_none_signs_in_the_name_of_another(self):
        for key, name in ((self.secret, "c"), (self.curve, "r"),
                          (self.rsa, "s"), (self.rsa, "none of them")):
            self.assert_refused(key.token(claims(), {"kid": name}))
        for key in (self.secret, self.curve, self.rsa):
            for name in {"HS256", "RS256", "ES256", "none"} - {key.algorithm}:
                self.assert_refused(key.token(claims(), {"alg": name}))

    def test_a_signature_of_nothing_is_refused(self):
        for sign in (bytes(64), b"\xff" * 64, bytes(63), bytes(65), b"\0"):
            self.assert_refused(self.curve.token(claims(), {},
                                                 lambda _, it=sign: it))

    def test_an_algorithm_must_be_wanted(self):
        broker = Broker(allow_anonymous=False, jwt={
            **self.settings(), "algorithms": ["ES256"]})
        self.addCleanup(broker.kill)
        for key, code in ((self.curve, 0), (self.rsa, 135),
                          (self.secret, 135)):
            client = self.client(V5, address=broker.address)
            client.connect(self.new_id(), code=code, username="anna",
                           password=key.token(claims()).encode())
        broker.stop()


@troupe_only
class Claims(TokenTest):
    jwt = {"audience": ["broker", "other"], "issuer": "https://issuer",
           "user_claim": "realm.name", "client_id_claim": "device"}

    def made(self, **replaced):
        return self.rsa.token(claims(**{
            "sub": "not-me", "aud": "broker", "iss": "https://issuer",
            "realm": {"name": "anna"}, "device": "d1", **replaced}))

    def test_a_token_in_which_all_is_right_lets_in(self):
        for audience in ("broker", "other", ["x", "broker"]):
            self.log_in(self.made(aud=audience), client_id="d1")

    def test_the_audience_must_be_one_of_ours(self):
        for audience in (None, "x", "", [], ["x"], 5, {"broker": 1}, "broke",
                         [["broker"]]):
            self.assert_refused(self.made(aud=audience), client_id="d1")

    def test_the_issuer_must_be_ours(self):
        for issuer in (None, "", "https://issuer/", ["https://issuer"]):
            self.assert_refused(self.made(iss=issuer), client_id="d1")

    def test_the_client_id_must_be_the_tokens(self):
        token = self.made()
        for name in ("d2", "D1", "d1 "):
            self.assert_refused(token, client_id=name)
        for claim in (None, "", 5, ["d1"]):
            self.assert_refused(self.made(device=claim), client_id="d1")

    def test_a_generated_client_id_is_not_the_tokens(self):
        client = self.client(V5)
        client.connect("", code=135, username="anna",
                       password=self.made().encode())

    def test_the_user_comes_from_the_claim_that_was_named(self):
        self.assert_refused(self.made(), user="not-me", client_id="d1")
        for realm in (None, "anna", {}, {"name": 5}, {"realm.name": "anna"}):
            self.assert_refused(self.made(realm=realm), user=None,
                                client_id="d1")


@troupe_only
class BesidePasswords(TokenTest):
    """Both ways are open at once."""

    @classmethod
    def prepare(cls):
        users = users_file(cls.folder / "users", anna="secret")
        cls.options = {"allow_anonymous": True, "password_file": str(users)}

    def test_passwords_and_tokens_let_in(self):
        self.log_in("secret")
        self.log_in(self.rsa.token(claims()))
        self.log_in(self.rsa.token(claims(sub="ben")), user="ben")

    def test_a_bad_token_is_not_tried_as_a_password_or_let_in_without(self):
        bad = self.rsa.token(claims(exp=1))
        self.assert_refused(bad)
        self.assert_refused(bad, user=None)
        self.assert_refused("wrong")


@troupe_only
class BrokenKeys(unittest.TestCase):
    """A broker that cannot check tokens does not start."""

    def setUp(self):
        self.folder = make_folder(self)

    def assert_refused(self, said, **jwt):
        broker = Broker(wait=False, jwt=jwt)
        self.addCleanup(broker.kill)
        status = broker.process.wait(harness.START_DEADLINE)
        broker.log.thread.join(5)
        text = broker.log.text()
        self.assertEqual(status, 3, text)
        self.assertIn(said, text)
        return text

    def file(self, text, mode=0o600):
        path = write(self.folder / "keys", text)
        path.chmod(mode)
        return str(path)

    def test_key_files(self):
        key = Key(self.folder, "RS256")
        private = pathlib.Path(key.private).read_text()
        public = key.public.read_text()
        for text in ("", "short", private, public[:200],
                     public.replace("MII", "AAA")):
            with self.subTest(text=text[:40]):
                told = self.assert_refused(str(self.folder / "keys"),
                                           key_file=self.file(text))
                self.assertNotIn(private[100:140], told)
        self.assert_refused("chmod", key_file=self.file(public, 0o666))
        self.assert_refused("gone", key_file=str(self.folder / "gone"))

    def test_jwk_sets(self):
        for text in ("", "[]", "{}", '{"keys": 5}', '{"keys": []}', "{",
                     '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}'):
            with self.subTest(text=text):
                self.assert_refused(str(self.folder / "keys"),
                                    jwks_file=self.file(text))


if __name__ == "__main__":
    unittest.main()
