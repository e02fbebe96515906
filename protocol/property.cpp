#include "protocol/property.hpp"

#include <array>
#include <initializer_list>

namespace troupe::protocol {

namespace {

enum class value_type : uint8_t {
  unknown,
  flag, // one byte; every property of this type is either 0 or 1
  two_bytes,
  four_bytes,
  variable,
  text,
  topic, // text without wildcards
  binary,
  text_pair,
};

struct rule {
  value_type type = value_type::unknown;
  bool may_be_zero = true;
  /// One bit per packet type.
  uint16_t places = 0;
};

constexpr uint16_t bit_of(packet_type place) noexcept {
  return static_cast<uint16_t>(1U << static_cast<unsigned>(place));
}

constexpr size_t rule_count =
    static_cast<size_t>(property::shared_subscription_available) + 1;

class rule_table {
public:
  constexpr rule_table();

  constexpr const rule* find(uint32_t id) const noexcept {
    return id < rule_count && rules_[id].type != value_type::unknown
               ? &rules_[id]
               : nullptr;
  }

private:
  constexpr void add(property id, value_type type,
                     std::initializer_list<packet_type> places,
                     bool may_be_zero = true) noexcept {
    auto& entry = rules_[static_cast<size_t>(id)];
    entry.type = type;
    entry.may_be_zero = may_be_zero;
    for (auto place : places)
      entry.places |= bit_of(place);
  }
  constexpr void add_message_rules() noexcept;
  constexpr void add_connection_rules() noexcept;
  constexpr void add_answer_rules() noexcept;

