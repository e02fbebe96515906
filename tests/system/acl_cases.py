"""What ACL files allow: files as operators write them, and a table of decisions
that troupe and Mosquitto must agree on.

The answers are those of Mosquitto 2.1. A case in which 2.0 answers the opposite
says why in `differs`; a file that Mosquitto does not know says so in `ours`.
"""
from collections import namedtuple

# `text` is the file; `cases` are the decisions on it.
Acl = namedtuple("Acl", "name text cases ours")
# `user` is None for a client without a user name; `action` is publish, receive
# or subscribe; `allowed` is what must come out.
Case = namedtuple("Case", "user client action topic allowed differs")

ACTIONS = {"writes": ("publish", True), "not_writes": ("publish", False),
           "reads": ("receive", True), "not_reads": ("receive", False),
           "subscribes": ("subscribe", True),
           "not_subscribes": ("subscribe", False)}


def client(user, client_id="c1", differs="", **topics):
    """The cases of one client; keywords as in ACTIONS, with their topics."""
    return [Case(user, client_id, *_pair(key, topic), differs)
            for key, names in topics.items() for topic in names]


def _pair(key, topic):
    action, allowed = ACTIONS[key]
    return action, topic, allowed


def acl(name, text, *cases, ours=False):
    return Acl(name, text, [case for some in cases for case in some], ours)


