"""Installations for the drop-in tests in which nobody needs a password: what
the protocol's own rules and the limits make of packets."""
import mqtt
from drop_in import Installation, row
from mqtt import Will

OPEN = {
    # No space behind the last value, no line end behind it.
    "mosquitto.conf": """\
user root
listener {plain} 127.0.0.1
sys_interval 0
queue_qos0_messages true
max_queued_messages 3
allow_anonymous true""",
}
NOBODY = {}
DURABLE = {"clean": False, "props": {"session_expiry": 60}}
NO_ANSWER = "2.0.11 closes without an answer"


def differs(debian, expected=""):
    """Where 2.0.11 answers MQTT 5 clients less exactly."""
    if debian == expected:
        return {}
    return {"debian": {"v5": debian}, "why": "2.0.11 is less exact"}


def connects():
    yield row("nobody in particular", "plain", NOBODY, every="in")
    yield row("any user with any password", "plain",
              {"user": "x", "password": b"y"}, every="in")
    yield row("an empty id", "plain", {"id": ""}, v31="connack 2; closed",
              v311="in", v5="in")
    yield row("an empty id that wants a session", "plain",
              {"id": "", "clean": False}, v3="connack 2; closed", v5="in")
    yield row("a password without a user", "plain", {"password": b"x"},
              v3="closed", v5="in", v31="closed")
    yield row("protocol level 6", "plain", {"level": 6}, v5=
              "connack 132; closed", debian={"v5": "connack 1; closed"},
              why="2.0.11 answers in the form of 3.1.1")
    yield row("another protocol's name", "plain", {"name": "MQTTX"},
              every="closed")
    yield row("the reserved flag", "plain", {"flags": 3}, v311="closed",
              v5="connack 129; closed", debian={"v5": "closed"},
              why=NO_ANSWER)
    yield row("a will of QoS 3", "plain", {"flags": 0x1E}, v3="closed",
              v5="connack 129; closed", debian={"v5": "closed"},
              why=NO_ANSWER)
    yield row("a will's QoS without a will", "plain", {"flags": 0x0A},
              v311="closed", v5="connack 129; closed",
              debian={"v5": "closed"}, why=NO_ANSWER)
    yield row("a will with a wildcard", "plain", {"will": Will("a/#")},
              v3="closed", v5="closed")
    yield row("a will without a topic", "plain", {"will": Will("")},
              v311="closed", v5="connack 130; closed",
              debian={"v5": "closed"}, why=NO_ANSWER)
    yield row("receive maximum 0", "plain",
              {"props": {"receive_maximum": 0}}, v5="connack 130; closed",
              debian={"v5": "closed"}, why=NO_ANSWER)
    yield row("maximum packet size 0", "plain",
              {"props": {"maximum_packet_size": 0}},
              v5="connack 130; closed", debian={"v5": "closed"},
              why=NO_ANSWER)
    yield row("a property twice", "plain",
              {"props": [("session_expiry", 1), ("session_expiry", 1)]},
              v5="connack 130; closed", debian={"v5": "closed"},
              why=NO_ANSWER)
    yield row("an unknown way of enhanced authentication", "plain",
              {"props": {"auth_method": "PLAIN"}}, v5="connack 140; closed")
    yield row("authentication data without a method", "plain",
              {"props": {"auth_data": b"x"}}, v5="connack 130; closed",
              debian={"v5": "in"}, why="2.0.11 lets it pass")
    yield row("a control character in an id", "plain", {"id": "a\x01"},
              v311="closed", v5="connack 133; closed",
              debian={"v5": "closed"}, why=NO_ANSWER)
    for name, data in (("PINGREQ", "c000"), ("HTTP", b"GET / HTTP/1.1\r\n".hex()),
                       ("PUBLISH", "3003000161"), ("nothing but 0xff",
                                                   "ffffffffff")):
        yield row(f"{name} in the place of CONNECT", "plain",
                  {"raw": bytes.fromhex(data)}, every="closed")