  std::array<rule, rule_count> rules_{};
};

constexpr bool not_zero = false;

// The table of [MQTT 2.2.2.2].
constexpr rule_table::rule_table() {
  add_message_rules();
  add_connection_rules();
  add_answer_rules();
}

constexpr void rule_table::add_message_rules() noexcept {
  using enum packet_type;
  using p = property;
  using t = value_type;
  add(p::payload_format, t::flag, {publish, in_will});
  add(p::message_expiry_interval, t::four_bytes, {publish, in_will});
  add(p::content_type, t::text, {publish, in_will});
  add(p::response_topic, t::topic, {publish, in_will});
  add(p::correlation_data, t::binary, {publish, in_will});
  add(p::subscription_identifier, t::variable, {publish, subscribe}, not_zero);
  add(p::will_delay_interval, t::four_bytes, {in_will});
  // 0 is refused with a code of its own where PUBLISH is decoded.
  add(p::topic_alias, t::two_bytes, {publish});
}

constexpr void rule_table::add_connection_rules() noexcept {
  using enum packet_type;
  using p = property;
  using t = value_type;
  add(p::session_expiry_interval, t::four_bytes,
      {connect, connack, disconnect});
  add(p::assigned_client_id, t::text, {connack});
  add(p::server_keep_alive, t::two_bytes, {connack});
  add(p::authentication_method, t::text, {connect, connack, auth});
  add(p::authentication_data, t::binary, {connect, connack, auth});
  add(p::request_problem_information, t::flag, {connect});
  add(p::request_response_information, t::flag, {connect});
  add(p::response_information, t::text, {connack});
  add(p::receive_maximum, t::two_bytes, {connect, connack}, not_zero);
  add(p::topic_alias_maximum, t::two_bytes, {connect, connack});
  add(p::maximum_qos, t::flag, {connack});
  add(p::retain_available, t::flag, {connack});
  add(p::maximum_packet_size, t::four_bytes, {connect, connack}, not_zero);
  add(p::wildcard_subscription_available, t::flag, {connack});
  add(p::subscription_identifier_available, t::flag, {connack});
  add(p::shared_subscription_available, t::flag, {connack});
}

constexpr void rule_table::add_answer_rules() noexcept {
  using enum packet_type;
  using p = property;
  using t = value_type;
  add(p::server_reference, t::text, {connack, disconnect});
  add(p::reason_string, t::text,
      {connack, puback, pubrec, pubrel, pubcomp, suback, unsuback, disconnect,
       auth});
  add(p::user_property, t::text_pair,
      {in_will, connect, connack, publish, puback, pubrec, pubrel, pubcomp,
       subscribe, suback, unsubscribe, unsuback, disconnect, auth});
}

constexpr rule_table rules;

bool may_repeat(property id, packet_type place) noexcept {
  return id == property::user_property
         || (id == property::subscription_identifier
             && place == packet_type::publish);
}

template <class T>
void set(std::optional<T>& field, uint32_t number) noexcept {
  field = static_cast<T>(number);
}

void store_number(properties& out, property id, uint32_t number) noexcept {
  using enum property;
  switch (id) {
  case session_expiry_interval:
    return set(out.session_expiry_interval, number);
  case server_keep_alive:
    return set(out.server_keep_alive, number);
  case request_problem_information:
    return set(out.request_problem_information, number);
  case request_response_information:
    return set(out.request_response_information, number);
  case receive_maximum:
    return set(out.receive_maximum, number);
  case topic_alias_maximum:
    return set(out.topic_alias_maximum, number);
  case maximum_qos:
    return set(out.maximum_qos, number);
  case retain_available:
    return set(out.retain_available, number);
  case maximum_packet_size:
    return set(out.maximum_packet_size, number);
  case wildcard_subscription_available:
    return set(out.wildcard_subscription_available, number);
  case subscription_identifier_available:
    return set(out.subscription_identifier_available, number);
  case shared_subscription_available:
    return set(out.shared_subscription_available, number);
  case subscription_identifier:
    return set(out.subscription_identifier, number);
  default:
    break; // Properties of messages are read elsewhere.
  }
}

void store(properties& out, const property_value& in) {
  using p = property;
  switch (in.id) {
  case p::assigned_client_id:
    out.assigned_client_id = in.text;
    break;
  case p::authentication_method:
    out.authentication_method = in.text;
    break;
  case p::authentication_data:
    out.authentication_data = in.text;
    break;
  case p::response_information:
    out.response_information = in.text;
    break;
  case p::server_reference:
    out.server_reference = in.text;
    break;
  case p::reason_string:
    out.reason_string = in.text;
    break;
  case p::user_property:
    out.user_properties.emplace_back(in.text, in.second_text);
    break;
  default:
    store_number(out, in.id, in.number);
  }
}

} // namespace

bool may_stand_in(property id, packet_type place) noexcept {
  const auto* entry = rules.find(static_cast<uint32_t>(id));
  return entry != nullptr && (entry->places & bit_of(place)) != 0;
}

property_reader::property_reader(reader& in, packet_type place) noexcept
    : in_(in), block_(std::span<const uint8_t>{}), place_(place) {
  auto bytes = in.take(in.variable());
  block_ =
      reader{{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}};
}

bool property_reader::next(property_value& out) noexcept {
  if (block_.at_end())
    return false;
  const auto* begin = block_.position();
  auto id = block_.variable();
  // [MQTT-2.2.2.2]: an identifier that is not valid for its packet type makes
  // the packet malformed.
  if (rules.find(id) == nullptr)
    block_.fail(ec::malformed_packet, "unknown property");
  else if (check(static_cast<property>(id))) {
    out.id = static_cast<property>(id);
    read_value(out);
  }
  if (block_.failed()) {
    in_.fail(block_.error().code, block_.error().text);
    return false;
  }
  auto size = static_cast<size_t>(block_.position() - begin);
  out.encoded = {begin, size};
  return true;
}

bool property_reader::check(property id) noexcept {
  if (!may_stand_in(id, place_)) {
    block_.fail(ec::malformed_packet, "property not allowed in this packet");
    return false;
  }
  auto bit = uint64_t{1} << static_cast<unsigned>(id);
  if ((seen_ & bit) != 0 && !may_repeat(id, place_)) {
    block_.fail(ec::protocol_error, "property given twice");
    return false;
  }
  seen_ |= bit;
  return true;
}

void property_reader::read_value(property_value& out) noexcept {
  const auto& entry = *rules.find(static_cast<uint32_t>(out.id));
  out.number = 1;
  switch (entry.type) {
  case value_type::flag:
    out.number = block_.u8();
    if (out.number > 1)
      block_.fail(ec::protocol_error, "property is neither 0 nor 1");
    break;
  case value_type::two_bytes:
    out.number = block_.u16();
    break;
  case value_type::four_bytes:
    out.number = block_.u32();
    break;
  case value_type::variable:
    out.number = block_.variable();
    break;
  case value_type::text:
    out.text = block_.text();
    break;
  case value_type::topic:
    out.text = block_.text();
    // [MQTT-3.3.2-14]; an empty one could not be published to either.
    if (out.text.empty() || out.text.find_first_of("+#") != out.text.npos)
      block_.fail(ec::protocol_error, "response topic is not a topic name");
    break;
  case value_type::binary:
    out.text = block_.binary();
    break;
  case value_type::text_pair:
    out.text = block_.text();
    out.second_text = block_.text();
    break;
  case value_type::unknown:
    break;
  }
  if (out.number == 0 && !entry.may_be_zero)
    block_.fail(ec::protocol_error, "property may not be 0");
}

void read_properties(reader& in, packet_type place, properties& out) {
  property_reader block{in, place};
  property_value value;
  while (block.next(value))
    store(out, value);
  // [MQTT-3.1.2.11.10] and its like in CONNACK and AUTH.
  if (out.authentication_data && !out.authentication_method)
    in.fail(ec::protocol_error, "authentication data without a method");
}

} // namespace troupe::protocol
