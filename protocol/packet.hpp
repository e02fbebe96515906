#pragma once

#include "protocol/reason.hpp"
#include "protocol/types.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// One struct per packet type, for all protocol versions: fields a version does
// not have keep their default. All text and binary fields are views: after
// decoding into the decoder's input, before encoding into the caller's strings.
namespace troupe::protocol {

/// A user property: name and value [MQTT 2.2.2.2].
using user_property = std::pair<std::string_view, std::string_view>;

/// Every property that MQTT 5.0 defines except those of PUBLISH alone; an
/// absent one has no value. Which may stand where is the codec's business.
struct properties {
  std::optional<uint32_t> session_expiry_interval;          // 0x11, seconds
  std::optional<std::string_view> assigned_client_id;       // 0x12
  std::optional<uint16_t> server_keep_alive;                // 0x13, seconds
  std::optional<std::string_view> authentication_method;    // 0x15
  std::optional<std::string_view> authentication_data;      // 0x16
  std::optional<uint8_t> request_problem_information;       // 0x17
  std::optional<uint32_t> will_delay_interval;              // 0x18, seconds
  std::optional<uint8_t> request_response_information;      // 0x19
  std::optional<std::string_view> response_information;     // 0x1a
  std::optional<std::string_view> server_reference;         // 0x1c
  std::optional<std::string_view> reason_string;            // 0x1f
  std::optional<uint16_t> receive_maximum;                  // 0x21
  std::optional<uint16_t> topic_alias_maximum;              // 0x22
  std::optional<uint8_t> maximum_qos;                       // 0x24
  std::optional<uint8_t> retain_available;                  // 0x25
  std::optional<uint32_t> maximum_packet_size;              // 0x27, bytes
  std::optional<uint8_t> wildcard_subscription_available;   // 0x28
  std::optional<uint8_t> subscription_identifier_available; // 0x29
  std::optional<uint8_t> shared_subscription_available;     // 0x2a
  std::optional<uint32_t> subscription_identifier; // 0x0b, SUBSCRIBE only
  std::vector<user_property> user_properties;      // 0x26

  friend bool operator==(const properties&, const properties&) = default;
};

/// The application's message in PUBLISH and in a will.
struct message {
  std::string_view topic;
  std::string_view payload;
  protocol::qos qos = protocol::qos::at_most_once;
  bool retain = false;
  /// Encoded properties that a broker passes on unchanged: payload format,
  /// content type, response topic, correlation data and user properties, in
  /// the order received, without a length in front. Checked when decoded.
  std::string_view forwarded_properties;
  /// Seconds until the message is worthless [MQTT 3.3.2.3.3].
  std::optional<uint32_t> message_expiry_interval;
  /// Where `forwarded_properties` lie if they did not lie side by side when
  /// decoded, because others stood in between; else null. Copies of the message
  /// share it, so that the view is good as long as one of them lives. Only the
  /// codec sets it.
  std::shared_ptr<const std::string> gathered_properties = nullptr;

  /// Where the properties lie makes no difference.
  friend bool operator==(const message& x, const message& y) noexcept {
    return x.topic == y.topic && x.payload == y.payload && x.qos == y.qos
           && x.retain == y.retain
           && x.forwarded_properties == y.forwarded_properties
           && x.message_expiry_interval == y.message_expiry_interval;
  }
};

struct will : message {
  /// Seconds between the end of the connection and the will [MQTT 3.1.3.2.2].
  uint32_t delay_interval = 0;

  friend bool operator==(const will&, const will&) = default;
};

struct connect {
  protocol::version version = protocol::version::v311;
  /// Protocol level + 128: a bridge that wants no echo of its own publishes.
  bool is_bridge = false;
  /// Clean session (3.x) or clean start (5.0).
  bool clean_start = true;
  /// Seconds; 0 is off.
  uint16_t keep_alive = 0;
  std::string_view client_id;
  std::optional<protocol::will> will;
  std::optional<std::string_view> user_name;
  std::optional<std::string_view> password;
  protocol::properties properties;

  friend bool operator==(const connect&, const connect&) = default;
};

struct connack {
  bool session_present = false;
  /// A reason code in 5.0, the return code 0 to 5 in 3.x.
  uint8_t code = 0;
  protocol::properties properties;

  friend bool operator==(const connack&, const connack&) = default;
};

struct publish : message {
  bool dup = false;
  /// 0 exactly if the QoS is 0.
  uint16_t packet_id = 0;
  /// 0: none.
  uint16_t topic_alias = 0;
  /// Towards clients only; more than one if subscriptions overlap.
  std::vector<uint32_t> subscription_ids;

  friend bool operator==(const publish&, const publish&) = default;
};

/// PUBACK, PUBREC, PUBREL and PUBCOMP differ only in their type.
struct acknowledgement {
  packet_type type = packet_type::puback;
  uint16_t packet_id = 0;
  protocol::reason reason = protocol::reason::success;
  protocol::properties properties;

  friend bool operator==(const acknowledgement&,
                         const acknowledgement&) = default;
};

/// When a new subscription is sent the retained messages [MQTT 3.8.3.1].
enum class retain_handling : uint8_t { always, if_new, no_retained };

struct subscription_options {
  protocol::qos qos = protocol::qos::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  protocol::retain_handling retain_handling = protocol::retain_handling::always;
  /// The subscriber is a peer, a node of troupe that wants paths. MQTT knows
  /// nothing of it: no packet carries it, the broker sets it.
  bool is_peer = false;

  friend bool operator==(const subscription_options&,
                         const subscription_options&) = default;
};

struct subscription_request {
  std::string_view filter;
  subscription_options options;

  friend bool operator==(const subscription_request&,
                         const subscription_request&) = default;
};

struct subscribe {
  uint16_t packet_id = 0;
  std::vector<subscription_request> subscriptions;
  protocol::properties properties;

  friend bool operator==(const subscribe&, const subscribe&) = default;
};

struct suback {
  uint16_t packet_id = 0;
  /// One per requested filter. 3.x knows 0, 1, 2 and 0x80 only; the encoder
  /// lowers what is above to 0x80.
  std::vector<reason> codes;
  protocol::properties properties;

  friend bool operator==(const suback&, const suback&) = default;
};

struct unsubscribe {
  uint16_t packet_id = 0;
  std::vector<std::string_view> filters;
  protocol::properties properties;

  friend bool operator==(const unsubscribe&, const unsubscribe&) = default;
};

struct unsuback {
  uint16_t packet_id = 0;
  /// One per filter in 5.0; not sent in 3.x.
  std::vector<reason> codes;
  protocol::properties properties;

  friend bool operator==(const unsuback&, const unsuback&) = default;
};

struct pingreq {
  friend bool operator==(const pingreq&, const pingreq&) = default;
};

struct pingresp {
  friend bool operator==(const pingresp&, const pingresp&) = default;
};

struct disconnect {
  protocol::reason reason = protocol::reason::success;
  protocol::properties properties;

  friend bool operator==(const disconnect&, const disconnect&) = default;
};

struct auth {
  protocol::reason reason = protocol::reason::success;
  protocol::properties properties;

  friend bool operator==(const auth&, const auth&) = default;
};

using packet =
    std::variant<connect, connack, publish, acknowledgement, subscribe, suback,
                 unsubscribe, unsuback, pingreq, pingresp, disconnect, auth>;

/// The packet's type as it stands in its first byte.
packet_type type_of(const packet& value) noexcept;

} // namespace troupe::protocol