def publications():
    for qos, word in ((1, "puback"), (2, "pubrec")):
        yield row(f"at QoS {qos}", "plain", NOBODY, f"pub a/b q{qos}",
                  every=f"{word} 0 -> a/b q{qos}")
        yield row(f"retained at QoS {qos}", "plain", NOBODY,
                  f"pub a/b q{qos} retain", f"sub a/+ q{qos}",
                  every=f"{word} 0 -> a/b q{qos} r; suback {qos}; "
                  f"a/b q{qos} r")
    yield row("a retained one is taken back", "plain", NOBODY,
              "admin a/b q1 retain", "admin a/b q1 retain size=0", "sub a/b",
              every="nothing; nothing; suback 0")
    for name, topic, v5 in (("with #", "a/#", "disconnect 144 closed"),
                            ("with +", "a/+", "disconnect 144 closed"),
                            ("empty", "''", "disconnect 130 closed")):
        yield row(f"a topic {name}", "plain", NOBODY, f"pub {topic} q1",
                  v3="closed -> nothing", v5=v5 + " -> nothing",
                  **differs("disconnect 130 closed -> nothing", v5
                            + " -> nothing"))
    for topic in ("/", "//", "a//b", "k\u00fcche", "a b", "$app/x", "a/$SYS"):
        yield row(f"the topic {topic}", "plain", NOBODY, f"pub '{topic}' q1",
                  every=f"puback 0 -> {topic} q1")
    yield row("$SYS is the broker's", "plain", NOBODY, "pub $SYS/x q1",
              v3="puback 0 -> nothing", v5="puback 135 -> nothing")
    many = "/".join("a" * 202)
    yield row("200 slashes", "plain", NOBODY, f"pub {many[:-2]} q1",
              every=f"puback 0 -> {many[:-2]} q1")
    yield row("201 slashes", "plain", NOBODY, f"pub {many} q1",
              v3="closed -> nothing", v5="disconnect 130 closed -> nothing")


def subscriptions():
    for filters in ("#", "+", "+/+", "a/#", "a/+/b", "/", "/+", "$SYS/#",
                    "a,b,c/#"):
        granted = ",".join("1" * len(filters.split(",")))
        yield row(f"the filter {filters}", "plain", NOBODY,
                  f"sub {filters} q1", every=f"suback {granted}")
    for filters in ("a/#/b", "a#", "#a", "a+", "+a/b", "a/b+/c"):
        yield row(f"the ill-formed filter {filters}", "plain", NOBODY,
                  f"sub {filters}", v3="closed",
                  v5="disconnect 143; closed",
                  **differs("disconnect 129; closed"))
    for filters, topic, passes in (
            ("#", "a/b", True), ("#", "$app/x", False), ("+/b", "a/b", True),
            ("+", "a/b", False), ("+/+", "/", True), ("a/#", "a", True),
            ("a/#", "ab", False), ("a/+", "a/", True), ("a/+", "a", False),
            ("$app/#", "$app/x", True), ("+/x", "$app/x", False),
            ("A/b", "a/b", False), ("a/b/", "a/b", False)):
        yield row(f"{filters} and {topic}", "plain", NOBODY, f"sub {filters}",
                  f"admin {topic} q1",
                  every="suback 0; " + (f"{topic} q0" if passes
                                        else "nothing"))
    for asked in (0, 1, 2):
        for sent in (0, 1, 2):
            yield row(f"QoS {sent} for QoS {asked}", "plain", NOBODY,
                      f"sub a q{asked}", f"admin a q{sent}",
                      every=f"suback {asked}; a q{min(asked, sent)}")
    yield row("overlapping filters", "plain", NOBODY, "sub a/+ q1",
              "sub a/# q0", "admin a/b q1",
              every="suback 1; suback 0; a/b q0 a/b q1",
              debian={"v3": "suback 1; suback 0; a/b q1"},
              why="2.0.11 sends one copy to MQTT 3 clients")
    yield row("no local", "plain", NOBODY, "sub own nolocal",
              "pub own q1", v5="suback 0; puback 0 -> own q1")
    yield row("retain as published", "plain", NOBODY, "sub a rap",
              "admin a retain", v5="suback 0; a q0 r")
    yield row("retain not as published", "plain", NOBODY, "sub a",
              "admin a retain", every="suback 0; a q0")
    for handling, first, second in ((0, "; a q0 r", "; a q0 r"),
                                    (1, "; a q0 r", ""), (2, "", "")):
        yield row(f"retain handling {handling}", "plain", NOBODY,
                  "admin a retain", f"sub a rh={handling}",
                  f"sub a rh={handling}",
                  v5=f"nothing; suback 0{first}; suback 0{second}")
    yield row("a shared group", "plain", NOBODY, "sub $share/g/a q1",
              "admin a q1", every="suback 1; a q1")
    yield row("a shared group gets no retained message", "plain", NOBODY,
              "admin a q1 retain", "sub $share/g/a q1",
              every="nothing; suback 1",
              debian={"every": "nothing; suback 1; a q1 r"},
              why="2.0.11 sends it")
    yield row("a shared group without a filter", "plain", NOBODY,
              "sub $share/g", v3="closed", v5="disconnect 143; closed",
              debian={"every": "suback 0"}, why="2.0.11 takes it")
    yield row("a shared group with no local", "plain", NOBODY,
              "sub $share/g/a nolocal", v5="disconnect 130; closed",
              **differs("suback 0"))
    yield row("unsubscribed", "plain", NOBODY, "sub a", "unsub a",
              "admin a q1", v3="suback 0; unsuback; nothing",
              v5="suback 0; unsuback 0; nothing")
    yield row("unsubscribed from what was not there", "plain", NOBODY,
              "unsub a,b", v3="unsuback", v5="unsuback 17 17")


