// What a client is sent.
#include "actors/connection.hpp"
#include "actors/link.hpp"
#include "actors/packet_log.hpp"
#include "broker/mount_point.hpp"
#include "core/log.hpp"
#include "protocol/encoder.hpp"

namespace troupe::actors {

using protocol::reason;
using protocol::version;

namespace {

/// For what goes out at once, or from a queue.
template <class Delivery>
broker::delivery_header header_of(const Delivery& what, bool with_path) {
  broker::delivery_header result;
  result.packet_id = what.packet_id;
  result.subscription_id = what.subscription_id;
  result.qos = what.qos;
  result.retain = what.retain;
  result.with_path = with_path;
  return result;
}

} // namespace

void connection::send_connack(bool session_present) {
  auto answer = std::move(client_->decision.answer);
  if (!client_->authentication_data.empty()) {
    answer.properties.authentication_method = security::scram_method;
    answer.properties.authentication_data = client_->authentication_data;
  }
  // Always 0 for MQTT 3.1, where the bit is reserved.
  answer.session_present = session_present && version_ != version::v31;
  if (client_->decision.client_id_assigned && version_ == version::v5)
    answer.properties.assigned_client_id = client_id_;
  log::client(log::level::debug, client_id_, "Sending CONNACK to {} ({}, {})",
              client_id_, answer.session_present ? 1 : 0, answer.code);
  protocol::encode(output_.control(), answer, version_);
  loop_.stats().packets_sent.add();
  mark();
}

void connection::on(send_now& message) {
  if (is_ending_)
    return;
  for (const auto& delivery : message.deliveries) {
    const auto& item = message.batch->items[delivery.item];
    auto header = header_of(delivery, peer_);
    if (!prepare(header, *item.message))
      continue;
    packet_log::sent(client_id_, *item.message, header);
    output_.publish(*item.message, header);
  }
  output_.hold(std::move(message.batch));
  if (link_)
    settle_lowered();
  mark();
}

void connection::on(send_queued& message) {
  if (is_ending_)
    return;
  for (const auto& delivery : message.deliveries) {
    if (delivery.pubrel) {
      release(delivery);
      continue;
    }
    auto header = header_of(delivery, peer_);
    header.dup = delivery.dup;
    if (!prepare(header, *delivery.message))
      continue;
    packet_log::sent(client_id_, *delivery.message, header);
    output_.publish(*delivery.message, header);
  }
  if (link_)
    settle_lowered();
  mark();
}

/// PUBREL.
void connection::release(const broker::queued_delivery& delivery) {
  if (link_ && link_->swallows_pubrel(delivery.packet_id))
    return;
  packet_log::sent(client_id_, protocol::packet_type::pubrel,
                   delivery.packet_id);
  protocol::encode_acknowledgement(
      output_.control(), protocol::packet_type::pubrel, delivery.packet_id,
      delivery.reason, version_);
  loop_.stats().packets_sent.add();
}

/// Names the message as the other side knows it. False: it is not sent.
bool connection::prepare(broker::delivery_header& header,
                         const broker::publication& message) {
  if (link_)
    return prepare_for_server(header, message);
  if (const auto& mount_point = rules().mount_point; !mount_point.empty())
    header.hidden_prefix = static_cast<uint16_t>(
        broker::hidden_prefix(mount_point, message.topic()));
  return true;
}

void connection::on(send_suback& message) {
  if (is_ending_)
    return;
  if (link_) { // nobody there has asked
    warn_of_refusals(message);
    return;
  }
  if (version_ != version::v5) // one code for every refusal [MQTT-3.9.3-2]
    for (auto& code : message.codes)
      if (static_cast<uint8_t>(code) >= 0x80)
        code = reason::unspecified_error;
  auto& out = output_.control();
  if (message.unsubscribe) {
    packet_log::sent(client_id_, protocol::packet_type::unsuback,
                     message.packet_id);
    protocol::encode(out,
                     protocol::unsuback{message.packet_id, message.codes, {}},
                     version_);
  } else {
    packet_log::sent(client_id_, protocol::packet_type::suback,
                     message.packet_id);
    protocol::encode(
        out, protocol::suback{message.packet_id, message.codes, {}}, version_);
  }
  loop_.stats().packets_sent.add();
  mark();
  awaits_answer_ = false;
  decode_input();
}

} // namespace troupe::actors
