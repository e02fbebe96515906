"""Mosquitto's options: every one is known, what has no meaning here says so,
and a file that is wrong ends the start, as with Mosquitto."""
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import client as raw
import drop_in
import harness
from drop_in_option_cases import BROKEN, EVERY, OPTIONS
from harness import troupe_only
from store_tool import MOSQUITTO

DEADLINE = 10
EXISTS = pathlib.Path(MOSQUITTO).exists()


@troupe_only
class Options(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="troupe-options-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "mosquitto.conf"
        for name in ("passwords", "acl", "psk"):
            (self.folder / name).write_text("# nobody yet\n")
        (self.folder / "conf.d").mkdir()

    def write(self, text):
        text = re.sub(r"\{port\d?\}", lambda _: str(harness.free_port()), text)
        text = text.replace("{dir}", str(self.folder))
        self.config.write_bytes(text.encode(errors="surrogateescape"))

    def run_broker(self, binary, *arguments):
        """(status, what it wrote, seconds) of one that must end by itself."""
        start = time.monotonic()
        done = subprocess.run(
            [binary, "-c", str(self.config), *arguments], text=True,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
            errors="replace", timeout=DEADLINE)
        return done.returncode, done.stderr, time.monotonic() - start

    def certificates(self):
        place = drop_in.Place(drop_in.Installation("", {}, []))
        self.addCleanup(place.remove)
        place.make_certificates()
        (place.folder / "index").touch()
        (place.folder / "ca.conf").write_text(
            "[ca]\ndefault_ca = d\n[d]\ndatabase = index\n"
            "default_md = sha256\ndefault_crl_days = 2\n")
        place.openssl("ca", "-config", "ca.conf", "-gencrl", "-cert", "ca.crt",
                      "-keyfile", "ca.key", "-out", "ca.crl")
        place.openssl("genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt",
                      "group:ffdhe2048", "-out", "dh.pem")
        for path in place.folder.iterdir():
            path.rename(self.folder / path.name)

    def test_a_file_with_every_option_is_taken(self):
        self.certificates()
        lines = EVERY.splitlines()
        self.write(EVERY)
        status, said, _ = self.run_broker(harness.BINARY, "--test-config")
        self.assertEqual(status, 0, said)
        for name, warning in OPTIONS.items():
            numbers = [number for number, line in enumerate(lines, 1)
                       if line.split(" ")[0] == name]
            with self.subTest(option=name):
                self.assertTrue(numbers, "does not stand in the file")
                found = [line for line in said.splitlines()
                         if re.search(rf"conf:({'|'.join(map(str, numbers))}):",
                                      line)]
                if warning:
                    self.assertRegex("\n".join(found), warning)
                else:
                    self.assertEqual(found, [])

    def test_a_broker_with_every_option_serves_its_listeners(self):
        self.certificates()
        self.write(EVERY)
        ports = [int(port) for port in re.findall(
            r"^listener (\d\d+)", self.config.read_text(), re.M)]
        self.assertGreaterEqual(len(ports), 4)
        log = self.start()
        log.wait_for("running")
        for port in ports:
            raw.open_socket(("127.0.0.1", port)).close()

    def start(self, *arguments):
        process = subprocess.Popen(
            [harness.BINARY, *arguments] if arguments
            else [harness.BINARY, "-c", str(self.config)], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, preexec_fn=harness.die_with_parent)
        log = harness.Lines(process.stderr)

        def end():
            process.terminate()
            self.assertEqual(process.wait(DEADLINE), 0, log.text())
            log.thread.join(5)
        self.addCleanup(end)
        return log

    def test_broken_files_end_the_start_with_3_and_name_the_line(self):
        for name, text, where, says, _ in BROKEN:
            # The test looks at the file, not at those that it names.
            for arguments in ((), ("--test-config",))[:2 if where else 1]:
                with self.subTest(name, arguments=arguments):
                    self.write(text)
                    status, said, seconds = self.run_broker(harness.BINARY,
                                                            *arguments)
                    self.assertEqual(status, 3, said)
                    self.assertLess(seconds, 1)
                    place = f"mosquitto.conf:{where}: " if where else ""
                    self.assertRegex(said, f"{re.escape(place)}.*(?:{says})")

    @unittest.skipUnless(EXISTS, "no mosquitto here")
    def test_broken_files_end_mosquittos_start_too(self):
        for name, text, _, _, debian in BROKEN:
            if not isinstance(debian, int):
                continue
            with self.subTest(name):
                self.write("user root\n" + text)
                self.assertEqual(self.run_broker(MOSQUITTO)[0], debian)

    def test_a_broken_file_that_is_included_is_named_itself(self):
        (self.folder / "conf.d/a.conf").write_text("max_qos 1\n\nmax_quos 1\n")
        self.write("listener {port}\ninclude_dir {dir}/conf.d\n")
        for binary in [harness.BINARY] + [MOSQUITTO] * EXISTS:
            status, said, _ = self.run_broker(binary)
            self.assertEqual(status, 3, said)
        status, said, _ = self.run_broker(harness.BINARY)
        self.assertIn(f"{self.folder}/conf.d/a.conf:3: max_quos: ", said)

    # -- -p ------------------------------------------------------------------

    def assert_closed(self, host, port):
        with self.assertRaises(OSError):
            raw.open_socket((host, port)).close()

    def assert_open(self, host, port):
        raw.Client((host, port)).connect("x").disconnect()

    def test_without_a_listener_p_opens_both_localhost_addresses(self):
        for text in (None, "", "# nothing\nlog_type all\n",
                     "include_dir {dir}/conf.d\n"):
            with self.subTest(text=text):
                port = harness.free_port()
                arguments = ["-p", str(port)]
                if text is not None:
                    self.write(text)
                    arguments += ["-c", str(self.config)]
                self.start(*arguments).wait_for("running")
                self.assert_open("127.0.0.1", port)
                self.assert_open("::1", port)
                self.assert_closed("127.0.0.2", port)
                self.doCleanups_but_folder()

    def doCleanups_but_folder(self):
        """Ends the broker that was started last."""
        function, arguments, named = self._cleanups.pop()
        function(*arguments, **named)

    def test_with_a_listener_p_is_ignored(self):
        for text in ("listener {port} 127.0.0.1\n",
                     "include_dir {dir}/conf.d\n"):
            with self.subTest(text=text):
                ignored = harness.free_port()
                self.write(text)
                if "include" in text:
                    port = harness.free_port()
                    (self.folder / "conf.d/l.conf").write_text(
                        f"listener {port} 127.0.0.1\n")
                else:
                    port = int(self.config.read_text().split()[1])
                log = self.start("-p", str(ignored), "-c", str(self.config))
                log.wait_for("running")
                raw.open_socket(("127.0.0.1", port)).close()
                self.assert_closed("127.0.0.1", ignored)
                # A listener makes anonymous clients strangers.
                raw.Client(("127.0.0.1", port)).connect("x", code=135)

    def test_port_and_bind_address_are_an_old_way_to_say_listener(self):
        port = harness.free_port()
        self.write(f"port {port}\nbind_address 127.0.0.1\n"
                   "allow_anonymous true\nlog_type all\n")
        self.start().wait_for("running")
        self.assert_open("127.0.0.1", port)
        self.assert_closed("127.0.0.2", port)
        self.assert_closed("::1", port)

    def test_a_bad_port_behind_p_is_refused(self):
        for port in ("0", "65536", "-1", "x", "1883x", ""):
            done = subprocess.run([harness.BINARY, "-p", port],
                                  capture_output=True, timeout=DEADLINE,
                                  check=False)
            self.assertNotEqual(done.returncode, 0, port)


if __name__ == "__main__":
    unittest.main()
