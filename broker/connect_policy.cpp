#include "broker/connect_policy.hpp"

#include "broker/bridge_topics.hpp"
#include "broker/message_path.hpp"
#include "protocol/reason.hpp"
#include "protocol/topic.hpp"

#include <algorithm>

namespace troupe::broker {

namespace {

using protocol::connect;
using protocol::reason;
using protocol::version;
using kind = connect_decision::kind;

// CONNACK return codes of MQTT 3.x [MQTT 3.2.2.3]. Where MQTT 5 has a finer
// reason each rule names both, as Mosquitto does.
enum class return_code : uint8_t {
  unacceptable_protocol_version = 1,
  identifier_rejected = 2,
  not_authorized = 5,
};

struct judge_state {
  const connect& packet;
  const connect_rules& rules;
  connect_decision& decision;

  bool is_v5() const noexcept { return packet.version == version::v5; }

  // Each of these ends the judgement: they return false for the caller to do so
  // too.
  bool close(const char* why) const {
    decision.what = kind::close_silently;
    decision.why = why;
    return false;
  }
  bool refuse(return_code v3, reason v5, const char* why) const {
    decision.what = kind::refuse;
    decision.code =
        is_v5() ? static_cast<uint8_t>(v5) : static_cast<uint8_t>(v3);
    decision.why = why;
    return false;
  }
  // 3.x has no code that fits: its clients are closed.
  bool refuse_v5(reason v5, const char* why) const {
    return is_v5() ? refuse(return_code::not_authorized, v5, why) : close(why);
  }
};

bool check_version(const judge_state& s) {
  auto accepted = s.packet.version == version::v31    ? s.rules.accept_v31
                  : s.packet.version == version::v311 ? s.rules.accept_v311
                                                      : s.rules.accept_v5;
  return accepted
         || s.refuse(return_code::unacceptable_protocol_version,
                     reason::unsupported_protocol_version,
                     "protocol version not accepted here");
}

bool check_will_flags(const judge_state& s) {
  if (!s.packet.will)
    return true;
  if (static_cast<uint8_t>(s.packet.will->qos) > s.rules.max_qos)
    return s.refuse_v5(reason::qos_not_supported, "will QoS not supported");
  if (s.packet.will->retain && !s.rules.retain_available)
    return s.refuse_v5(reason::retain_not_supported,
                       "will retain not supported");
  return true;
}

bool check_keep_alive(const judge_state& s) {
  auto& keep_alive = s.decision.keep_alive;
  keep_alive = s.packet.keep_alive;
  auto limit = s.rules.max_keepalive;
  if (limit == 0 || (keep_alive != 0 && keep_alive <= limit))
    return true;
  // 3.x has no way to be told of another value.
  if (!s.is_v5())
    return s.refuse(return_code::identifier_rejected,
                    reason::client_identifier_not_valid,
                    "keep alive above the maximum");
  keep_alive = limit;
  s.decision.answer.properties.server_keep_alive = limit; // [MQTT-3.1.2-21]
  return true;
}

bool check_properties(const judge_state& s) {
  const auto& given = s.packet.properties;
  if (given.receive_maximum == 0 || given.maximum_packet_size == 0)
    return s.refuse_v5(reason::protocol_error,
                       "receive maximum or maximum packet size is 0");
  if (given.authentication_method
      && *given.authentication_method != s.rules.authentication_method)
    return s.refuse_v5(reason::bad_authentication_method,
                       "authentication method not supported");
  return true;
}

// Fills in an identifier where the client may leave it out [MQTT-3.1.3-6].
bool check_empty_client_id(const judge_state& s, std::string_view random_id) {
  if (s.packet.version == version::v31
      || (s.packet.version == version::v311 && !s.packet.clean_start))
    return s.refuse(return_code::identifier_rejected,
                    reason::client_identifier_not_valid,
                    "empty client id"); // [MQTT-3.1.3-8]
  if (!s.rules.allow_zero_length_clientid)
    return s.refuse(return_code::identifier_rejected, reason::unspecified_error,
                    "empty client id not allowed");
  s.decision.client_id = s.rules.auto_id_prefix;
  s.decision.client_id += random_id;
  s.decision.client_id_assigned = true;
  return true;
}

bool check_client_id(const judge_state& s, std::string_view random_id) {
  if (!protocol::is_plain_text(s.packet.client_id))
    return s.refuse_v5(reason::client_identifier_not_valid,
                       "ill-formed client id");
  s.decision.client_id = s.packet.client_id;
  if (s.packet.client_id.empty() && !check_empty_client_id(s, random_id))
    return false;
  return s.decision.client_id.starts_with(s.rules.clientid_prefixes)
         || s.refuse(return_code::not_authorized, reason::not_authorized,
                     "client id lacks the prefix");
}

bool check_will(const judge_state& s) {
  if (!s.packet.will)
    return true;
  const auto& topic = s.packet.will->topic;
  if (topic.empty())
    return s.refuse_v5(reason::protocol_error, "empty will topic");
  if (!protocol::is_topic_name(topic)
      || protocol::first_level(topic) == "$CONTROL")
    return s.close("will topic not allowed");
  auto limit = s.rules.message_size_limit;
  if (limit != 0 && s.packet.will->payload.size() > limit)
    return s.refuse(return_code::not_authorized, reason::packet_too_large,
                    "will larger than message_size_limit");
  return true;
}

bool check_user(const judge_state& s) {
  return !s.packet.password || s.packet.user_name || s.is_v5()
         || s.close("password without user name"); // [MQTT-3.1.2-22]
}

/// Clients publish nothing there, but for what bridges say of themselves.
bool is_closed_topic(std::string_view topic) {
  return protocol::first_level(topic) == "$SYS" && !is_bridge_state(topic);
}

void set_will(const judge_state& s, time_point now) {
  if (!s.packet.will || is_closed_topic(s.packet.will->topic))
    return;
  auto& to = s.decision.parameters;
  protocol::message will = *s.packet.will;
  to.will_delay = std::chrono::seconds{s.packet.will->delay_interval};
  to.will_expiry_interval = will.message_expiry_interval;
  will.message_expiry_interval.reset();
  take_path(will); // it begins here
  to.will = publication::make(will, now);
}

void set_expiry(const judge_state& s) {
  auto& interval = s.decision.parameters.expiry_interval;
  auto asked = s.packet.properties.session_expiry_interval.value_or(0);
  if (!s.is_v5())
    asked = s.packet.clean_start ? 0 : session_never_expires;
  interval = std::min(asked, s.rules.max_session_expiry);
  if (s.is_v5() && interval != asked)
    s.decision.answer.properties.session_expiry_interval = interval;
}

void set_parameters(const judge_state& s, time_point now) {
  auto& to = s.decision.parameters;
  const auto& given = s.packet.properties;
  to.clean_start = s.packet.clean_start;
  to.client.version = s.packet.version;
  if (s.is_v5()) {
    to.client.receive_maximum = given.receive_maximum.value_or(65'535);
    to.client.maximum_packet_size = given.maximum_packet_size.value_or(0);
    to.client.is_peer = std::any_of(
        given.user_properties.begin(), given.user_properties.end(),
        [](const auto& each) { return each.first == peer_property; });
  }
  set_expiry(s);
  set_will(s, now);
}

// What is absent has the specification's default [MQTT 3.2.2.3].
void set_announcements(const judge_state& s) {
  if (!s.is_v5())
    return;
  const auto& rules = s.rules;
  auto& to = s.decision.answer.properties;
  if (rules.max_topic_alias != 0)
    to.topic_alias_maximum = rules.max_topic_alias;
  if (rules.max_packet_size != 0)
    to.maximum_packet_size = rules.max_packet_size;
  if (rules.max_inflight_messages != 0)
    to.receive_maximum = rules.max_inflight_messages;
  if (rules.max_qos < 2)
    to.maximum_qos = rules.max_qos;
  if (!rules.retain_available)
    to.retain_available = 0;
  if (s.decision.client_id_assigned)
    to.assigned_client_id = s.decision.client_id; // [MQTT-3.1.3-7]
}

size_t variable_byte_size(size_t value) noexcept {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

// Bytes of a CONNACK of MQTT 5.0 that this page can make.
size_t connack_size(const protocol::properties& has) noexcept {
  size_t size = 0;
  size += has.session_expiry_interval ? 5 : 0;
  size += has.assigned_client_id ? 3 + has.assigned_client_id->size() : 0;
  size += has.server_keep_alive ? 3 : 0;
  size += has.receive_maximum ? 3 : 0;
  size += has.topic_alias_maximum ? 3 : 0;
  size += has.maximum_qos ? 2 : 0;
  size += has.retain_available ? 2 : 0;
  size += has.maximum_packet_size ? 5 : 0;
  size += 2 + variable_byte_size(size);
  return 1 + variable_byte_size(size) + size;
}

// A client that would not take the answer is not sent it [MQTT-3.1.2-24].
void check_answer_size(const judge_state& s) {
  auto limit = s.packet.properties.maximum_packet_size.value_or(0);
  if (s.is_v5() && limit != 0
      && connack_size(s.decision.answer.properties) > limit)
    s.close("maximum packet size too small for CONNACK");
}

bool check_all(const judge_state& s, std::string_view random_id) {
  return check_version(s) && check_will_flags(s) && check_keep_alive(s)
         && check_properties(s) && check_client_id(s, random_id)
         && check_will(s) && check_user(s);
}

} // namespace

connect_decision judge(const protocol::connect& packet,
                       const connect_rules& rules, std::string_view random_id,
                       time_point now) {
  connect_decision result;
  judge_state state{packet, rules, result};
  if (check_all(state, random_id)) {
    set_parameters(state, now);
    set_announcements(state);
  } else {
    result.answer.properties = {};
  }
  result.answer.code = result.code;
  if (result.what != kind::close_silently)
    check_answer_size(state);
  return result;
}

} // namespace troupe::broker
