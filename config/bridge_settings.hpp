#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// Which way messages of a topic cross a bridge: `out` to the remote broker,
/// `in` from it.
enum class bridge_direction : uint8_t { out, in, both };

/// One rule of a bridge: which topics cross, which way and under which name.
/// What is `local_prefix` + `pattern` here is `remote_prefix` + `pattern`
/// there.
struct bridge_topic {
  /// Topic filter. Empty with both prefixes: they are two topics that stand for
  /// each other.
  std::string pattern;
  /// Default: out.
  bridge_direction direction = bridge_direction::out;
  /// Highest QoS, 0 to 2. Default: 0.
  uint8_t qos = 0;
  /// Default: empty.
  std::string local_prefix;
  /// Default: empty.
  std::string remote_prefix;

  friend bool operator==(const bridge_topic&, const bridge_topic&) = default;
  friend auto operator<=>(const bridge_topic&, const bridge_topic&) = default;
};

/// What the address of a unix socket begins with, in a file and in words.
inline constexpr std::string_view unix_prefix = "unix:";

/// Where a remote broker is.
struct bridge_address {
  /// Host name or address, without brackets; empty where `path` is set.
  std::string host;
  /// Default: 1883.
  uint16_t port = 1883;
  /// Unix socket instead of TCP; empty: TCP.
  std::string path;

  friend bool operator==(const bridge_address&,
                         const bridge_address&) = default;
};

/// When a bridge connects.
enum class bridge_start : uint8_t {
  /// At the start, and again whenever it is disconnected.
  automatic,
  /// When `threshold` messages wait; it goes after `idle_timeout` of silence.
  lazy,
  /// At the start, and never again once it was connected and has lost that.
  once,
  /// Never by itself.
  manual,
};

/// What is spoken to the remote broker.
enum class bridge_protocol : uint8_t { mqttv31, mqttv311, mqttv50 };

/// What below MQTT lies between the brokers.
enum class bridge_transport : uint8_t { mqtt, websockets };

/// What a reload does to a bridge that is connected and has changed.
enum class bridge_reload : uint8_t {
  /// It takes its new settings when it connects the next time.
  lazy,
  /// It connects again at once.
  immediate,
};

/// One link to a remote broker. Names are those of mosquitto.conf; what only
/// troupe has is said so.
struct bridge_settings {
  /// Unique among the bridges of a broker: what `connection` says. In JSON:
  /// `name`.
  std::string name;
  /// Tried in order; never empty.
  std::vector<bridge_address> addresses;
  /// Never empty.
  std::vector<bridge_topic> topics;

  // -- when it connects -----------------------------------------------------

  /// Default: automatic.
  bridge_start start_type = bridge_start::automatic;
  /// Stay with an address that works instead of going back to the first.
  /// Default: false.
  bool round_robin = false;
  /// How long to wait before another attempt: exactly that long where `cap` is
  /// 0, else random between `base` and a limit that grows up to `cap`.
  /// `restart_timeout BASE [CAP]` in a file. Default: 5 and 30 seconds.
  std::chrono::seconds restart_base{5};
  std::chrono::seconds restart_cap{30};
  /// How long a link must have held for the next wait to begin at `base` again;
  /// the third number of `restart_timeout`; 0: at once. Default: 0.
  std::chrono::seconds restart_stable{0};
  /// Silence after which a lazy bridge disconnects. Default: 60 seconds.
  std::chrono::seconds idle_timeout{60};
  /// Messages waiting at which a lazy bridge connects. Default: 10.
  uint32_t threshold = 10;
  /// How long an attempt may take from the first byte to CONNACK. Troupe's own.
  /// Default: 30 seconds.
  std::chrono::seconds connect_timeout{30};
  /// Default: lazy.
  bridge_reload reload_type = bridge_reload::lazy;

  // -- MQTT -----------------------------------------------------------------

  /// Default: mqttv311.
  bridge_protocol protocol_version = bridge_protocol::mqttv311;
  /// Default: mqtt. Troupe's own: `bridge_transport`.
  bridge_transport transport = bridge_transport::mqtt;
  /// Path of the WebSocket request. Troupe's own. Default: /mqtt.
  std::string websocket_path = "/mqtt";
  /// Client identifier there; empty: HOSTNAME.NAME. Default: empty.
  std::string remote_clientid;
  /// Default: none.
  std::optional<std::string> remote_username;
  /// Default: none.
  std::optional<std::string> remote_password;
  /// Client identifier of the session here; empty: local.REMOTE_CLIENTID.
  /// Default: empty.
  std::string local_clientid;
  /// Without effect: a bridge may do everything here, as in Mosquitto.
  /// Default: none.
  std::optional<std::string> local_username;
  /// Default: none.
  std::optional<std::string> local_password;
  /// The remote broker forgets the session when the link ends.
  /// Default: false.
  bool cleansession = false;
  /// Nothing waits here while there is no link. Default: what `cleansession`
  /// says.
  bool local_cleansession = false;
  /// Default: 60 seconds.
  uint16_t keepalive_interval = 60;
  /// Tell the remote broker that this is a bridge, so that it sends nothing
  /// back that came from here. Default: true.
  bool try_private = true;
  /// Unsubscribe at the remote broker from what is only sent there.
  /// Default: true.
  bool attempt_unsubscribe = true;
  /// Keep the retain flag on messages sent there. Default: true.
  bool outgoing_retain = true;
  /// Largest packet sent there, bytes, and in MQTT 5 also taken from there; 0:
  /// no limit. Default: 0.
  uint32_t max_packet_size = 0;
  /// Topic aliases offered to the remote broker, MQTT 5. Default: 10.
  uint16_t max_topic_alias = 10;
  /// QoS 1 and 2 messages that may be on their way from there, MQTT 5.
  /// Default: 65535.
  uint16_t receive_maximum = 65535;
  /// Seconds that the remote broker is to keep the session, MQTT 5.
  /// Default: for ever (4294967295) where `cleansession` is false, else 0;
  /// Mosquitto's is 0.
  uint32_t session_expiry_interval = UINT32_MAX;

