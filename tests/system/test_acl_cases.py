"""One table of decisions, asked of `troupe acl explain`, of the broker and of
Mosquitto."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import acl_cases
import client as raw
import harness
import mqtt
from harness import troupe_only
from store_tool import MOSQUITTO, Mosquitto

DEADLINE = 60
NOT_AUTHORIZED = 135
# Appended to a file: one who may do everything else, to publish what the
# clients under test receive. Own lines decide before patterns.
ADMIN = "acl-admin"
ADMIN_LINES = f"\nuser {ADMIN}\ntopic readwrite #\ntopic readwrite $app/#\n"


class Table(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-acl-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, text, name="acl"):
        path = self.folder / name
        path.write_bytes(text.encode())
        path.chmod(0o644)
        return path

    def compare(self, file, answers):
        """Fails with all cases of `file` that were answered otherwise."""
        wrong = [f"{case} -> {answer}"
                 for case, answer in zip(file.cases, answers)
                 if not answer.startswith(
                     "allowed" if case.allowed else "denied")]
        self.assertEqual(len(answers), len(file.cases))
        self.assertEqual(wrong, [], f"in {file.name}")


@troupe_only
class OfTroupe(Table):
    def ask(self, path, cases):
        lines = [json.dumps({"user": case.user, "client": case.client,
                             "action": case.action, "topic": case.topic})
                 for case in cases]
        done = subprocess.run(
            [harness.BINARY, "acl", "explain", "--acl-file", str(path),
             "--batch"], input="\n".join(lines) + "\n", capture_output=True,
            text=True, timeout=DEADLINE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def test_the_table_is_large_enough(self):
        cases = acl_cases.all_cases()
        self.assertGreaterEqual(len(cases), 200)
        self.assertEqual(len(set((file.name, case) for file, case in cases)),
                         len(cases))

    def test_every_case_is_decided_as_the_table_says(self):
        for file in acl_cases.FILES:
            with self.subTest(file=file.name):
                self.compare(file, self.ask(self.write(file.text), file.cases))

    def test_one_by_one_the_answers_are_the_same(self):
        path = self.write(acl_cases.FILES[0].text)
        for case in acl_cases.FILES[0].cases[::9]:
            user = [] if case.user is None else ["--user", case.user]
            done = subprocess.run(
                [harness.BINARY, "acl", "explain", "--acl-file", str(path),
                 *user, "--client", case.client, "--action", case.action,
                 case.topic], stdout=subprocess.DEVNULL, check=False,
                timeout=DEADLINE)
            self.assertEqual(done.returncode, 0 if case.allowed else 1, case)

    def test_broken_files_are_refused_with_their_line(self):
        for text, line in acl_cases.BROKEN:
            path = self.write(text)
            done = subprocess.run(
                [harness.BINARY, "acl", "check", str(path)],
                capture_output=True, text=True, timeout=DEADLINE, check=False)
            self.assertEqual(done.returncode, 1, text[:100])
            self.assertTrue(
                done.stderr.startswith(f"Error: {path}:{line}: "), done.stderr)


class OverMqtt(Table):
    """Asks a broker by what it does for clients."""

    is_turned = False

    def answers(self, broker, file):
        self.admin = self.connect(broker, ADMIN, ADMIN)
        found = [self.ask(broker, case) for case in file.cases]
        self.admin.drop()
        return found

    def connect(self, broker, user, client_id):
        made = raw.Client(broker.address, mqtt.V5)
        self.addCleanup(made.drop)
        return made.connect(client_id, username=user)

    def ask(self, broker, case):
        """What it does, as `troupe acl explain` would put it; turned round
        where the table says that 2.0 differs."""
        asking = self.connect(broker, case.user, case.client)
        allowed = getattr(self, case.action)(asking, case.topic)
        asking.drop()
        turned = self.is_turned and bool(case.differs)
        return "allowed" if allowed != turned else "denied"

    @staticmethod
    def publish(asking, topic):
        return asking.publish(topic, "x", qos=1).code != NOT_AUTHORIZED

    def receive(self, asking, topic):
        asking.subscribe(topic)
        if not topic.startswith("$SYS"):
            self.admin.publish(topic, "x", qos=1)
        asking.send(mqtt.packet(mqtt.PINGREQ))
        return asking.receive().type == mqtt.PUBLISH

    @staticmethod
    def subscribe(asking, name):
        pid = next(asking.pids)
        asking.send(mqtt.subscribe(pid, [(name, 0)], mqtt.V5))
        return asking.receive_type(mqtt.SUBACK).codes[0] < 0x80


@troupe_only
class OfTheBroker(OverMqtt):
    def test_every_case_is_decided_as_the_table_says(self):
        for file in acl_cases.FILES:
            with self.subTest(file=file.name):
                path = self.write(file.text + ADMIN_LINES)
                if file.ours:
                    # Who may not subscribe cannot ask what it may receive.
                    file = file._replace(cases=[
                        case for case in file.cases
                        if case.action != "receive"])
                    self.assertGreater(len(file.cases), 5)
                broker = harness.Broker(acl_file=str(path))
                answers = self.answers(broker, file)
                broker.stop()
                self.compare(file, answers)

    def test_broken_files_keep_it_from_starting(self):
        config = self.folder / "mosquitto.conf"
        for text, line in acl_cases.BROKEN:
            path = self.write(text)
            config.write_text(f"listener {harness.free_port()} 127.0.0.1\n"
                              f"acl_file {path}\n")
            done = subprocess.run(
                [harness.BINARY, "-c", str(config)], text=True,
                capture_output=True, timeout=DEADLINE, check=False)
            self.assertEqual(done.returncode, 3, text[:100])
            self.assertIn(f"{path}:{line}: ", done.stderr)


@troupe_only
@unittest.skipUnless(pathlib.Path(MOSQUITTO).exists(), "no mosquitto here")
class OfMosquitto(OverMqtt):
    """The table itself is checked: by a Mosquitto 2.0 with the same files."""

    is_turned = True

    def test_every_case_is_decided_as_the_table_says(self):
        for file in acl_cases.FILES:
            if file.ours:
                continue
            with self.subTest(file=file.name):
                path = self.write(file.text + ADMIN_LINES)
                with Mosquitto(self.folder / "mosquitto", acl_file=path) as it:
                    answers = self.answers(it, file)
                self.compare(file, answers)

    def test_broken_files_keep_it_from_starting(self):
        config = self.folder / "mosquitto.conf"
        for text, _ in acl_cases.BROKEN:
            config.write_text(
                f"listener {harness.free_port()} 127.0.0.1\nuser root\n"
                f"acl_file {self.write(text)}\n")
            done = subprocess.run([MOSQUITTO, "-c", str(config)],
                                  stderr=subprocess.DEVNULL, check=False,
                                  timeout=DEADLINE)
            self.assertEqual(done.returncode, 3, text[:100])


if __name__ == "__main__":
    unittest.main()
