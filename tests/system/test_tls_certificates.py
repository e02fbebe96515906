"""Who clients are by TLS: certificates, pre-shared keys, and their rights."""
import subprocess

import harness
import mqtt
import tls

REQUIRED = {"require_certificate": True, "cafile": "ca.crt"}
NOT_AUTHORIZED = 0x87
ACL = """topic read public
user sensor 7
topic readwrite sensors/7
user admin
topic readwrite #
user CN=sensor 7,O=troupe tests
topic readwrite subjects/7
user meter
topic readwrite meters/17
pattern readwrite own/%u
"""
KEY = "b60a391b2d20c60101aba94d345e15ec"
OTHER_KEY = "b60a391b2d20c60101aba94d345e15ed"
LONG = "m" * 128
PSK = f"meter:{KEY}\nother:0badcafe\nm\u00e8tre:{KEY}\n{LONG}:{KEY}\n"


def write(files, name, text):
    path = files.folder / name
    path.write_text(text)
    path.chmod(0o600)


@harness.troupe_only
class ClientCertificates(tls.TlsTest):
    listeners = {
        "required": {**REQUIRED, "crlfile": "ca.crl"},
        "empty": {**REQUIRED, "crlfile": "ca_empty.crl"},
        "undated": {**REQUIRED, "disable_client_cert_date_checks": True},
        "optional": {"cafile": "ca.crt"},
        "no_list": {**REQUIRED, "cafile": "both.crt", "crlfile": "ca.crl"},
    }

    @classmethod
    def make_files(cls):
        (cls.files.folder / "both.crt").write_text("".join(
            (cls.files.folder / f"{name}.crt").read_text()
            for name in ("ca", "stranger_ca")))

    def test_a_good_certificate_lets_in(self):
        for version in tls.NAMES.values():
            self.assert_publishes("required", "--tls-version", version,
                                  certificate="client")

    def test_mosquitto_pub_without_a_good_one_is_refused(self):
        for certificate, log in (
                (None, "the peer showed no certificate, and one is required"),
                ("expired_client", "it has expired"),
                ("revoked", "it was revoked"),
                ("self", r"\(unknown CA\)"),
                ("stranger", r"\(unknown CA\)")):
            for version in tls.NAMES.values():
                with self.subTest(certificate, version=version):
                    self.assert_cannot_publish(
                        "required", "--tls-version", version, text="",
                        certificate=certificate, log=log)

    def test_the_alert_says_what_is_wrong(self):
        for certificate, alert in (
                (None, "certificate required"),
                ("expired_client", "certificate expired"),
                ("revoked", "certificate revoked"),
                ("self", "unknown ca"), ("stranger", "unknown ca")):
            with self.subTest(certificate):
                with self.assertRaisesRegex(OSError, f"(?i){alert}"):
                    self.tls_client("required", with_context=tls.context(
                        certificate)).socket.recv(1)

    def test_who_is_revoked_is_only_who_is_on_the_list(self):
        self.assert_publishes("empty", certificate="revoked")
        self.assert_publishes("required", certificate="admin")

    def test_an_authority_without_a_list_is_refused(self):
        self.assert_publishes("no_list", certificate="client")
        self.assert_refused("no_list", with_context=tls.context("stranger"),
                            log="there is no revocation list")

    def test_dates_do_not_matter_where_one_says_so(self):
        self.assert_publishes("undated", certificate="expired_client")
        self.assert_cannot_publish("undated", certificate="stranger", text="",
                                   log="unknown CA")

    def test_nobody_needs_one_where_it_is_not_required(self):
        for certificate in (None, "client", "stranger", "expired_client"):
            self.assert_publishes("optional", certificate=certificate)

    def test_many_who_are_refused_leave_nothing_behind(self):
        contexts = [tls.context(name) for name in
                    (None, "expired_client", "revoked", "stranger")]
        self.assert_served("required", with_context=tls.context("client"))
        before = self.broker.open_files()
        since = self.log_lines()
        for _ in range(25):
            for each in contexts:
                self.assert_refused("required", with_context=each)
        self.assert_log(" closed: the ", since, 100)
        self.assert_served("required", with_context=tls.context("client"))
        self.assertLessEqual(self.broker.open_files(), before + 2)


