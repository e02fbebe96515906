// The part of a bridge that talks to the remote broker until that has accepted
// it.
#include "actors/bridge.hpp"
#include "actors/tell.hpp"
#include "broker/message_path.hpp"
#include "core/log.hpp"
#include "net/tls_layer.hpp"
#include "net/websocket_layer.hpp"
#include "protocol/encoder.hpp"
#include "protocol/reason.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace troupe::actors {

namespace {

using protocol::reason;
using protocol::version;

/// A CONNACK has a few properties, and user properties of 64 KiB each.
constexpr uint32_t largest_connack = 1024 * 1024;

/// Of MQTT 3.x: unacceptable protocol version.
constexpr uint8_t bad_version = 1;

/// QoS 2 messages under way that every broker can be trusted with: Mosquitto
/// confirms further ones and loses them, and MQTT 3.x has no way to say so.
constexpr uint16_t safe_qos2_messages = 20;
constexpr uint16_t usual_messages = 1000;

/// Topic aliases that are used towards a broker that allows them.
constexpr uint16_t most_aliases = 50;

std::string describe_code(uint8_t code, version v) {
  if (v == version::v5)
    return fmt::format("{}",
                       protocol::to_string(static_cast<reason>(code),
                                           protocol::packet_type::connack));
  static constexpr std::array<std::string_view, 6> words{
      "accepted",
      "it does not speak this version of MQTT; see bridge_protocol_version",
      "it does not take remote_clientid",
      "it is not available",
      "it does not know remote_username or remote_password",
      "remote_username is not authorised"};
  return std::string{code < words.size() ? words[code] : "unknown code"};
}

bool has_qos2(const broker::bridge_topics& topics) noexcept {
  const auto& filters = topics.local_filters();
  return std::any_of(filters.begin(), filters.end(), [](const auto& each) {
    return each.max_qos == protocol::qos::exactly_once;
  });
}

/// By how much a packet for the remote broker may be longer than the one that
/// the session counts with: the name of the topic changes.
uint32_t longest_addition(const config::bridge_settings& own) noexcept {
  size_t longest = 0;
  for (const auto& each : own.topics)
    longest = std::max(longest, each.remote_prefix.size());
  constexpr size_t longer_length = 3; // of the packet
  return longest == 0 ? 0 : static_cast<uint32_t>(longest + longer_length);
}

/// Bytes; 0: no limit.
uint32_t packet_limit(const config::bridge_settings& own,
                      const protocol::connack& answer) noexcept {
  auto theirs = answer.properties.maximum_packet_size.value_or(0);
  auto limit = theirs == 0 || own.max_packet_size == 0
                   ? std::max(theirs, own.max_packet_size)
                   : std::min(theirs, own.max_packet_size);
  auto addition = longest_addition(own);
  return limit == 0 ? 0 : limit > addition ? limit - addition : 1;
}

/// How many messages the session may have under way: the notice that the bridge
/// is there has a place among them.
uint16_t places_of(const config::bridge_settings& own,
                   const protocol::connack& answer) {
  auto all = answer.properties.receive_maximum.value_or(65'535);
  auto gives_notice = own.notifications && !own.notifications_local_only;
  return gives_notice && all > 1 ? all - 1 : all;
}

broker::sender_parameters sender_of(const bridge_plan& plan,
                                    const protocol::connack& answer) {
  broker::sender_parameters client;
  client.version = plan.version();
  client.maximum_packet_size = packet_limit(plan.own, answer);
  if (client.version != version::v5) {
    client.receive_maximum =
        has_qos2(plan.topics) ? safe_qos2_messages : usual_messages;
    return client;
  }
  client.is_peer = true; // what it does not know, it does not heed
  client.receive_maximum = places_of(plan.own, answer);
  return client;
}

remote_limits limits_of(const protocol::connack& answer,
                        const config::bridge_settings& own) {
  remote_limits limits;
  const auto& said = answer.properties;
  limits.max_qos = static_cast<protocol::qos>(
      std::min<uint8_t>(2, said.maximum_qos.value_or(2)));
  limits.retain_available = said.retain_available.value_or(1) != 0;
  limits.receive_maximum = said.receive_maximum.value_or(65'535);
  limits.keep_alive = said.server_keep_alive.value_or(own.keepalive_interval);
  return limits;
}

} // namespace

// -- below MQTT
// -------------------------------------------------------------------------

void bridge::add_layers(net::socket&& connection) {
  stream_ = net::stream{std::move(connection)};
  const auto& own = plan_->own;
  std::unique_ptr<net::layer> above;
  if (plan_->tls) {
    auto host = address().host.empty() ? "localhost" : address().host;
    above = net::tls_connect(plan_->tls, stream_.below(), host);
    if (!above) {
      give_up("TLS cannot be begun with the name " + host);
      return;
    }
  }
  if (own.transport == config::bridge_transport::websockets) {
    net::websocket_target target;
    target.host = config::to_text(address());
    target.path = own.websocket_path;
    if (plan_->version() == version::v31)
      target.protocol = "mqttv3.1";
    above = net::connect_websocket(target, std::move(above));
    if (!above) {
      give_up("the WebSocket request cannot be made: see "
              "bridge_websocket_path");
      return;
    }
  }
  if (above)
    stream_.set_layer(std::move(above));
  say_connect();
  pump();
}

bool bridge::is_private() const {
  return plan_->own.try_private && !private_refused_
         && plan_->version() != version::v5;
}

void bridge::say_connect() {
  const auto& own = plan_->own;
  auto node_id = broker::to_text(node_.node_id);
  protocol::connect packet;
  packet.version = plan_->version();
  packet.is_bridge = is_private();
  packet.clean_start = own.cleansession;
  packet.keep_alive = own.keepalive_interval;
  packet.client_id = own.remote_clientid;
  packet.user_name = own.remote_username;
  packet.password = own.remote_password;
  if (own.notifications && !own.notifications_local_only) {
    protocol::will gone;
    gone.topic = own.notification_topic;
    gone.payload = "0";
    gone.qos = protocol::qos::at_least_once;
    gone.retain = true;
    packet.will = gone;
  }
  if (packet.version == version::v5) {
    auto& wishes = packet.properties;
    if (own.session_expiry_interval != 0)
      wishes.session_expiry_interval = own.session_expiry_interval;
    if (own.receive_maximum != 65'535)
      wishes.receive_maximum = own.receive_maximum;
    if (own.max_packet_size != 0)
      wishes.maximum_packet_size = own.max_packet_size;
    if (own.max_topic_alias != 0)
      wishes.topic_alias_maximum = own.max_topic_alias;
    wishes.user_properties.emplace_back(broker::peer_property, node_id);
  }
  output_.clear();
  input_.clear();
  protocol::encode(output_, packet);
}

void bridge::on_ready(bool, bool) noexcept {
  try {
    pump();
  } catch (const std::exception& failed) {
    give_up(failed.what());
  }
}

/// Does what can be done now: handshakes, CONNECT, CONNACK.
void bridge::pump() {
  while (stage_ == stage::greeting && read_some()) {
  }
  if (stage_ != stage::greeting || !write_some())
    return;
  auto wanted = net::interest::read;
  if (stream_.has_output() || (stream_.is_ready() && !output_.empty()))
    wanted = net::interest::both;
  set_interest(wanted);
}

/// False: nothing more now, or the attempt is over.
bool bridge::read_some() {
  using kind = net::io_result::kind;
  auto got = stream_.read(loop_.scratch());
  if (got.what == kind::would_block)
    return stream_.has_input() && stream_.is_ready();
  if (got.what == kind::done) {
    loop_.stats().bytes_received.add(got.bytes);
    take(loop_.scratch().first(got.bytes));
    return true;
  }
  auto why = std::string{stream_.error()};
  if (why.empty()) {
    why = "the remote broker closed the connection without an answer to "
          "CONNECT";
    // Some do so when a bridge says what it is.
    if (plan_->own.try_private)
      private_refused_ = !private_refused_;
  }
  give_up(std::move(why));
  return false;
}

/// False: the attempt is over.
bool bridge::write_some() {
  using kind = net::io_result::kind;
  auto written = stream_.write(stream_.is_ready() ? output_.bytes()
                                                  : std::span<const uint8_t>{});
  if (written.what == kind::broken) {
    auto why = std::string{stream_.error()};
    give_up(why.empty() ? "the connection broke" : why);
    return false;
  }
  if (written.what == kind::done)
    output_.consume(written.bytes);
  loop_.stats().bytes_sent.add(written.bytes);
  return true;
}

// -- CONNACK
// ----------------------------------------------------------------------------

void bridge::take(std::span<const uint8_t> bytes) {
  input_.append(bytes);
  auto next = protocol::next_frame(input_.bytes(), largest_connack);
  if (!next) {
    give_up(fmt::format("the answer to CONNECT is not MQTT: {}",
                        next.error().text));
    return;
  }
  if (!next->has_value())
    return;
  const auto& frame = **next;
  auto decoded = protocol::decode(frame, plan_->version());
  const auto* answer =
      decoded ? std::get_if<protocol::connack>(&*decoded) : nullptr;
  if (answer == nullptr) {
    give_up(decoded ? std::string{"the answer to CONNECT is another packet"}
                    : fmt::format("the answer to CONNECT is malformed: {}",
                                  decoded.error().text));
    return;
  }
  loop_.stats().packets_received.add();
  if (answer->code != 0)
    refuse(*answer);
  else
    hand_over(*answer, input_.bytes().subspan(frame.size));
}

void bridge::refuse(const protocol::connack& answer) {
  auto v = plan_->version();
  if (v != version::v5 && answer.code == bad_version && is_private())
    private_refused_ = true; // it may be that which it does not know
  auto why = fmt::format("the remote broker refuses with code {}: {}",
                         answer.code, describe_code(answer.code, v));
  if (answer.properties.reason_string)
    why += fmt::format(" ({})", *answer.properties.reason_string);
  if (answer.properties.server_reference)
    why +=
        fmt::format("; it points to {}", *answer.properties.server_reference);
  give_up(std::move(why));
}

/// From here on a connection has it.
void bridge::hand_over(const protocol::connack& answer,
                       std::span<const uint8_t> rest) {
  const auto& own = plan_->own;
  auto client = std::make_shared<newcomer>();
  client->rest.append(rest);
  client->policy = plan_->policy;
  client->version = plan_->version();
  client->is_bridge = true; // of what comes from there, nothing goes back
  client->topic_alias_maximum =
      std::min(most_aliases, answer.properties.topic_alias_maximum.value_or(0));
  client->decision.client_id = own.local_clientid;
  auto& parameters = client->decision.parameters;
  parameters.clean_start = own.local_cleansession;
  parameters.expiry_interval =
      own.local_cleansession ? 0 : broker::session_never_expires;
  parameters.client = sender_of(*plan_, answer);
  link_setup setup;
  setup.owner = self_;
  setup.plan = plan_;
  setup.status = status_;
  setup.remote = limits_of(answer, own);
  setup.may_echo = client->version != version::v5 && !is_private();
  setup.wants_retained = !answer.session_present;
  client->link = std::make_shared<link_setup>(std::move(setup));
  set_interest(net::interest::none);
  client->stream = std::move(stream_);
  stream_ = net::stream{};
  input_.release();
  output_.release();
  stage_ = stage::linked;
  tell(node_.registries[loop_.index()], handed_over{std::move(client)});
}

// -- the socket
// -------------------------------------------------------------------------

void bridge::set_interest(net::interest wanted) {
  if (!stream_.is_open() || wanted == interest_)
    return;
  if (!loop_.poller().change(stream_.fd(), this, interest_, wanted)) {
    give_up("the system cannot poll another socket");
    return;
  }
  interest_ = wanted;
}

void bridge::close_stream() noexcept {
  if (!stream_.is_open())
    return;
  loop_.poller().forget(this);
  interest_ = net::interest::none;
  stream_.close();
  input_.release();
  output_.release();
}

} // namespace troupe::actors
