"""troupe pub and troupe sub speak TLS with a broker that we did not write."""
import os
import shutil
import socket
import subprocess
import unittest

import certificates
import harness

MESSAGE = ("-t", "topic", "-m", "text", "-q", "1")


@harness.troupe_only
class ToolsTls(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.files = certificates.Certificates()
        cls.addClassCleanup(cls.files.remove)
        path = cls.files.path
        own = (f"certfile {path('server.crt')}\n"
               f"keyfile {path('server.key')}\n")
        cls.ports = {name: harness.free_port() for name in (
            "plain", "tls", "certificates", "psk", "other", "expired", "self")}
        with open(path("psk"), "w", encoding="ascii") as file:
            file.write("meter:006b6579\n")
        scopes = {
            "plain": f"psk_file {path('psk')}\n",
            "tls": own,
            "certificates": own + f"cafile {path('ca.crt')}\n"
                            f"crlfile {path('ca.crl')}\n"
                            "require_certificate true\n",
            "psk": "psk_hint troupe\n",
        }
        for name, files in (("other", "other_host"), ("expired", "expired"),
                            ("self", "self")):
            scopes[name] = (f"certfile {path(files + '.crt')}\n"
                            f"keyfile {path(files + '.key')}\n")
        with open(path("mosquitto.conf"), "w", encoding="ascii") as file:
            # No limit: a slow machine must not lose messages in the queue.
            file.write("user root\nallow_anonymous true\n"
                       "max_queued_messages 0\n")
            for name, scope in scopes.items():
                file.write(f"listener {cls.ports[name]} 127.0.0.1\n{scope}")
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        cls.broker = subprocess.Popen(
            [program, "-c", path("mosquitto.conf")], stderr=subprocess.PIPE,
            text=True, preexec_fn=harness.die_with_parent)
        cls.addClassCleanup(cls.stop_broker)
        cls.log = harness.Lines(cls.broker.stderr)
        cls.log.wait_for("running")

    @classmethod
    def stop_broker(cls):
        cls.broker.terminate()
        cls.broker.wait(10)

    def tool(self, name, *arguments):
        """Run `troupe NAME`: (status, standard output, first line of errors).
        """
        done = subprocess.run(
            [harness.BINARY, name, *arguments], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=30, check=False,
            env=dict(os.environ, SSL_CERT_FILE=self.files.path("ca.crt")))
        lines = done.stderr.decode().splitlines()
        return done.returncode, done.stdout, lines[0] if lines else ""

    def pub(self, port, *arguments):
        status, _, error = self.tool("pub", "-h", "localhost", "-p",
                                     str(self.ports[port]), *MESSAGE,
                                     *arguments)
        return status, error

    def assert_serves(self, port, *arguments):
        """In every version of TLS in which it serves mosquitto_pub: 2.0.21 with
        a pre-shared key at any listener has no 1.3."""
        served = [version for version in ("tlsv1.2", "tlsv1.3")
                  if self.serves_mosquitto(port, *arguments, "--tls-version",
                                           version)]
        self.assertIn("tlsv1.2", served)
        for version in served:
            self.assertEqual(self.pub(port, *arguments, "--tls-version",
                                      version), (0, ""))

    def serves_mosquitto(self, port, *arguments):
        done = subprocess.run(
            ["mosquitto_pub", "-h", "localhost", "-p", str(self.ports[port]),
             *MESSAGE, *arguments], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=30, check=False)
        return done.returncode == 0

    def authority(self):
        return "--cafile", self.files.path("ca.crt")

    def own(self, name):
        return ("--cert", self.files.path(f"{name}.crt"),
                "--key", self.files.path(f"{name}.key"))

    def assert_tls_error(self, outcome, text):
        status, error = outcome
        self.assertEqual(status, 8, error)
        self.assertTrue(error.startswith("Error: A TLS error occurred: "),
                        error)
        self.assertIn(text, error)

    # -- what works ----------------------------------------------------------

    def test_a_message_travels(self):
        self.assert_serves("tls", *self.authority())

    def test_what_one_tool_sends_the_other_gets(self):
        text = os.urandom(2_000_000)
        with open(self.files.path("text"), "wb") as file:
            file.write(text)
        port = str(self.ports["tls"])
        self.assertEqual(
            self.tool("pub", "-h", "localhost", "-p", port, "-t", "large", "-q",
                      "1", "-r", "-f", self.files.path("text"),
                      *self.authority())[0], 0)
        status, got, _ = self.tool("sub", "-h", "localhost", "-p", port, "-t",
                                   "large", "-C", "1", "-N", *self.authority())
        self.assertEqual(status, 0)
        self.assertTrue(got == text)

    def test_many_lines_travel(self):
        lines = b"".join(b"line %d\n" % i for i in range(2000))
        port = str(self.ports["tls"])
        common = ["-h", "localhost", "-p", port, "-t", "lines", "-q", "1",
                  *self.authority()]
        with subprocess.Popen(
                [harness.BINARY, "sub", *common, "-C", "2000", "-W", "30",
                 "-d"],
                stdout=subprocess.PIPE) as receiver:
            for line in receiver.stdout:
                if b"SUBACK" in line:
                    break
            sender = subprocess.run([harness.BINARY, "pub", *common, "-l"],
                                    input=lines, timeout=30, check=False)
            got = [line for line in receiver.stdout.read().splitlines(True)
                   if line.startswith(b"line ")]
        self.assertEqual(sender.returncode, 0)
        self.assertEqual(b"".join(got), lines)

    def test_a_client_shows_its_certificate(self):
        self.assertEqual(self.pub("certificates", *self.authority(),
                                  *self.own("client"), "--keyform", "pem"),
                         (0, ""))

    def test_a_pre_shared_key_opens(self):
        self.assert_serves("psk", "--psk", "006b6579", "--psk-identity",
                           "meter")

    def test_a_url_asks_for_tls(self):
        url = f"mqtts://localhost:{self.ports['tls']}/topic"
        self.assertEqual(self.tool("pub", "-L", url, "-m", "x",
                                   *self.authority())[0], 0)
        # Here the operating system trusts our authority.
        self.assertEqual(self.tool("pub", "-L", url, "-m", "x")[0], 0)

    def test_the_operating_systems_authorities_count(self):
        self.assertEqual(self.pub("tls", "--tls-use-os-certs"), (0, ""))

    def test_the_host_may_be_wrong_if_one_asks_for_it(self):
        self.assertEqual(self.pub("other", *self.authority(), "--insecure"),
                         (0, ""))

    def test_ciphers_can_be_chosen(self):
        self.assertEqual(
            self.pub("tls", *self.authority(), "--ciphers",
                     "ECDHE-ECDSA-AES128-GCM-SHA256", "--tls-alpn", "mqtt"),
            (0, ""))

    # -- what is refused -----------------------------------------------------

    def test_bad_servers_are_refused(self):
        for port, why in (("other", "another host"), ("expired", "expired"),
                          ("self", "unknown CA")):
            self.assert_tls_error(self.pub(port, *self.authority()), why)
        self.assert_tls_error(
            self.pub("tls", "--cafile", self.files.path("stranger_ca.crt")),
            "unknown CA")

    def test_bad_clients_are_told_why(self):
        port = "certificates"
        self.assert_tls_error(self.pub(port, *self.authority()),
                              "requires a certificate")
        for name, why in (("expired_client", "expired"),
                          ("revoked", "revoked"), ("stranger", "unknown CA")):
            self.assert_tls_error(
                self.pub(port, *self.authority(), *self.own(name)), why)

    def test_sub_is_told_why_too(self):
        status, _, error = self.tool(
            "sub", "-h", "localhost", "-p", str(self.ports["certificates"]),
            "-t", "a", *self.authority(), *self.own("revoked"))
        self.assert_tls_error((status, error), "revoked")

    def test_a_wrong_key_is_refused(self):
        for key, identity in (("006b6578", "meter"), ("006b6579", "nobody")):
            self.assert_tls_error(
                self.pub("psk", "--psk", key, "--psk-identity", identity),
                "pre-shared key")

    def test_a_broker_without_tls_is_named(self):
        status, error = self.pub("plain", *self.authority())
        self.assertEqual(status, 8, error)

    def test_a_server_that_speaks_something_else_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.ports["odd"] = listener.getsockname()[1]
            with subprocess.Popen(
                    [harness.BINARY, "pub", "-h", "127.0.0.1", "-p",
                     str(self.ports["odd"]), *MESSAGE, *self.authority()],
                    stderr=subprocess.PIPE, text=True) as client:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"220 mail.example ESMTP ready\r\n")
                    error = client.communicate(timeout=30)[1]
        self.assert_tls_error((client.returncode, error),
                              "the peer does not speak TLS")

    def test_tls_without_its_options_is_lost(self):
        self.assertEqual(self.pub("tls")[0], 7)

    def test_files_are_named(self):
        for arguments in (("--cafile", "/nothing"),
                          (*self.authority(), "--cert", "/nothing", "--key",
                           "/nothing")):
            status, error = self.pub("tls", *arguments)
            self.assertEqual((status, error), (
                1, "Error: Problem setting TLS options: cannot read /nothing: "
                   "No such file or directory"))

    def test_usage_errors_end_with_one(self):
        status, error = self.pub("tls", "--psk", "12")
        self.assertEqual((status, error), (
            1, "Error: --psk-identity required if --psk used."))
        status, error = self.pub("tls", "--insecure")
        self.assertEqual(status, 1)


if __name__ == "__main__":
    unittest.main()