@harness.troupe_only
class Names(tls.TlsTest):
    """User names that TLS has proved, and an ACL that goes by them."""

    listeners = {
        "identity": {**REQUIRED, "use_identity_as_username": True,
                     "acl_file": "acl"},
        "subject": {**REQUIRED, "use_subject_as_username": True,
                    "acl_file": "acl"},
        "optional": {"cafile": "ca.crt", "use_identity_as_username": True,
                     "acl_file": "acl"},
        "closed": {"cafile": "ca.crt", "use_subject_as_username": True,
                   "allow_anonymous": False},
        "ids": {**REQUIRED, "use_identity_as_username": True,
                "use_username_as_clientid": True},
        "psk": {"certificate": None, "psk_hint": "troupe", "psk_file": "psk",
                "use_identity_as_username": True, "acl_file": "acl"},
    }

    @classmethod
    def make_files(cls):
        write(cls.files, "acl", ACL)
        write(cls.files, "psk", PSK)
        for name, common_name in (("hash", "#"), ("plus", r"\+"),
                                  ("slash", r"a\/b")):
            if not (cls.files.folder / f"{name}.crt").exists():
                cls.files.make(name, common_name)

    def who(self, certificate, name="identity", **arguments):
        return self.connected(name=name, tls={
            "with_context": tls.context(certificate)}, **arguments)

    def may(self, client, topic):
        return client.publish(topic, "x", 1).code != NOT_AUTHORIZED

    def test_the_common_name_is_the_user_name(self):
        sensor, admin = self.who("client"), self.who("admin")
        for topic, by_sensor in (("sensors/7", True), ("sensors/8", False),
                                 ("own/sensor 7", True), ("own/admin", False),
                                 ("subjects/7", False)):
            with self.subTest(topic):
                self.assertEqual(self.may(sensor, topic), by_sensor)
                self.assertTrue(self.may(admin, topic))

    def test_deliveries_go_by_it_too(self):
        sensor, admin = self.who("client"), self.who("admin")
        sensor.subscribe("#")
        admin.publish("sensors/8", "not for you")
        admin.publish("sensors/7", "for you")
        sensor.expect_publish("sensors/7", "for you")

    def test_the_subject_is_the_user_name(self):
        sensor = self.who("client", "subject")
        for topic, may in (("subjects/7", True), ("sensors/7", False),
                           ("own/CN=sensor 7,O=troupe tests", True),
                           ("own/sensor 7", False)):
            with self.subTest(topic):
                self.assertEqual(self.may(sensor, topic), may)

    def test_what_connect_claims_does_not_count(self):
        for claim in ({"username": "admin", "password": b"x"},
                      {"username": "admin"}):
            for name in ("identity", "subject"):
                sensor = self.who("client", name, **claim)
                self.assertFalse(self.may(sensor, "sensors/8"))

    def test_the_same_name_from_another_authority_is_not_that_user(self):
        self.assert_refused("identity", with_context=tls.context("stranger"),
                            log="unknown CA")

    def test_a_certificate_without_a_name_is_refused(self):
        for version, code in ((mqtt.V311, 5), (mqtt.V5, NOT_AUTHORIZED)):
            nobody = self.tls_client("identity", version,
                                     with_context=tls.context("nameless"))
            nobody.connect(self.new_id(), code=code, username="admin")
            nobody.expect_closed()

    def test_where_none_is_asked_for_nobody_comes_in(self):
        """A certificate that was not verified must not make a user, and who
        has none must not come in as nobody."""
        for name in ("optional", "closed"):
            for certificate in (None, "client", "admin", "stranger"):
                since = self.log_lines()
                client = self.tls_client(
                    name, with_context=tls.context(certificate))
                client.connect(self.new_id(), code=NOT_AUTHORIZED,
                               username="admin", password=b"x")
                client.expect_closed()
                self.assert_log("no certificate and no key says who it is",
                                since)

    def test_wildcards_and_separators_in_a_name_widen_nothing(self):
        for certificate in ("hash", "plus", "slash"):
            client = self.who(certificate)
            for topic in ("own/admin", "own/sensor 7", "own/a/b", "own/a",
                          "sensors/7"):
                with self.subTest(certificate, topic=topic):
                    self.assertFalse(self.may(client, topic))
            client.subscribe("own/#")
            self.who("admin").publish("own/admin", "secret", 1)
            self.assertIsNone(client.ping().disconnect())

    def test_a_name_may_be_the_client_id(self):
        first = self.who("client", "ids", client_id="whatever")
        second = self.who("client", "ids", client_id="something else")
        first.expect_ended(0x8E)
        second.ping()

    def test_the_identity_of_a_key_is_the_user_name(self):
        for topic, may in (("meters/17", True), ("own/meter", True),
                           ("sensors/7", False)):
            with self.subTest(topic):
                self.topic = topic
                status, said = self.publishes(
                    "psk", "-V", "mqttv5", "--psk", KEY, "--psk-identity",
                    "meter", "-u", "admin", "-P", "x", authority=None)
                self.assertEqual(status, 0)
                self.assertEqual("Not authorized" in said, not may, said)


