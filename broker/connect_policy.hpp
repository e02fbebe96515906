#pragma once

#include "broker/session.hpp"
#include "protocol/packet.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::broker {

/// What a listener demands of a CONNECT and announces in CONNACK. Defaults are
/// Mosquitto's.
struct connect_rules {
  /// Empty: MQTT 5 clients cannot authenticate but by password or certificate.
  std::string_view authentication_method;
  bool allow_zero_length_clientid = true;
  std::string auto_id_prefix = "auto-";
  /// Empty: any. Otherwise the client id must start with it.
  std::string clientid_prefixes;
  bool accept_v31 = true;
  bool accept_v311 = true;
  bool accept_v5 = true;
  /// Seconds; 0: no limit.
  uint16_t max_keepalive = 0;
  uint8_t max_qos = 2;
  bool retain_available = true;
  /// Receive maximum announced; 0: not announced, no limit.
  uint16_t max_inflight_messages = 20;
  /// Bytes; announced in CONNACK, 0: not announced, no limit.
  uint32_t max_packet_size = 2'000'000;
  /// Announced; 0: not announced.
  uint16_t max_topic_alias = 10;
  /// Aliases the broker uses towards a client that allows them.
  uint16_t max_topic_alias_broker = 10;
  /// Bytes of payload; 0: no limit. Wills above are refused.
  uint32_t message_size_limit = 0;
  /// Upper bound of the session expiry interval, seconds.
  uint32_t max_session_expiry = session_never_expires;
};

/// A CONNECT judged by the rules.
struct connect_decision {
  enum class kind : uint8_t { accept, refuse, close_silently };
  kind what = kind::accept;
  /// For `refuse`: the code as it stands in CONNACK, already a return code for
  /// 3.x.
  uint8_t code = 0;
  /// Words for the log, empty when accepted.
  std::string why;
  /// For `accept`: the id to use, generated where the client sent none.
  std::string client_id;
  bool client_id_assigned = false;
  /// Keep alive to watch, seconds; 0 is off.
  uint16_t keep_alive = 0;
  connect_parameters parameters;
  /// CONNACK without `session_present`; its views live in this decision.
  protocol::connack answer;
};

/// Judges `packet` by all rules but who the client is: its user name and
/// password, and whether it may do without, are the business of who calls
/// this. A will to `$SYS` is accepted
/// and forgotten, for nobody would be sent it. `random_id` is 36 characters of
/// a fresh UUID, for an assigned client id.
connect_decision judge(const protocol::connect& packet,
                       const connect_rules& rules, std::string_view random_id,
                       time_point now);

} // namespace troupe::broker
