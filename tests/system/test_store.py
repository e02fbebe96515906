"""`troupe store`: what it shows, how it looks after a database, what it refuses.
"""
import contextlib
import fcntl
import json
import os
import pty
import shutil
import signal
import socket
import struct
import subprocess
import threading
import unittest

import harness
import store_tool
from harness import QUICK
from store_tool import DEADLINE, fabricated


class BadInput(store_tool.StoreTest):
    def fabricate(self, messages=3):
        path = self.folder / "mosquitto.db"
        path.write_bytes(fabricated(messages))
        return path

    def refused(self, what, command, *arguments, **options):
        self.assertIn(what, self.store(command, *arguments, status=1,
                                       **options))

    def test_files_that_are_none_of_mosquittos(self):
        path = self.folder / "file"
        self.refused("No such file", "import", path)
        self.refused("it is no file", "import", self.folder)
        for content in (b"", b"\0\xb5\0mosquitto", b"{}" * 100, b"\0" * 1000):
            path.write_bytes(content)
            self.refused("no database of Mosquitto", "import", path)
        path.write_bytes(b"SQLite format 3\0" * 10)
        self.refused("SQLite plugin", "import", path)
        path.write_bytes(fabricated(1)[:19] + struct.pack(">I", 7))
        self.refused("format", "import", path)
        self.assert_nothing_there()

    def test_a_file_cut_at_many_places(self):
        whole = fabricated(3)
        path = self.folder / "cut.db"
        for size in range(0, len(whole), 37 if QUICK else 11):
            path.write_bytes(whole[:size])
            done = subprocess.run(
                [harness.BINARY, "store", "import", "-d", str(self.data),
                 str(path)],
                capture_output=True, text=True, timeout=DEADLINE, check=False)
            if done.returncode == 0:
                # Cut between two records.
                shutil.rmtree(self.database)
                continue
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, "no database|ends within a record")
            self.assert_nothing_there()

    def test_a_damaged_file_is_salvaged_only_when_asked(self):
        path = self.fabricate()
        data = path.read_bytes()
        at = data.index(b"t/2")
        path.write_bytes(data[:at] + b"t/#" + data[at + 3:])
        self.refused("byte ", "import", path)
        self.refused("--salvage", "import", path)
        self.assert_nothing_there()
        told = self.store("import", "--salvage", path)
        self.assertIn("damaged        1 records", told)
        self.assertEqual([each["topic"] for each in self.queue("client")],
                         ["t/1", "t/3"])

    def test_directories_without_a_database(self):
        nowhere = self.folder / "nowhere"
        for command in (["info"], ["sessions"], ["queue", "c"], ["verify"],
                        ["repair"], ["backup", self.folder / "b"]):
            self.refused("no directory", *command, directory=nowhere)
            self.refused("there is no database in", *command)
        self.refused("no directory", "import", self.fabricate(),
                     directory=nowhere)
        self.assert_nothing_there()
        self.assertFalse(nowhere.exists())

    def test_a_client_that_has_no_session(self):
        self.store("import", self.fabricate())
        self.refused("no durable session of nobody", "queue", "nobody")

    def test_bad_usage(self):
        for arguments in ([], ["frobnicate"], ["queue"], ["import"],
                          ["import", "--keep", "--replace", "x"],
                          ["queue", "c", "--limit", "0"], ["info", "more"]):
            done = subprocess.run(
                [harness.BINARY, "store", *arguments], capture_output=True,
                text=True, timeout=DEADLINE, check=False)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("troupe store --help", done.stderr)

    def test_every_command_explains_itself(self):
        for command in ("info", "sessions", "queue", "verify", "repair",
                        "backup", "restore", "import"):
            told = self.store(command, "--help")
            self.assertIn("Examples:", told)
            self.assertIn(f"troupe store {command}", told)

    def test_the_directory_comes_from_a_configuration(self):
        self.store("import", self.fabricate())
        config = self.folder / "troupe.json"
        config.write_text(json.dumps(
            {"persistence": True, "persistence_location": str(self.data)}))
        done = subprocess.run(
            [harness.BINARY, "store", "info", "-c", str(config), "--json"],
            capture_output=True, text=True, timeout=DEADLINE, check=True)
        self.assertEqual(json.loads(done.stdout)["sessions"], 1)
        config.write_text("{")
        done = subprocess.run(
            [harness.BINARY, "store", "info", "-c", str(config)],
            capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("troupe.json", done.stderr)

    def test_the_database_itself_may_be_named(self):
        self.store("import", self.fabricate())
        self.assertEqual(
            json.loads(self.store("info", "--json", directory=self.database))
            ["queued"], 3)

    # -- what is there already -----------------------------------------------

    def test_an_import_into_a_database_with_the_same_client(self):
        self.store("import", self.fabricate(3))
        self.refused("the session of client for one", "import",
                     self.fabricate(2))
        self.assertEqual(len(self.queue("client")), 3)
        told = self.store("import", "--keep", self.fabricate(2))
        self.assertIn("1 sessions that are in the store already", told)
        self.assertEqual(len(self.queue("client")), 3)
        aside = self.data / "troupe.store.before-import"
        self.assertIn(str(aside), told)
        self.refused("exists already", "import", "--replace",
                     self.fabricate(2))
        shutil.rmtree(aside)
        self.store("import", "--replace", self.fabricate(2))
        self.assertEqual(len(self.queue("client")), 2)
        self.assertEqual(sorted(each.name for each in self.data.iterdir()),
                         ["troupe.store", "troupe.store.before-import"])

    def test_a_database_that_another_process_uses(self):
        path = self.fabricate()
        self.store("import", path)
        before = self.info()
        with open(self.database / "LOCK", "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for command in (["verify"], ["repair"],
                            ["import", "--replace", path],
                            ["restore", self.database]):
                self.refused("stop the broker first", *command)
            self.refused("another broker", "backup", self.folder / "backup")
            # Looking is allowed.
            self.assertTrue(self.info()["broker"])
            self.assertEqual(self.info()["queued"], before["queued"])
            self.assertEqual(len(self.queue("client")), 3)
        self.assertEqual([each.name for each in self.data.iterdir()],
                         ["troupe.store"])


class Control(store_tool.StoreTest):
    """What runs behind the socket is a broker, or plays one."""

    def setUp(self):
        super().setUp()
        path = self.folder / "mosquitto.db"
        path.write_bytes(fabricated(2))
        self.store("import", path)
        self.asked = []

    @contextlib.contextmanager
    def broker(self, answer):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.data / "troupe.control"))
        listener.listen()

        def serve():
            while True:
                try:
                    peer = listener.accept()[0]
                except OSError:
                    return
                with peer, peer.makefile("rwb") as stream:
                    line = stream.readline()
                    if line:
                        self.asked.append(line)
                        stream.write(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(DEADLINE)
            listener.close()

    def test_a_running_broker_makes_the_backup(self):
        target = self.folder / "backup"
        with self.broker(b"ok\n"):
            self.assertIn(str(target), self.store("backup", target))
            self.assertTrue(self.info()["broker"])
        self.assertEqual(self.asked, [b"backup %s\n" % os.fsencode(target)])
        self.assertFalse(self.info()["broker"])

    def test_the_directory_is_told_to_the_broker_as_it_is_from_here(self):
        with self.broker(b"ok\n"):
            subprocess.run(
                [harness.BINARY, "store", "backup", "-d", "data",
                 "./backups/../monday/"],
                cwd=self.folder, timeout=DEADLINE, check=True,
                stdout=subprocess.DEVNULL)
        self.assertEqual(self.asked,
                         [b"backup %s/monday\n" % os.fsencode(self.folder)])

    def test_what_the_broker_says_is_passed_on(self):
        for answer, told in ((b"error: no room left\n", "no room left"),
                             (b"", "no answer"), (b"what?\n", "what?")):
            with self.broker(answer):
                self.assertIn(told, self.store(
                    "backup", self.folder / "backup", status=1))
            (self.data / "troupe.control").unlink()

    def test_a_running_broker_keeps_its_database(self):
        path = self.folder / "mosquitto.db"
        with self.broker(b""):
            for command in (["verify"], ["repair"],
                            ["restore", self.database],
                            ["import", "--replace", path]):
                self.assertIn("stop the broker first",
                              self.store(*command, status=1))
        self.assertEqual(self.asked, [])

    def test_a_socket_that_a_killed_broker_left_is_no_broker(self):
        with self.broker(b"ok\n"):
            pass
        self.assertTrue((self.data / "troupe.control").exists())
        self.store("backup", self.folder / "backup")
        self.assertTrue((self.folder / "backup" / "CURRENT").exists())


class Care(store_tool.StoreTest):
    MESSAGES = 2000 if QUICK else 20000

    def setUp(self):
        super().setUp()
        self.file = self.folder / "mosquitto.db"
        self.file.write_bytes(fabricated(self.MESSAGES))
        self.store("import", self.file)

    def test_a_sound_database_is_sound(self):
        told = self.store("verify")
        self.assertIn("all sound", told)
        self.assertIn("nothing to repair", self.store("repair"))
        self.assertEqual(len(self.queue("client")), self.MESSAGES)

    def test_a_damaged_database_is_found_and_repaired(self):
        largest = max(self.database.iterdir(),
                      key=lambda path: path.stat().st_size)
        data = bytearray(largest.read_bytes())
        for at in range(len(data) // 2, len(data) // 2 + 40):
            data[at] ^= 0xff
        largest.write_bytes(data)
        told = self.store("verify", status=1)
        self.assertIn(largest.name, told)
        self.assertIn("troupe store repair", told)
        self.store("repair")
        self.assertIn("all sound", self.store("verify"))
        self.assertTrue((self.data / "quarantine").is_dir())
        self.assertLessEqual(len(self.queue("client")), self.MESSAGES)

    def test_backup_and_restore(self):
        backup = self.folder / "backup"
        self.store("backup", backup)
        self.store("backup", backup, status=1)
        self.assertEqual(json.loads(self.store(
            "info", "--json", directory=backup))["queued"], self.MESSAGES)
        self.file.write_bytes(fabricated(1))
        self.store("import", "--replace", self.file)
        shutil.rmtree(self.data / "troupe.store.before-import")
        self.assertEqual(len(self.queue("client")), 1)
        told = self.store("restore", backup)
        self.assertIn("troupe.store.before-restore", told)
        self.assertEqual(len(self.queue("client")), self.MESSAGES)
        self.assertEqual(json.loads(self.store(
            "info", "--json",
            directory=self.data / "troupe.store.before-restore"))["queued"], 1)

    def test_a_backup_is_restored_where_there_is_nothing(self):
        backup = self.folder / "backup"
        self.store("backup", backup)
        shutil.rmtree(self.database)
        self.store("restore", backup)
        self.assertEqual(len(self.queue("client")), self.MESSAGES)

    def test_what_is_no_backup_is_not_restored(self):
        self.store("restore", self.folder / "nothing", status=1)
        self.store("restore", self.folder, status=1)
        self.assertEqual(len(self.queue("client")), self.MESSAGES)


class Interrupted(store_tool.StoreTest):
    # Enough that it is still at work when the signal comes.
    MESSAGES = 400_000

    def setUp(self):
        super().setUp()
        self.file = self.folder / "mosquitto.db"
        self.file.write_bytes(fabricated(self.MESSAGES))

    def interrupt(self, number, *arguments):
        """Runs on a terminal and sends a signal once it shows how far it is;
        the exit status and what was shown."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [harness.BINARY, "store", *map(str, arguments), "-d",
             str(self.data)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=theirs, close_fds=True)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError), open(ours, "rb", 0) as terminal:
            while True:
                data = terminal.read(4096)
                if not data:
                    break
                shown += data
                if number and b"%" in shown:
                    process.send_signal(number)
                    number = None
        return process.wait(DEADLINE), shown.decode()

    def test_an_import_that_is_interrupted_leaves_nothing(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            code, shown = self.interrupt(number, "import", self.file)
            self.assertEqual(code, status, shown)
            self.assertIn("nothing was imported", shown)
            self.assert_nothing_there()

    def test_an_import_that_is_interrupted_leaves_what_was_there(self):
        small = self.folder / "small.db"
        small.write_bytes(fabricated(3))
        self.store("import", small)
        code, shown = self.interrupt(signal.SIGINT, "import", "--replace",
                                     self.file)
        self.assertEqual(code, 130, shown)
        self.assertEqual([each.name for each in self.data.iterdir()],
                         ["troupe.store"])
        self.assertEqual(len(self.queue("client")), 3)

    def test_an_import_that_is_killed_is_tidied_up_by_the_next(self):
        code, _ = self.interrupt(signal.SIGKILL, "import", self.file)
        self.assertEqual(code, -signal.SIGKILL)
        self.assertEqual(len(list(self.data.iterdir())), 1)
        self.assertFalse(self.database.exists())
        code, shown = self.interrupt(None, "import", self.file)
        self.assertEqual(code, 0, shown)
        self.assertEqual([each.name for each in self.data.iterdir()],
                         ["troupe.store"])
        self.assertEqual(self.info()["queued"], self.MESSAGES)

    def test_a_check_that_is_interrupted_changes_nothing(self):
        self.store("import", self.file)
        # It is at this file, and waits for its end, once we can write to it.
        trap = self.database / "999999.log"
        os.mkfifo(trap)
        process = subprocess.Popen(
            [harness.BINARY, "store", "verify", "-d", str(self.data)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        with open(trap, "wb"):
            process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=DEADLINE)[1]
        self.assertEqual(process.returncode, 130, told)
        self.assertIn("nothing was changed", told)
        trap.unlink()
        self.assertEqual(self.info()["queued"], self.MESSAGES)


if __name__ == "__main__":
    unittest.main()
