"""`troupe config`: what it says of files, and files that it writes."""
import json
import re
import subprocess
import tempfile
import pathlib
import unittest

import harness
from harness import troupe_only

DEADLINE = 60


def without_comments(text):
    """JSON without its comments; strings may hold what looks like one."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/',
                  lambda found: found[1] or "", text, flags=re.DOTALL)


def complaints(value, schema, path="$"):
    """What of the JSON Schema is broken: as much of draft 7 as ours uses."""
    known = {"$schema", "title", "description", "default", "type", "properties",
             "additionalProperties", "required", "items", "minItems", "enum",
             "minimum", "maximum", "anyOf", "oneOf"}
    assert known.issuperset(schema), set(schema) - known
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is not in {schema['enum']}"
    kinds = {"object": dict, "array": list, "string": str, "integer": int,
             "boolean": bool}
    if "type" in schema:
        fits = (isinstance(value, kinds[schema["type"]])
                and (schema["type"] == "boolean") == isinstance(value, bool))
        if not fits:
            yield f"{path}: {value!r} is no {schema['type']}"
            return
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{path}: {value!r} is too small"
    if "maximum" in schema and value > schema["maximum"]:
        yield f"{path}: {value!r} is too large"
    for key, fits in (("anyOf", lambda count: count > 0),
                      ("oneOf", lambda count: count == 1)):
        if key in schema and not fits(sum(
                not list(complaints(value, each, path))
                for each in schema[key])):
            yield f"{path}: {value!r} does not fit {key}"
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{path}: too short"
        for i, each in enumerate(value):
            yield from complaints(each, schema.get("items", {}),
                                  f"{path}[{i}]")
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                yield f"{path}: {name} is missing"
        for name, each in value.items():
            inner = schema.get("properties", {}).get(name)
            if inner is not None:
                yield from complaints(each, inner, f"{path}.{name}")
            elif not schema.get("additionalProperties", True):
                yield f"{path}: unknown {name}"


class ConfigTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, text, name="m.conf"):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def run_tool(self, *arguments, status=0):
        done = subprocess.run(
            [harness.BINARY, "config", *arguments], capture_output=True,
            text=True, timeout=DEADLINE, check=False,
            stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout, done.stderr


@troupe_only
class Tool(ConfigTest):
    def test_a_good_file_is_fine(self):
        path = self.write("listener 1883\n")
        self.assertEqual(self.run_tool("check", path),
                         (f"{path} is fine.\n", ""))

    def test_warnings_are_told_and_counted(self):
        path = self.write("persistence_file x.db\nautosave_interval 5\n")
        out, err = self.run_tool("check", path)
        self.assertEqual(out, f"{path} can be used; 2 of its lines get a "
                              "warning.\n")
        self.assertRegex(err, rf"^Warning: {path}:1: persistence_file: .*\n"
                              rf"Warning: {path}:2: autosave_interval: .*\n$")

    def test_a_bad_file_ends_with_status_3(self):
        path = self.write("listener 1883\nmax_qos 7\n")
        for command in (("check", path), ("convert", path),
                        ("show", "-c", path)):
            self.assertEqual(
                self.run_tool(*command, status=3),
                ("", f"Error: {path}:2: max_qos: 7 is not a QoS (0 to 2)\n"))
        missing = str(self.folder / "missing")
        self.assertIn("No such file",
                      self.run_tool("check", missing, status=3)[1])

    def test_bad_usage_ends_with_status_2(self):
        for arguments in ((), ("check",), ("convert",), ("flux",),
                          ("show", "extra"), ("schema", "extra"),
                          ("check", "a", "b")):
            out, err = self.run_tool(*arguments, status=2)
            self.assertEqual(out, "")
            self.assertTrue(err.endswith(
                "Use 'troupe config --help' to see usage.\n"), err)
        self.assertIn("Examples:", self.run_tool("--help")[0])

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(
                [harness.BINARY, "config", "schema"], stdout=full,
                stderr=subprocess.PIPE, text=True, timeout=DEADLINE,
                check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)

    def test_a_converted_file_shows_the_same_settings(self):
        path = self.write(
            "per_listener_settings true\nmax_keepalive 60\n"
            "persistence_file x.db\n"
            "listener 8883\ncertfile /c\nkeyfile /k\npassword_file /p\n"
            "listener 9001 ::1\nprotocol websockets\nallow_anonymous true\n")
        converted, _ = self.run_tool("convert", path)
        self.assertIn(f"// Made of {path} ", converted)
        self.assertIn(f"// {path}:3: persistence_file: ", converted)
        again = self.write(converted, "t.json")
        shown = [json.loads(self.run_tool("show", "--json", "-c", each)[0])
                 for each in (path, again)]

        def values(part):
            return {name: each["value"] for name, each in part.items()}

        self.assertEqual(values(shown[0]["options"]),
                         values(shown[1]["options"]))
        self.assertEqual([values(each) for each in shown[0]["listeners"]],
                         [values(each) for each in shown[1]["listeners"]])
        self.assertEqual(shown[0]["options"]["max_keepalive"],
                         {"value": 60, "origin": f"{path}:2"})
        self.assertIsNone(shown[0]["options"]["loops"]["origin"])

    def test_what_is_shown_has_its_origin(self):
        path = self.write("listener 1883\nmax_qos 1\n")
        out, _ = self.run_tool("show", "-c", path)
        self.assertRegex(out, rf"(?m)^  max_qos +1 +{path}:2$")
        self.assertRegex(out, r"(?m)^loops +0 +default$")
        self.assertRegex(self.run_tool("show")[0],
                         r"(?m)^listener 1883 on 127\.0\.0\.1$")


@troupe_only
class Schema(ConfigTest):
    def setUp(self):
        super().setUp()
        self.schema = json.loads(self.run_tool("schema")[0])

    def test_the_document_is_what_the_tool_writes(self):
        self.assertEqual((harness.ROOT / "docs/troupe.schema.json").read_text(),
                         self.run_tool("schema")[0])

    def test_the_examples_fit(self):
        for name in ("config/troupe.json", "config/run.json"):
            text = (harness.ROOT / name).read_text()
            value = json.loads(without_comments(text))
            self.assertEqual(list(complaints(value, self.schema)), [], name)

    def test_schema_and_reader_refuse_the_same(self):
        bad = [{"loops": -1}, {"loops": "1"}, {"loops": True}, {"loop": 1},
               {"listeners": []}, {"listeners": [{}]},
               {"listeners": [{"port": 1, "path": "/x"}]},
               {"listeners": [{"port": 0}]},
               {"listeners": [{"port": 1, "max_qos": 3}]},
               {"listeners": [{"port": 1, "protocol": "mqttsn"}]},
               {"listeners": [{"port": 1, "certificates": [{"certfile": "/"}]}]},
               {"listeners": [{"port": 1, "accept_protocol_versions": [6]}]},
               {"jwt": {"algorithms": ["none"]}}, {"jwt": []},
               {"jwt": {"flux": 1}}, {"log_type": ["loud"]}, {"log_type": []},
               {"acknowledge_after": "never"}, {"pid_file": 1}]
        good = [{}, {"$schema": "x"}, {"log_type": "all"},
                {"log_type": ["error", "debug"]},
                {"listeners": [{"port": 1, "accept_protocol_versions": [4]},
                               {"path": "/x", "socket_mode": "0660"}]},
                {"jwt": {"audience": "a"}}]
        for value in bad + good:
            path = self.write(json.dumps(value), "t.json")
            self.run_tool("check", path, status=3 if value in bad else 0)
            self.assertEqual(bool(list(complaints(value, self.schema))),
                             value in bad, value)


if __name__ == "__main__":
    unittest.main()
