"""Mosquitto installations as people have them, and what their clients live
through there: the table for the drop-in tests.

The answers are those of Mosquitto 2.1. A row in which 2.0.11 answers otherwise
carries that answer in `debian` and says `why`.
"""
import drop_in_apart_cases
import drop_in_open_cases
from drop_in import ADMIN, Installation, row
from mqtt import Will

ANN = {"user": "ann", "password": b"secret"}
BOB = {"user": "bob", "password": b"two words"}
EVE = {"user": "eve", "password": b"no lines for her"}
SHA512 = {"user": "old", "password": b"sha512"}
NOBODY = {}

REFUSED = {"v3": "connack 5; closed", "v5": "connack 135; closed"}

PASSWORDS = [("admin", ADMIN["password"]), ("ann", "secret"),
             ("bob", "two words"), ("eve", "no lines for her"),
             ("old", "sha512", "-H", "sha512"),
             ("d\u00f6rte", "stra\u00dfe\u20ac"), ("long", "l" * 65),
             ("a b", "in the name"), ("under/ground", "x"), ("+", "plus"),
             ("#", "hash"), ("%u", "percent"), ("Ann", "other"),
             ("pre", "$7$looks like a hash"), ("iter", "many", "-I", "1000")]

HOUSE = {
    "mosquitto.conf": """\
# Our house. Managed by hand since 2014.
#allow_anonymous true

   \x20
user root
pid_file {dir}/mosquitto.pid
persistence false
log_dest stderr
log_type error
log_type warning
connection_messages false
sys_interval 1

password_file {dir}/passwords   \x20
acl_file {dir}/acl

# the one that everybody uses
listener {plain} 127.0.0.1

include_dir {dir}/conf.d
# behind it, as the package has it
allow_anonymous false
""",
    "conf.d/10-limited.conf": """\
listener {qos1} 127.0.0.1\x20\x20
max_qos 1
listener {qos0} 127.0.0.1
maximum_qos 0
max_topic_alias 0

listener {site} 127.0.0.1
mount_point site/1/
""",
    "conf.d/20-names.conf": """\
listener {names}    127.0.0.1
use_username_as_clientid true
max_connections -1
listener {none} 127.0.0.1
max_connections 0
socket_domain ipv4
""",
    "conf.d/README": "not a configuration: it does not end in .conf\n",
    "conf.d/30-empty.conf": "",
    "acl": """\
# Those without a name, and nobody else.
topic read public/#

user admin
topic readwrite #
topic readwrite $app/#

user ann
topic read sensors/+/temperature
topic write commands/ann
topic readwrite rooms/#
topic deny rooms/safe
# two spaces in a name
topic readwrite two  words/x
topic notes/ann

user bob
topic read #

user old
topic readwrite a/+/c/#
topic readwrite site/+/+/c

user d\u00f6rte
topic readwrite k\u00fcche/#

user %u
topic readwrite literally

user +
topic read fence/#

# everybody with a name, and the others
pattern readwrite own/%u/#
pattern write to/%c
pattern read inbox/%c
pattern read fence/#
pattern deny own/%u/hidden
""",
}


def connects():
    """Who is let in where a password file rules."""
    in_, refused = {"every": "in"}, REFUSED
    ask = [
        ("the right password", ANN, in_),
        ("a wrong password", dict(ANN, password=b"wrong"), refused),
        ("no password", {"user": "ann"}, refused),
        ("an empty password", dict(ANN, password=b""), refused),
        ("a password in other letters", dict(ANN, password=b"Secret"),
         refused),
        ("a password that goes on", dict(ANN, password=b"secret "), refused),
        # HMAC, and with it PBKDF2, cannot tell the two apart.
        ("a password with a zero behind", dict(ANN, password=b"secret\0"),
         in_),
        ("half of a password", dict(ANN, password=b"sec"), refused),
        ("the password of another", dict(ANN, password=b"two words"), refused),
        ("an unknown user", dict(ANN, user="nobody"), refused),
        ("a user in other letters with the wrong password",
         dict(ANN, user="Ann"), refused),
        ("that user with her own", {"user": "Ann", "password": b"other"}, in_),
        ("a user with a space behind", dict(ANN, user="ann "), refused),
        ("an empty user", dict(ANN, user=""), refused),
        ("nobody", NOBODY, refused),
        ("a password of two words", BOB, in_),
        ("a hash of the older kind", SHA512, in_),
        ("a wrong password for it", dict(SHA512, password=b"sha256"), refused),
        ("a hash with other rounds", {"user": "iter", "password": b"many"},
         in_),
        ("a name and password beyond ASCII",
         {"user": "d\u00f6rte", "password": "stra\u00dfe\u20ac".encode()},
         in_),
        ("that password without its last byte",
         {"user": "d\u00f6rte", "password": "stra\u00dfe\u20ac".encode()[:-1]},
         refused),
        ("65 letters", {"user": "long", "password": b"l" * 65}, in_),
        ("64 of them", {"user": "long", "password": b"l" * 64}, refused),
        ("a name with a space", {"user": "a b", "password": b"in the name"},
         in_),
        ("half of that name", {"user": "a", "password": b"in the name"},
         refused),
        ("a name with a slash", {"user": "under/ground", "password": b"x"},
         in_),
        ("the name +", {"user": "+", "password": b"plus"}, in_),
        ("the name #", {"user": "#", "password": b"hash"}, refused),
        ("a password like a hash",
         {"user": "pre", "password": b"$7$looks like a hash"}, in_),
        ("a user and a hash in one", {"user": "ann:$7$101$", "password": b""},
         refused),
        ("a line break in the name",
         {"user": "ann\nbob", "password": b"secret"},
         {"v31": "connack 5; closed"}),
        ("a long name", {"user": "n" * 60000, "password": b"secret"},
         refused),
        ("a long password", dict(ANN, password=b"p" * 65535), refused),
        ("an id of 65535 letters", dict(ANN, id="i" * 65535), in_),
        ("an id with wildcards", dict(ANN, id="#/+"), in_),
    ]
    for name, who, answers in ask:
        yield row("connect: " + name, "plain", who, **answers)
    for who, password in ((ANN, b"secret\0more"), (SHA512, b"sha512\0")):
        yield row(f"connect: {who['user']} goes on behind a zero", "plain",
                  dict(who, password=password), **refused,
                  debian=in_, why="2.0.11 reads passwords up to a zero")


