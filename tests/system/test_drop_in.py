"""A Mosquitto's own files, unchanged, with Debian's mosquitto and with troupe:
both answer a table of decisions as it says."""
import pathlib
import shutil
import subprocess
import unittest

import drop_in
import drop_in_apart_cases
import drop_in_cases
import harness
from harness import troupe_only
from store_tool import MOSQUITTO

with_mosquitto = unittest.skipUnless(
    pathlib.Path(MOSQUITTO).exists() and shutil.which("mosquitto_pub"),
    "no mosquitto here")


@troupe_only
class Table(unittest.TestCase):
    def place_of(self, installation):
        place = drop_in.Place(installation)
        self.addCleanup(place.remove)
        place.make_certificates()
        for user in drop_in_cases.PASSWORDS:
            place.add_user(*user)
        return place

    def ask_all(self, binary):
        """Every row of every installation; fails with all wrong answers."""
        for installation in drop_in_cases.INSTALLATIONS:
            place = self.place_of(installation)
            wrong = []
            with drop_in.Running(binary, place) as broker:
                for row, version in drop_in_cases.questions(installation):
                    wrong += self.wrong(broker, row, version)
            with self.subTest(installation=installation.name):
                self.assertEqual(wrong, [], "\n".join(wrong))
                self.assertTrue(broker.has_left_the_files_alone())

    @staticmethod
    def wrong(broker, row, version):
        expected = row.answers[version]
        if broker.is_debian:
            expected = row.debian.get(version, expected)
        try:
            answer = drop_in.Dialogue(broker, row, version).run()
        except (AssertionError, OSError) as error:
            answer = f"{type(error).__name__}: {error}"
        if answer == expected:
            return []
        return [f"{row.name}, version {version}: {answer!r}, "
                f"expected {expected!r}"]

    def test_troupe_answers_as_the_table_says(self):
        self.ask_all(harness.BINARY)

    @with_mosquitto
    def test_mosquitto_answers_as_the_table_says(self):
        self.ask_all(MOSQUITTO)

    def test_the_table_is_large_and_has_no_row_twice(self):
        rows = [(installation.name, row.name, version)
                for installation in drop_in_cases.INSTALLATIONS
                for row, version in drop_in_cases.questions(installation)]
        self.assertGreaterEqual(len(rows), 800)
        self.assertEqual(len(set(rows)), len(rows))

    def ask_with_keys(self, binary):
        """mosquitto_pub with the keys of the table, and what arrives."""
        place = self.place_of(drop_in_apart_cases.INSTALLATIONS[0])
        with drop_in.Running(binary, place) as broker:
            for who, key, topic, gets_in, arrives in drop_in_apart_cases.PSK:
                done = subprocess.run(
                    ["mosquitto_pub", "-h", "127.0.0.1", "-p",
                     str(place.ports["psk"]), "--psk-identity", who, "--psk",
                     key, "-t", topic, "-m", "x", "-q", "1", "-V", "5"],
                    capture_output=True, timeout=drop_in.DEADLINE, check=False)
                with self.subTest(who=who, key=key, topic=topic):
                    self.assertEqual(done.returncode == 0, gets_in, done)
                    self.assertEqual(broker.seen(),
                                     [f"{topic} q1"] if arrives else [])

    @with_mosquitto
    def test_keys_that_are_shared_let_in_with_troupe(self):
        self.ask_with_keys(harness.BINARY)

    @with_mosquitto
    def test_keys_that_are_shared_let_in_with_mosquitto(self):
        self.ask_with_keys(MOSQUITTO)


if __name__ == "__main__":
    unittest.main()
