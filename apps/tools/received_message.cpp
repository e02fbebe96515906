#include "apps/tools/received_message.hpp"

#include "protocol/property.hpp"
#include "protocol/reader.hpp"

#include <span>

namespace troupe::tools {
namespace {

void read_forwarded(std::string_view encoded, received_message& out) {
  protocol::reader in{
      {reinterpret_cast<const uint8_t*>(encoded.data()), encoded.size()}};
  while (!in.at_end()) {
    switch (static_cast<protocol::property>(in.u8())) {
    case protocol::property::payload_format:
      out.payload_format = in.u8();
      break;
    case protocol::property::content_type:
      out.content_type = in.text();
      break;
    case protocol::property::response_topic:
      out.response_topic = in.text();
      break;
    case protocol::property::correlation_data:
      out.correlation_data = in.binary();
      break;
    case protocol::property::user_property: {
      auto name = in.text();
      out.user_properties.emplace_back(name, in.text());
      break;
    }
    default:
      return;
    }
  }
}

} // namespace

bool received_message::has_properties() const noexcept {
  return topic_alias || payload_format || message_expiry_interval
         || content_type || response_topic || correlation_data
         || !subscription_ids.empty() || !user_properties.empty();
}

received_message read_message(const protocol::publish& packet) {
  received_message result;
  result.topic = packet.topic;
  result.payload = packet.payload;
  result.qos = packet.qos;
  result.retain = packet.retain;
  result.packet_id = packet.packet_id;
  if (packet.topic_alias != 0)
    result.topic_alias = packet.topic_alias;
  result.message_expiry_interval = packet.message_expiry_interval;
  result.subscription_ids = packet.subscription_ids;
  read_forwarded(packet.forwarded_properties, result);
  return result;
}

} // namespace troupe::tools
