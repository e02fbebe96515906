"""A Mosquitto's own files, unchanged, with Debian's mosquitto and with troupe:
both answer a table of decisions as it says."""
import pathlib
import unittest

import drop_in
import drop_in_cases
import harness
from harness import troupe_only
from store_tool import MOSQUITTO


@troupe_only
class Table(unittest.TestCase):
    def ask_all(self, binary):
        """Every row of every installation; fails with all wrong answers."""
        asked = 0
        for installation in drop_in_cases.INSTALLATIONS:
            place = drop_in.Place(installation)
            self.addCleanup(place.remove)
            for user in drop_in_cases.PASSWORDS:
                place.add_user(*user)
            before = place.digest()
            wrong = []
            with drop_in.Running(binary, place) as broker:
                for row, version in drop_in_cases.questions(installation):
                    asked += 1
                    wrong += self.wrong(broker, row, version)
            with self.subTest(installation=installation.name):
                self.assertEqual(wrong, [], "\n".join(wrong))
                self.assertEqual(place.digest(), before, "files were changed")
        self.assertGreaterEqual(asked, 250)

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

    @unittest.skipUnless(pathlib.Path(MOSQUITTO).exists(), "no mosquitto here")
    def test_mosquitto_answers_as_the_table_says(self):
        self.ask_all(MOSQUITTO)


if __name__ == "__main__":
    unittest.main()
