"""An installation for the drop-in tests in which each listener has an access
file of its own, or asks for certificates or pre-shared keys."""
from drop_in import Installation, row

APART = {
    "mosquitto.conf": """\
per_listener_settings true
user root
log_type none

listener {plain} 127.0.0.1
password_file {dir}/passwords
acl_file {dir}/acl
allow_anonymous true

listener {open} 127.0.0.1
allow_anonymous true

listener {closed} 127.0.0.1

listener {users} 127.0.0.1
password_file {dir}/passwords
allow_zero_length_clientid false

listener {rights} 127.0.0.1
allow_anonymous true
auto_id_prefix made-
acl_file {dir}/others.acl

listener {tls} 127.0.0.1
cafile {dir}/ca.crt
certfile {dir}/server.crt
keyfile {dir}/server.key
tls_version tlsv1.2
password_file {dir}/passwords

listener {tls_name} 127.0.0.1
cafile {dir}/ca.crt
certfile {dir}/server.crt
keyfile {dir}/server.key
require_certificate true
use_identity_as_username true
acl_file {dir}/acl

listener {tls_subject} 127.0.0.1
cafile {dir}/ca.crt
certfile {dir}/server.crt
keyfile {dir}/server.key
require_certificate true
use_subject_as_username true
acl_file {dir}/others.acl

listener {psk} 127.0.0.1
psk_hint house
psk_file {dir}/psk
use_identity_as_username true
acl_file {dir}/acl
""",
    "acl": """\
topic readwrite public/#
user admin
topic readwrite #
user ann
topic readwrite rooms/#
pattern readwrite own/%u/#
pattern read fence/#
""",
    "others.acl": """\
topic write letters/+
topic read fence/#
user CN=ann
topic write rooms/1
user CN=bob
topic write rooms/2
pattern readwrite of/%c
pattern read fence/#
""",
    "psk": "ann:00112233445566778899aabbccddeeff\nbob:0badcafe\n",
}
NOBODY = {}
ANN = {"user": "ann", "password": b"secret"}
REFUSED = {"v3": "connack 5; closed", "v5": "connack 135; closed"}
# Identity, key, topic; whether it gets in, and what arrives.
PSK = [("ann", "00112233445566778899aabbccddeeff", "rooms/1", True, True),
       ("ann", "00112233445566778899AABBCCDDEEFF", "own/ann/x", True, True),
       ("bob", "0badcafe", "own/bob/x", True, True),
       ("bob", "0badcafe", "rooms/1", True, False),
       ("bob", "0badcafe", "public/x", True, False),
       ("ann", "00112233445566778899aabbccddee00", "rooms/1", False, False),
       ("ann", "0badcafe", "rooms/1", False, False),
       ("Ann", "00112233445566778899aabbccddeeff", "rooms/1", False, False),
       ("eve", "0badcafe", "rooms/1", False, False),
       ("ann:00", "0badcafe", "rooms/1", False, False)]


def published(topic, passes):
    if passes:
        return {"every": f"puback 0 -> {topic} q1"}
    return {"v3": "puback 0 -> nothing", "v5": "puback 135 -> nothing"}


def accounts():
    wrong = dict(ANN, password=b"wrong")
    for on, who, name, answers in (
            ("plain", NOBODY, "nobody", {"every": "in"}),
            ("plain", ANN, "ann", {"every": "in"}),
            ("plain", wrong, "ann with a wrong password", REFUSED),
            ("open", NOBODY, "nobody", {"every": "in"}),
            ("open", wrong, "ann with any password", {"every": "in"}),
            ("closed", NOBODY, "nobody", REFUSED),
            ("closed", ANN, "ann", REFUSED),
            ("users", NOBODY, "nobody", REFUSED),
            ("users", ANN, "ann", {"every": "in"}),
            ("users", wrong, "ann with a wrong password", REFUSED),
            ("users", dict(ANN, id=""), "ann without an id",
             {"v3": "connack 2; closed", "v5": "connack 128; closed"}),
            ("rights", NOBODY, "nobody", {"every": "in"}),
            ("rights", {"id": ""}, "nobody without an id",
             {"v311": "in", "v5": "in"})):
        yield row(f"{name}, {on}", on, who, **answers)


def rights():
    for on, who, topic, passes in (
            ("plain", NOBODY, "public/a", True),
            ("plain", NOBODY, "rooms/1", False),
            ("plain", ANN, "rooms/1", True),
            ("plain", ANN, "public/a", False),
            ("open", NOBODY, "rooms/1", True),
            ("open", ANN, "anything", True),
            ("users", ANN, "anything", True),
            ("rights", NOBODY, "letters/1", True),
            ("rights", NOBODY, "letters/1/2", False),
            ("rights", {"id": "me"}, "of/me", True),
            ("rights", {"id": "me"}, "of/you", False),
            ("rights", {"user": "CN=ann"}, "rooms/1", True),
            ("rights", {"user": "CN=ann"}, "letters/1", False)):
        yield row(f"{who.get('user', 'nobody')} writes {topic}, {on}", on, who,
                  f"pub {topic} q1", **published(topic, passes))
    for on, topic, passes in (("plain", "public/a", True),
                              ("plain", "rooms/1", False),
                              ("open", "rooms/1", True),
                              ("rights", "letters/1", False)):
        yield row(f"nobody reads {topic}, {on}", on, NOBODY, "sub #",
                  f"admin {topic} q1", every="suback 0; "
                  + (f"{topic} q0" if passes else "nothing"))


def certificates():
    every = "no handshake"
    for on in ("tls_name", "tls_subject"):
        for name, who in (("no certificate", {}),
                          ("another's CA", {"certificate": "stranger"}),
                          ("one that is past", {"certificate": "past"})):
            yield row(f"{name}, {on}", on, who, every=every)
    yield row("no certificate is needed", "tls", ANN, every="in")
    yield row("a password counts", "tls", dict(ANN, password=b"x"), **REFUSED)
    yield row("a certificate is no name", "tls", {"certificate": "ann"},
              **REFUSED)
    yield row("TLS 1.1", "tls", dict(ANN, highest="TLSv1_1"), every=every)
    yield row("a plain client", "tls", dict(ANN, plain=True), every="closed")
    for on, who, topic, passes in (
            ("tls_name", "ann", "rooms/1", True),
            ("tls_name", "ann", "own/ann/x", True),
            ("tls_name", "bob", "rooms/1", False),
            ("tls_name", "bob", "own/bob/x", True),
            ("tls_name", "bob", "public/x", False),
            ("tls_subject", "ann", "rooms/1", True),
            ("tls_subject", "ann", "rooms/2", False),
            ("tls_subject", "bob", "rooms/2", True)):
        yield row(f"{who} writes {topic}, {on}", on, {"certificate": who},
                  f"pub {topic} q1", **published(topic, passes))
        yield row(f"{who} calls itself admin, {on}, {topic}", on,
                  {"certificate": who, "user": "admin", "password": b"x"},
                  f"pub {topic} q1", **published(topic, passes))


INSTALLATIONS = [Installation(
    "apart", APART, [*accounts(), *rights(), *certificates()])]
