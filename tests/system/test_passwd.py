"""`troupe passwd`: the files it writes, with Mosquitto as the judge; what it
asks, refuses and leaves alone."""
import base64
import contextlib
import hashlib
import hmac
import os
import pathlib
import pty
import shutil
import signal
import stat
import subprocess
import tempfile
import termios
import threading
import unittest

import client as raw
import harness
from harness import free_port, troupe_only
from mqtt import V5
from store_tool import MOSQUITTO

DEADLINE = 30
MOSQUITTO_PASSWD = shutil.which("mosquitto_passwd")
PASSWORDS = {"anna": "geheim", "ben": "with space", "cécile": "pässwörd",
             "d e": "$7$101$", "e": "-b", "f": "a:b:c", "g": "x" * 1000,
             "h": "'\"\\%s"}


class PasswordJudge:
    """Debian's Mosquitto with a password file; says who may come in."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        port = free_port()
        self.address = ("127.0.0.1", port)
        self.folder = tempfile.TemporaryDirectory(prefix="troupe-judge-")
        config = pathlib.Path(self.folder.name) / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nuser root\n"
                          f"password_file {self.file}\n")
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", str(config)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log = harness.Lines(self.process.stderr)
        self.log.wait_for("mosquitto version .* running")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(DEADLINE)
        self.log.thread.join(5)
        self.folder.cleanup()

    def lets_in(self, user, password):
        peer = raw.Client(self.address, V5)
        with contextlib.closing(peer.socket):
            try:
                peer.connect("", username=user, password=password.encode())
            except AssertionError:
                return False
            return True


@troupe_only
class PasswdTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-passwd-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.file = self.folder / "users"

    def passwd(self, *arguments, status=0, typed="", program=None):
        """Runs it; what it wrote."""
        command = program or [harness.BINARY, "passwd"]
        done = subprocess.run(
            [*command, *map(str, arguments)], input=typed.encode(),
            capture_output=True, timeout=DEADLINE, check=False)
        text = done.stdout.decode() + done.stderr.decode()
        self.assertEqual(done.returncode, status, text)
        return text

    def set(self, user, password, *options):
        return self.passwd(*options, "-b", self.file, user, password)

    def lines(self):
        return self.file.read_text().splitlines()

    def assert_refused(self, what, *arguments, status=1, **options):
        """It fails, says why, and leaves the file and its folder as they were.
        """
        before = self.file.read_bytes() if self.file.exists() else None
        self.assertIn(what, self.passwd(*arguments, status=status, **options))
        after = self.file.read_bytes() if self.file.exists() else None
        self.assertEqual(after, before)
        self.assertLessEqual(len(list(self.folder.iterdir())), 1)


class WithMosquitto(PasswdTest):
    def assert_right(self, hash_options):
        self.file.touch()
        for user, password in PASSWORDS.items():
            self.set(user, password, *hash_options)
        with PasswordJudge(self.file) as judge:
            for user, password in PASSWORDS.items():
                self.assertTrue(judge.lets_in(user, password), user)
                self.assertFalse(judge.lets_in(user, password + "x"), user)
            self.assertFalse(judge.lets_in("nobody", "geheim"))

    def test_mosquitto_takes_what_is_written_by_default(self):
        self.assert_right([])

    def test_mosquitto_takes_sha512(self):
        self.assert_right(["-H", "sha512"])

    def test_mosquitto_takes_other_iterations(self):
        self.assert_right(["-H", "sha512-pbkdf2", "-I", "25000"])

    def test_mosquitto_takes_a_file_that_was_upgraded(self):
        self.file.write_text("# plain\nanna:geheim\n\nben: with space\n")
        self.passwd("-U", self.file)
        with PasswordJudge(self.file) as judge:
            self.assertTrue(judge.lets_in("anna", "geheim"))
            self.assertTrue(judge.lets_in("ben", "with space"))

    @unittest.skipUnless(MOSQUITTO_PASSWD, "needs mosquitto_passwd")
    def test_what_mosquitto_passwd_writes_is_known_as_hashed(self):
        self.file.touch()
        for user, password in PASSWORDS.items():
            kind = "sha512" if user < "d" else "sha512-pbkdf2"
            self.passwd("-H", kind, "-b", self.file, user, password,
                        program=[MOSQUITTO_PASSWD])
        before = self.file.read_bytes()
        self.assertIn("Hashed 0 passwords; 8 were hashed already.",
                      self.passwd("-U", self.file))
        self.assertEqual(self.file.read_bytes(), before)

    @unittest.skipUnless(MOSQUITTO_PASSWD, "needs mosquitto_passwd")
    def test_both_programs_work_on_one_file(self):
        theirs = [MOSQUITTO_PASSWD]
        self.set("anna", "1", "-c")
        self.passwd("-b", self.file, "ben", "2", program=theirs)
        self.set("cid", "3")
        self.passwd("-b", self.file, "anna", "4", program=theirs)
        self.set("ben", "5")
        self.passwd("-D", self.file, "cid", program=theirs)
        self.assertEqual(len(self.lines()), 2)
        with PasswordJudge(self.file) as judge:
            self.assertTrue(judge.lets_in("anna", "4"))
            self.assertTrue(judge.lets_in("ben", "5"))
            self.assertFalse(judge.lets_in("anna", "1"))
            self.assertFalse(judge.lets_in("cid", "3"))


class Files(PasswdTest):
    def test_a_new_file_is_for_its_owner_only(self):
        self.assertIn("Adding password for user anna",
                      self.set("anna", "geheim", "-c"))
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertEqual(len(self.lines()), 1)
        self.assertEqual(list(self.folder.iterdir()), [self.file])

    def test_a_file_that_is_there_is_not_made_anew(self):
        self.set("anna", "geheim", "-c")
        self.assert_refused("exists already", "-c", "-b", self.file, "b", "x")
        self.file.unlink()
        self.file.symlink_to(self.folder / "nowhere")
        self.passwd("-c", "-b", self.file, "b", "x", status=1)
        self.assertEqual(list(self.folder.iterdir()), [self.file])

    def test_the_hash_is_what_it_says(self):
        for kind, begin in (("sha512", "$6$"), ("sha512-pbkdf2", "$7$1000$"),
                            ("argon2id", "$argon2id$v=19$m=47104,t=1,p=1$"),
                            ("scram-sha-256", "$scram-sha-256$4096$")):
            self.file.write_text("")
            self.set("anna", "geheim", "-H", kind)
            self.assertTrue(self.lines()[0].startswith("anna:" + begin), kind)
            self.assertIn("0 passwords; 1 ", self.passwd("-U", self.file))

    def test_a_scram_hash_is_that_of_the_rfc(self):
        self.set("anna", "pencil", "-c", "-H", "scram-sha-256", "-I", "5000")
        _, _, count, salt, stored, server = self.lines()[0].split("$")
        salted = hashlib.pbkdf2_hmac(
            "sha256", b"pencil", base64.b64decode(salt), int(count))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        self.assertEqual(base64.b64decode(stored),
                         hashlib.sha256(client_key).digest())
        self.assertEqual(base64.b64decode(server),
                         hmac.digest(salted, b"Server Key", "sha256"))

    def test_all_other_lines_stay(self):
        self.file.write_text("# users\n\nanna:$6$YWJj$x\n no colon\nb:plain")
        self.assertIn("Updating password for user anna",
                      self.set("anna", "geheim"))
        self.set("cid", "x")
        lines = self.lines()
        self.assertEqual(lines[:2] + lines[3:5],
                         ["# users", "", " no colon", "b:plain"])
        self.assertTrue(lines[2].startswith("anna:$7$"))
        self.assertTrue(lines[5].startswith("cid:$7$"))
        self.passwd("-D", self.file, "anna")
        self.assertEqual(self.lines(), lines[:2] + lines[3:])

    def test_mode_and_symbolic_links_stay(self):
        self.set("anna", "1", "-c")
        self.file.chmod(0o640)
        link = self.folder / "link"
        link.symlink_to("users")
        self.passwd("-b", link, "ben", "2")
        self.assertTrue(link.is_symlink())
        self.assertEqual(len(self.lines()), 2)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o640)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_the_owner_stays(self):
        self.set("anna", "1", "-c")
        os.chown(self.file, 1234, 2345)
        self.set("ben", "2")
        about = self.file.stat()
        self.assertEqual((about.st_uid, about.st_gid), (1234, 2345))

    def test_standard_output_gets_the_line_and_nothing_else(self):
        text = self.passwd("-c", "-b", "-", "anna", "geheim")
        self.assertRegex(text, r"\Aanna:\$7\$1000\$\S+\n\Z")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_many_at_once_lose_nobody(self):
        self.file.touch()
        names = [f"user{i}" for i in range(24)]
        started = [threading.Thread(target=self.set, args=(name, "x"))
                   for name in names]
        for each in started:
            each.start()
        for each in started:
            each.join(DEADLINE)
        self.assertEqual(sorted(line.split(":")[0] for line in self.lines()),
                         sorted(names))
        self.assertEqual(list(self.folder.iterdir()), [self.file])


class BadInput(PasswdTest):
    def test_files_that_cannot_be_used(self):
        self.assert_refused("No such file", "-b", self.file, "anna", "x")
        self.assert_refused("No such file", "-D", self.file, "anna")
        self.assert_refused("No such file", "-U", self.file)
        self.assert_refused("not a regular file", "-b", self.folder, "a", "x")
        self.assert_refused("not a regular file", "-b", "/dev/zero", "a", "x")
        self.assert_refused("No such file", "-c", "-b",
                            self.folder / "none" / "users", "anna", "x")

    def test_a_file_that_everybody_may_write(self):
        self.file.write_text("anna:x\n")
        self.file.chmod(0o666)
        self.assert_refused("chmod o-w", "-b", self.file, "anna", "x")
        self.assert_refused("chmod o-w", "-U", self.file)

    def test_a_full_disk_leaves_the_file(self):
        self.set("anna", "geheim", "-c")
        done = subprocess.run(
            ["sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "sh",
             harness.BINARY, "passwd", "-b", str(self.file), "ben", "x"],
            capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(len(self.lines()), 1)
        self.assertEqual(list(self.folder.iterdir()), [self.file])

    def test_users_that_are_not_there_or_cannot_be(self):
        self.set("anna", "geheim", "-c")
        self.assert_refused("not found", "-D", self.file, "ben")
        self.assert_refused("':'", "-b", self.file, "a:b", "x")
        self.assert_refused("Username must", "-b", self.file, "#a", "x")
        self.assert_refused("Empty password", "-b", self.file, "ben", "")

    def test_a_file_that_cannot_be_upgraded(self):
        for broken in ("anna:x\nno colon\n", "anna:x\nben:\n",
                       "anna:x\n:x\n", "anna:x\nben:$7$101$short\n"):
            self.file.write_text(broken)
            self.assert_refused(f"{self.file}:2:", "-U", self.file)

    def test_wrong_usage(self):
        for arguments in ((), ("-X",), (self.file,), ("-U",),
                          ("-c", "-D", self.file, "anna"),
                          ("-H", "md5", "-b", self.file, "anna", "x"),
                          ("-I", "0", "-b", self.file, "anna", "x")):
            self.assert_refused("--help' to see usage", *arguments)
        self.assertIn("Usage:", self.passwd("--help"))


class Asking(PasswdTest):
    def setUp(self):
        super().setUp()
        self.file.touch()

    def test_two_lines_of_standard_input(self):
        for typed in ("geheim\ngeheim\n", "geheim\r\ngeheim\r\n",
                      "geheim\ngeheim", "geheim\ngeheim\nmore\n"):
            self.passwd(self.file, "anna", typed=typed)
        with PasswordJudge(self.file) as judge:
            self.assertTrue(judge.lets_in("anna", "geheim"))

    def test_passwords_that_differ_end_with_2(self):
        self.assert_refused("Passwords do not match.", self.file, "anna",
                            status=2, typed="one\ntwo\n")

    def test_passwords_that_are_none(self):
        for typed in ("", "\n", "one", "one\n", "\n\n", "one\n\n"):
            self.assert_refused("Empty password", self.file, "anna",
                                typed=typed)
        long = "x" * 65536 + "\n"
        self.assert_refused("65535 bytes", self.file, "anna",
                            typed=long + long)

    def test_nothing_is_asked_in_vain(self):
        gone = self.folder / "gone"
        self.assertNotIn("Password:", self.passwd(gone, "anna", status=1))
        self.assertNotIn("Password:", self.passwd("-c", self.file, "anna",
                                                  status=1))

    def start_on_terminal(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [harness.BINARY, "passwd", str(self.file), "anna"],
            stdin=theirs, stdout=theirs, stderr=theirs)
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        return process, ours, theirs

    def read_until(self, terminal, wanted):
        shown = b""
        while wanted not in shown:
            shown += os.read(terminal, 4096)
        return shown

    def shows_what_is_typed(self, terminal):
        return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)

    def test_a_terminal_does_not_show_the_password(self):
        process, ours, theirs = self.start_on_terminal()
        shown = self.read_until(ours, b"Password: ")
        self.assertFalse(self.shows_what_is_typed(theirs))
        os.write(ours, b"geheim\n")
        shown += self.read_until(ours, b"Reenter password: ")
        os.write(ours, b"geheim\n")
        self.assertEqual(process.wait(DEADLINE), 0)
        shown += self.read_until(ours, b"for user anna")
        self.assertNotIn(b"geheim", shown)
        self.assertTrue(self.shows_what_is_typed(theirs))
        self.assertEqual(len(self.lines()), 1)

    def test_a_signal_leaves_the_terminal_as_it_was(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process, ours, theirs = self.start_on_terminal()
            self.read_until(ours, b"Password: ")
            process.send_signal(number)
            self.assertEqual(process.wait(DEADLINE), -number)
            self.assertTrue(self.shows_what_is_typed(theirs))
            self.assertEqual(self.lines(), [])


if __name__ == "__main__":
    unittest.main()
