#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net {

/// Where a certificate, with those that lead to its authority behind it, and
/// its private key lie: PEM files. Either may name one file that has both.
struct certificate_files {
  std::string certfile;
  std::string keyfile;
};

/// The key of a pre-shared key's identity; nothing: there is no such identity.
/// Any thread may call it at any time.
using psk_lookup_function =
    std::function<std::optional<std::vector<uint8_t>>(std::string_view)>;

/// How one listener, or one connection made from here, speaks TLS. Options that
/// Mosquitto has keep its names and meaning. An empty text is an option that
/// was not given.
struct tls_settings {
  /// What this side shows its peer. A server needs it or `psk_hint`.
  std::string certfile;
  std::string keyfile;
  /// More certificates of a server: the first one made for the name that the
  /// client asks for (SNI) is shown, `certfile` if none is.
  std::vector<certificate_files> further_certificates;

  /// Authorities that the peer's certificate must come from: a file, and a
  /// folder as `openssl rehash` makes it.
  std::string cafile;
  std::string capath;
  /// Those that the operating system trusts, too. Default: false
  bool use_os_certificates = false;
  /// Certificates that their authority took back.
  std::string crlfile;

  /// Server: clients must show a certificate. Default: false, none is asked for
  bool require_certificate = false;
  /// Server: take certificates of clients that have expired, or are not valid
  /// yet. Default: false
  bool disable_client_cert_date_checks = false;

  /// The lowest version: "tlsv1.2" or "tlsv1.3". Default: "tlsv1.2"
  std::string tls_version;
  /// Ciphers of TLS 1.2, and suites of TLS 1.3, as OpenSSL writes them.
  /// Default: the library's
  std::string ciphers;
  std::string ciphersuites;
  /// Diffie-Hellman parameters. Default: the library chooses
  std::string dhparamfile;

  /// Protocols by ALPN. A server takes the first that the client offers, and
  /// refuses clients that offer others only; a client offers them. Empty: ALPN
  /// is not used.
  std::vector<std::string> alpn{"mqtt"};
  /// Server: let clients resume a session without another full handshake.
  /// Default: true, but never for pre-shared keys
  bool session_tickets = true;
  /// Let the kernel encrypt where it can. Default: true
  bool kernel_tls = true;

  /// Server: take pre-shared keys; the text helps clients to choose theirs.
  std::optional<std::string> psk_hint;
  psk_lookup_function psk_lookup;

  /// Client: check the server's certificate. Default: true
  bool verify_peer = true;
  /// Client: take the certificate of another host. Default: false
  bool insecure = false;
  /// Client: use this pre-shared key.
  std::string psk_identity;
  std::vector<uint8_t> psk_key;
};

} // namespace troupe::net
