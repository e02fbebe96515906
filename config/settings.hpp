#pragma once

#include "config/bridge_settings.hpp"
#include "config/listener_settings.hpp"
#include "core/log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::config {

/// When a publisher is told that its message is safe.
enum class acknowledge_after : uint8_t {
  /// It is with every session it is for; it may not be on disk yet.
  routed,
  /// It has been handed to the operating system: it survives the broker's end,
  /// however sudden, but not a loss of power.
  written,
  /// It survives a loss of power.
  synced,
};

/// Which message is lost when a session's queue is full.
enum class queue_full_policy : uint8_t { drop_newest, drop_oldest };

/// Where a broker without any listener in its configuration listens: on the
/// loopback addresses, 127.0.0.1 and ::1, for anonymous clients.
std::vector<listener_settings> loopback_listeners(uint16_t port = 1883);

/// How JSON Web Tokens that clients give as password are checked. They are
/// taken where `key_file` or `jwks_file` is set. In a mosquitto.conf the names
/// begin with `jwt_`; in JSON they stand in the object `jwt`.
struct jwt_settings {
  /// PEM file with a public key, or a file with the secret of HS256; empty:
  /// none. Default: empty.
  std::string key_file;
  /// JSON Web Key Set (RFC 7517); empty: none. Default: empty.
  std::string jwks_file;
  /// Algorithms taken; each only with a key of its kind. Default: all that
  /// there are, RS256, ES256 and HS256.
  std::vector<std::string> algorithms = {"RS256", "ES256", "HS256"};
  /// A token must be meant for one of these; empty: only tokens are taken that
  /// name no audience. Default: empty.
  std::vector<std::string> audience;
  /// Who must have issued a token; empty: anyone. Default: empty.
  std::string issuer;
  /// Claim that the user name is taken from; `a.b` is b within a.
  /// Default: sub.
  std::string user_claim = "sub";
  /// Claim that must equal the client identifier; empty: none. Default: empty.
  std::string client_id_claim;
  /// Disconnect a client when its token expires. Default: true.
  bool disconnect_expired = true;

  friend bool operator==(const jwt_settings&, const jwt_settings&) = default;
};

/// Everything that can be configured, checked and complete. A value of 0 means
/// "no limit" where the comment says so.
struct settings {
  // -- where clients connect ------------------------------------------------

  /// Default: 127.0.0.1 and ::1 on port 1883.
  std::vector<listener_settings> listeners = loopback_listeners();
  /// Whether `listeners` came from the configuration. Default: false.
  bool listeners_configured = false;
  /// Connections at a time over all listeners; -1: no limit. Default: -1.
  int64_t global_max_connections = -1;
  /// Sessions at a time, connected or not; -1: no limit. Default: -1.
  int64_t global_max_clients = -1;
  /// Connections that have not sent CONNECT yet; further ones are closed;
  /// 0: no limit. Default: 20,000.
  uint32_t max_pending_connections = 20'000;
  /// How long a connection may take to send CONNECT; 0: for ever.
  /// Default: 90 seconds.
  std::chrono::seconds connect_timeout{90};
  /// Sockets always have TCP_NODELAY: output is joined per turn instead.
  /// Accepted for Mosquitto's sake and without effect. Default: true.
  bool set_tcp_nodelay = true;

  // -- other brokers ---------------------------------------------------------

  /// Links to remote brokers. Default: none.
  std::vector<bridge_settings> bridges;

  // -- who may connect ------------------------------------------------------

  /// Take clients without a user name. Default: false where a listener is
  /// configured, else true.
  bool allow_anonymous = true;
  /// Take an empty client identifier and generate one. Default: true.
  bool allow_zero_length_clientid = true;
  /// What generated client identifiers start with. Default: auto-
  std::string auto_id_prefix = "auto-";
  /// Take only client identifiers that start with this; empty: all.
  /// Default: empty.
  std::string clientid_prefixes;
  /// Longest keep alive, seconds; MQTT 5 clients are told to use it, others
  /// that want more are refused; 0: no limit. Default: 0.
  uint16_t max_keepalive = 0;
  /// What listeners without a `password_file` of their own have; empty: none.
  /// Default: empty.
  std::string password_file;
  /// What listeners without an `acl_file` of their own have; empty: none.
  /// Default: empty.
  std::string acl_file;
  /// What listeners without a `psk_file` of their own have; empty: none.
  /// Default: empty.
  std::string psk_file;
  /// File of Mosquitto's dynamic security (users, groups, roles), which is
  /// changed at run time; empty: none. Default: empty.
  std::string dynamic_security_file;
  /// How JSON Web Tokens are checked.
  jwt_settings jwt;
  /// Threads that check passwords and tokens. Default: 2.
  uint32_t authentication_workers = 2;
  /// Failed attempts from one address, for IPv6 from one /64, within
  /// `failed_authentication_window` after which it is refused for a while;
  /// 0: never. Default: 20.
  uint32_t failed_authentication_limit = 20;
  /// Default: 60 seconds.
  std::chrono::seconds failed_authentication_window{60};
  /// How long it is refused at first; doubled each time it goes on.
  /// Default: 5 seconds.
  std::chrono::seconds failed_authentication_block{5};
  /// The longest that this grows to. Default: 300 seconds.
  std::chrono::seconds failed_authentication_max_block{300};

  // -- limits ---------------------------------------------------------------

