"""What the documents promise that a program can check."""
import re
import unittest

from harness import ROOT


class KnownWeaknesses(unittest.TestCase):
    """docs/security.md says which test excludes which weakness."""

    SYSTEM = re.compile(r"`(test_\w+)\.(\w+)\.(test_\w+)`")
    UNIT = re.compile(r"`(\w+)\.(\w+)`: \*([^*]+)\*")

    def rows(self):
        """Number and promise of each row; what is to come is no promise."""
        text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
        text = text[text.index("## Known weaknesses"):]
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if len(cells) == 3 and re.match(r"CVE-|\d\.", cells[0]):
                yield cells[0], cells[2]

    def test_every_row_names_a_test_or_says_why_not(self):
        rows = list(self.rows())
        self.assertGreater(len(rows), 40)
        for number, promise in rows:
            with self.subTest(number=number):
                self.assertTrue(
                    self.SYSTEM.search(promise) or self.UNIT.search(promise)
                    or "to come" in promise)

    def test_every_test_named_exists(self):
        for number, promise in self.rows():
            promise = promise.split("to come", 1)[0]
            for file, of, name in self.SYSTEM.findall(promise):
                with self.subTest(number=number, name=name):
                    path = ROOT / "tests/system" / f"{file}.py"
                    text = path.read_text(encoding="utf-8")
                    after = text.split(f"\nclass {of}(", 1)[1]
                    own = after.split("\nclass ", 1)[0]
                    self.assertIn(f"def {name}(self", own)
            for folder, suite, name in self.UNIT.findall(promise):
                with self.subTest(number=number, name=name):
                    path = ROOT / "tests" / folder / f"{suite}.cpp"
                    self.assertIn(f"CAF_TEST({name})",
                                  path.read_text(encoding="utf-8"))