FILES = [
    acl("rights", """\
# What a first file looks like.
topic read public/#

user ann
topic read sensors/+/temperature
topic write commands/ann
topic readwrite rooms/kitchen
topic notes/ann

user bob
topic readwrite #
""",
        client(None, reads=["public", "public/", "public/a", "public/a/b/c"],
               not_reads=["publi", "publicity", "sensors/1/temperature",
                          "notes/ann", "other"],
               not_writes=["public", "public/a", "rooms/kitchen", "other"],
               subscribes=["#", "public/#", "sensors/+/temperature"]),
        client("ann",
               reads=["sensors/1/temperature", "sensors//temperature",
                      "rooms/kitchen", "notes/ann"],
               not_reads=["sensors/temperature", "sensors/1/humidity",
                          "sensors/1/2/temperature", "commands/ann",
                          "public/a", "rooms", "rooms/kitchen/1", "notes",
                          "sensors/1/temperature/"],
               writes=["commands/ann", "rooms/kitchen", "notes/ann"],
               not_writes=["sensors/1/temperature", "commands/bob",
                           "commands", "commands/ann/", "public/a"],
               subscribes=["#", "public/#", "commands/ann"]),
        client("bob", reads=["a", "/", "public/a", "sensors/1/humidity"],
               writes=["a", "/", "a//b", "commands/ann"],
               not_reads=["$SYS/broker/version", "$app/x"],
               not_writes=["$app/x"]),
        client("eve", reads=[], not_reads=["public/a", "notes/ann", "a"],
               not_writes=["public/a", "commands/ann", "a"],
               subscribes=["#"]),
        client("Ann", not_reads=["notes/ann"], not_writes=["notes/ann"]),
        client("", not_reads=["notes/ann", "other"], not_writes=["other"])),

    acl("deny", """\
user ann
topic readwrite house/#
topic deny house/safe
topic readwrite house/safe
topic deny house/+/camera/#
topic read house/attic/camera/1

user bob
topic deny #
topic readwrite house/#
topic readwrite $app/#

user cleo
topic deny house/safe
""",
        client("ann",
               reads=["house", "house/hall", "house/safe/x",
                      "house/hall/lamp", "house/a/b/camera"],
               writes=["house", "house/hall", "house/safe/x"],
               not_reads=["house/safe", "house/hall/camera",
                          "house/hall/camera/1", "house/attic/camera/1"],
               not_writes=["house/safe", "house/hall/camera",
                           "house/hall/camera/1/2"]),
        client("bob", not_reads=["house", "house/hall", "x"],
               not_writes=["house/hall", "x"],
               reads=["$app/x"], writes=["$app/x"]),
        client("cleo", not_reads=["house/safe", "house/hall"],
               not_writes=["house/safe", "house/hall"])),

    acl("patterns", """\
user ann
topic read news
pattern readwrite devices/%c/#
pattern read users/%u/inbox
pattern write users/%u/%c/status
pattern read %u
""",
        client("ann", "c1",
               reads=["news", "devices/c1", "devices/c1/a", "devices/c1/a/b",
                      "users/ann/inbox", "ann"],
               writes=["devices/c1", "devices/c1/a", "users/ann/c1/status"],
               not_reads=["devices/c2", "devices/c11", "devices/%c/a",
                          "users/bob/inbox", "users/ann/c1/status", "bob",
                          "users/%u/inbox", "devices", "%u"],
               not_writes=["devices/c2/a", "users/ann/inbox", "news",
                           "users/ann/c2/status", "users/bob/c1/status",
                           "ann"]),
        client("bob", "c2",
               reads=["devices/c2/a", "users/bob/inbox", "bob"],
               not_reads=["news", "devices/c1/a", "users/ann/inbox", "ann"],
               writes=["users/bob/c2/status"],
               not_writes=["users/bob/c1/status"]),
        client(None, "c3", reads=["devices/c3/a"], writes=["devices/c3"],
               not_reads=["users//inbox", "users/c3/inbox", "c3", "news"],
               not_writes=["devices/c1/a", "users//c3/status"])),

    acl("patterns-and-topics", """\
pattern deny own/%u/secret
pattern readwrite own/#
pattern deny closed/#
user ann
topic read own/ann/secret
topic read closed/1
topic deny own/public
""",
        client("ann",
               reads=["own/ann/secret", "closed/1", "own/x", "own/bob/secret"],
               not_reads=["own/public", "closed/2", "closed"],
               writes=["own/x", "own"],
               not_writes=["own/ann/secret", "own/public", "closed/1"]),
        client("bob",
               reads=["own/public", "own/ann/secret", "own/x"],
               not_reads=["own/bob/secret", "closed/1"],
               writes=["own/public", "own/ann/secret"],
               not_writes=["own/bob/secret", "closed/1"]),
        client(None, reads=["own/x", "own/public"], not_reads=["closed/1"],
               writes=["own//secret"])),

    acl("names", """\
user a/b
topic read mine
user +
topic read mine
pattern readwrite devices/%c/#
pattern readwrite users/%u
pattern readwrite shared
""",
        client("ann", "a/b", reads=["shared"], writes=["users/ann"],
               not_reads=["devices/a", "devices/a/x"]),
        client("ann", "a/b", not_reads=["devices/a/b/x"],
               not_writes=["devices/a/b"],
               differs="2.0 puts an id with a slash into the pattern"),
        client("a/b", "c1", reads=["mine", "shared", "devices/c1/x"],
               not_reads=["users/a", "users/b"]),
        client("a/b", "c1", not_writes=["users/a/b"],
               differs="2.0 puts a name with a slash into the pattern"),
        client("ann", "+", not_reads=["devices/x/y", "shared", "users/ann"],
               not_writes=["devices/x", "shared", "users/ann"]),
        client("ann", "#", not_reads=["devices/x", "shared"],
               not_writes=["devices", "shared"]),
        client("ann", "a+b", not_reads=["shared"], not_writes=["users/ann"]),
        client("ann", "a#", not_reads=["shared"]),
        client("ann", "+/x", not_reads=["devices/a/x"],
               not_writes=["devices/a/x/y"]),
        client("+", "c1", reads=["mine"],
               not_reads=["shared", "users/x", "devices/c1/x"],
               not_writes=["users/x", "devices/c1"]),
        client("#", "c1", not_reads=["mine", "users", "users/x", "shared"]),
        client("ann", "%u", reads=["devices/%u/x"],
               not_reads=["devices/ann/x"]),
        client("%c", "c1", reads=["users/%c"], not_reads=["users/c1"]),
        client("", "c1", reads=["shared"]),
        client(" ", "c1", reads=["users/ "], not_reads=["users/"])),

    acl("dollar", """\
topic readwrite #
topic readwrite +/x
pattern readwrite #
user ann
topic read $SYS/broker/version
topic readwrite $app/+
user bob
topic deny #
topic deny $app/1
topic readwrite $app/#
user cleo
topic read $SYS/#
""",
        client(None, reads=["a", "a/x", "x/$SYS"], writes=["a", "/x"],
               not_reads=["$SYS/broker/version", "$app/x", "$app"],
               not_writes=["$app/x", "$app", "$"]),
        client("ann", reads=["$SYS/broker/version", "$app/1", "a"],
               writes=["$app/1", "a"],
               not_reads=["$SYS/broker/uptime", "$app", "$app/1/2"],
               not_writes=["$app", "$app/1/2"]),
        client("bob", reads=["$app", "$app/2"], writes=["$app/2/3"],
               not_reads=["$app/1", "a"], not_writes=["$app/1", "a"]),
        client("cleo", reads=["$SYS/broker/version", "$SYS/broker/uptime"],
               not_reads=["$app/1"])),

    acl("dollar-names", """\
pattern readwrite %c/#
pattern read %u/broker/version
""",
        client("ann", "c1", reads=["c1", "c1/a"], writes=["c1/a"],
               not_reads=["$SYS/broker/version", "$app/x"]),
        client("ann", "$app", not_reads=["$app/x"], not_writes=["$app/x"],
               differs="troupe: nobody names himself into $ topics"),
        client("$SYS", "c1", not_reads=["$SYS/broker/version"],
               differs="troupe: nobody names himself into $ topics"),
        client("ann", "a$b", reads=["a$b/x"], not_reads=["$b/x"])),

    acl("spelling", "topic read anonymous \t \r\n"
        "\r\n"
        " \t \r\n"
        "#topic read commented\r\n"
        "  user   ann  lee \t\r\n"
        "   topic   read    two  words/a b \r\n"
        "topic   plain\r\n"
        "topic read\r\n"
        "topic write read\r\n"
        "topic deny\r\n"
        "topic read\ttab\r\n"
        "topic write read write\r\n"
        "user #1\r\n"
        "topic read \t late\r\n"
        "topic read last",
        client(None, reads=["anonymous"],
               not_reads=["commented", "plain", "anonymous "]),
        client("ann  lee",
               reads=["two  words/a b", "plain", "read", "deny"],
               not_reads=["two words/a b", "two", "tab", "commented",
                          "late", "read write"],
               writes=["plain", "read", "deny", "read write"],
               not_writes=["two  words/a b", "write"]),
        client("ann", not_reads=["plain", "two  words/a b"]),
        client("ann lee", not_reads=["plain"]),
        client("#1", reads=["late", "last"],
               not_reads=[" late", "plain"])),

    acl("parts-of-levels", """\
pattern readwrite home-%u/#
pattern readwrite %c-x
pattern readwrite a/%u%c/b
pattern readwrite kept/%u/c
user ann
topic readwrite topics/%c/%u
""",
        client("ann", "c1", reads=["kept/ann/c", "topics/%c/%u"],
               writes=["topics/%c/%u"],
               not_reads=["topics/c1/ann", "kept/%u/c"]),
        client("ann", "c1",
               not_reads=["home-ann/x", "c1-x", "a/annc1/b"],
               not_writes=["home-ann"],
               differs="2.0 replaces %c and %u anywhere"),
        client("ann", "c1", writes=["home-%u/x", "%c-x"],
               reads=["a/%u%c/b"],
               differs="2.0 replaces %c and %u anywhere")),

    acl("levels", """\
topic readwrite /
topic readwrite /a/+
topic readwrite b//c
topic readwrite d/+/+/#
topic readwrite +/e
topic readwrite f/#
topic readwrite +/+/g/+
""",
        client(None,
               reads=["/", "/a/", "/a/b", "b//c", "d/1/2", "d///", "d/1/2/3",
                      "/e", "x/e", "f", "f/", "f//g", "//g/", "1/2/g/3"],
               writes=["/", "/a/b", "d/1/2/3/4", "f/1"],
               not_reads=["//", "/a", "a/b", "/a/b/c", "b/c", "b/x/c", "d",
                          "d/1", "e", "/x/e", "ff", "/f", "1/2/g",
                          "1/2/g/3/4"],
               not_writes=["//", "b", "d/", "e/e/e"])),

    acl("unicode", """\
topic read größe/°C
topic read 温度/+
user Jürgen
topic read \U0001f321/#
pattern read von/%u
""",
        client(None, reads=["größe/°C", "温度/1"],
               not_reads=["große/°C", "温/1", "\U0001f321", "größe"]),
        client("Jürgen", reads=["\U0001f321", "\U0001f321/a", "von/Jürgen"],
               not_reads=["von/Ju\u0308rgen", "größe/°C"]),
        client("Ju\u0308rgen", not_reads=["\U0001f321"],
               reads=["von/Ju\u0308rgen"])),

    acl("sections", """\
user ann
topic read 1
user bob
topic read 2
user ann
topic read 3
topic deny 5
pattern read 4
user bob
topic read 5
""",
        client("ann", reads=["1", "3", "4"], not_reads=["2", "5"]),
        client("bob", reads=["2", "4", "5"], not_reads=["1", "3"]),
        client(None, reads=["4"], not_reads=["1", "2", "3", "5"])),

    acl("empty", "",
        client(None, not_reads=["a", "$SYS/broker/version"],
               not_writes=["a"], subscribes=["#"]),
        client("ann", not_reads=["a"], not_writes=["a"], subscribes=["a"])),

    acl("comments", "# nothing but this\n\n",
        client(None, not_reads=["a"], not_writes=["a"]),
        client("ann", not_reads=["a"], not_writes=["a"])),

    acl("nobody-anonymous", """\
user ann
topic readwrite #
""",
        client(None, not_reads=["a"], not_writes=["a"]),
        client("ann", reads=["a"], writes=["a"]),
        client("bob", not_reads=["a"], not_writes=["a"])),

    acl("patterns-for-all", """\
user ann
pattern read common/#
pattern write common/post
pattern deny common/hidden/#
""",
        client(None, reads=["common", "common/a"], writes=["common/post"],
               not_reads=["common/hidden", "common/hidden/x", "other"],
               not_writes=["common/a", "common/hidden"]),
        client("ann", reads=["common/a"], not_reads=["common/hidden/x"]),
        client("bob", reads=["common/a"], writes=["common/post"],
               not_writes=["common/hidden/x"])),

    acl("subscribing", """\
topic read news/#
user ann
topic readwrite #
topic subscribe sensors/#
topic subscribe rooms/+/light
topic deny sensors/secret/#
pattern subscribe inbox/%u/#
pattern subscribe devices/%c
""",
        client(None, reads=["news/a"],
               not_subscribes=["news/a", "news/#", "#", "inbox//#"],
               subscribes=["devices/c1"]),
        client("ann", reads=["a", "sensors/1"], not_reads=["sensors/secret"],
               writes=["a"],
               subscribes=["sensors/#", "sensors", "sensors/+", "sensors/1/2",
                           "sensors/+/x/#", "rooms/+/light", "rooms/1/light",
                           "inbox/ann/#", "inbox/ann", "devices/c1",
                           "$share/g/sensors/#", "$share/g/devices/c1"],
               not_subscribes=["#", "+", "a", "sensors/secret",
                               "sensors/secret/#", "sensors/secret/+",
                               "rooms/#", "rooms/+/+", "rooms/1/light/#",
                               "inbox/+/#", "inbox/bob/#", "inbox/#",
                               "devices/+", "devices/c2", "$SYS/#",
                               "$share/g/#", "$share/g/sensors/secret/#",
                               "+/1"]),
        client("ann", "+", not_subscribes=["devices/+", "inbox/ann/#"],
               subscribes=["sensors/#"]),
        client("+", "c1", not_subscribes=["inbox/+/#", "devices/c1"]),
        ours=True),
]

# Files that Mosquitto refuses to start with, and so does troupe: the text, and
# where the fault lies.
BROKEN = [
    ("topic foo bar\n", 1),
    ("topic READ a\n", 1),
    ("Topic a\n", 1),
    ("# fine\nuser\n", 2),
    ("user ann\ntopic a\ntopic\n", 3),
    ("topic a\n\npattern \n", 3),
    ("topic a/#/b\n", 1),
    ("topic read a#\n", 1),
    ("topic read a+/b\n", 1),
    ("pattern read %c/+a\n", 1),
    ("topic\tread a\n", 1),
    ("\ttopic read a\n", 1),
    ("user\tann\n", 1),
    (" # indented\n", 1),
    ("topic read a # comment\n", 1),
    ("users ann\n", 1),
    ("topic a\rtopic b\n", 1),
    ("allow all\n", 1),
    ("topic " + 201 * "/" + "\n", 1),
    ("topic " + 65536 * "a" + "\n", 1),
]


def all_cases():
    """Every (file, case) of the table."""
    return [(file, case) for file in FILES for case in file.cases]