  /// New connections per second over all listeners; further ones are closed;
  /// 0: no limit. Default: 0.
  uint32_t max_connect_rate = 0;
  /// New connections per second from one address, for IPv6 from one /64;
  /// further ones are closed; 0: no limit. Default: 0.
  uint32_t max_connect_rate_per_address = 0;
  /// Messages per second that are read from one client; 0: no limit.
  /// Default: 0.
  uint32_t max_publish_rate = 0;
  /// Bytes of messages per second that are read from one client; 0: no limit.
  /// Default: 0.
  uint64_t max_publish_bytes_rate = 0;
  /// Subscriptions of one session; further ones are refused; 0: no limit.
  /// Default: 0.
  uint32_t max_subscriptions = 0;
  /// Levels in a topic or filter, up to 201 (200 slashes, as Mosquitto); more
  /// are a malformed packet. Default: 201.
  uint16_t max_topic_levels = 201;
  /// Bytes that the head of a WebSocket request may have; 0: 4096.
  /// `websockets_headers_size` is its old name. Default: 4096.
  uint32_t packet_buffer_size = 4096;

  // -- messages -------------------------------------------------------------

  /// Largest packet taken, bytes, at least 20, announced to MQTT 5 clients.
  /// Default: 2,000,000.
  uint32_t max_packet_size = 2'000'000;
  /// Largest payload, bytes; larger ones are not passed on; 0: no limit.
  /// Default: 0.
  uint32_t message_size_limit = 0;
  /// Take retained messages. Default: true.
  bool retain_available = true;
  /// How long a retained message is kept after it was set; 0: for ever. In a
  /// configuration file: minutes. Default: 0.
  std::chrono::seconds retain_expiry_interval{0};
  /// Look again whether its publisher may still write there before a retained
  /// message is sent. Default: true.
  bool check_retain_source = true;
  /// Deliver at the subscription's QoS even what was published at a lower one.
  /// Default: false.
  bool upgrade_outgoing_qos = false;
  /// One copy per matching subscription; false: one copy for MQTT 3.x clients.
  /// Default: true.
  bool allow_duplicate_messages = true;

  // -- sessions -------------------------------------------------------------

  /// QoS 1 and 2 messages in flight per client and direction, announced to
  /// MQTT 5 clients; 0: no limit. Default: 20.
  uint16_t max_inflight_messages = 20;
  /// Payload bytes in flight per client; 0: no limit. Default: 0.
  uint64_t max_inflight_bytes = 0;
  /// Messages waiting per client; 0: no limit. Default: 1000.
  uint64_t max_queued_messages = 1000;
  /// Payload bytes waiting per client; 0: no limit. Default: 0.
  uint64_t max_queued_bytes = 0;
  /// What is lost when a client's queue is full: the message that comes or the
  /// one that waited longest. Default: drop_newest.
  queue_full_policy when_queue_full = queue_full_policy::drop_newest;
  /// Queue QoS 0 messages for a client that is away. Default: false.
  bool queue_qos0_messages = false;
  /// How long the session of a client that is away is kept whatever it asked
  /// for; 0: for ever. In a configuration file: `14d` and the like.
  /// Default: 0.
  std::chrono::seconds persistent_client_expiration{0};

  // -- persistence ----------------------------------------------------------

  /// Keep durable sessions, their queues and retained messages on disk.
  /// Default: false.
  bool persistence = false;
  /// Directory that holds the database. Default: the current one.
  std::string persistence_location = ".";
  /// When a publisher is told that its message is safe. Default: written.
  config::acknowledge_after acknowledge_after =
      config::acknowledge_after::written;
  /// How often what has been written is made to survive a loss of power; 0:
  /// never by itself. Without effect where `acknowledge_after` is synced.
  /// Default: 1 second.
  std::chrono::seconds sync_interval{1};

  // -- memory and back-pressure ---------------------------------------------

  /// Bytes of memory above which new work is refused; 0: no limit. Default: 0.
  uint64_t memory_limit = 0;
  /// Bytes a client's unsent output may reach before QoS 0 messages for it are
  /// dropped. Default: 1 MiB.
  uint64_t output_limit = 1024 * 1024;
  /// Bytes of a client's unsent output at which its publishers are slowed;
  /// never above `output_limit`, to which it is lowered. Default: 256 KiB.
  uint64_t output_pause = 256 * 1024;
  /// Bytes of a publisher's unfinished publications at which the broker stops
  /// reading from it. Default: 256 KiB.
  uint64_t publish_credit_bytes = 256 * 1024;
  /// Batches of them at which it stops. Default: 16.
  uint32_t publish_credit_batches = 16;

  // -- the process ----------------------------------------------------------

  /// Threads that serve clients; 0: one per core that the process may use.
  /// Default: 0.
  uint32_t loops = 0;
  /// Actors among which topics are divided; 0: chosen from `loops`.
  /// Default: 0.
  uint32_t subtrees = 0;
  /// Seconds between two publications of $SYS; 0: no $SYS. Default: 10.
  std::chrono::seconds sys_interval{10};
  /// Log connects and disconnects. Default: true.
  bool connection_messages = true;
  /// What is logged where (log_type, log_dest, log_timestamp,
  /// log_timestamp_format).
  log::options log;
  /// File that gets the process identifier; empty: none. Default: empty.
  std::string pid_file;
  /// User to become when started as root, once the listeners are open; empty:
  /// stay root. Default: empty.
  std::string user;

  friend bool operator==(const settings&, const settings&) = default;
};

/// What `-p PORT` means: the port of the loopback listeners that a broker
/// without any configured listener opens. Returns a warning, or nothing, when
/// listeners are configured: then it changes nothing, as with Mosquitto.
[[nodiscard]] std::string with_port(settings& in, uint16_t port);

} // namespace troupe::config
