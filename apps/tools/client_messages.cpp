// The part of the client that carries messages: windows, handshakes, aliases.
#include "apps/tools/client.hpp"
#include "apps/tools/packet_text.hpp"
#include "protocol/encoder.hpp"

#include <algorithm>
#include <utility>

namespace troupe::tools {
namespace {

using protocol::packet_type;
using protocol::reason;

protocol::publish to_packet(const outgoing_message& message) {
  protocol::publish packet;
  packet.topic = message.topic;
  packet.payload = message.payload;
  packet.qos = message.qos;
  packet.retain = message.retain;
  packet.forwarded_properties = message.forwarded_properties;
  packet.message_expiry_interval = message.message_expiry_interval;
  return packet;
}

} // namespace

client::publish_result
client::publish(std::shared_ptr<const outgoing_message> message) {
  // [MQTT-3.2.2-11]
  if (message->qos > maximum_qos_)
    return publish_result::qos_not_supported;
  auto packet = to_packet(*message);
  packet.topic_alias = message->topic_alias;
  // [MQTT-3.2.2-15]
  if (encoded_size(packet, options_.version) > maximum_packet_size_)
    return publish_result::packet_too_large;
  if (message->qos == protocol::qos::at_most_once) {
    send_publish(*message, next_packet_id(), false);
    return publish_result::accepted;
  }
  outgoing_bytes_ += message->payload.size();
  outgoing_.push_back({next_packet_id(), std::move(message)});
  pump();
  return publish_result::accepted;
}

void client::send_publish(const outgoing_message& message, uint16_t packet_id,
                          bool dup) {
  auto packet = to_packet(message);
  packet.dup = dup;
  packet.retain = message.retain && retain_available_; // [MQTT-3.2.2-14]
  // An alias that the broker does not take is left out [MQTT-3.2.2-17].
  if (message.topic_alias <= topic_alias_maximum_)
    packet.topic_alias = message.topic_alias;
  if (packet.topic_alias != 0
      && !announced_aliases_.insert(packet.topic_alias).second)
    packet.topic = {};
  packet.packet_id = packet_id;
  if (show_)
    show_(describe_sent(id_, packet));
  if (message.qos == protocol::qos::at_most_once)
    packet.packet_id = 0;
  protocol::encode(output_, packet, options_.version);
}

/// After CONNACK: what was under way on the last connection goes on.
void client::resume(bool session_present) {
  sent_count_ = 0;
  if (!session_present) {
    // [MQTT-3.2.2-5]; what the broker took with PUBREC it has passed on.
    incoming_.clear();
    std::erase_if(outgoing_, [](const auto& entry) { return entry.released; });
  }
  for (auto& entry : outgoing_)
    entry.dup = entry.dup && session_present;
  pump();
}

/// Sends what waits, as long as the window has room.
void client::pump() {
  for (; sent_count_ < outgoing_.size() && sent_count_ < window_;
       ++sent_count_) {
    auto& entry = outgoing_[sent_count_];
    if (entry.released)
      send_acknowledgement(packet_type::pubrel, entry.packet_id,
                           reason::success);
    else
      send_publish(*entry.message, entry.packet_id, entry.dup);
    entry.dup = true;
  }
}

uint16_t client::next_packet_id() noexcept {
  do {
    ++last_packet_id_;
  } while (last_packet_id_ == 0 || find(last_packet_id_) != outgoing_.end());
  return last_packet_id_;
}

std::deque<client::in_flight>::iterator
client::find(uint16_t packet_id) noexcept {
  return std::ranges::find(outgoing_, packet_id, &in_flight::packet_id);
}

void client::release(in_flight& entry) {
  outgoing_bytes_ -= entry.message->payload.size();
  entry.message.reset();
  entry.released = true;
  send_acknowledgement(packet_type::pubrel, entry.packet_id, reason::success);
}

void client::complete(std::deque<in_flight>::iterator entry, reason why,
                      std::string_view text) {
  auto packet_id = entry->packet_id;
  if (entry->message)
    outgoing_bytes_ -= entry->message->payload.size();
  --sent_count_;
  outgoing_.erase(entry);
  events_.on_published(packet_id, why, text);
  pump();
}

void client::send_acknowledgement(packet_type type, uint16_t packet_id,
                                  reason why) {
  send(protocol::acknowledgement{type, packet_id, why, {}});
}

void client::on_acknowledgement(const protocol::acknowledgement& packet) {
  auto text = packet.properties.reason_string.value_or("");
  if (packet.type == packet_type::pubrel) {
    auto known = incoming_.erase(packet.packet_id) != 0;
    send_acknowledgement(packet_type::pubcomp, packet.packet_id,
                         known ? reason::success
                               : reason::packet_identifier_not_found);
    return;
  }
  auto entry = find(packet.packet_id);
  // One not sent on this connection cannot be meant.
  if (entry - outgoing_.begin() >= static_cast<ptrdiff_t>(sent_count_))
    entry = outgoing_.end();
  if (entry == outgoing_.end()) {
    if (packet.type == packet_type::pubrec && !is_error(packet.reason))
      send_acknowledgement(packet_type::pubrel, packet.packet_id,
                           reason::packet_identifier_not_found);
    return;
  }
  auto is_qos_1 =
      entry->message && entry->message->qos == protocol::qos::at_least_once;
  if (packet.type == packet_type::pubcomp ? entry->released
                                          : is_error(packet.reason))
    complete(entry, packet.reason, text);
  else if (packet.type == packet_type::puback && is_qos_1)
    complete(entry, packet.reason, text);
  else if (packet.type == packet_type::pubrec && entry->message && !is_qos_1)
    release(*entry);
  else if (packet.type == packet_type::pubrec && entry->released)
    send_acknowledgement(packet_type::pubrel, packet.packet_id,
                         reason::success);
}

/// Puts the topic in the place of its alias. False if there is none.
bool client::resolve_alias(protocol::publish& packet) {
  if (packet.topic_alias == 0)
    return true;
  if (packet.topic_alias > received_aliases_.size())
    return false; // [MQTT-3.3.2-9]
  auto& topic = received_aliases_[packet.topic_alias - 1];
  if (!packet.topic.empty())
    topic = packet.topic;
  packet.topic = topic;
  return !topic.empty();
}

std::optional<failure> client::on_publish(protocol::publish packet) {
  if (!resolve_alias(packet))
    return failure{ec::topic_alias_invalid, "unknown topic alias"};
  auto is_new = packet.qos != protocol::qos::exactly_once
                || !incoming_.contains(packet.packet_id);
  if (is_new && !events_.on_message(packet))
    return std::nullopt;
  if (packet.qos == protocol::qos::at_least_once) {
    send_acknowledgement(packet_type::puback, packet.packet_id,
                         reason::success);
  } else if (packet.qos == protocol::qos::exactly_once) {
    incoming_.insert(packet.packet_id);
    send_acknowledgement(packet_type::pubrec, packet.packet_id,
                         reason::success);
  }
  return std::nullopt;
}

} // namespace troupe::tools
