"""Certificates for tests, made with the openssl program: an authority, a
server, clients, and bad ones of each kind. NAME.crt and NAME.key each.

    ca          the authority
    server      for localhost, 127.0.0.1 and ::1
    other_host  for broker.example
    client      of "sensor 7"; admin of "admin"; nameless has no common name
    expired     of a server that has expired; expired_client of a client
    revoked     of a client that is on ca.crl; ca_empty.crl has nobody
    self        for localhost, signed by itself
    stranger    of a client of another authority, stranger_ca
    below       of a client of the authority `between`, which comes from ca and
                is shown with it; between.crl has nobody, between_gone.crl are
                the lists of both, and that of ca has `between`
"""
import pathlib
import shutil
import subprocess
import tempfile

LOCAL = "DNS:localhost,IP:127.0.0.1,IP:::1"
CONFIG = """
[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
default_crl_days = 30
policy = anything
unique_subject = no
[anything]
organizationName = optional
commonName = optional
[req]
distinguished_name = name
prompt = no
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
"""
# Options of `openssl ca` for a certificate that has expired: -days takes no
# number below zero.
PAST = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"]


class Certificates:
    """A folder of them; `remove` takes it away."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-tls-"))
        (self.folder / "openssl.cnf").write_text(CONFIG)
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000\n")
        self.make_authority("ca")
        self.make_authority("stranger_ca")
        self.make("server", "localhost", LOCAL)
        self.make("other_host", "broker.example", "DNS:broker.example")
        self.make("client", "sensor 7")
        self.make("admin", "admin")
        self.make("nameless", "")
        self.make("expired", "localhost", LOCAL, expired=True)
        self.make("expired_client", "sensor 8", expired=True)
        self.make("revoked", "sensor 9")
        self.make("stranger", "admin", issuer="stranger_ca")
        self.openssl("req", "-x509", "-key", self.new_key("self"),
                     "-out", "self.crt", "-days", "30", "-subj",
                     "/CN=localhost", "-addext", f"subjectAltName={LOCAL}")
        self.openssl("ca", "-gencrl", "-out", "ca_empty.crl")
        self.make_between()
        self.openssl("ca", "-revoke", "revoked.crt")
        self.openssl("ca", "-gencrl", "-out", "ca.crl")

    def make_between(self):
        self.openssl("req", "-new", "-key", self.new_key("between"),
                     "-out", "between.csr", "-subj", "/CN=between")
        self.openssl("ca", "-batch", "-notext", "-in", "between.csr",
                     "-out", "between.crt", "-extensions", "authority",
                     "-days", "30")
        self.make("below", "sensor 10", issuer="between")
        (self.folder / "own_index.txt").write_text("")
        text = (self.folder / "openssl.cnf").read_text()
        (self.folder / "between.cnf").write_text(
            text.replace("index.txt", "own_index.txt")
            .replace("ca.crt", "between.crt").replace("ca.key", "between.key"))
        self.openssl("ca", "-gencrl", "-out", "between.crl", config="between")
        chain = [(self.folder / f"{name}.crt").read_text()
                 for name in ("below", "between")]
        (self.folder / "below.crt").write_text("".join(chain))
        kept = (self.folder / "index.txt").read_text()
        self.openssl("ca", "-revoke", "between.crt")
        self.openssl("ca", "-gencrl", "-out", "between_gone.crl")
        with open(self.folder / "between_gone.crl", "a",
                  encoding="ascii") as both:
            both.write((self.folder / "between.crl").read_text())
        (self.folder / "index.txt").write_text(kept)

    def path(self, name):
        return str(self.folder / name)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def make_authority(self, name):
        self.openssl("req", "-x509", "-key", self.new_key(name),
                     "-out", f"{name}.crt", "-days", "30",
                     "-subj", f"/O=troupe tests/CN={name}",
                     "-extensions", "authority")

    def make(self, name, common_name, names=None, issuer="ca", expired=False):
        """Make NAME.crt, which `issuer` signs, and NAME.key."""
        subject = "/O=troupe tests" + (f"/CN={common_name}"
                                       if common_name else "")
        self.openssl("req", "-new", "-key", self.new_key(name),
                     "-out", f"{name}.csr", "-subj", subject)
        extensions = "basicConstraints=CA:FALSE\n"
        if names:
            extensions += f"subjectAltName={names}\n"
        (self.folder / f"{name}.ext").write_text(extensions)
        if issuer == "ca":
            dates = PAST if expired else ["-days", "30"]
            self.openssl("ca", "-batch", "-notext", "-in", f"{name}.csr",
                         "-out", f"{name}.crt", "-extfile", f"{name}.ext",
                         *dates)
        else:
            self.openssl("x509", "-req", "-in", f"{name}.csr",
                         "-out", f"{name}.crt", "-CA", f"{issuer}.crt",
                         "-CAkey", f"{issuer}.key", "-CAcreateserial",
                         "-days", "30", "-extfile", f"{name}.ext")

    def new_key(self, name):
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        (self.folder / f"{name}.key").chmod(0o600)
        return f"{name}.key"

    def openssl(self, command, *arguments, config="openssl"):
        own = (["-config", f"{config}.cnf"] if command in ("ca", "req")
               else [])
        done = subprocess.run(
            ["openssl", command, *own, *arguments], cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout
