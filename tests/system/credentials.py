"""What clients prove with who they are: password files, SCRAM, tokens."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import harness
import mqtt

MOSQUITTO_PASSWD = shutil.which("mosquitto_passwd")
DEADLINE = 30
SCRAM = "SCRAM-SHA-256"
BAD_LOGIN = {mqtt.V31: 5, mqtt.V311: 5, mqtt.V5: 135}


def make_folder(case):
    """A folder that is gone when the class or test `case` is done."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-test-"))
    clean = getattr(case, "addCleanup", None)
    if isinstance(case, type):
        clean = case.addClassCleanup
    clean(shutil.rmtree, folder, ignore_errors=True)
    return folder


def write(path, text):
    """A file that only its owner may write."""
    path.write_text(text)
    path.chmod(0o600)
    return path


def _run(*command):
    subprocess.run([str(each) for each in command], check=True,
                   timeout=DEADLINE, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def set_password(path, user, password, kind="sha512-pbkdf2", *options):
    """With `troupe passwd`."""
    if not path.exists():
        write(path, "")
    _run(harness.BINARY, "passwd", "-H", kind, *options, "-b", path, user,
         password)


def set_mosquitto_password(path, user, password, kind="sha512-pbkdf2"):
    """With `mosquitto_passwd`, as Debian has it."""
    if not path.exists():
        write(path, "")
    _run(MOSQUITTO_PASSWD, "-H", kind, "-b", path, user, password)


def users_file(path, **users):
    """A password file with hashes that cost nothing."""
    for user, password in users.items():
        set_password(path, user, password, "sha512-pbkdf2", "-I", "1")
    return path


needs_mosquitto_passwd = unittest.skipUnless(MOSQUITTO_PASSWD,
                                             "no mosquitto_passwd here")


class Scram:
    """The client's side of SCRAM-SHA-256, from RFC 5802."""

    def __init__(self, user, password, nonce=None):
        self.password = password.encode()
        self.nonce = nonce or base64.b64encode(os.urandom(18)).decode()
        name = user.replace("=", "=3D").replace(",", "=2C")
        self.bare = f"n={name},r={self.nonce}"
        self.first = f"n,,{self.bare}".encode()

    def final(self, server_first, header="n,,"):
        """The client's last message, the proof in it."""
        fields = dict(part.split("=", 1)
                      for part in server_first.decode().split(","))
        self.iterations = int(fields["i"])
        self.salt = base64.b64decode(fields["s"])
        self.server_nonce = fields["r"]
        assert self.server_nonce.startswith(self.nonce)
        assert len(self.server_nonce) > len(self.nonce)
        salted = hashlib.pbkdf2_hmac("sha256", self.password, self.salt,
                                     self.iterations)
        bound = base64.b64encode(header.encode()).decode()
        without_proof = f"c={bound},r={self.server_nonce}"
        transcript = ",".join([self.bare, server_first.decode(),
                               without_proof]).encode()
        key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(key).digest(), transcript)
        proof = bytes(a ^ b for a, b in zip(key, signature))
        self.expected = _hmac(_hmac(salted, b"Server Key"), transcript)
        return (without_proof.encode() + b",p=" + base64.b64encode(proof))

    def knows_us(self, server_final):
        """Whether the server has proved that it knows the password, too."""
        return server_final == b"v=" + base64.b64encode(self.expected)


def _hmac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


# -- tokens ------------------------------------------------------------------


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A key pair, or a secret, that signs tokens."""

    def __init__(self, folder, algorithm, name=None):
        self.algorithm = algorithm
        name = name or algorithm
        self.public = folder / f"{name}.pem"
        self.private = folder / f"{name}.key"
        if algorithm == "HS256":
            self.secret = os.urandom(32).hex().encode()
            write(self.public, self.secret.decode() + "\n")
            return
        kind = (["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
                if algorithm == "RS256" else
                ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        _run("openssl", "genpkey", "-algorithm", *kind, "-out", self.private)
        _run("openssl", "pkey", "-in", self.private, "-pubout", "-out",
             self.public)

    def sign(self, data):
        if self.algorithm == "HS256":
            return _hmac(self.secret, data)
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", str(self.private)],
            input=data, capture_output=True, check=True, timeout=DEADLINE)
        if self.algorithm == "ES256":
            return _raw_signature(done.stdout)
        return done.stdout

    def token(self, claims, header=None, sign=None):
        """Signed with this key; `header` replaces parts of the usual one."""
        header = {"alg": self.algorithm, "typ": "JWT", **(header or {})}
        body = ".".join(part if isinstance(part, str) else
                        base64url(json.dumps(part).encode())
                        for part in (header, claims))
        return body + "." + base64url((sign or self.sign)(body.encode()))

    def jwk(self, **fields):
        """The key as an entry of a JWK set."""
        if self.algorithm == "HS256":
            return dict(kty="oct", k=base64url(self.secret), alg="HS256",
                        **fields)
        done = subprocess.run(
            ["openssl", "pkey", "-pubin", "-in", str(self.public), "-outform",
             "DER"], capture_output=True, check=True, timeout=DEADLINE)
        if self.algorithm == "ES256":
            x, y = done.stdout[-64:-32], done.stdout[-32:]
            return dict(kty="EC", crv="P-256", x=base64url(x), y=base64url(y),
                        alg="ES256", **fields)
        # Of 2048 bits: the modulus behind its leading 0, then 65537.
        modulus, exponent = done.stdout[-261:-5], done.stdout[-3:]
        return dict(kty="RSA", n=base64url(modulus), e=base64url(exponent),
                    alg="RS256", **fields)


def _raw_signature(der):
    """Both numbers of an ECDSA signature, 32 bytes each."""
    numbers, at = b"", 2
    for _ in range(2):
        size = der[at + 1]
        number = der[at + 2:at + 2 + size].lstrip(b"\0")
        numbers += number.rjust(32, b"\0")
        at += 2 + size
    return numbers
