"""PROXY protocol headers as bytes, versions 1 and 2; on purpose without checks.
"""
import socket
import struct

START = b"\r\n\r\n\0\r\nQUIT\n"
TLS_USED, CERTIFICATE_SHOWN = 1, 2
CRC32C, TLS, TLS_VERSION, COMMON_NAME = 0x03, 0x20, 0x21, 0x22


def v1(source="203.0.113.7", port=4711, family="TCP4",
       target="198.51.100.1"):
    return f"PROXY {family} {source} {target} {port} 1883\r\n".encode()


def field(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def tls(client=TLS_USED, verify=0, common_name=None):
    """The field that tells of the client's TLS."""
    inner = field(TLS_VERSION, b"TLSv1.3")
    if common_name is not None:
        inner += field(COMMON_NAME, common_name.encode())
    return field(TLS, struct.pack(">BI", client, verify) + inner)


def v2(source="203.0.113.7", port=4711, fields=b"", command=0x21, kind=None,
       size=None):
    is_v6 = ":" in source
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    body = socket.inet_pton(family, source)
    body += socket.inet_pton(family, "::1" if is_v6 else "198.51.100.1")
    body += struct.pack(">HH", port, 1883) + fields
    kind = kind if kind is not None else (0x21 if is_v6 else 0x11)
    size = len(body) if size is None else size
    return START + struct.pack(">BBH", command, kind, size) + body