def rights():
    """What the ACL file lets through, and what it keeps back."""
    kept = {"v3": "puback 0 -> nothing", "v5": "puback 135 -> nothing"}
    kept2 = {"v3": "pubrec 0 -> nothing", "v5": "pubrec 135 -> nothing"}
    for who, topics in (
            (ANN, ["sensors/1/temperature", "commands/bob", "commands",
                   "rooms/safe", "notes", "public/a", "own/bob/x",
                   "own/ann/hidden", "own/%u/x", "own//x", "inbox/c1",
                   "two", "literally", "to/c2", "fence/x", "other"]),
            (BOB, ["rooms/1", "own/ann/x", "a"]),
            (EVE, ["public/a", "rooms/1", "eve"]),
            (SHA512, ["a/b", "a/b/d", "b/b/c"])):
        for topic in topics:
            yield row(f"{who['user']} may not write {topic}", "plain",
                      dict(who, id="c1"), f"pub {topic} q1", **kept)
    for who, topics in (
            (ANN, ["commands/ann", "rooms", "rooms/", "rooms/1/2/3",
                   "rooms/safe/1", "notes/ann", "own/ann", "own/ann/x/y",
                   "to/c1"]),
            (BOB, ["own/bob", "own/bob/x"]), (EVE, ["own/eve/1", "to/c1"]),
            (SHA512, ["a/b/c", "a//c", "a/b/c/d"]),
            ({"user": "under/ground", "password": b"x"}, ["to/c1"])):
        for topic in topics:
            yield row(f"{who['user']} may write {topic}", "plain",
                      dict(who, id="c1"), f"pub {topic} q1",
                      every=f"puback 0 -> {topic} q1")
    for topic in ("rooms/safe", "other", "commands/bob"):
        yield row(f"refused at QoS 2: {topic}", "plain", ANN,
                  f"pub {topic} q2", **kept2)
        yield row(f"refused at QoS 0: {topic}", "plain", ANN, f"pub {topic}",
                  every="-> nothing")
    yield row("beyond ASCII", "plain",
              {"user": "d\u00f6rte", "password": "stra\u00dfe\u20ac".encode()},
              "pub k\u00fcche/herd q1", every="puback 0 -> k\u00fcche/herd q1")
    yield row("two spaces stay in a topic", "plain", ANN,
              "pub 'two  words/x' q1", every="puback 0 -> two  words/x q1")
    yield row("a retained message that is refused is not kept", "plain", ANN,
              "pub other q1 retain", "sub rooms/#,other",
              v3="puback 0 -> nothing; suback 0,0",
              v5="puback 135 -> nothing; suback 0,0")

    every = [("ann reads her sensor", ANN, "sensors/+/temperature",
              "sensors/1/temperature", True),
             ("ann does not read another", ANN, "sensors/#",
              "sensors/1/humidity", False),
             ("ann reads it by #", ANN, "#", "sensors/1/temperature", True),
             ("ann does not read what she writes", ANN, "commands/ann",
              "commands/ann", False),
             ("a denied one below what she may", ANN, "rooms/#", "rooms/safe",
              False),
             ("a level below the denied one", ANN, "rooms/#", "rooms/safe/1",
              True),
             ("lines above the first user", ANN, "public/#", "public/a",
              False),
             ("bob reads all", BOB, "#", "rooms/1", True),
             ("bob reads what others own", BOB, "own/#", "own/ann/x", True),
             ("a pattern denies him", BOB, "own/#", "own/bob/hidden", True),
             ("but not $app", BOB, "$app/#", "$app/x", False),
             ("her inbox", ANN, "inbox/#", "inbox/c1", True),
             ("that of another", ANN, "inbox/#", "inbox/c2", False),
             ("a user without lines", EVE, "#", "rooms/1", False),
             ("her pattern", EVE, "own/+/#", "own/eve/x", True),
             ("the name + is no wildcard",
              {"user": "+", "password": b"plus"}, "own/#", "own/ann/x", False)]
    for name, who, filters, topic, passes in every:
        for qos in (0, 1):
            yield row(f"{name}, QoS {qos}", "plain", dict(who, id="c1"),
                      f"sub {filters} q{qos}", f"admin {topic} q1",
                      every=f"suback {qos}; "
                      + (f"{topic} q{qos}" if passes else "nothing"))
    yield row("a retained message she may read", "plain", ANN,
              "admin rooms/1 q1 retain", "sub rooms/# q1",
              every="nothing; suback 1; rooms/1 q1 r")
    yield row("one she may not read", "plain", ANN,
              "admin rooms/safe q1 retain", "sub rooms/safe q1",
              every="nothing; suback 1")
    yield row("every SUBSCRIBE is granted", "plain", EVE,
              "sub #,$SYS/#,rooms/safe,$app/x q2", every="suback 2,2,2,2")


def wills():
    """Wills are checked, too, when they go out."""
    for name, who, topic, arrives in (
            ("of ann", ANN, "rooms/will", True),
            ("she may not publish", ANN, "rooms/safe", False),
            ("of bob", BOB, "rooms/will", False)):
        yield row(f"a will {name}", "plain",
                  dict(who, will=Will(topic, b"will", 1), id=f"will{topic}"),
                  "again clean", f"pub own/{who['user']} q1",
                  every="in; puback 0 -> "
                  + (f"{topic} q1 " if arrives else "")
                  + f"own/{who['user']} q1")


def listeners():
    """What the options of a listener make of its clients."""
    yield row("QoS 2 above max_qos 1", "qos1", ANN, "pub rooms/1 q2",
              v3="closed -> nothing", v5="disconnect 155 closed -> nothing")
    yield row("QoS 1 where max_qos is 1", "qos1", ANN, "pub rooms/1 q1",
              every="puback 0 -> rooms/1 q1")
    yield row("QoS 2 is granted as 1", "qos1", ANN, "sub rooms/# q2",
              "admin rooms/1 q2", every="suback 1; rooms/1 q1")
    yield row("QoS 1 above max_qos 0", "qos0", ANN, "pub rooms/1 q1",
              v3="closed -> nothing", v5="disconnect 155 closed -> nothing")
    yield row("QoS 0 where max_qos is 0", "qos0", ANN, "pub rooms/1",
              every="-> rooms/1 q0")
    yield row("QoS 2 is granted as 0", "qos0", ANN, "sub rooms/# q2",
              "admin rooms/1 q2", every="suback 0; rooms/1 q0")
    yield row("a wrong password there", "qos0", dict(ANN, password=b"x"),
              **REFUSED)
    yield row("a will above max_qos", "qos0",
              dict(ANN, will=Will("rooms/1", b"", 1)), v5="connack 155; closed")

    site = dict(SHA512, mount="site/1/")
    yield row("rights count with the mount point", "site", site,
              "pub a/b/c q1", v3="puback 0 -> nothing",
              v5="puback 135 -> nothing")
    yield row("such a one", "site", site, "pub x/c q1",
              every="puback 0 -> site/1/x/c q1")
    yield row("a client of the site hears the site", "site",
              dict(BOB, mount="site/1/"), "sub #", "admin site/1/x q1",
              "admin x q1", every="suback 0; x q0; nothing",
              debian={"every": "suback 0; site/1/x q0; nothing"},
              why="2.0.11 leaves the mount point in front")

    yield row("the user name is the client id", "names", dict(ANN, id="zz"),
              "pub to/ann q1", "pub to/zz q1",
              v3="puback 0 -> to/ann q1; puback 0 -> nothing",
              v5="puback 0 -> to/ann q1; puback 135 -> nothing")
    yield row("without a name there is none", "names", NOBODY, **REFUSED)
    yield row("an empty id there", "names", dict(ANN, id=""),
              v311="in", v5="in")


def house():
    for part in (connects, rights, wills, listeners):
        yield from part()


INSTALLATIONS = [Installation("house", HOUSE, list(house())),
                 *drop_in_open_cases.INSTALLATIONS,
                 *drop_in_apart_cases.INSTALLATIONS]


def questions(installation):
    """Each row in each version that it has an answer for."""
    return [(row, version) for row in installation.rows
            for version in row.answers]