  // -- what it says about itself ---------------------------------------------

  /// Publish the state, 1 or 0, retained. Default: true.
  bool notifications = true;
  /// Only here, not there. Default: false.
  bool notifications_local_only = false;
  /// Empty: $SYS/broker/connection/REMOTE_CLIENTID/state. Default: empty.
  std::string notification_topic;

  // -- what waits, and how fast it goes (troupe's own) ------------------------

  /// Messages that may wait here; 0: no limit. Default: the broker's
  /// max_queued_messages.
  std::optional<uint64_t> max_queued_messages;
  /// Bytes of payload that may wait here; 0: no limit. Default: the broker's
  /// max_queued_bytes.
  std::optional<uint64_t> max_queued_bytes;
  /// How long a message may wait here; 0: for ever. Default: 0.
  std::chrono::seconds max_queued_age{0};
  /// QoS 0 messages wait, too. Default: the broker's queue_qos0_messages.
  std::optional<bool> queue_qos0_messages;
  /// QoS 1 and 2 messages on their way there at a time; the remote broker may
  /// allow less; 0: as many as it allows; at most 32,767. Default: 0.
  uint16_t max_inflight_messages = 0;
  /// Bytes per second sent there; 0: no limit. Default: 0.
  uint64_t max_rate_out = 0;
  /// Bytes per second read from there; 0: no limit. Default: 0.
  uint64_t max_rate_in = 0;
  /// How long output may wait for more to go with it; 0: not at all.
  /// In a file: milliseconds. Default: 0.
  std::chrono::milliseconds batch_delay{0};

  // -- the connection ---------------------------------------------------------

  /// Local address to connect from; empty: any. Default: empty.
  std::string bind_address;
  /// Seconds of silence after which the kernel probes, seconds between probes,
  /// and probes without an answer that end it; all 0: the system's.
  /// `bridge_tcp_keepalive IDLE INTERVAL COUNT`. Default: 0.
  uint32_t tcp_keepalive_idle = 0;
  uint32_t tcp_keepalive_interval = 0;
  uint32_t tcp_keepalive_count = 0;
  /// Milliseconds that sent data may stay unacknowledged; 0: the system's.
  /// Default: 0.
  uint32_t tcp_user_timeout = 0;

  // -- TLS: on where one of cafile, capath, use_os_certs or psk is set --------

  /// Default: empty.
  std::string cafile;
  /// Default: empty.
  std::string capath;
  /// Default: empty.
  std::string certfile;
  /// Default: empty.
  std::string keyfile;
  /// Trust the authorities of the operating system. Default: false.
  bool tls_use_os_certs = false;
  /// Take the certificate of another host. Default: false.
  bool insecure = false;
  /// tlsv1.2 or tlsv1.3; empty: the library's. Default: empty.
  std::string tls_version;
  /// Default: empty.
  std::string ciphers;
  /// Default: empty.
  std::string ciphers_tls13;
  /// Default: empty: none.
  std::string alpn;
  /// Identity of the pre-shared key. Default: empty.
  std::string identity;
  /// Pre-shared key, hexadecimal. Default: empty.
  std::string psk;

  friend bool operator==(const bridge_settings&,
                         const bridge_settings&) = default;
};

/// Whether `in` speaks TLS.
bool has_tls(const bridge_settings& in) noexcept;

/// Fills in the names that `in` does not say: its client identifiers and the
/// topic of its notifications. `host` is the name of this machine.
void resolve_names(bridge_settings& in, std::string_view host);

/// What stands for a bridge's name in `$SYS/broker/bridge/NAME/...`: no topic
/// holds `+` or `#`, so these are `%2B` and `%23` there, and `%` is `%25`.
std::string name_in_topics(std::string_view name);

/// As a mosquitto.conf says it: `out`.
std::string_view to_string(bridge_direction what) noexcept;

/// `127.0.0.1:1883`, `[::1]:1883`, `unix:/run/mqtt.sock`.
std::string to_text(const bridge_address& in);

/// As a `topic` line of a mosquitto.conf says it: `a/# out 1 "" site/`.
std::string to_text(const bridge_topic& in);

} // namespace troupe::config
