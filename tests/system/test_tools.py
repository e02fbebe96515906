#!/usr/bin/env python3
"""troupe pub and troupe sub side by side with Mosquitto's tools.

usage: test_tools.py PATH_TO_TROUPE [CASE...]

Needs mosquitto, mosquitto_pub and mosquitto_sub. Each function case_* is one
case; its docstring says what is true when it passes.
"""
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TROUPE = ""
DIRECTORY = pathlib.Path(tempfile.mkdtemp(prefix="troupe-tools-"))
CONNACK = bytes.fromhex("20020000")
CONNACK5 = bytes.fromhex("2003000000")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(claim, what, seconds=5):
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def can_connect(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Mosquitto:
    """Two brokers that we did not write: one lets in everybody, the other
    nobody. (One with per_listener_settings keeps nothing for clients that are
    away, from 2.0.21 on.)"""

    def __init__(self):
        self.port, self.closed_port = free_port(), free_port()
        self.unix = DIRECTORY / "broker.sock"
        self.processes = [
            # No limit: a slow machine must not lose messages in the queue.
            self.start("open", "allow_anonymous true\nmax_queued_messages 0\n"
                       f"listener {self.port} 127.0.0.1\n"
                       f"listener {self.port} ::1\nlistener 0 {self.unix}\n"),
            self.start("closed", "allow_anonymous false\n"
                       f"listener {self.closed_port} 127.0.0.1\n")]
        for port in self.port, self.closed_port:
            wait_until(lambda: can_connect(port), "mosquitto listens")

    @staticmethod
    def start(name, settings):
        config = DIRECTORY / f"{name}.conf"
        config.write_text("user root\n" + settings)
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        return subprocess.Popen(
            [program, "-c", str(config)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait(5)


BROKER = None


class Relay:
    """Passes bytes between one client and the broker and remembers them."""

    def __init__(self):
        self.sent = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        client, _ = self.listener.accept()
        broker = socket.create_connection(("127.0.0.1", BROKER.port))
        other = {client: broker, broker: client}
        while True:
            for ready in select.select([client, broker], [], [])[0]:
                try:
                    data = ready.recv(65536)
                    if not data:
                        raise OSError
                    if ready is client:
                        self.sent += data
                    other[ready].sendall(data)
                except OSError:
                    client.close()
                    broker.close()
                    return


class Fake:
    """A broker that does as `script` says, connection after connection.

    A script is a list of bytes to send, "read" for whatever comes, numbers of
    seconds to wait, "silence" to read nothing more.
    """

    def __init__(self, *scripts):
        self.read = []
        self.scripts = scripts
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        for script in self.scripts:
            client, _ = self.listener.accept()
            got = []
            self.read.append(got)
            for step in script:
                if step == "read":
                    got.append(client.recv(65536))
                elif step == "silence":
                    time.sleep(60)
                elif isinstance(step, bytes):
                    client.sendall(step)
                else:
                    time.sleep(step)
            client.close()


def command(tool, arguments):
    # mosquitto_sub keeps its output back when it is no terminal; troupe never.
    words = {"pub": [TROUPE, "pub"], "sub": [TROUPE, "sub"],
             "mosquitto_sub": ["stdbuf", "-oL", "mosquitto_sub"]}
    return words.get(tool, [tool]) + arguments


def run(tool, *arguments, stdin=b"", timeout=20, env=None):
    return subprocess.run(command(tool, list(arguments)), input=stdin,
                          capture_output=True, timeout=timeout, check=False,
                          env={**os.environ, **(env or {})})


def start(tool, *arguments, **how):
    return subprocess.Popen(command(tool, list(arguments)),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            **how)


def local(*arguments):
    return ["-p", str(BROKER.port), *arguments]


def pub(*arguments, tool="mosquitto_pub", **how):
    result = run(tool, *local(*arguments), **how)
    assert result.returncode == 0, result
    return result


def same(actual, expected, what=""):
    assert actual == expected, f"{what}\n  got      {actual!r}\n" \
                               f"  expected {expected!r}"


def cpu_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1]
    return sum(map(int, fields.split()[11:13]))


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


def subscribed(tool, *arguments, **how):
    """A subscriber whose SUBACK has come: -d says so on stdout."""
    process = start(tool, *local("-d", *arguments), **how)
    while b"Subscribed" not in process.stdout.readline():
        assert process.poll() is None, process.stderr.read()
    return process


def messages(process, timeout=20):
    """What a subscriber printed, without what -d added."""
    out, err = process.communicate(timeout=timeout)
    debug = re.compile(rb"(Client|Subscribed|Received DISCONNECT).*\n")
    return debug.sub(b"", out), err, process.returncode


# Usage and what goes over the wire


def case_usage_errors():
    """Wrong command lines end with 1 and a hint, as Mosquitto's do."""
    wrong = {
        "pub": ["", "-t", "-t a", "-m x", "-t a -m x -q 3", "-t a -m x -p 70000",
                "-t a -m x -k 1", "-t a/+ -m x", "-t a -m x -n", "-t a -f",
                "-t a -m x -V 6", "-t a -m x --zzz", "-t a -m x zzz",
                "-t a -m x -i a -I b", "-t a -m x -c", "-t a -m x -x abc",
                "-t a -m x --will-retain", "-t a -m x --repeat 0",
                "-L foo://x/a -m x", "-t a -m x -D connect",
                "-t a -m x -D foo foo 5", "-t a -m x -D publish foo 5",
                "-t a -m x -D connect topic-alias 1", "-t a -m x -M 0"],
        "sub": ["", "-t", "-t a/#/b", "-t a -q 5", "-t a -C 0", "-t a -W 0",
                "-t a -F %", "-t a -F %Z", "-t a -F \\z", "-t a -c", "-U a",
                "-t a -m x", "-t a --random-filter 0",
                "-t a -R --retained-only"]}
    for tool, lines in wrong.items():
        for line in lines:
            ours, theirs = (run(name, *line.split())
                            for name in (tool, "mosquitto_" + tool))
            same(ours.returncode, theirs.returncode, f"{tool} {line}")
            same(ours.stdout, b"", f"{tool} {line}")
            hint = f"Use 'troupe {tool} --help' to see usage.\n".encode()
            assert ours.stderr.endswith(hint), (line, ours.stderr)
            assert ours.stderr.startswith(b"Error: "), (line, ours.stderr)


def case_packets_on_the_wire():
    """Both tools send the same bytes."""
    lines = [
        "mosquitto_pub -t a -m x", "mosquitto_pub -t a -m x -V 5",
        "mosquitto_pub -t a -m x -V 31 -i abc -q 1 -r",
        "mosquitto_pub -t a -m x -q 2 -k 30 -u u -P p -i abc -c",
        "mosquitto_pub -t a -n -r -q 1 --repeat 3",
        "mosquitto_pub -t a -m x -V 5 -i abc -c -u u -P p -q 2 --will-topic w"
        " --will-payload z --will-qos 1 --will-retain"
        " -D will content-type x -D disconnect session-expiry-interval 4"
        " -D publish user-property a b",
        "mosquitto_pub -t a -m x -V 5 -q 1 --repeat 3"
        " -D publish topic-alias 3",
        "mosquitto_sub -t a -W 1", "mosquitto_sub -t a -W 1 -V 5 -i abc",
        "mosquitto_sub -t a -t b/# -W 1 -V 31 -i abc -q 2 -U b -U c",
        "mosquitto_sub -t a -V 5 -i abc -q 2 -E --retain-as-published"
        " -D subscribe subscription-identifier 3"
        " -D disconnect user-property d e"]
    for line in lines:
        tool, *arguments = line.split()
        seen = []
        for name in (tool, tool.removeprefix("mosquitto_")):
            relay = Relay()
            run(name, "-p", str(relay.port), *arguments)
            relay.thread.join(5)
            seen.append(relay.sent.hex(" "))
        same(seen[1], seen[0], line)


def case_debug_output():
    """-d shows the same lines as Mosquitto's tools do."""
    for version in ("31", "311", "5"):
        for qos in ("0", "1", "2"):
            arguments = local("-t", "dbg", "-m", "x", "-d", "-i", "me", "-q",
                              qos, "-V", version)
            ours, theirs = run("pub", *arguments), \
                run("mosquitto_pub", *arguments)
            same(ours.stdout, theirs.stdout, str(arguments))
    arguments = local("-t", "dbg", "-t", "dbg2", "-U", "x", "-d", "-i", "me",
                      "-q", "1", "-E")
    same(run("sub", *arguments).stdout, run("mosquitto_sub", *arguments).stdout)


# Output


RICH = ["-t", "f/topic", "-V", "5", "-q", "1", "-m", "pay\"load\x01é",
        "-D", "publish", "user-property", "k", "v",
        "-D", "publish", "user-property", "k2", "v2",
        "-D", "publish", "content-type", "text/x",
        "-D", "publish", "response-topic", "resp/t",
        "-D", "publish", "correlation-data", "co\x02rr",
        "-D", "publish", "message-expiry-interval", "77",
        "-D", "publish", "payload-format-indicator", "1"]


def both_print(arguments, *published):
    """What the two subscribers print when the same messages come."""
    both = [subscribed(tool, "-t", "f/#", "-C", str(len(published)), "-W", "5",
                       *arguments) for tool in ("sub", "mosquitto_sub")]
    for message in published:
        pub(*message)
    printed = [messages(process) for process in both]
    same([status for _, _, status in printed], [0, 0], str(arguments))
    return printed


def case_formats():
    """-F prints what mosquitto_sub prints."""
    v5 = ["-V", "5", "-q", "2", "-D", "subscribe", "subscription-identifier",
          "42"]
    plain = ["-t", "f/t", "-m", "hello"]
    for text in ["%A|%C|%D|%E|%F|%l|%m|%P|%p|%q|%R|%r|%S|%t|%X|%x|%%",
                 "[%10C][%-10C][%.3C][%10.2C][%-10.2C]",
                 "[%10t][%-10t][%.3t][%10.2t][%-10.2t][%020t]",
                 "[%5l][%-5l][%05l][%-05l][%.2l][%5m][%05m][%-5m]",
                 "[%5E][%05E][%-5E][%5F][%05F][%5S][%05S][%5A][%05A]",
                 "[%20p][%-20p][%020p][%.4x][%.4X]",
                 "[%20R][%-20R][%.2R][%5q][%05r][%5P][%.1P][%20D]"]:
        ours, theirs = both_print([*v5, "-F", text], RICH)
        same(ours, theirs, text)
    for text in ["%A|%C|%E|%m|%P|%p|%S|%t", "\\\\ \\0 \\a \\e \\n \\r \\t \\v",
                 "@@ @Y-@m-@d", "%.10I", "", "plain", "%t%%"]:
        ours, theirs = both_print(["-F", text], plain)
        same(ours, theirs, text)
    for text in ["%I", "%U", "@N", "[%30I]", "[%-30I]"]:
        ours, theirs = both_print(["-F", text], plain)
        digits = re.compile(rb"\d")
        same(digits.sub(b"9", ours[0]), digits.sub(b"9", theirs[0]), text)


def case_json():
    """JSON holds what mosquitto_sub's does, retain as true or false."""
    v5 = ["-V", "5", "-q", "2", "-D", "subscribe", "subscription-identifier",
          "42"]
    for arguments, published in [
            (["-F", "%j"], ["-t", "f/t", "-m", "hello\\\t\"é"]),
            (["-F", "%j"], ["-t", "f/t", "-n"]),
            ([*v5, "-F", "%j"], RICH), ([*v5, "-F", "%j", "--pretty"], RICH),
            (["-F", "%J"], ["-t", "f/t", "-m", "12.5"]),
            (["-F", "%J"],
             ["-t", "f/t", "-m", '{"b": [1, {"c": null}], "a":"x\\u00e9"}'])]:
        both = both_print(arguments, published)
        stamp = re.compile(rb'("tst":\s*")[^"]*')
        ours, theirs = (stamp.sub(rb"\1", printed[0]) for printed in both)
        # Mosquitto 2.1 has true and false here, 2.0 had numbers.
        theirs = re.sub(rb'("retain":\s*)0', rb"\1false", theirs)
        same(ours, theirs, str(arguments))
        json.loads(ours)


def case_json_of_any_payload():
    """%j is valid JSON whatever the payload; %J refuses what is none."""
    blob = DIRECTORY / "blob"
    blob.write_bytes(bytes(range(256)))
    process = subscribed("sub", "-t", "f/#", "-C", "1", "-W", "5", "-F", "%j")
    pub("-t", "f/b", "-f", str(blob))
    out, _, status = messages(process)
    text = json.loads(out)["payload"]
    same((status, text[:3], text[-1]), (0, "\0\1\2", "\ufffd"))
    ours, theirs = both_print(["-F", "%J"], ["-t", "f/t", "-m", "{bad"])
    same(ours, theirs)


def case_plain_output():
    """Payloads come as they are; -v, -N and empty ones as in Mosquitto."""
    blob = DIRECTORY / "blob2"
    blob.write_bytes(b"\xff\x00\r\nab")
    for arguments in ([], ["-v"], ["-N"], ["-v", "-N"]):
        ours, theirs = both_print(arguments, ["-t", "f/t", "-f", str(blob)],
                                  ["-t", "f/e", "-n"])
        same(ours, theirs, str(arguments))


def case_filters_of_sub():
    """-T, -R, --retained-only and --remove-retained do what they say."""
    for topic in ("ret/1", "ret/2", "ret/3"):
        pub("-t", topic, "-m", topic, "-r")
    for arguments in (["-T", "ret/2"], ["-R"], ["--retained-only"]):
        both = [messages(start(tool, *local("-t", "ret/#", "-v", "-W", "1",
                                            *arguments)))
                for tool in ("sub", "mosquitto_sub")]
        same(both[0], both[1], str(arguments))
    process = subscribed("sub", "-t", "ret/#", "--retained-only")
    pub("-t", "ret/9", "-m", "fresh")
    same(messages(process), (b"ret/1\nret/2\nret/3\n", b"", 0))
    run("sub", *local("-t", "ret/#", "-T", "ret/2", "--remove-retained", "-C",
                      "2", "-q", "1"))
    left = run("sub", *local("-t", "ret/#", "-W", "1"))
    same(left.stdout, b"ret/2\n")
    pub("-t", "ret/2", "-n", "-r")


def case_random_filter():
    """--random-filter prints about that part of the messages."""
    process = subscribed("sub", "-t", "rnd", "--random-filter", "30", "-F",
                         "printed")
    pub("-t", "rnd", "-l", "-q", "1", stdin=b"x\n" * 1000, tool="pub")
    received = printed = 0
    while received < 1000:
        line = process.stdout.readline()
        received += b"PUBLISH" in line
        printed += line == b"printed\n"
    process.terminate()
    process.communicate()
    assert 200 < printed < 400, printed


# Ends


def case_refused_connections():
    """A refused connection ends with the code of CONNACK."""
    for version in ("31", "311", "5"):
        for tool, more in (("pub", ["-m", "x"]), ("sub", [])):
            arguments = ["-p", str(BROKER.closed_port), "-t", "a", "-V",
                         version, *more]
            ours = run(tool, *arguments)
            theirs = run("mosquitto_" + tool, *arguments)
            same(ours.returncode, theirs.returncode, str(arguments))
            same(ours.stderr.split(b"\n")[0], theirs.stderr.split(b"\n")[0])
            same(run(tool, "--quiet", *arguments).stderr, b"")
    for code in (1, 2, 3, 4, 5):
        broker = Fake(["read", bytes([0x20, 2, 0, code]), "read"])
        same(run("sub", "-p", str(broker.port), "-t", "a").returncode, code)
    # A broker that knows no MQTT 5.0 answers in the older form.
    broker = Fake(["read", bytes.fromhex("20020001"), "read"])
    same(run("pub", "-p", str(broker.port), "-t", "a", "-n", "-V",
             "5").returncode, 132)


def case_no_connection():
    """Where nobody listens both end with 1 and the same words."""
    for arguments in (["-p", str(free_port())], ["-h", "nosuch.invalid"],
                      ["--unix", "/nosuch"], ["-A", "nosuch.invalid"],
                      ["-A", "192.0.2.1"]):
        for tool, more in (("pub", ["-m", "x"]), ("sub", [])):
            ours = run(tool, "-t", "a", *more, *arguments)
            theirs = run("mosquitto_" + tool, "-t", "a", *more, *arguments)
            same((ours.returncode, ours.stderr),
                 (theirs.returncode, theirs.stderr), str(arguments))


def case_ways_to_connect():
    """IPv4, IPv6, a host name, a URL and a unix socket all connect."""
    port = str(BROKER.port)
    for where in (["-h", "127.0.0.1", "-p", port], ["-h", "::1", "-p", port],
                  ["-h", "localhost", "-p", port, "--nodelay"],
                  ["-h", "127.0.0.1", "-p", port, "-A", "127.0.0.1"],
                  ["--unix", str(BROKER.unix)]):
        result = run("pub", *where, "-t", "a", "-m", "x", "-q", "2")
        same((result.returncode, result.stderr), (0, b""), str(where))
    for url in (f"mqtt://u:p@127.0.0.1:{port}/a/b", f"mqtt://[::1]:{port}/a"):
        result = run("pub", "-L", url, "-m", "x", "-q", "1")
        same((result.returncode, result.stderr), (0, b""), url)


def case_lost_connection():
    """pub ends with 7 if the connection is lost, with 2 if it is not MQTT."""
    for scripts in (["read"], ["read", CONNACK, "read"]):
        broker = Fake(scripts)
        result = run("pub", "-p", str(broker.port), "-t", "a", "-m", "x", "-q",
                     "1")
        same((result.returncode, result.stderr),
             (7, b"Error: The connection was lost.\n"))
    broker = Fake(["read", CONNACK, "read", b"\xff" * 6, "read"])
    same(run("pub", "-p", str(broker.port), "-t", "a", "-m", "x", "-q",
             "1").returncode, 2)
    broker = Fake(["read", CONNACK5, "read", bytes.fromhex("e0018b"), "read"])
    same(run("pub", "-p", str(broker.port), "-t", "a", "-m", "x", "-q", "1",
             "-V", "5").returncode, 4)


def case_pub_l_reconnects():
    """pub -l connects again and sends again what was not acknowledged."""
    first = ["read", CONNACK, "read", bytes.fromhex("40020001")]
    second = ["read", bytes.fromhex("20020100"), "read",
              bytes.fromhex("40020002"), "read"]
    broker = Fake(first, second)
    result = run("pub", "-p", str(broker.port), "-t", "a", "-l", "-q", "1",
                 "-c", "-i", "me", stdin=b"1\n2\n")
    same((result.returncode, result.stderr), (0, b""))
    # The session was there: DUP is set.
    same(broker.read[1][1], bytes.fromhex("3a060001610002") + b"2")


def case_sub_reconnects():
    """sub connects again and subscribes again when the connection is lost."""
    suback = [bytes.fromhex("9003000%d00" % number) for number in (1, 2)]
    broker = Fake(["read", CONNACK, "read", suback[0]],
                  ["read", CONNACK, "read", suback[1],
                   bytes.fromhex("3004000161") + b"x", "read"])
    result = run("sub", "-p", str(broker.port), "-t", "a", "-C", "1")
    same((result.returncode, result.stdout), (0, b"x\n"))


def case_timeout():
    """-W ends with 27 and Timed out, also before CONNACK."""
    arguments = local("-t", "nothing", "-W", "1")
    ours, theirs = run("sub", *arguments), run("mosquitto_sub", *arguments)
    same((ours.returncode, ours.stderr), (theirs.returncode, theirs.stderr))
    broker = Fake(["read", "silence"])
    result = run("sub", "-p", str(broker.port), "-t", "a", "-W", "1")
    same((result.returncode, result.stderr), (27, b"Timed out\n"))


def case_signals():
    """SIGINT and SIGTERM end sub with 0 after DISCONNECT; pub they kill."""
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subscribed("sub", "-t", "a")
        process.send_signal(number)
        out, err = process.communicate(timeout=5)
        same((process.returncode, err), (0, b""))
        assert out.endswith(b"sending DISCONNECT\n"), out
    process = start("pub", *local("-t", "a", "-l"), stdin=subprocess.PIPE)
    time.sleep(0.2)
    process.terminate()
    same(process.wait(5), -signal.SIGTERM)
    # A broker that never answers does not keep a signal from working.
    process = start("sub", "-h", "192.0.2.1", "-t", "a")
    time.sleep(0.3)
    process.terminate()
    process.wait(5)


def case_denied_publish():
    """What the broker denies is a warning and ends with 0."""
    arguments = local("-t", "$SYS/a", "-m", "x", "-q", "1", "-V", "5")
    ours, theirs = run("pub", *arguments), run("mosquitto_pub", *arguments)
    same((ours.returncode, ours.stderr), (theirs.returncode, theirs.stderr))


def case_denied_subscription():
    """Without a granted subscription sub ends with 0 and says so."""
    broker = Fake(["read", CONNACK, "read", bytes.fromhex("9003000180"),
                   "read"])
    result = run("sub", "-p", str(broker.port), "-t", "a")
    same((result.returncode, result.stderr),
         (0, b"All subscription requests were denied.\n"))


def case_limits_of_the_broker():
    """Maximum QoS, packet size and receive maximum of CONNACK are kept."""
    def say(properties):
        data = bytes.fromhex(properties)
        return bytes([0x20, len(data) + 3, 0, 0, len(data)]) + data
    for properties, arguments, words in (
            ("2400", ["-q", "1", "-m", "x"], b"QoS not supported"),
            ("2700000014", ["-m", "x" * 30], b"larger than the broker takes")):
        broker = Fake(["read", say(properties), "read"])
        result = run("pub", "-p", str(broker.port), "-t", "a", "-V", "5",
                     *arguments)
        same(result.returncode, 0)
        assert words in result.stderr, result.stderr
        same(broker.read[0][1], b"\xe0\x00")
    broker = Fake(["read", say("210001"), "read", 0.2,
                   bytes.fromhex("40020001"), "read",
                   bytes.fromhex("40020002"), "read"])
    same(run("pub", "-p", str(broker.port), "-t", "a", "-V", "5", "-l", "-q",
             "1", stdin=b"1\n2\n").returncode, 0)
    same([len(packet) for packet in broker.read[0][1:]], [9, 9, 2])


# Messages


def case_lines_arrive_once_and_in_order():
    """pub -l to sub: every line, for each version and QoS."""
    lines = b"".join(b"line %d\n" % number for number in range(5000))
    for version in ("31", "311", "5"):
        for qos in ("1", "2"):
            process = subscribed("sub", "-t", "many", "-q", qos, "-C", "5000",
                                 "-V", version, "-W", "15")
            reader = threading.Thread(target=pub, args=(
                "-t", "many", "-l", "-q", qos, "-V", version),
                kwargs={"tool": "pub", "stdin": lines})
            reader.start()
            out, err, status = messages(process, 30)
            reader.join()
            same((status, err), (0, b""), version + qos)
            assert out == lines, (version, qos, out[:200])


def case_lines_as_mosquitto_cuts_them():
    """pub -l and -s send the same messages as Mosquitto's."""
    for how, text in (("-l", b"a\nb\r\n\nc"), ("-l", b""), ("-l", b"\n"),
                      ("-s", b"a\nb\n")):
        printed = []
        for tool in ("pub", "mosquitto_pub"):
            process = subscribed("sub", "-t", "cut/#", "-F", "%t %l %x",
                                 "--retained-only", "--retain-as-published",
                                 "-V", "5")
            pub("-t", "cut", how, "-r", tool=tool, stdin=text)
            # The first that is not retained ends the subscriber.
            pub("-t", "cut/end", "-m", "end")
            printed.append(messages(process)[0])
            pub("-t", "cut", "-n", "-r")
        same(printed[0], printed[1], repr(text))


def case_large_message():
    """A message of 5 MB goes through both tools."""
    blob = DIRECTORY / "large"
    blob.write_bytes(os.urandom(5_000_000))
    process = subscribed("sub", "-t", "large", "-C", "1", "-N", "-q", "2")
    sender = threading.Thread(target=pub, args=(
        "-t", "large", "-f", str(blob), "-q", "2"), kwargs={"tool": "pub"})
    sender.start()
    out, _, status = messages(process)
    sender.join()
    same(status, 0)
    assert out == blob.read_bytes()


def case_only_printed_messages_are_acknowledged():
    """sub -C leaves the other messages of a session to the next run."""
    for version in ("311", "5"):
        session = local("-t", "keep", "-q", "1", "-c", "-i", "keeper", "-V",
                        version)
        same(run("sub", *session, "-E").returncode, 0)
        pub("-t", "keep", "-l", "-q", "1", stdin=b"1\n2\n3\n4\n5\n")
        same(run("sub", *session, "-C", "2").stdout, b"1\n2\n", version)
        same(run("sub", *session, "-C", "3").stdout, b"3\n4\n5\n", version)
        run("sub", *local("-t", "keep", "-i", "keeper", "-E"))


def case_qos_2_is_printed_once():
    """A PUBLISH of QoS 2 sent twice is printed once."""
    publish = bytes.fromhex("340600016100 0578".replace(" ", ""))
    broker = Fake(["read", CONNACK, "read", bytes.fromhex("9003000102"),
                   publish, b"\x3c" + publish[1:], "read", 0.1,
                   bytes.fromhex("62020005"), "read",
                   bytes.fromhex("3004000161") + b"y", "read"])
    result = run("sub", "-p", str(broker.port), "-t", "a", "-q", "2", "-C", "2")
    same((result.returncode, result.stdout), (0, b"x\ny\n"))


def case_topic_aliases_are_resolved():
    """sub that allows aliases prints the topic behind one."""
    broker = Fake(["read", CONNACK5, "read", bytes.fromhex("900400010000"),
                   bytes.fromhex("3008000161032300037830070000032300 0379"
                                 .replace(" ", "")), "read"])
    result = run("sub", "-p", str(broker.port), "-t", "a", "-V", "5", "-D",
                 "connect", "topic-alias-maximum", "5", "-C", "2", "-F",
                 "%t:%A:%p")
    same((result.returncode, result.stdout), (0, b"a:3:x\na:3:y\n"))


def case_will():
    """The will of a client that dies is published, with its properties."""
    watcher = subscribed("sub", "-t", "will/#", "-C", "1", "-W", "5", "-V", "5",
                         "-F", "%t %p %C")
    dying = subscribed("sub", "-t", "a", "--will-topic", "will/x",
                       "--will-payload", "gone", "-D", "will", "content-type",
                       "text")
    dying.kill()
    dying.communicate()
    same(messages(watcher)[0], b"will/x gone text\n")


def case_repeat_delay():
    """--repeat-delay waits between the messages."""
    before = time.monotonic()
    pub("-t", "a", "-m", "x", "--repeat", "4", "--repeat-delay", "0.2",
        tool="pub")
    assert 0.6 <= time.monotonic() - before < 2


# Resources


def feed_until_stuck(process):
    """Writes lines until nobody takes them for a while; returns how many bytes
    went in."""
    descriptor = process.stdin.fileno()
    os.set_blocking(descriptor, False)
    total, line = 0, b"x" * 1023 + b"\n"
    while select.select([], [descriptor], [], 0.5)[1] and total < 200 << 20:
        total += os.write(descriptor, line * 4)
    return total


def case_stdin_waits_for_the_broker():
    """pub -l reads no more than it can send: memory stays bounded."""
    for qos in ("0", "1", "2"):
        broker = Fake(["read", CONNACK, "silence"])
        process = start("pub", "-p", str(broker.port), "-t", "a", "-l", "-q",
                        qos, stdin=subprocess.PIPE)
        taken = feed_until_stuck(process)
        memory = resident(process.pid)
        ticks = cpu_ticks(process.pid)
        time.sleep(0.5)
        assert cpu_ticks(process.pid) - ticks <= 1, "busy while waiting"
        process.kill()
        process.communicate()
        assert taken < 16 << 20, (qos, taken)
        assert memory < 32 << 20, (qos, memory)


def case_waiting_costs_nothing():
    """sub without messages and pub -l without lines use no CPU."""
    idle = [subscribed("sub", "-t", "nothing"),
            start("pub", *local("-t", "a", "-l"), stdin=subprocess.PIPE)]
    time.sleep(0.3)
    before = [cpu_ticks(process.pid) for process in idle]
    time.sleep(1)
    same([cpu_ticks(process.pid) for process in idle], before)
    for process in idle:
        process.terminate()
        process.communicate()


def case_keep_alive():
    """An idle sub pings; without an answer it connects again."""
    pong = bytes.fromhex("d000")
    # The broker asks for a keep alive of one second.
    connack = bytes.fromhex("20060000031300 01".replace(" ", ""))
    suback = [bytes.fromhex("9004000%d0000" % number) for number in (1, 2)]
    broker = Fake(["read", connack, "read", suback[0], "read", pong, "read",
                   "read"],
                  ["read", connack, "read", suback[1],
                   bytes.fromhex("300500016100") + b"x", "read"])
    result = run("sub", "-p", str(broker.port), "-t", "a", "-V", "5", "-C", "1")
    same((result.returncode, result.stdout), (0, b"x\n"))
    same(broker.read[0][2:], [b"\xc0\x00", b"\xc0\x00", b""])


def case_closed_output():
    """sub whose output nobody reads any more ends."""
    process = start("sub", *local("-t", "pipe"))
    process.stdout.close()
    time.sleep(0.3)
    pub("-t", "pipe", "-m", "x")
    process.wait(5)
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen(command("sub", local("-t", "pipe")),
                                   stdout=full, stderr=subprocess.PIPE)
        time.sleep(0.3)
        pub("-t", "pipe", "-m", "x")
        _, err = process.communicate(timeout=5)
    same((process.returncode, err), (1, b"Error: Unable to write output.\n"))


def main():
    global TROUPE, BROKER
    TROUPE = str(pathlib.Path(sys.argv[1]).resolve())
    wanted = sys.argv[2:]
    cases = [(name, case) for name, case in globals().items()
             if name.startswith("case_") and (not wanted or name in wanted)]
    BROKER = Mosquitto()
    failed = 0
    try:
        for name, case in cases:
            before = time.monotonic()
            try:
                case()
                verdict = "ok  "
            except (AssertionError, OSError, subprocess.SubprocessError,
                    ValueError, IndexError) as problem:
                failed += 1
                verdict = "FAIL"
                print(problem)
            took = time.monotonic() - before
            print(f"{verdict} {name} ({took:.1f} s)", flush=True)
    finally:
        BROKER.stop()
        shutil.rmtree(DIRECTORY)
    print(f"{len(cases) - failed} of {len(cases)} cases pass")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main())