def packets():
    for name, data, v3, v5, debian in (
            ("CONNECT twice", mqtt.connect(mqtt.V311, "x").hex(), "closed",
             "disconnect 130; closed", {"v5": "closed"}),
            ("packet type 0", "0000", "closed", "disconnect 129; closed",
             {"v5": "disconnect 130; closed"}),
            ("CONNACK", "20020000", "closed", "disconnect 129; closed",
             {"v5": "closed"}),
            ("PUBLISH of QoS 3", "3605000161000178", "closed",
             "disconnect 129; closed", {}),
            ("SUBSCRIBE with wrong flags", "80060001000161" "00", "closed",
             "disconnect 129; closed", {}),
            ("PINGREQ with a body", "c00100", "closed",
             "disconnect 129; closed", {"v311": "nothing", "v5": "nothing"}),
            ("a length of five bytes", "30ffffffff7f", "closed",
             "disconnect 129; closed", {"v5": "closed"}),
            ("PUBACK for nothing", "40020009", "nothing", "nothing", {}),
            ("PUBREL for nothing", "62020009", "pubcomp 0", "pubcomp 0", {})):
        yield row(name, "plain", NOBODY, f"raw {data}", v311=v3, v5=v5,
                  debian=debian,
                  why="2.0.11 has other codes or none" if debian else "")


def sessions():
    yield row("a session that was kept", "plain", DURABLE, "leave", "again",
              v31="in", v311="in again", v5="in again")
    yield row("a session that ended", "plain", DURABLE, "leave",
              "again clean", every="in")
    yield row("what came meanwhile", "plain", DURABLE, "sub a q1", "leave",
              "admin a q1", "again", v31="suback 1; in; a q1",
              v311="suback 1; in again; a q1", v5="suback 1; in again; a q1")
    yield row("the queue is full", "plain", DURABLE, "sub a/# q1", "leave",
              *(f"admin a/{number} q1" for number in range(5)), "again",
              v311="suback 1; in again; a/0 q1; a/1 q1; a/2 q1",
              v5="suback 1; in again; a/0 q1; a/1 q1; a/2 q1")
    yield row("QoS 0 waits, too", "plain", DURABLE, "sub a q1", "leave",
              "admin a", "again", v311="suback 1; in again; a q0",
              v5="suback 1; in again; a q0")


def open_house():
    for part in (connects, publications, subscriptions, packets, sessions):
        yield from part()


LIMITS = {
    "mosquitto.conf": """\
# what a small device wants
user root
per_listener_settings false
allow_anonymous 1
allow_zero_length_clientid false
listener {plain} 127.0.0.1
max_packet_size 300
message_size_limit 100
max_keepalive 120
retain_available false
max_inflight_messages 1
max_topic_alias 2
""",
}
QUIET = {"keep_alive": 60}


def limits():
    differs_v3 = {"debian": {"v3": "in"},
                  "why": "2.0.11 does not look at MQTT 3 clients"}
    yield row("keep alive above max_keepalive", "plain", {"keep_alive": 121},
              v3="connack 2; closed", v5="in", **differs_v3)
    yield row("keep alive at max_keepalive", "plain", {"keep_alive": 120},
              every="in")
    yield row("no keep alive", "plain", {"keep_alive": 0},
              v3="connack 2; closed", v5="in", **differs_v3)
    yield row("no id", "plain", {"id": ""}, v3="connack 2; closed",
              v5="connack 128; closed")
    yield row("a retained will", "plain",
              {"will": Will("a", b"", 0, True)}, v3="closed",
              v5="connack 154; closed")
    yield row("a payload as large as may be", "plain", QUIET,
              "pub a q1 size=100", every="puback 0 -> a q1")
    yield row("a larger one", "plain", QUIET, "pub a q1 size=101",
              v3="puback 0 -> nothing", v5="puback 149 -> nothing")
    yield row("a larger one at QoS 2", "plain", QUIET, "pub a q2 size=101",
              v3="pubrec 0 -> nothing", v5="pubrec 149 -> nothing")
    yield row("a packet too large", "plain", QUIET, "pub a q1 size=300",
              v3="closed -> nothing", v5="disconnect 149 closed -> nothing")
    yield row("a retained message", "plain", QUIET, "pub a q1 retain",
              v3="closed -> nothing", v5="disconnect 154 closed -> nothing")
    for alias, other in ((3, {}), (0, differs("disconnect 129; closed"))):
        packet = mqtt.publish("a", b"x", props={"topic_alias": alias})
        yield row(f"topic alias {alias}", "plain", QUIET, f"raw {packet.hex()}",
                  v5="disconnect 148; closed", **other)
    packet = mqtt.publish("", b"x", props={"topic_alias": 1})
    yield row("a topic alias that means nothing", "plain", QUIET,
              f"raw {packet.hex()}", v5="disconnect 130; closed")


INSTALLATIONS = [Installation("open", OPEN, list(open_house())),
                 Installation("limits", LIMITS, list(limits()))]
