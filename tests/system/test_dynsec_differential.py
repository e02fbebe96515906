"""The tables by which dynamic security is tested are Mosquitto's answers.

tests/security/dynsec_dialogue.json and dynsec_decisions.json hold what troupe
must answer, and where Mosquitto 2.0 answers otherwise, that too. Here its plugin
is asked; troupe's unit tests read the same files.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import client as raw
import harness
import mqtt

TABLES = harness.ROOT / "tests" / "security"
TOPIC = "$CONTROL/dynamic-security/v1"
PASSWORD = b"secret"
PROGRAM = shutil.which("mosquitto",
                       path=os.environ.get("PATH", "") + ":/usr/sbin")
# What answers and the file have in 2.1 only.
NEW_MEMBERS = {"connections", "allowwildcardsubs", "changeIndex"}


def find_plugin():
    found = sorted(pathlib.Path("/usr/lib").glob(
        "*/mosquitto_dynamic_security.so"))
    return found[0] if found else None


PLUGIN = find_plugin()


def as_2_0(value):
    if isinstance(value, dict):
        return {name: as_2_0(each) for name, each in value.items()
                if name not in NEW_MEMBERS}
    return [as_2_0(each) for each in value] if isinstance(value, list) else value


def without_secrets(document):
    for each in document["clients"]:
        if "password" in each:
            each["password"] = "*"
            del each["salt"], each["iterations"]
    return document


class Peer:
    """Debian's mosquitto with its plugin and the document given."""

    def __init__(self, document):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-dynsec-"))
        self.file = self.folder / "dynamic-security.json"
        self.file.write_text(json.dumps(document))
        self.port = harness.free_port()
        config = self.folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\n"
                          "allow_anonymous true\nuser root\n"
                          f"plugin {PLUGIN}\n"
                          f"plugin_opt_config_file {self.file}\n")
        self.process = subprocess.Popen(
            [PROGRAM, "-c", str(config)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=harness.die_with_parent)
        self.wait_until_ready()

    def wait_until_ready(self):
        end = time.monotonic() + harness.START_DEADLINE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                raw.open_socket(("127.0.0.1", self.port)).close()
                return
            except OSError:
                try:
                    self.process.wait(0.02)
                except subprocess.TimeoutExpired:
                    pass
        self.end()
        raise AssertionError("mosquitto did not start")

    def connect(self, user, client_id):
        known = {} if user is None else {"username": user,
                                         "password": PASSWORD}
        return raw.Client(("127.0.0.1", self.port)).connect(client_id, **known)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def payload_of(step):
    return step.get("payload", json.dumps({"commands": step.get("commands")}))


def is_allowed(peer, admin, user, client_id, action, topic):
    with peer.connect(user, client_id) as client:
        if action == "publish":
            return client.publish(topic, "x", 1).code != 0x87
        if action == "unsubscribe":
            client.send(mqtt.unsubscribe(7, [topic]))
            return client.receive_type(mqtt.UNSUBACK).codes[0] < 0x80
        wanted = topic if action == "subscribe" else "#"
        client.send(mqtt.subscribe(7, [(wanted, 0)]))
        granted = client.receive_type(mqtt.SUBACK).codes[0] < 0x80
        if action == "subscribe":
            return granted
        assert granted, f"{user} must listen to hear {topic}"
        admin.publish(topic, "x", 1)
        # The broker has one thread: the message comes first or not at all.
        client.send(mqtt.packet(mqtt.PINGREQ))
        return client.receive().type == mqtt.PUBLISH


def is_recorded_version():
    if not PROGRAM or not PLUGIN:
        return False
    said = subprocess.run([PROGRAM, "-h"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return "version 2.0.11" in said.stdout


# Later ones of 2.0 answer some of it as 2.1 does.
@unittest.skipUnless(is_recorded_version(),
                     "there is no mosquitto 2.0.11 with its plugin")
class Tables(unittest.TestCase):
    maxDiff = None

    def start(self, document):
        peer = Peer(document)
        self.addCleanup(peer.end)
        return peer

    def test_the_plugin_answers_as_the_dialogue_says(self):
        table = json.loads((TABLES / "dynsec_dialogue.json").read_text())
        peer = self.start(table["initial"])
        admin = peer.connect("admin", "id")
        self.addCleanup(admin.drop)
        admin.subscribe(TOPIC + "/response")
        for step in table["steps"]:
            admin.publish(TOPIC, payload_of(step))
            came = json.loads(admin.receive_publish().payload)["responses"]
            expected = step.get("mosquitto_2_0", as_2_0(step["answer"]))
            # Null: it reads freed memory there.
            if expected is not None:
                self.assertEqual(came, expected, step["say"])
        self.assertEqual(without_secrets(json.loads(peer.file.read_text())),
                         as_2_0(table["document"]))

    def test_the_plugin_decides_as_the_decisions_say(self):
        wrong = []
        for part in json.loads((TABLES / "dynsec_decisions.json").read_text()):
            peer = self.start(part["document"])
            admin = peer.connect("admin", "admin")
            self.addCleanup(admin.drop)
            for case in part["cases"]:
                user, client_id, action, topic, allowed, *differs = case
                found = is_allowed(peer, admin, user, client_id, action, topic)
                if found != (allowed != bool(differs)):
                    wrong.append((part["say"], case))
        self.assertEqual(wrong, [])

    def test_the_plugin_reads_what_troupe_writes(self):
        # The document at the end of the dialogue is what troupe wrote.
        table = json.loads((TABLES / "dynsec_dialogue.json").read_text())
        document = table["document"]
        for each in document["clients"]:
            if "password" in each:
                each.update((name, table["initial"]["clients"][0][name])
                            for name in ("password", "salt", "iterations"))
        peer = self.start(document)
        admin = peer.connect("admin", "id")
        self.addCleanup(admin.drop)
        admin.subscribe(TOPIC + "/response")
        for command, member in (("listClients", "clients"),
                                ("listGroups", "groups"),
                                ("listRoles", "roles")):
            admin.publish(TOPIC, json.dumps(
                {"commands": [{"command": command}]}))
            data = json.loads(
                admin.receive_publish().payload)["responses"][0]["data"]
            names = [next(iter(each.values())) for each in document[member]]
            self.assertEqual(data[member], names)


if __name__ == "__main__":
    unittest.main()