@harness.troupe_only
class Chains(tls.TlsTest):
    """Certificates of an authority that itself comes from another."""
    listeners = {
        "no_list": REQUIRED,
        "own": {**REQUIRED, "crlfile": "between.crl"},
        "above": {**REQUIRED, "crlfile": "ca_empty.crl"},
        "gone": {**REQUIRED, "crlfile": "between_gone.crl"},
        "websocket": {**REQUIRED, "crlfile": "ca.crl",
                      "protocol": "websockets"},
    }

    def test_a_list_counts_for_websocket_too(self):
        self.assert_refused("websocket", log="it was revoked",
                            with_context=tls.context("revoked"))

    def test_the_list_of_its_own_authority_is_enough(self):
        """As with Mosquitto 2.0.11, which looks no higher."""
        for name in ("no_list", "own"):
            with self.subTest(name):
                self.assert_publishes(name, certificate="below")

    def test_without_a_list_of_its_own_authority_it_is_refused(self):
        self.assert_cannot_publish("above", certificate="below", text="")

    def test_who_comes_from_a_revoked_authority_is_refused(self):
        """Mosquitto 2.0.11 lets it in."""
        self.assert_cannot_publish("gone", certificate="below", text="",
                                   log="it was revoked")
        self.assert_publishes("gone", certificate="client")


