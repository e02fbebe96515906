"""What the broker agrees on in a handshake: versions, ciphers, certificates by
name, protocols, and sessions that are resumed."""
import ssl
import time

import harness
import tls

SECRET = "ECDHE-ECDSA-AES128-GCM-SHA256"
ANY_CIPHER = ("-cipher", "ALL:eNULL:@SECLEVEL=0")


@harness.troupe_only
class Handshake(tls.TlsTest):
    listeners = {
        "tls": {},
        "newest": {"tls_version": "tlsv1.3"},
        "chosen": {"ciphers": SECRET,
                   "ciphers_tls1.3": "TLS_CHACHA20_POLY1305_SHA256"},
        "any_protocol": {"alpn": ["none"]},
        "two_protocols": {"alpn": ["mqtt", "x-house"]},
        "names": {},
    }

    @classmethod
    def make_files(cls):
        cls.files.make("wild", "*.house.example", "DNS:*.house.example")
        path = cls.files.path
        cls.listeners = dict(cls.listeners, names={"certificates": [
            {"certfile": path(f"{name}.crt"), "keyfile": path(f"{name}.key")}
            for name in ("other_host", "wild")]})

    def assert_agrees(self, name, *arguments):
        """The handshake of an `openssl s_client` ends well; what it wrote."""
        status, said = self.s_client(name, *arguments)
        self.assertEqual(status, 0, said)
        self.assertRegex(said, "Verify return code: 0|Verification: OK")
        return said

    def assert_disagrees(self, name, *arguments, log=None):
        since = self.log_lines()
        status, said = self.s_client(name, *arguments)
        self.assertNotEqual(status, 0, said)
        self.assertRegex(said, "(?i)alert|reset|errno")
        self.assertIn("Cipher is (NONE)", said)
        if log:
            self.assert_log(log, since)

    # -- versions and ciphers ------------------------------------------------

    def test_versions_below_1_2_are_refused(self):
        for version in ("-tls1", "-tls1_1"):
            with self.subTest(version):
                self.assert_disagrees("tls", version, *ANY_CIPHER,
                                      log="no version of TLS in common")
        self.assertIn("TLSv1.2", self.assert_agrees("tls", "-tls1_2"))
        self.assertIn("TLSv1.3", self.assert_agrees("tls", "-tls1_3"))
        self.assertIn("TLSv1.3", self.assert_agrees("tls"))

    def test_the_lowest_version_can_be_1_3(self):
        self.assert_disagrees("newest", "-tls1_2", *ANY_CIPHER,
                              log="no version of TLS in common")
        self.assertIn("TLSv1.3", self.assert_agrees("newest"))

    def test_weak_ciphers_are_refused_and_good_ones_agreed_on(self):
        for cipher in ("eNULL", "aNULL", "RC4", "EXPORT", "DES", "PSK", "LOW"):
            with self.subTest(cipher):
                status, said = self.s_client("tls", "-tls1_2", "-cipher",
                                             f"{cipher}:@SECLEVEL=0")
                self.assertNotEqual(status, 0, said)
                self.assertNotIn("Cipher    : ECDHE", said)
        # With no limits of the client's own, what has forward secrecy wins.
        said = self.assert_agrees("tls", "-tls1_2", *ANY_CIPHER)
        self.assertRegex(said, "Cipher is ECDHE-ECDSA-(AES|CHACHA20)")

    def test_ciphers_can_be_chosen(self):
        said = self.assert_agrees("chosen", "-tls1_2")
        self.assertIn(f"Cipher is {SECRET}", said)
        said = self.assert_agrees("chosen", "-tls1_3")
        self.assertIn("Cipher is TLS_CHACHA20_POLY1305_SHA256", said)
        self.assert_disagrees("chosen", "-tls1_2", "-cipher",
                              "ECDHE-ECDSA-AES256-GCM-SHA384",
                              log="no shared cipher")
        self.assert_disagrees("chosen", "-tls1_3", "-ciphersuites",
                              "TLS_AES_128_GCM_SHA256",
                              log="no shared cipher")

    def test_nothing_is_compressed(self):
        for version in ("-tls1_2", "-tls1_3"):
            said = self.assert_agrees("tls", version, "-comp")
            self.assertIn("Compression: NONE", said)

    def test_a_client_cannot_renegotiate(self):
        status, said = self.s_client("tls", "-tls1_2", send="R\n")
        self.assertIn("Secure Renegotiation IS supported", said)
        self.assertIn("RENEGOTIATING", said)
        self.assertRegex(said, "(?i)no renegotiation|alert")
        self.assertNotEqual(status, 0, said)
        self.assert_served()

    def test_a_client_may_change_its_keys(self):
        """TLS 1.3 has key updates instead, with and without an answer."""
        for command in ("k\n", "K\n"):
            status, said = self.s_client("tls", "-tls1_3", send=command)
            self.assertEqual(status, 0, said)
            self.assertIn("KEYUPDATE", said)

    # -- SNI -----------------------------------------------------------------

    def test_the_certificate_is_the_one_for_the_name(self):
        open_mind = tls.context()
        open_mind.check_hostname = False
        for version in tls.BOTH:
            open_mind.minimum_version = ssl.TLSVersion.TLSv1_2
            open_mind.maximum_version = version
            for host, expected in (
                    ("localhost", "localhost"),
                    ("broker.example", "broker.example"),
                    ("BROKER.Example", "broker.example"),
                    ("garden.house.example", "*.house.example"),
                    ("house.example", "localhost"),
                    ("a.b.house.example", "localhost"),
                    ("broker.example.org", "localhost"),
                    ("nobody.example", "localhost"),
                    ("a" * 63 + ".example", "localhost"),
                    (None, "localhost")):
                with self.subTest(host, version=version):
                    client = self.tls_client("names", host=host,
                                             with_context=open_mind)
                    self.assertEqual(client.certificate(), expected)
                    client.connect(self.new_id()).ping()

    def test_hosts_with_strict_clients_are_served(self):
        for host in ("localhost", "broker.example", "x.house.example"):
            self.assert_served("names", host=host)

    def test_odd_names_get_the_first_certificate(self):
        for name in (".house.example", "*.house.example", "x" * 255, "-",
                     "127.0.0.1", "localhost\x01"):
            with self.subTest(name):
                _, said = self.s_client("names", "-servername", name)
                self.assertRegex(said, r"subject=.*CN ?= ?(localhost|\*)")
        self.assert_served("names")

    # -- ALPN ----------------------------------------------------------------

    def protocol(self, name, *offered):
        with_context = tls.context()
        if offered:
            with_context.set_alpn_protocols(list(offered))
        client = self.tls_client(name, with_context=with_context)
        client.connect(self.new_id()).ping()
        return client.socket.selected_alpn_protocol()

    def test_mqtt_is_agreed_on(self):
        self.assertEqual(self.protocol("tls", "mqtt"), "mqtt")
        self.assertEqual(self.protocol("tls", "h2", "mqtt"), "mqtt")
        self.assertIsNone(self.protocol("tls"))
        self.assert_publishes("tls", "--tls-alpn", "mqtt")

    def test_other_protocols_are_refused(self):
        for offered in (["h2"], ["http/1.1", "h2"], ["MQTT"], ["mqt"],
                        ["mqtts"], ["x" * 255]):
            with self.subTest(offered):
                with_context = tls.context()
                with_context.set_alpn_protocols(offered)
                self.assert_refused(
                    "tls", with_context=with_context,
                    log=r"the peer offers only other protocols \(ALPN\)")
        self.assert_cannot_publish("tls", "--tls-alpn", "h2")

    def test_the_protocols_can_be_chosen(self):
        self.assertIsNone(self.protocol("any_protocol", "h2"))
        self.assertEqual(self.protocol("two_protocols", "x-house", "mqtt"),
                         "mqtt")
        self.assertEqual(self.protocol("two_protocols", "x-house"), "x-house")


