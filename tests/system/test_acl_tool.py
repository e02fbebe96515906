"""`troupe acl`: how it answers, what it refuses, how it ends."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import harness
from harness import troupe_only

DEADLINE = 60
FILE = """\
# rights
topic read open/#
user ann
topic readwrite rooms/#
topic deny rooms/safe
pattern write devices/%c/state
"""


@troupe_only
class AclTool(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-acl-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.path = self.write(FILE)

    def write(self, text, name="acl"):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o644)
        return path

    def run_tool(self, *arguments, status, given=""):
        done = subprocess.run(
            [harness.BINARY, "acl", *map(str, arguments)], input=given,
            capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def explain(self, *arguments, status, path=None):
        out, error = self.run_tool("explain", "--acl-file", path or self.path,
                                   *arguments, status=status)
        self.assertEqual(error, "")
        return out.rstrip("\n")


class OfAConfiguration(AclTool):
    """The files are those that a broker's configuration names."""

    def config(self, text):
        return self.write(text, "broker.conf")

    def ask(self, config, *more, status=0):
        out, error = self.run_tool(
            "explain", "-c", config, *more, "--user", "ann", "--action",
            "publish", "rooms/hall", status=status)
        return out.rstrip("\n") or error

    def test_the_file_it_names_is_asked(self):
        for config in (f"listener 1883\nacl_file {self.path}\n",
                       f"listener 1\nlistener 2\nacl_file {self.path}\n"):
            self.assertEqual(
                self.ask(self.config(config)),
                f"allowed: {self.path}:4: topic readwrite rooms/#")

    def test_without_a_file_nothing_restricts(self):
        self.assertIn("nothing restricts",
                      self.ask(self.config("listener 1883\n")))

    def test_where_listeners_differ_one_is_to_be_named(self):
        config = self.config("per_listener_settings true\nlistener 1\n"
                             f"acl_file {self.path}\nlistener 2\n")
        self.assertIn("--listener (1, 2)", self.ask(config, status=2))
        self.assertIn("allowed: ", self.ask(config, "--listener", "1"))
        self.assertIn("nothing restricts", self.ask(config, "--listener", "2"))
        self.assertIn("has no listener 3",
                      self.ask(config, "--listener", "3", status=2))

    def test_dynamic_security_decides_first(self):
        dynamic = self.write(json.dumps({
            "clients": [{"username": "ann", "roles": [{"rolename": "guest"}]}],
            "roles": [{"rolename": "guest", "acls": [{
                "acltype": "publishClientSend", "topic": "rooms/#",
                "allow": False}]}]}), "dynamic-security.json")
        config = self.write(json.dumps({
            "listeners": [{"port": 1883}], "acl_file": str(self.path),
            "dynamic_security_file": str(dynamic)}), "broker.json")
        said = self.ask(config, status=1)
        self.assertIn("denied: role guest", said)

    def test_what_cannot_be_used_is_named(self):
        self.assertIn("m.conf", self.ask(self.folder / "m.conf", status=2))
        for wrong in ("acl_file /nowhere/acl\nlistener 1\n", "nonsense 1\n"):
            self.assertIn("Error", self.ask(self.config(wrong), status=2))
        self.run_tool("explain", "-c", "x", "--acl-file", "y", status=2)
        self.run_tool("explain", "--action", "publish", "x", status=2)


class Explain(AclTool):
    def test_the_line_that_allows(self):
        self.assertEqual(
            self.explain("--user", "ann", "--client", "c1", "--action",
                         "publish", "rooms/hall", status=0),
            f"allowed: {self.path}:4: topic readwrite rooms/#")

    def test_the_line_that_denies(self):
        self.assertEqual(
            self.explain("--user", "ann", "--action", "receive", "rooms/safe",
                         status=1),
            f"denied: {self.path}:5: topic deny rooms/safe")

    def test_without_user_the_client_is_anonymous(self):
        self.assertIn(":2: topic read open/#", self.explain(
            "--action", "receive", "open/a", status=0))
        self.assertIn("no lines for this user", self.explain(
            "--user", "", "--action", "receive", "open/a", status=1))

    def test_the_client_identifier_fills_patterns(self):
        self.assertIn(":6: pattern write", self.explain(
            "--client", "m1", "--action", "publish", "devices/m1/state",
            status=0))
        self.assertIn("no line allows it", self.explain(
            "--action", "publish", "devices/m1/state", status=1))

    def test_subscribing_concerns_filters(self):
        self.assertIn("no line restricts", self.explain(
            "--action", "subscribe", "$share/g/+/a/#", status=0))
        self.assertIn("no line restricts", self.explain(
            "--action", "unsubscribe", "#", status=0))

    def test_topics_that_look_like_options(self):
        path = self.write("topic read -x\n", "other")
        self.assertIn(":1: topic read -x", self.explain(
            "--action", "receive", "--", "-x", path=path, status=0))

    def test_short_options(self):
        self.explain("-u", "ann", "-i", "c", "-a", "publish", "rooms/a",
                     status=0)

    def test_no_line_is_printed_that_garbles_a_terminal(self):
        path = self.write(b"topic read \x1b[2Ja/#\n", "other")
        out = self.explain("--action", "receive", "\x1b[2Ja", path=path,
                           status=0)
        self.assertEqual(out, f"allowed: {path}:1: topic read \\x1b[2Ja/#")


