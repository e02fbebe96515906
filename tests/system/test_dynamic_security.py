"""Dynamic security in the broker itself: commands come through its topic.

The tables are those of test_dynsec_differential, which has Debian's plugin
judge them.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import client as raw
import mqtt
from harness import Broker, troupe_only
from test_dynsec_differential import TABLES, TOPIC, is_allowed, payload_of

PASSWORD = b"secret"
CTRL = shutil.which("mosquitto_ctrl")


class Known:
    """A broker with a document, as `is_allowed` wants its peer."""

    def __init__(self, document=None, **options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-dynsec-"))
        self.file = self.folder / "dynamic-security.json"
        if document is not None:
            self.file.write_text(json.dumps(document))
        self.broker = Broker(dynamic_security_file=str(self.file), **options)
        self.port = self.broker.port

    def connect(self, user, client_id, password=PASSWORD):
        known = {} if user is None else {"username": user,
                                         "password": password}
        return raw.Client(self.broker.address).connect(client_id, **known)

    def end(self):
        self.broker.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def without_secrets(document):
    for each in document["clients"]:
        for name in ("password", "salt", "iterations", "encoded_password"):
            each.pop(name, None)
    return document


@troupe_only
class DynamicSecurity(unittest.TestCase):
    maxDiff = None

    def start(self, document=None, **options):
        made = Known(document, **options)
        self.addCleanup(made.end)
        return made

    def ask(self, admin, *commands):
        admin.publish(TOPIC, json.dumps({"commands": list(commands)}))
        return json.loads(admin.receive_publish().payload)["responses"]

    def admin(self, known):
        made = known.connect("admin", "admin")
        self.addCleanup(made.drop)
        return made

    def initial(self):
        table = json.loads((TABLES / "dynsec_dialogue.json").read_text())
        return table["initial"]

    def test_the_dialogue_is_held_as_the_table_says(self):
        table = json.loads((TABLES / "dynsec_dialogue.json").read_text())
        known = self.start(table["initial"])
        admin = known.connect("admin", "id")
        self.addCleanup(admin.drop)
        for step in table["steps"]:
            admin.publish(TOPIC, payload_of(step))
            came = json.loads(admin.receive_publish().payload)["responses"]
            # The table knows nobody who is connected, and here one asks.
            came = json.loads(json.dumps(came).replace(
                '[{"address": "127.0.0.1"}]', "[]"))
            self.assertEqual(came, step["answer"], step["say"])
        self.assertEqual(
            without_secrets(json.loads(known.file.read_text())),
            without_secrets(table["document"]))

    def test_the_broker_decides_as_the_table_says(self):
        wrong = []
        for part in json.loads((TABLES / "dynsec_decisions.json").read_text()):
            known = Known(part["document"])
            try:
                admin = known.connect("admin", "admin")
                for user, client_id, action, topic, allowed, *_ in \
                        part["cases"]:
                    if is_allowed(known, admin, user, client_id, action,
                                  topic) != allowed:
                        wrong.append((part["say"], user, client_id, action,
                                      topic, allowed))
                admin.drop()
            finally:
                known.end()
        self.assertEqual(wrong, [])

    def test_a_change_that_was_answered_survives_kill_9(self):
        known = self.start(self.initial())
        self.ask(self.admin(known), {"command": "createRole",
                                     "rolename": "survivor"})
        known.broker.process.send_signal(signal.SIGKILL)
        known.broker.process.wait()
        known.broker.start_again()
        answer = self.ask(self.admin(known), {"command": "listRoles"})
        self.assertIn("survivor", answer[0]["data"]["roles"])

    def test_a_reload_reads_the_file_again(self):
        known = self.start(self.initial())
        admin = self.admin(known)
        self.ask(admin, *({"command": "createClient", "username": name,
                           "password": "secret"} for name in ("bob", "cid")))
        bob, cid = (known.connect(name, name) for name in ("bob", "cid"))
        self.addCleanup(cid.drop)
        document = json.loads(known.file.read_text())
        document["clients"] = [each for each in document["clients"]
                               if each["username"] != "bob"]
        document["roles"].append({"rolename": "by hand", "acls": []})
        known.file.write_text(json.dumps(document))
        known.broker.reload()
        bob.expect_ended(0x87)
        cid.ping()
        answer = self.ask(admin, {"command": "listRoles"})
        self.assertIn("by hand", answer[0]["data"]["roles"])

    def test_a_broken_file_leaves_what_was_in_force(self):
        known = self.start(self.initial())
        admin = self.admin(known)
        good = known.file.read_text()
        for bad in ("{", "[]", '{"clients": 1}'):
            known.file.write_text(bad)
            line = known.broker.reload("not reloaded")
            self.assertIn("dynamic-security.json", line)
            self.ask(admin, {"command": "listRoles"})
        known.file.unlink()
        known.broker.reload("not reloaded")
        known.file.write_text(good)
        known.broker.reload()
        admin.ping()

    def test_get_client_says_from_where_it_is_connected(self):
        known = self.start(self.initial())
        admin = self.admin(known)
        self.ask(admin, {"command": "createClient", "username": "bob",
                         "password": "secret"})

        def connections():
            answer = self.ask(admin, {"command": "getClient",
                                      "username": "bob"})
            return answer[0]["data"]["client"]["connections"]
        self.assertEqual(connections(), [])
        there = [known.connect("bob", name) for name in ("one", "two")]
        self.assertEqual(connections(), [{"address": "127.0.0.1"}] * 2)
        for client in there:
            client.drop()

    def test_who_is_disabled_is_told_and_goes(self):
        known = self.start(self.initial())
        admin = self.admin(known)
        self.ask(admin, {"command": "createClient", "username": "bob",
                         "password": "secret"})
        bob = known.connect("bob", "bob")
        self.ask(admin, {"command": "disableClient", "username": "bob"})
        self.assertEqual(bob.receive_type(mqtt.DISCONNECT).code, 0x98)
        with raw.Client(known.broker.address) as again:
            again.send(mqtt.connect(client_id="bob", username="bob",
                                    password=PASSWORD))
            self.assertEqual(again.receive_type(mqtt.CONNACK).code, 135)

    def test_who_may_not_give_commands_gives_none(self):
        known = self.start(self.initial())
        admin = self.admin(known)
        self.ask(admin, {"command": "createClient", "username": "bob",
                         "password": "secret"})
        bob = known.connect("bob", "bob")
        self.addCleanup(bob.drop)
        answer = bob.publish(TOPIC, json.dumps(
            {"commands": [{"command": "createRole", "rolename": "evil"}]}), 1)
        self.assertEqual(answer.code, 0x87)
        roles = self.ask(admin, {"command": "listRoles"})[0]["data"]["roles"]
        self.assertNotIn("evil", roles)

    def test_what_cannot_be_saved_is_not_done(self):
        known = self.start(self.initial())
        admin = self.admin(known)
        shutil.rmtree(known.folder)
        answer = self.ask(admin, {"command": "createRole", "rolename": "lost"})
        self.assertIn("error", answer[0])
        roles = self.ask(admin, {"command": "listRoles"})[0]["data"]["roles"]
        self.assertNotIn("lost", roles)

    def test_the_first_start_makes_an_administrator(self):
        known = self.start()
        secrets = pathlib.Path(str(known.file) + ".pw").read_text()
        password = next(line.split()[-1] for line in secrets.splitlines()
                        if line.startswith("admin"))
        admin = known.connect("admin", "admin", password.encode())
        self.addCleanup(admin.drop)
        answer = self.ask(admin, {"command": "listClients"})
        self.assertIn("admin", answer[0]["data"]["clients"])
        self.assertEqual(os.stat(known.file).st_mode & 0o777, 0o600)

    def test_a_broken_document_keeps_the_broker_from_starting(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-dynsec-"))
        self.addCleanup(shutil.rmtree, folder)
        path = folder / "dynamic-security.json"
        path.write_text('{"clients": [{"username": 7}]}')
        broker = Broker(wait=False, dynamic_security_file=str(path))
        self.assertEqual(broker.process.wait(10), 3)
        broker.log.wait_for("dynamic-security.json")

    @unittest.skipUnless(CTRL, "there is no mosquitto_ctrl")
    def test_mosquitto_ctrl_works_unchanged(self):
        known = self.start(self.initial())

        def ctrl(*words):
            return subprocess.run(
                [CTRL, "-h", "127.0.0.1", "-p", str(known.port), "-u", "admin",
                 "-P", PASSWORD.decode(), "dynsec", *words], text=True,
                check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=20).stdout

        ctrl("createRole", "sensor")
        ctrl("addRoleACL", "sensor", "publishClientSend", "s/#", "allow", "1")
        ctrl("createClient", "bob", "-p", "secret")
        ctrl("addClientRole", "bob", "sensor", "1")
        self.assertIn("sensor", ctrl("getClient", "bob"))
        bob = known.connect("bob", "bob")
        self.addCleanup(bob.drop)
        self.assertLess(bob.publish("s/1", "x", 1).code, 0x80)
        self.assertEqual(bob.publish("t/1", "x", 1).code, 0x87)


if __name__ == "__main__":
    unittest.main()