@harness.troupe_only
class Resumption(tls.TlsTest):
    listeners = {
        "tls": {},
        "required": {"require_certificate": True, "cafile": "ca.crt",
                     "use_identity_as_username": True, "acl_file": "acl"},
        "psk": {"certificate": None, "psk_hint": "troupe", "psk_file": "psk"},
    }

    @classmethod
    def make_files(cls):
        for name, text in (("acl", "user sensor 7\ntopic readwrite own\n"),
                           ("psk", "meter:0badcafe\n")):
            path = cls.files.folder / name
            path.write_text(text)
            path.chmod(0o600)

    def resumed(self, name, with_context, session=None):
        """A connected client, its session resumed if there is one."""
        client = self.connected(name=name, tls={
            "with_context": with_context, "session": session})
        self.assertEqual(client.socket.session_reused, bool(session))
        return client

    def test_both_versions_resume_and_keep_who_one_is(self):
        for version in tls.BOTH:
            for name, certificate in (("tls", None), ("required", "client")):
                with self.subTest(name, version=version):
                    with_context = tls.context(certificate, lowest=version,
                                               highest=version)
                    first = self.resumed(name, with_context)
                    session = first.socket.session
                    self.assertTrue(session.has_ticket)
                    for _ in range(3):
                        again = self.resumed(name, with_context, session)
                        self.assertLess(again.publish("own", "x", 1).code,
                                        0x80)
                        if name == "required":
                            again.publish("other", "x", 1, code=0x87)

    def test_a_session_of_one_listener_is_of_no_use_at_another(self):
        """Else who was let in without a certificate came in with one."""
        with_context = tls.context()
        first = self.connected(tls={"with_context": with_context})
        session = first.socket.session
        self.assert_refused("required", with_context=with_context,
                            session=session, log="showed no certificate")

    def test_tickets_that_were_changed_lead_to_a_full_handshake(self):
        _, said = self.s_client("tls", "-tls1_2", "-sess_out",
                                self.files.path("session"))
        self.assertIn("New, TLSv1.2", said)
        path = self.files.folder / "session"
        status, said = self.s_client("tls", "-tls1_2", "-sess_in", str(path))
        self.assertEqual(status, 0, said)
        self.assertIn("Reused, TLSv1.2", said)
        der = bytearray(ssl.PEM_cert_to_DER_cert(
            path.read_text().replace("SSL SESSION PARAMETERS", "CERTIFICATE")))
        der[-20] ^= 0x40  # near the end of the ticket
        path.write_text(ssl.DER_cert_to_PEM_cert(bytes(der)).replace(
            "CERTIFICATE", "SSL SESSION PARAMETERS"))
        status, said = self.s_client("tls", "-tls1_2", "-sess_in", str(path))
        self.assertEqual(status, 0, said)
        self.assertIn("New, TLSv1.2", said)

    def test_keys_give_no_tickets(self):
        for version in ("-tls1_2", "-tls1_3"):
            status, said = self.s_client(
                "psk", version, "-psk", "0badcafe", "-psk_identity", "meter",
                "-cipher", "PSK", "-ciphersuites", "TLS_AES_128_GCM_SHA256")
            self.assertEqual(status, 0, said)
            self.assertNotIn("TLS session ticket:", said)
            self.assertNotIn("New Session Ticket arrived", said)

    def test_a_reload_ends_sessions_where_files_were_read_anew(self):
        with_context = tls.context("client")
        session = self.resumed("required", with_context).socket.session
        self.resumed("required", with_context, session)
        self.broker.reload()

        def is_reused():
            return self.connected(name="required", tls={
                "with_context": with_context,
                "session": session}).socket.session_reused
        # Each thread of the broker learns of the reload soon after.
        deadline = time.monotonic() + tls.DEADLINE
        in_a_row = 0
        while in_a_row < 10:
            in_a_row = 0 if is_reused() else in_a_row + 1
            self.assertLess(time.monotonic(), deadline)
