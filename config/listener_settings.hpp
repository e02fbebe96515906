#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::config {

/// The address families a listener without a literal address opens.
enum class socket_domain : uint8_t { both, ipv4, ipv6 };

/// What is spoken on a listener.
enum class listener_protocol : uint8_t {
  mqtt,
  /// MQTT in WebSocket frames.
  websockets,
};

/// A server certificate with its private key.
struct certificate_pair {
  /// PEM file with the certificate, and those between it and its CA.
  std::string certfile;
  /// PEM file with the private key.
  std::string keyfile;

  friend bool operator==(const certificate_pair&,
                         const certificate_pair&) = default;
};

/// From whom a PROXY header is believed by default: this machine, private and
/// link-local networks (RFC 1918, 3927, 4193), and unix sockets.
std::vector<std::string> private_networks();

/// One place where clients connect. Options that exist for the broker and for
/// a listener are resolved: what stands here is what holds here.
struct listener_settings {
  /// TCP port; 0 only where `path` is set. Default: 1883.
  uint16_t port = 1883;
  /// Host name or address to bind; empty: every address. Default: empty.
  std::string address;
  /// Unix socket instead of TCP; empty: TCP. Default: empty.
  std::string path;
  /// Which families a name or an empty address means. Default: both.
  config::socket_domain socket_domain = config::socket_domain::both;
  /// Network interface to listen on alone; empty: all. Default: empty.
  std::string bind_interface;
  /// Permissions of the Unix socket; 0: what the umask leaves. In a
  /// configuration file: an octal text such as 0660. Default: 0.
  uint16_t socket_mode = 0;
  /// What is spoken. Default: mqtt.
  listener_protocol protocol = listener_protocol::mqtt;
  /// Connections at a time; further ones are closed; 0 or -1: no limit.
  /// Default: -1.
  int64_t max_connections = -1;
  /// Connections at a time from one address, for IPv6 from one /64; further
  /// ones are closed; -1: no limit. Default: -1.
  int64_t max_connections_per_address = -1;
  /// How long the handshakes below MQTT (PROXY header, TLS, WebSocket) may
  /// take together; 0: as long as `connect_timeout`. Default: 30 seconds.
  std::chrono::seconds handshake_timeout{30};
  /// Highest QoS taken and granted, 0 to 2. Default: 2.
  uint8_t max_qos = 2;
  /// Topic aliases a client may use, announced to it; 0: none. Default: 10.
  uint16_t max_topic_alias = 10;
  /// Topic aliases used towards a client that allows them; 0: none.
  /// Default: 10.
  uint16_t max_topic_alias_broker = 10;
  /// Take MQTT 3.1 (level 3). Default: true.
  bool accept_v31 = true;
  /// Take MQTT 3.1.1 (level 4). Default: true.
  bool accept_v311 = true;
  /// Take MQTT 5.0 (level 5). Default: true.
  bool accept_v5 = true;
  /// Take clients without a user name. Default: the broker's.
  bool allow_anonymous = true;
  /// Take an empty client identifier and generate one. Default: the broker's.
  bool allow_zero_length_clientid = true;
  /// What generated client identifiers start with. Default: the broker's.
  std::string auto_id_prefix = "auto-";
  /// Replace the client identifier by the user name; refuse clients without
  /// one. Default: false.
  bool use_username_as_clientid = false;
  /// Put in front of every topic of the clients, and taken off on the way
  /// back; holds no wildcards; empty: nothing. Default: empty.
  std::string mount_point;

  // -- TLS: on where `certfile` or `psk_hint` is set, never both -------------

  /// PEM file with the server certificate and those between it and its CA;
  /// empty: no certificate. Set together with `keyfile`. Default: empty.
  std::string certfile;
  /// PEM file with the private key of `certfile`. Default: empty.
  std::string keyfile;
  /// Further certificates: the one for the server name that a client asks for
  /// is shown instead of `certfile`. Default: none.
  std::vector<certificate_pair> certificates;
  /// PEM file with the CAs that client certificates are checked against.
  /// Default: empty.
  std::string cafile;
  /// Folder of such files, as `openssl rehash` makes it. Default: empty.
  std::string capath;
  /// PEM file with revocation lists for client certificates. Default: empty.
  std::string crlfile;
  /// Ciphers for TLS 1.2 as `openssl ciphers` takes them; empty: the
  /// library's. Default: empty.
  std::string ciphers;
  /// Cipher suites for TLS 1.3, `ciphers_tls1.3` in a file; empty: the
  /// library's. Default: empty.
  std::string ciphers_tls13;
  /// Lowest version taken: tlsv1.2 or tlsv1.3. Default: tlsv1.2.
  std::string tls_version = "tlsv1.2";
  /// PEM file with Diffie-Hellman parameters; empty: the library's.
  /// Default: empty.
  std::string dhparamfile;
  /// Protocols agreed on by ALPN, best first; empty: whatever the client
  /// offers passes. Default: mqtt, and http/1.1 for WebSocket.
  std::vector<std::string> alpn = {"mqtt"};
  /// Take only clients that show a certificate; needs `cafile` or `capath`.
  /// Default: false.
  bool require_certificate = false;
  /// Take client certificates outside of their dates. Default: false.
  bool disable_client_cert_date_checks = false;
  /// The user name is the common name of the client certificate, or the
  /// identity of the pre-shared key. Default: false.
  bool use_identity_as_username = false;
  /// The user name is the whole subject of the client certificate.
  /// Default: false.
  bool use_subject_as_username = false;
  /// Hint that is sent to clients; turns TLS with pre-shared keys on; needs
  /// `psk_file`. Default: empty.
  std::string psk_hint;

  // -- files with users and their rights -------------------------------------

  /// Users and the hashes of their passwords; empty: none. Default: the
  /// broker's.
  std::string password_file;
  /// Who may publish and receive what; empty: all may. Default: the broker's.
  std::string acl_file;
  /// Identities and pre-shared keys; empty: none. Default: the broker's.
  std::string psk_file;

  // -- WebSocket and proxies -------------------------------------------------

  /// `Origin` headers that are taken; empty: all. Default: empty.
  std::vector<std::string> websockets_origin;
  /// Expect a PROXY protocol header of version 1 or 2; 0: none. Default: 0.
  uint8_t enable_proxy_protocol = 0;
  /// Addresses and networks (10.0.0.0/8) whose PROXY header is believed, and
  /// `unix` for Unix sockets; others are closed. Default: private_networks().
  std::vector<std::string> proxy_trusted = private_networks();
  /// Close clients that did not speak TLS to the proxy; needs version 2.
  /// Default: false.
  bool proxy_protocol_v2_require_tls = false;

  friend bool operator==(const listener_settings&,
                         const listener_settings&) = default;
};

/// Whether `in` speaks TLS, with a certificate or with pre-shared keys.
bool has_tls(const listener_settings& in) noexcept;

} // namespace troupe::config
