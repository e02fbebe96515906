#include "apps/tools/client.hpp"

#include "apps/tools/packet_text.hpp"
#include "protocol/encoder.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace troupe::tools {
namespace {

using protocol::reason;

/// More than this of unacknowledged payload is not gathered, so that long
/// messages do not multiply in memory.
constexpr size_t max_outgoing_bytes = size_t{16} << 20;
/// The same for bytes that wait for the socket.
constexpr size_t max_waiting_bytes = size_t{64} << 10;

std::optional<failure> violation(std::string_view text) noexcept {
  return failure{ec::protocol_error, text};
}

} // namespace

client::client(const client_options& options, client_events& events)
    : options_(options), events_(events), id_(options.client_id) {}

void client::trace_to(std::function<void(const std::string&)> show) {
  show_ = std::move(show);
}

void client::send(const protocol::packet& packet) {
  if (show_)
    show_(describe_sent(id_, packet));
  protocol::encode(output_, packet, options_.version);
}

void client::start(time_point now) {
  decoder_ = protocol::decoder{number_in(
      options_.connect_properties, protocol::property::maximum_packet_size,
      protocol::max_remaining_length + 1)};
  decoder_.set_version(options_.version);
  output_.clear();
  connected_ = false;
  announced_aliases_.clear();
  received_aliases_.assign(number_in(options_.connect_properties,
                                     protocol::property::topic_alias_maximum,
                                     0),
                           {});
  keep_alive_ = std::chrono::seconds{options_.keep_alive};
  last_sent_ = last_received_ = now;
  answer_due_ = now + keep_alive_;
  send_connect();
}

void client::send_connect() {
  protocol::connect packet;
  packet.version = options_.version;
  packet.clean_start = options_.clean_start;
  packet.keep_alive = options_.keep_alive;
  packet.client_id = options_.client_id;
  if (options_.user_name)
    packet.user_name = *options_.user_name;
  if (options_.password)
    packet.password = *options_.password;
  packet.properties = to_properties(options_.connect_properties);
  if (!packet.properties.session_expiry_interval)
    packet.properties.session_expiry_interval =
        options_.session_expiry_interval;
  if (!packet.properties.receive_maximum)
    packet.properties.receive_maximum = options_.receive_maximum;
  std::string forwarded;
  if (options_.will.topic) {
    auto& will = packet.will.emplace();
    will.topic = *options_.will.topic;
    if (options_.will.payload)
      will.payload = *options_.will.payload;
    will.qos = options_.will.qos;
    will.retain = options_.will.retain;
    to_message(options_.will_properties, forwarded, will);
    will.delay_interval = number_in(options_.will_properties,
                                    protocol::property::will_delay_interval, 0);
  }
  send(packet);
}

/// A broker without MQTT 5.0 answers in the shorter form of MQTT 3.1.1.
bool client::is_old_connack(std::span<const uint8_t> bytes) const noexcept {
  return is_v5() && !connected_ && bytes.size() == 4 && bytes[0] == 0x20
         && bytes[1] == 2 && bytes[3] != 0;
}

std::optional<failure> client::feed(std::span<const uint8_t> bytes,
                                    time_point now) {
  last_received_ = now;
  if (is_old_connack(bytes)) {
    events_.on_refused(
        static_cast<uint8_t>(reason::unsupported_protocol_version));
    return std::nullopt;
  }
  decoder_.feed(bytes);
  while (true) {
    auto next = decoder_.next();
    if (!next)
      return next.error();
    if (!*next)
      return std::nullopt;
    const auto* connack = std::get_if<protocol::connack>(&**next);
    if (connack != nullptr && connack->properties.assigned_client_id)
      id_ = *connack->properties.assigned_client_id;
    if (show_)
      show_(describe_received(id_, **next));
    if (auto problem = handle(**next))
      return problem;
  }
}

std::optional<failure> client::handle(const protocol::packet& packet) {
  if (const auto* connack = std::get_if<protocol::connack>(&packet))
    return on_connack(*connack);
  if (!connected_)
    return violation("the first packet is not CONNACK");
  return handle_connected(packet);
}

std::optional<failure>
client::handle_connected(const protocol::packet& packet) {
  if (const auto* publish = std::get_if<protocol::publish>(&packet))
    return on_publish(*publish);
  if (const auto* ack = std::get_if<protocol::acknowledgement>(&packet))
    on_acknowledgement(*ack);
  else if (const auto* suback = std::get_if<protocol::suback>(&packet))
    events_.on_subscribed(*suback);
  else if (const auto* end = std::get_if<protocol::disconnect>(&packet))
    events_.on_disconnected(end->reason);
  else if (std::holds_alternative<protocol::pingresp>(packet))
    answer_due_ = never;
  else if (!std::holds_alternative<protocol::unsuback>(packet))
    return violation("a packet that only clients send, or AUTH");
  return std::nullopt;
}

std::optional<failure> client::on_connack(const protocol::connack& packet) {
  if (connected_)
    return violation("a second CONNACK");
  const auto& said = packet.properties;
  answer_due_ = never;
  if (packet.code != 0) {
    events_.on_refused(packet.code);
    return std::nullopt;
  }
  connected_ = true;
  window_ = std::min(options_.max_inflight,
                     said.receive_maximum.value_or(UINT16_MAX));
  topic_alias_maximum_ = said.topic_alias_maximum.value_or(0);
  maximum_qos_ = static_cast<protocol::qos>(said.maximum_qos.value_or(2));
  retain_available_ = said.retain_available.value_or(1) != 0;
  maximum_packet_size_ = said.maximum_packet_size.value_or(UINT32_MAX);
  // [MQTT-3.2.2-21]
  if (said.server_keep_alive)
    keep_alive_ = std::chrono::seconds{*said.server_keep_alive};
  resume(packet.session_present);
  events_.on_connected();
  return std::nullopt;
}

void client::subscribe(
    const std::vector<protocol::subscription_request>& filters,
    const property_list& properties) {
  send(protocol::subscribe{next_packet_id(), filters,
                           to_properties(properties)});
}

void client::unsubscribe(const std::string& filter,
                         const property_list& properties) {
  send(protocol::unsubscribe{
      next_packet_id(), {filter}, to_properties(properties)});
}

void client::disconnect(reason why) {
  send(
      protocol::disconnect{why, to_properties(options_.disconnect_properties)});
}

bool client::has_room() const noexcept {
  return outgoing_.size() < window_ && outgoing_bytes_ < max_outgoing_bytes
         && output_.size() < max_waiting_bytes;
}

bool client::is_idle() const noexcept {
  return outgoing_.empty() && incoming_.empty();
}

void client::on_written(time_point now) noexcept {
  last_sent_ = now;
  // What is long under way delays the answer to what was sent behind it.
  if (answer_due_ != never)
    answer_due_ = now + keep_alive_;
}

time_point client::deadline() const noexcept {
  if (answer_due_ != never || keep_alive_.count() == 0)
    return answer_due_;
  return connected_ ? std::min(last_sent_, last_received_) + keep_alive_
                    : never;
}

bool client::on_timer(time_point now) {
  if (now < deadline())
    return true;
  if (answer_due_ != never)
    return false;
  answer_due_ = now + keep_alive_;
  send(protocol::pingreq{});
  return true;
}

} // namespace troupe::tools