@harness.troupe_only
class SharedKeys(tls.TlsTest):
    listeners = {
        "psk": {"certificate": None, "psk_hint": "troupe", "psk_file": "psk"},
        "newest": {"certificate": None, "psk_hint": "troupe",
                   "psk_file": "psk", "tls_version": "tlsv1.3"},
        "certificate": {},
    }

    @classmethod
    def make_files(cls):
        write(cls.files, "psk", PSK)

    def key(self, key, identity):
        return "--psk", key, "--psk-identity", identity

    def test_the_right_key_lets_in(self):
        for identity in ("meter", "m\u00e8tre", LONG):
            for key in (KEY, KEY.upper()):
                with self.subTest(identity, key=key):
                    self.assert_publishes("psk", *self.key(key, identity),
                                          authority=None)

    def test_a_wrong_or_unknown_one_is_refused_and_named(self):
        for key, identity, log in (
                (OTHER_KEY, "meter", 'for the identity "meter" is wrong'),
                (KEY, "other", 'for the identity "other" is wrong'),
                (KEY[:-2], "meter", 'for the identity "meter" is wrong'),
                (KEY, "nobody", 'no pre-shared key for the identity "nobody"'),
                (KEY, "mete", 'no pre-shared key for the identity "mete"'),
                (KEY, "METER", 'no pre-shared key for the identity "METER"'),
                (KEY, "meter:", 'no pre-shared key for the identity "meter:"'),
                (KEY, "a\tb", "that is not printable"),
                (KEY, "\u0085", "that is not printable")):
            with self.subTest(identity, key=key):
                self.assert_cannot_publish("psk", *self.key(key, identity),
                                           authority=None, log=log, text="")

    def test_a_wrong_key_is_named_in_each_version(self):
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version):
                since = self.log_lines()
                self.assertEqual(
                    self.by_openssl("psk", version, OTHER_KEY, "meter"), b"")
                self.assert_log('for the identity "meter" is wrong', since)

    def by_openssl(self, name, version, key, identity):
        """MQTT above TLS with a key, by `openssl s_client`: the CONNACK."""
        with subprocess.Popen(
                ["openssl", "s_client", "-connect",
                 f"127.0.0.1:{self.ports[name]}", "-quiet", version, "-psk",
                 key, "-psk_identity", identity, "-cipher", "PSK",
                 "-ciphersuites", "TLS_AES_128_GCM_SHA256"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL) as process:
            try:
                process.stdin.write(mqtt.connect(mqtt.V311, self.new_id()))
                process.stdin.flush()
                return process.stdout.read(4)
            except BrokenPipeError:
                return b""
            finally:
                process.kill()

    def test_whose_key_is_gone_or_changed_is_closed_by_a_reload(self):
        write(self.files, "psk",
              PSK + f"stays:{KEY}\ngone:{KEY}\nchanged:{OTHER_KEY}\n")
        self.broker.reload()
        watching = {}
        for version in ("-tls1_2", "-tls1_3"):
            for identity, key in (("stays", KEY), ("gone", KEY),
                                  ("changed", OTHER_KEY)):
                watching[version, identity] = self.watch(version, key, identity)
        write(self.files, "psk", PSK + f"stays:{KEY}\nchanged:{KEY}\n")
        try:
            since = self.log_lines()
            self.broker.reload()
            for (_, identity), process in watching.items():
                if identity != "stays":
                    self.assertEqual(process.stdout.read(), b"")
            self.assert_log("its pre-shared key is gone", since, times=2)
            self.assert_log("its pre-shared key is another one now", since,
                            times=2)
            for version in ("-tls1_2", "-tls1_3"):
                process = watching[version, "stays"]
                process.stdin.write(mqtt.packet(mqtt.PINGREQ))
                process.stdin.flush()
                self.assertEqual(process.stdout.read(2), b"\xd0\x00")
        finally:
            write(self.files, "psk", PSK)

    def watch(self, version, key, identity):
        """`openssl s_client` with a client behind it that is connected."""
        process = subprocess.Popen(
            ["openssl", "s_client", "-connect",
             f"127.0.0.1:{self.ports['psk']}", "-quiet", version, "-psk", key,
             "-psk_identity", identity, "-cipher", "PSK", "-ciphersuites",
             "TLS_AES_128_GCM_SHA256"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)

        def end():
            process.kill()
            process.communicate()
        self.addCleanup(end)
        process.stdin.write(mqtt.connect(mqtt.V311, self.new_id()))
        process.stdin.flush()
        self.assertEqual(process.stdout.read(4), b"\x20\x02\x00\x00")
        return process

    def test_both_versions_take_keys(self):
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version):
                self.assertEqual(self.by_openssl("psk", version, KEY, "meter"),
                                 b"\x20\x02\x00\x00")
                for key, identity in ((OTHER_KEY, "meter"), (KEY, "nobody")):
                    self.assertEqual(
                        self.by_openssl("psk", version, key, identity), b"")

    def test_the_lowest_version_holds_for_keys(self):
        self.assertEqual(self.by_openssl("newest", "-tls1_3", KEY, "meter"),
                         b"\x20\x02\x00\x00")
        self.assertEqual(self.by_openssl("newest", "-tls1_2", KEY, "meter"),
                         b"")

    def test_nobody_comes_in_without_a_key(self):
        for version in tls.BOTH:
            self.assert_refused(
                "psk", log="the peer offers no pre-shared key",
                with_context=tls.context(lowest=version, highest=version))

    def test_a_key_is_of_no_use_where_certificates_are(self):
        self.assertEqual(
            self.by_openssl("certificate", "-tls1_2", KEY, "meter"), b"")
