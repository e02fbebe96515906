#include "apps/tools/property_argument.hpp"

#include "apps/tools/numbers.hpp"
#include "core/byte_buffer.hpp"
#include "protocol/encoder.hpp"
#include "protocol/topic.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace troupe::tools {
namespace {

using protocol::property;

enum class value_type : uint8_t { byte, two_bytes, four_bytes, text, pair };

struct known_property {
  property id;
  std::string_view name;
  value_type type;
};

/// Those that a client may send in a packet of its own making.
constexpr std::array known_properties{
    known_property{property::payload_format, "payload-format-indicator",
                   value_type::byte},
    known_property{property::message_expiry_interval, "message-expiry-interval",
                   value_type::four_bytes},
    known_property{property::content_type, "content-type", value_type::text},
    known_property{property::response_topic, "response-topic",
                   value_type::text},
    known_property{property::correlation_data, "correlation-data",
                   value_type::text},
    known_property{property::subscription_identifier, "subscription-identifier",
                   value_type::four_bytes},
    known_property{property::session_expiry_interval, "session-expiry-interval",
                   value_type::four_bytes},
    known_property{property::authentication_method, "authentication-method",
                   value_type::text},
    known_property{property::authentication_data, "authentication-data",
                   value_type::text},
    known_property{property::request_problem_information,
                   "request-problem-information", value_type::byte},
    known_property{property::will_delay_interval, "will-delay-interval",
                   value_type::four_bytes},
    known_property{property::request_response_information,
                   "request-response-information", value_type::byte},
    known_property{property::reason_string, "reason-string", value_type::text},
    known_property{property::receive_maximum, "receive-maximum",
                   value_type::two_bytes},
    known_property{property::topic_alias_maximum, "topic-alias-maximum",
                   value_type::two_bytes},
    known_property{property::topic_alias, "topic-alias", value_type::two_bytes},
    known_property{property::user_property, "user-property", value_type::pair},
    known_property{property::maximum_packet_size, "maximum-packet-size",
                   value_type::four_bytes},
};

char to_lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32)
                                        : letter;
}

bool same_word(std::string_view x, std::string_view y) noexcept {
  return std::ranges::equal(x, y, {}, to_lower, to_lower);
}

const known_property* find(std::string_view name) noexcept {
  auto found = std::ranges::find_if(known_properties, [&](const auto& known) {
    return same_word(known.name, name);
  });
  return found == known_properties.end() ? nullptr : &*found;
}

/// Values that the specification calls a protocol error.
bool is_forbidden(property id, int64_t value) noexcept {
  switch (id) {
  case property::receive_maximum:
  case property::maximum_packet_size:
  case property::topic_alias:
  case property::subscription_identifier:
    return value == 0;
  case property::payload_format:
  case property::request_problem_information:
  case property::request_response_information:
    return value > 1;
  default:
    return false;
  }
}

int64_t largest(const known_property& known) noexcept {
  // A variable byte integer [MQTT 3.8.2.1.2].
  if (known.id == property::subscription_identifier)
    return protocol::max_remaining_length;
  switch (known.type) {
  case value_type::byte:
    return 0xff;
  case value_type::two_bytes:
    return 0xffff;
  default:
    return 0xffff'ffff;
  }
}

std::string read_text(const known_property& known, std::string_view value,
                      std::string_view second, property_argument& out) {
  auto is_binary = known.id == property::correlation_data
                   || known.id == property::authentication_data;
  for (auto text : {value, second}) {
    if (text.size() > 0xffff)
      return "Property value too long for property " + std::string{known.name}
             + ".";
    if (!is_binary && !protocol::is_utf8_string(text))
      return "Malformed UTF-8 in --property argument.";
  }
  out.text = value;
  out.second_text = second;
  return {};
}

std::string read_value(const known_property& known, std::string_view value,
                       std::string_view second, property_argument& out) {
  if (known.type == value_type::text || known.type == value_type::pair)
    return read_text(known, value, second, out);
  auto number = to_number(value, 0, largest(known));
  if (!number || is_forbidden(known.id, *number))
    return "Property value (" + std::string{value}
           + ") out of range for property " + std::string{known.name} + ".";
  out.number = static_cast<uint32_t>(*number);
  return {};
}

} // namespace

std::string add_property(property_list& list, protocol::packet_type place,
                         std::string_view name, std::string_view value,
                         std::string_view second) {
  const auto* known = find(name);
  if (known == nullptr)
    return "Invalid property name given in --property argument.";
  if (!protocol::may_stand_in(known->id, place))
    return std::string{known->name}
           + " property not allowed for this command in --property argument.";
  if (known->id != property::user_property
      && std::ranges::find(list, known->id, &property_argument::id)
             != list.end())
    return "Duplicate property " + std::string{known->name}
           + " in --property arguments.";
  property_argument read;
  read.id = known->id;
  if (auto problem = read_value(*known, value, second, read); !problem.empty())
    return problem;
  list.push_back(std::move(read));
  return {};
}

protocol::properties to_properties(const property_list& list) {
  protocol::properties out;
  for (const auto& given : list) {
    auto byte = static_cast<uint8_t>(given.number);
    auto two_bytes = static_cast<uint16_t>(given.number);
    switch (given.id) {
    case property::session_expiry_interval:
      out.session_expiry_interval = given.number;
      break;
    case property::authentication_method:
      out.authentication_method = given.text;
      break;
    case property::authentication_data:
      out.authentication_data = given.text;
      break;
    case property::request_problem_information:
      out.request_problem_information = byte;
      break;
    case property::request_response_information:
      out.request_response_information = byte;
      break;
    case property::reason_string:
      out.reason_string = given.text;
      break;
    case property::receive_maximum:
      out.receive_maximum = two_bytes;
      break;
    case property::topic_alias_maximum:
      out.topic_alias_maximum = two_bytes;
      break;
    case property::maximum_packet_size:
      out.maximum_packet_size = given.number;
      break;
    case property::subscription_identifier:
      out.subscription_identifier = given.number;
      break;
    case property::user_property:
      out.user_properties.emplace_back(given.text, given.second_text);
      break;
    default:
      break;
    }
  }
  return out;
}

void to_message(const property_list& list, std::string& forwarded,
                protocol::message& out) {
  byte_buffer encoded;
  for (const auto& given : list) {
    switch (given.id) {
    case property::payload_format:
      protocol::append_payload_format(encoded,
                                      static_cast<uint8_t>(given.number));
      break;
    case property::content_type:
      protocol::append_content_type(encoded, given.text);
      break;
    case property::response_topic:
      protocol::append_response_topic(encoded, given.text);
      break;
    case property::correlation_data:
      protocol::append_correlation_data(encoded, given.text);
      break;
    case property::user_property:
      protocol::append_user_property(encoded, given.text, given.second_text);
      break;
    case property::message_expiry_interval:
      out.message_expiry_interval = given.number;
      break;
    default:
      break;
    }
  }
  forwarded = encoded.view();
  out.forwarded_properties = forwarded;
}

uint32_t number_in(const property_list& list, property id,
                   uint32_t otherwise) noexcept {
  auto found = std::ranges::find(list, id, &property_argument::id);
  return found == list.end() ? otherwise : found->number;
}

} // namespace troupe::tools