class BadUsage(AclTool):
    def refused(self, *arguments, says, given=""):
        out, error = self.run_tool(*arguments, status=2, given=given)
        self.assertEqual(out, "")
        self.assertTrue(error.startswith("Error: "), error)
        self.assertIn(says, error)

    def test_something_is_missing(self):
        self.refused(says="subcommand")
        self.refused("explain", says="--acl-file")
        self.refused("check", says="required")
        self.refused("explain", "--acl-file", self.path, says="--action")
        self.refused("explain", "--acl-file", self.path, "--action", "publish",
                     says="TOPIC")

    def test_something_is_wrong(self):
        self.refused("explain", "--acl-file", self.path, "--action", "write",
                     "a", says="--action")
        self.refused("explain", "--acl-file", self.path, "--colour", "red",
                     says="--colour")
        self.refused("explain", "--acl-file", self.path, "--batch", "a",
                     says="--batch")
        self.refused("dance", says="subcommand")

    def test_topics_that_are_none(self):
        for action, topic in (("publish", "a/#"), ("receive", "+"),
                              ("publish", "a" * 65536), ("publish", "")):
            self.refused("explain", "--acl-file", self.path, "--action",
                         action, topic, says="TOPIC")
        for topic in ("a#", "#/a", "$share/g"):
            self.refused("explain", "--acl-file", self.path, "--action",
                         "subscribe", topic, says="no topic filter")

    def test_files_that_cannot_be_used_answer_nothing(self):
        ask = ("--action", "receive", "open/a")
        self.refused("explain", "--acl-file", self.folder / "none", *ask,
                     says="No such file")
        self.refused("explain", "--acl-file", self.folder, *ask,
                     says="regular file")
        self.path.chmod(0o666)
        self.refused("explain", "--acl-file", self.path, *ask,
                     says="everybody can write it")
        broken = self.write("topic a b\n", "broken")
        self.refused("explain", "--acl-file", broken, *ask, says=f"{broken}:1")


class Batch(AclTool):
    QUESTION = {"user": "ann", "client": "c1", "action": "publish",
                "topic": "rooms/a"}

    def batch(self, *lines, status=0):
        return self.run_tool("explain", "--acl-file", self.path, "--batch",
                             status=status, given="".join(
                                 line + "\n" for line in lines))

    def question(self, **changes):
        return json.dumps(dict(self.QUESTION, **changes))

    def test_each_line_is_answered_by_one(self):
        out, error = self.batch(
            self.question(), self.question(topic="rooms/safe"),
            self.question(user=None, action="receive", topic="open/ü x"),
            '{"client": "", "action": "unsubscribe", "topic": "#"}')
        self.assertEqual(error, "")
        self.assertEqual([line.split(":")[0] for line in out.splitlines()],
                         ["allowed", "denied", "allowed", "allowed"])

    def test_nothing_asked_nothing_answered(self):
        self.assertEqual(self.batch(), ("", ""))

    def test_a_broken_line_ends_it(self):
        for line, says in (("", "no JSON"), ("[1]", "no JSON"), ("{", "no JSON"),
                           ("{}", "missing"), ("\x00", "no JSON"),
                           (self.question(user=3), '"user"'),
                           (self.question(client=None), '"client"'),
                           (self.question(topic=[]), '"topic"'),
                           (self.question(action="sing"), '"action"'),
                           (self.question(topic="#"), "no topic name"),
                           ("[" * 100000, "no JSON")):
            out, error = self.batch(self.question(), line, self.question(),
                                    status=2)
            self.assertEqual(len(out.splitlines()), 1)
            self.assertIn("line 2: ", error)
            self.assertIn(says, error)


class Check(AclTool):
    def test_a_sound_file(self):
        self.assertEqual(
            self.run_tool("check", self.path, status=0),
            (f"{self.path}: 4 rules, 1 user; every SUBSCRIBE is allowed\n",
             ""))

    def test_a_file_that_restricts_subscribing(self):
        path = self.write("topic subscribe a/#\n", "other")
        out, _ = self.run_tool("check", path, status=0)
        self.assertIn("1 rule, 0 users; SUBSCRIBE needs the right", out)

    def test_doubtful_lines_are_named_and_allowed(self):
        path = self.write("user ann\ntopic read a/%u\ntopic deny\n"
                          "pattern read x-%c\npattern read b\n", "other")
        _, error = self.run_tool("check", path, status=0)
        for number, line in enumerate(error.splitlines(), 2):
            self.assertTrue(line.startswith(f"Warning: {path}:{number}: "),
                            line)
        self.assertEqual(len(error.splitlines()), 4)

    def test_files_that_cannot_be_used(self):
        for text, says in (("user\n", ":1: the user name is missing"),
                           ("# a\ntopic\n", ":2: the topic filter is missing"),
                           (b"topic a\0b\n", ":1: there is a zero byte"),
                           (b"\x7fELF\x01\x02\n", ":1: ")):
            path = self.write(text, "other")
            out, error = self.run_tool("check", path, status=1)
            self.assertEqual(out, "")
            self.assertTrue(error.startswith(f"Error: {path}{says}"), error)
        self.run_tool("check", self.folder / "none", status=1)

    def test_a_file_of_a_hundred_thousand_lines(self):
        path = self.write("".join(f"user u{i}\ntopic read site/{i}/#\n"
                                  for i in range(50_000)), "large")
        out, _ = self.run_tool("check", path, status=0)
        self.assertIn("50000 rules, 50000 users", out)
        self.assertIn(":99998: topic read site/49998/#", self.explain(
            "--user", "u49998", "--action", "receive", "site/49998/x",
            path=path, status=0))


if __name__ == "__main__":
    unittest.main()
