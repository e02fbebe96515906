// What each option means, for editors that read docs/troupe.schema.json; the
// tables in docs/configuration.md say it in the same words.
#include "config/meanings.hpp"

#include "config/options.hpp"

#include <array>

namespace troupe::config {

namespace {

using entry = option_meaning;

/// In the order of their names.
constexpr std::array meanings{
    entry{"accept_protocol_versions",
          "which of MQTT 3.1 (3), 3.1.1 (4) and 5.0 (5) are taken: `[4, 5]` "
          "in JSON, `4,5` in mosquitto.conf"},
    entry{"acknowledge_after",
          "when a publisher gets its PUBACK or PUBREC: see below. troupe's "
          "own"},
    entry{"acl_file", "who may publish and receive what; without one all may"},
    entry{"address",
          "host name or address to bind. In mosquitto.conf part of the "
          "`listener` line; the old `bind_address` is known too"},
    entry{"allow_anonymous", "take clients without a user name"},
    entry{"allow_duplicate_messages",
          "a client with overlapping subscriptions gets one copy for each; "
          "false: MQTT 3.x clients get one"},
    entry{"allow_zero_length_clientid",
          "take an empty client identifier and generate one"},
    entry{"alpn",
          "protocols agreed on by ALPN, best first: a list in JSON, repeated "
          "lines in mosquitto.conf. A client that offers ALPN but none of "
          "these is refused; `none`: all pass. On a WebSocket listener the "
          "default is `http/1.1`. troupe's own"},
    entry{"authentication_workers",
          "threads that check passwords and tokens, 1 to 64. troupe's own"},
    entry{"auto_id_prefix", "what generated client identifiers start with"},
    entry{"bind_interface", "listen on this network interface alone: `eth0`"},
    entry{"cafile", "CAs that client certificates are checked against"},
    entry{"capath", "folder of CAs, prepared by `openssl rehash`"},
    entry{"certfile",
          "server certificate, followed in the file by those between it and "
          "its CA"},
    entry{"certificates",
          "JSON only: further certificates, `[{\"certfile\": PATH, "
          "\"keyfile\": PATH}]`; a client that names a server (SNI) gets the "
          "one for that name. troupe's own"},
    entry{"check_retain_source",
          "before a retained message is sent, look again whether its "
          "publisher may still write there"},
    entry{"ciphers", "ciphers for TLS 1.2, as `openssl ciphers` takes them"},
    entry{"ciphers_tls1.3", "cipher suites for TLS 1.3"},
    entry{"clientid_prefixes",
          "take only client identifiers that start with this text; empty: all"},
    entry{"connect_timeout",
          "seconds a connection may take to send CONNECT, 0 to 65535; 0: for "
          "ever. Not an option of Mosquitto, which takes 90"},
    entry{"connection_messages", "log connects and disconnects"},
    entry{"crlfile", "revocation lists for client certificates"},
    entry{"dhparamfile", "Diffie-Hellman parameters"},
    entry{"disable_client_cert_date_checks",
          "take client certificates outside of their dates"},
    entry{"dynamic_security_file",
          "file of Mosquitto's dynamic security. In mosquitto.conf `plugin "
          "PATH/mosquitto_dynamic_security.so` with `plugin_opt_config_file "
          "PATH` means the same"},
    entry{"enable_proxy_protocol",
          "1 or 2: each connection begins with a PROXY protocol header of "
          "that version"},
    entry{"failed_authentication_block",
          "seconds it is refused at first, 1 to 65535; doubled each time it "
          "goes on. troupe's own"},
    entry{"failed_authentication_limit",
          "failed attempts from one address (IPv6: one /64) within the window "
          "after which it is refused for a while, 0 to 65535; 0: never. "
          "Clients behind one NAT share an address. troupe's own"},
    entry{"failed_authentication_max_block",
          "seconds that this grows to at most, 1 to 65535. troupe's own"},
    entry{"failed_authentication_window", "seconds, 1 to 65535. troupe's own"},
    entry{"global_max_clients",
          "sessions at a time, of connected and of absent clients; -1: no "
          "limit"},
    entry{"global_max_connections",
          "connections at a time over all listeners; -1: no limit"},
    entry{"handshake_timeout",
          "seconds that PROXY header, TLS and WebSocket handshake may take "
          "together, 0 to 65535; 0: as long as `connect_timeout`. troupe's "
          "own"},
    entry{"jwt_algorithms",
          "which are taken, each only with a key of its kind; all but the "
          "default must have one. A list in JSON, repeated lines in "
          "mosquitto.conf"},
    entry{"jwt_audience",
          "a token must be meant (`aud`) for one of these; without it, tokens "
          "that name an audience are refused. A list in JSON, repeated lines "
          "in mosquitto.conf"},
    entry{"jwt_client_id_claim", "claim that must equal the client identifier"},
    entry{"jwt_disconnect_expired",
          "disconnect a client when its token expires"},
    entry{"jwt_issuer", "who must have issued it (`iss`)"},
    entry{"jwt_jwks_file", "JSON Web Key Set"},
    entry{"jwt_key_file", "public key (PEM), or the secret of HS256"},
    entry{"jwt_user_claim",
          "claim that the user name is taken from; `a.b` is b within a"},
    entry{"keyfile", "its private key"},
    entry{"listener_allow_anonymous", "`allow_anonymous` for this listener"},
    entry{"listener_auto_id_prefix", "`auto_id_prefix` for this listener"},
    entry{"log_dest",
          "where lines go: `stderr`, `stdout`, `syslog`, `file PATH` and "
          "`none`. A list in JSON, repeated lines in mosquitto.conf"},
    entry{"log_timestamp", "begin each line with the time; syslog has its own"},
    entry{"log_timestamp_format",
          "that time's form as in strftime, in local time"},
    entry{"log_type",
          "kinds of lines: these, `debug` (packets too), `subscribe`, "
          "`unsubscribe`, `websockets`, `internal`, `all` and `none`. A list "
          "in JSON, repeated lines in mosquitto.conf"},
    entry{"loops",
          "threads that serve clients, up to 1024; 0: one per core that the "
          "process may use. troupe's own"},
    entry{"max_connect_rate",
          "new connections per second over all listeners; further ones are "
          "closed; 0: no limit"},
    entry{"max_connect_rate_per_address",
          "the same from one address (IPv6: one /64)"},
    entry{"max_connections",
          "connections at a time; further ones are closed; 0 or -1: no limit"},
    entry{"max_connections_per_address",
          "connections at a time from one address (IPv6: one /64); further "
          "ones are closed; -1: no limit. troupe's own"},
    entry{"max_inflight_bytes",
          "payload bytes in flight per client; 0: no limit"},
    entry{"max_inflight_messages",
          "QoS 1 and 2 messages in flight per client and direction, 0 to "
          "65535; announced to MQTT 5 clients; 0: no limit"},
    entry{"max_keepalive",
          "longest keep alive in seconds, 0 to 65535; MQTT 5 clients are told "
          "to use it, others that want more are refused; 0: no limit"},
    entry{"max_packet_size",
          "largest packet in bytes, at least 20; announced to MQTT 5 clients"},
    entry{"max_pending_connections",
          "connections that have not sent CONNECT yet; further ones are "
          "closed; 0: no limit. Not an option of Mosquitto"},
    entry{"max_publish_bytes_rate",
          "bytes of messages per second read from one client; 0: no limit"},
    entry{"max_publish_rate",
          "messages per second read from one client; 0: no limit"},
    entry{"max_qos", "highest QoS that is taken and granted"},
    entry{"max_queued_bytes", "payload bytes waiting per client; 0: no limit"},
    entry{"max_queued_messages", "messages waiting per client; 0: no limit"},
    entry{"max_subscriptions",
          "subscriptions of one session; further ones are refused; 0: no "
          "limit"},
    entry{"max_topic_alias", "topic aliases an MQTT 5 client may use; 0: none"},
    entry{"max_topic_alias_broker",
          "topic aliases the broker uses towards a client that allows them; "
          "0: none"},
    entry{"max_topic_levels", "levels in a topic or filter, 1 to 201"},
    entry{"maximum_qos", "the same"},
    entry{"memory_limit",
          "bytes of heap in use above which new clients and messages are "
          "refused (MQTT 5: 0x97 quota exceeded; 3.x: CONNACK 3, publishers "
          "are closed) until it is a tenth below; looked at every 20 ms; 0: "
          "no limit"},
    entry{"message_size_limit",
          "largest payload in bytes, up to 268435455; larger ones are not "
          "passed on; 0: no limit"},
    entry{"mount_point",
          "text in front of every topic of the listener's clients, who do not "
          "see it: `site/1/`. No wildcards"},
    entry{"output_limit",
          "bytes a client's unsent output may reach before QoS 0 messages for "
          "it are dropped, at least 1024"},
    entry{"output_pause",
          "bytes of a client's unsent output at which its publishers are "
          "slowed; lowered to `output_limit` where that is smaller"},
    entry{"packet_buffer_size",
          "bytes that the head of a WebSocket request may have, 0 to 65535; "
          "0: 4096"},
    entry{"password_file", "users and the hashes of their passwords"},
    entry{"path",
          "path of a Unix socket, at most 107 bytes. In mosquitto.conf part "
          "of the `listener` line"},
    entry{"persistence", "keep all of that on disk"},
    entry{"persistence_location",
          "directory of the database, made if it is not there; troupe makes "
          "`troupe.store` in it. A relative one counts from where troupe is "
          "started. One broker at a time"},
    entry{"persistent_client_expiration",
          "how long the session of an absent client is kept: a number and h, "
          "d, w, m (30 days) or y (365 days), such as `14d`"},
    entry{"pid_file", "file that gets the process identifier"},
    entry{"port",
          "TCP port, 1 to 65535. In mosquitto.conf part of the `listener` "
          "line; a `port` line there is the old way to say `listener PORT`"},
    entry{"protocol",
          "`mqtt`, or `websockets` for MQTT in WebSocket frames. A listener "
          "for Mosquitto's `http_api` is left out with a warning"},
    entry{"proxy_protocol_v2_require_tls",
          "close clients that did not speak TLS to the proxy; needs version 2"},
    entry{"proxy_trusted",
          "addresses and networks (`10.0.0.0/8`) whose header is believed, "
          "`unix` for Unix sockets; connections from elsewhere are closed. A "
          "list in JSON, repeated lines in mosquitto.conf; `0.0.0.0/0` and "
          "`::/0` mean everybody. troupe's own"},
    entry{"psk_file", "identities and pre-shared keys"},
    entry{"psk_hint",
          "hint that is sent to clients; turns pre-shared keys on; needs "
          "`psk_file`"},
    entry{"publish_credit_batches",
          "batches of them at which it stops, 1 to 65535"},
    entry{"publish_credit_bytes",
          "bytes of a publisher's unfinished publications at which the broker "
          "stops reading from it"},
    entry{"queue_qos0_messages",
          "queue QoS 0 messages for a client that is away"},
    entry{"require_certificate",
          "take only clients that show a good certificate; needs `cafile` or "
          "`capath`"},
    entry{"retain_available", "take retained messages"},
    entry{"retain_expiry_interval",
          "minutes a retained message is kept; 0: for ever"},
    entry{"retained_persistence", "the same: Mosquitto's old name"},
    entry{"set_tcp_nodelay", "without effect: TCP_NODELAY is always on"},
    entry{"socket_domain",
          "`ipv4` or `ipv6`: which addresses a host name, or no address, "
          "means"},
    entry{"socket_mode",
          "permissions of a Unix socket, in octal digits as a text: `0660`. "
          "troupe's own"},
    entry{"subtrees",
          "actors among which topics are divided, up to 65535; 0: chosen from "
          "`loops`. troupe's own"},
    entry{"sync_interval",
          "seconds between two times that what was written is made to survive "
          "a loss of power, 0 to 65535; 0: never by itself. Without effect "
          "with `synced`. troupe's own"},
    entry{"sys_interval",
          "seconds between two publications of `$SYS`, 0 to 65535; 0: no "
          "`$SYS`"},
    entry{"tls_keyform", "only `pem`"},
    entry{"tls_version",
          "lowest version taken: `tlsv1.2` or `tlsv1.3`. `tlsv1.1` counts as "
          "`tlsv1.2`, with a warning"},
    entry{"upgrade_outgoing_qos",
          "deliver at the subscription's QoS even what was published at a "
          "lower one"},
    entry{"use_identity_as_username",
          "the user name is the common name in the client certificate, or the "
          "identity of the pre-shared key"},
    entry{"use_subject_as_username",
          "the user name is the whole subject of the client certificate"},
    entry{"use_username_as_clientid",
          "the client identifier is replaced by the user name; clients "
          "without one are refused"},
    entry{"user", "user to become when started as root"},
    entry{"websockets_headers_size", "the same: Mosquitto's old name"},
    entry{"websockets_origin",
          "`Origin` headers that are taken: a list in JSON, repeated lines in "
          "mosquitto.conf"},
    entry{"when_queue_full",
          "what is lost when a client's queue is full: the message that comes "
          "(`drop_newest`, as with Mosquitto) or the one that waited longest "
          "(`drop_oldest`). troupe's own"},
};

} // namespace

std::string_view meaning_of(std::string_view name) noexcept {
  for (auto all : {std::span<const entry>{meanings}, bridge_meanings()})
    for (const auto& each : all)
      if (each.name == name)
        return each.text;
  return {};
}

} // namespace troupe::config
