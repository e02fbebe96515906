#include "actors/connection.hpp"
#include "actors/link.hpp"
#include "actors/packet_log.hpp"
#include "actors/routes.hpp"
#include "actors/tell.hpp"
#include "broker/mount_point.hpp"
#include "broker/system_topics.hpp"
#include "core/log.hpp"
#include "protocol/encoder.hpp"
#include "protocol/topic.hpp"

#include <algorithm>

namespace troupe::actors {

namespace {

using protocol::packet_type;
using protocol::qos;
using protocol::reason;
using protocol::version;

constexpr auto abnormal = broker::end_of_connection::abnormal;

const failure filter_too_long{ec::topic_filter_invalid,
                              "below its mount_point the filter is too long"};

bool is_control_topic(std::string_view topic) {
  return protocol::first_level(topic) == "$CONTROL";
}

} // namespace

// -- bytes to packets
// -----------------------------------------------------------

void connection::read() {
  if (is_ending_) {
    if (is_lingering_) { // only waiting for the client to go
      auto what = stream_.read(loop_.scratch()).what;
      if (what == net::io_result::kind::end_of_stream
          || what == net::io_result::kind::broken) {
        close_socket();
        finish_if_done();
      }
    }
    return;
  }
  // Polling does not tell of what a layer has read already.
  while (read_once() && wants_input() && stream_.has_input()) {
  }
  if (!is_ending_ && (!wants_input() || stream_.has_output()))
    mark();
}

/// False: nothing came.
bool connection::read_once() {
  // What follows a part of a packet is read right behind it.
  auto into = input_.empty() ? loop_.scratch()
                             : std::span{input_.reserve(loop_.scratch().size()),
                                         loop_.scratch().size()};
  if (link_)
    into = into.first(std::min(into.size(), link_->read_portion()));
  auto got = stream_.read(into);
  if (got.what == net::io_result::kind::would_block)
    return false;
  if (got.what != net::io_result::kind::done) {
    end({abnormal, reason::success,
         !stream_.error().empty() ? std::string{stream_.error()}
         : link_                  ? "the remote broker closed the connection"
                                  : "connection closed by the client"});
    return false;
  }
  last_read_ = loop_.now();
  loop_.stats().bytes_received.add(got.bytes);
  if (link_)
    link_->read(got.bytes, loop_.now());
  if (input_.empty()) {
    auto bytes = into.first(got.bytes);
    auto used = decode_all(bytes);
    if (!is_ending_)
      input_.append(bytes.subspan(used));
  } else {
    input_.commit(got.bytes);
    decode_input();
  }
  return true;
}

/// Handles what was kept because a packet was incomplete or had to wait.
void connection::decode_input() {
  if (input_.empty() || !is_taking_packets())
    return;
  auto used = decode_all(input_.bytes());
  input_.consume(used);
  if (input_.empty())
    input_.release();
}

bool connection::is_taking_packets() const {
  return !is_ending_ && !last_word_ && !awaits_answer_;
}

/// Handles every whole packet; returns the bytes they took.
size_t connection::decode_all(std::span<const uint8_t> bytes) {
  size_t used = 0;
  auto limit = max_packet_size_ != 0 ? max_packet_size_
                                     : protocol::max_remaining_length + 1;
  while (is_taking_packets()) {
    auto next = protocol::next_frame(bytes.subspan(used), limit);
    if (!next) {
      fail(next.error());
      break;
    }
    if (!next->has_value())
      break;
    loop_.stats().packets_received.add();
    used += (*next)->size;
    if (!handle(**next))
      break;
  }
  dispatch_batches();
  pass_on_acknowledgements();
  forget_incoming();
  if (last_word_ && unfinished_batches_ == 0)
    end(*last_word_);
  return used;
}

void connection::pass_on_acknowledgements() {
  if (acknowledged_.empty())
    return;
  tell(session_, client_acknowledged{std::move(acknowledged_)});
  acknowledged_ = {};
}

/// Each handler returns false if no further packet is to be handled for now.
bool connection::handle(const protocol::frame& in) {
  switch (in.type()) {
  case packet_type::publish:
    return handle_publish(in);
  case packet_type::puback:
  case packet_type::pubrec:
  case packet_type::pubrel:
  case packet_type::pubcomp:
    return handle_acknowledgement(in);
  default:
    return handle_other(in);
  }
}

bool connection::fail(const failure& why) {
  auto text = link_ && why.code == ec::packet_too_large
                  ? "a packet is larger than bridge_max_packet_size"
                  : why.text;
  return end_in_order(
      {abnormal, protocol::reason_for(why.code), std::string{text}});
}

/// Ends the connection behind the answers to what came before: returns false.
bool connection::end_in_order(const ending& how) {
  last_word_ = std::make_unique<ending>(how);
  return false;
}

// -- PUBLISH
// --------------------------------------------------------------------

bool connection::handle_publish(const protocol::frame& in) {
  auto packet = protocol::decode_publish(in, version_);
  if (!packet)
    return fail(packet.error());
  if (packet->topic_alias != 0) {
    if (!aliases_)
      aliases_ =
          std::make_unique<broker::incoming_aliases>(rules().max_topic_alias);
    if (auto resolved = aliases_->resolve(*packet); !resolved)
      return fail(resolved.error());
  }
  packet_log::received(client_id_, *packet);
  broker::arrival way;
  if (!packet->forwarded_properties.empty())
    way = broker::arrive(*packet, peer_, node_.node_id);
  auto& stats = loop_.stats();
  stats.publishes_received.add();
  stats.publish_bytes_received.add(packet->payload.size());
  std::string name;
  if (!rename_incoming(*packet, name))
    return is_taking_packets();
  if (auto why = forbidden(*packet))
    return end_in_order(*why);
  if (node_.is_short_of_memory.load(std::memory_order_relaxed))
    return turn_down(*packet);
  if (is_control_topic(packet->topic))
    answer_control(*packet);
  else if (auto code = refusal(*packet); code != reason::success)
    refuse_publish(*packet, code);
  else if (way.is_loop)
    drop_loop(*packet);
  else
    route_publish(*packet, way.path);
  return is_taking_packets();
}

/// Names the message as it is known here; `name` has the memory. False: it is
/// not to be routed.
bool connection::rename_incoming(protocol::publish& packet, std::string& name) {
  if (link_) {
    auto is_taken = link_->accept(packet, name, loop_.now());
    if (!is_taken)
      refuse_publish(packet, reason::success);
    return is_taken;
  }
  const auto& mount_point = rules().mount_point;
  if (mount_point.empty())
    return true;
  name = broker::mounted_topic(mount_point, packet.topic);
  packet.topic = name;
  return broker::fits(name)
         || end_in_order({abnormal, reason::topic_name_invalid,
                          "below its mount_point the topic is too long"});
}

/// There is no memory for it. QoS 0 is dropped; MQTT 5 has a reason code; an
/// MQTT 3.x client can only be shown by closing that its message was not taken,
/// and a bridge would let go of it.
bool connection::turn_down(const protocol::publish& packet) {
  if (packet.qos == qos::at_most_once) {
    using enum broker::drop_reason;
    loop_.stats().dropped[static_cast<size_t>(memory_limit)].add();
    return true;
  }
  if (version_ != version::v5 || is_of_bridge())
    return end_in_order({abnormal, reason::quota_exceeded,
                         "the broker is above its memory_limit"});
  refuse_publish(packet, reason::quota_exceeded);
  return true;
}

/// Commands to the broker. Where nobody is behind a topic, a client that asks
/// is told so.
void connection::answer_control(const protocol::publish& packet) {
  if (!may(security::action::publish, packet.topic)) {
    refuse_publish(packet, reason::not_authorized);
    return;
  }
  refuse_publish(packet, reason::success);
  auto is_known =
      node_.dynamic_security && packet.topic == security::dynsec::control_topic;
  if (is_known
      && node_.dynamic_security->carry_out(
          *node_.workers, std::string{packet.payload},
          {client_id_, who_ ? who_->user_name : std::nullopt}, self_,
          node_.registries))
    return;
  control_answer answer;
  answer.topic = std::string{packet.topic} + "/response";
  answer.payload = is_known ? R"({"error": "the broker is busy"})"
                            : R"({"error": "endpoint not available"})";
  on(answer);
}

/// Acknowledges a publication that goes nowhere. MQTT 3.x has no words for why.
void connection::refuse_publish(const protocol::publish& packet, reason code) {
  if (packet.qos == qos::at_most_once)
    return;
  receiver_.owe(packet.qos, packet.packet_id,
                version_ == version::v5 ? code : reason::success);
  send_due_acknowledgements();
}

/// What ends the connection of its sender.
std::optional<connection::ending>
connection::forbidden(const protocol::publish& packet) {
  if (link_) // a server's rights are others, and it was asked for this
    return std::nullopt;
  if (traffic_
      && (!traffic_->messages.take(1, loop_.now())
          || !traffic_->bytes.take(packet.payload.size(), loop_.now())))
    return ending{abnormal, reason::message_rate_too_high,
                  "it publishes more than max_publish_rate or "
                  "max_publish_bytes_rate allow"};
  if (static_cast<uint8_t>(packet.qos) > rules().max_qos)
    return ending{abnormal, reason::qos_not_supported, "QoS not supported"};
  if (!packet.subscription_ids.empty()) // [MQTT-3.3.4-6]
    return ending{abnormal, reason::protocol_error,
                  "subscription identifier in a PUBLISH from a client"};
  if (packet.retain && !retain_available_)
    return ending{abnormal, reason::retain_not_supported,
                  "retained messages not supported"};
  return std::nullopt;
}

/// Why a publication is acknowledged but goes nowhere; success: it does go.
reason connection::refusal(const protocol::publish& packet) {
  auto limit = policy_->broker->message_size_limit;
  if (limit != 0 && packet.payload.size() > limit)
    return reason::packet_too_large;
  if (broker::is_reserved_topic(packet.topic))
    return reason::not_authorized;
  if (has_too_many_levels(packet.topic))
    return reason::topic_name_invalid;
  return may(security::action::publish, packet.topic) ? reason::success
                                                      : reason::not_authorized;
}

bool connection::has_too_many_levels(std::string_view topic) const {
  auto most = policy_->broker->max_topic_levels;
  return most <= protocol::max_topic_slashes
         && std::count(topic.begin(), topic.end(), '/') >= most;
}

/// Why a filter is refused in SUBACK; success: it is not.
reason connection::refusal_of_filter(std::string_view filter) {
  if (has_too_many_levels(filter))
    return reason::topic_filter_invalid;
  return may(security::action::subscribe, filter) ? reason::success
                                                  : reason::not_authorized;
}

/// It was here before: whoever brings it again has done well.
void connection::drop_loop(const protocol::publish& packet) {
  loop_.stats().loops.add();
  refuse_publish(packet, reason::success);
}

void connection::route_publish(const protocol::publish& packet,
                               std::string_view path) {
  auto index = loop_.routes().index_of(packet.topic);
  auto& batch = loop_.open_batches()[index];
  auto number = batch ? batch->number() : next_batch_;
  if (packet.qos != qos::at_most_once) {
    using verdict = broker::receiver::verdict;
    switch (receiver_.on_publish(packet.qos, packet.packet_id, number)) {
    case verdict::route:
      break;
    case verdict::duplicate:
      send_due_acknowledgements();
      return;
    case verdict::receive_maximum_exceeded:
      end_in_order({abnormal, reason::receive_maximum_exceeded,
                    "receive maximum exceeded"});
      return;
    }
  }
  if (!batch) {
    ++next_batch_;
    ++unfinished_batches_;
    // `no local` and a bridge's wish for no echo are told from the key.
    batch = loop_.make_batch(this, number, session_key_);
    batch->suppress_echo = is_bridge_;
    if (books_)
      books_->on_opened(number);
  }
  if (packet.retain && !batch->by)
    batch->by = as_author();
  auto before = batch->footprint();
  batch->add(broker::publication::make(packet, loop_.now(), path));
  if (packet.qos == qos::exactly_once && books_ && books_->remembers_ids()) {
    batch->items.back().packet_id = packet.packet_id;
    batch->remembers_ids = true;
  }
  unfinished_bytes_ += batch->footprint() - before;
}

void connection::dispatch_batches() {
  auto& batches = loop_.open_batches();
  for (size_t i = 0; i < batches.size(); ++i)
    if (batches[i])
      tell(loop_.routes().subtree(i), route{std::move(batches[i])});
}

void connection::send_due_acknowledgements() {
  auto& due = loop_.acknowledgement_scratch();
  due.clear();
  receiver_.take_due(due);
  if (due.empty() || is_ending_)
    return;
  auto& out = output_.control();
  for (const auto& packet : due) {
    packet_log::sent(client_id_, packet.type, packet.packet_id, packet.reason);
    protocol::encode_acknowledgement(out, packet.type, packet.packet_id,
                                     packet.reason, version_);
  }
  loop_.stats().packets_sent.add(due.size());
  mark();
}

// -- the other packets
// ------------------------------------------------------------

bool connection::handle_acknowledgement(const protocol::frame& in) {
  auto packet = protocol::decode_acknowledgement(in, version_);
  if (!packet)
    return fail(packet.error());
  packet_log::received(client_id_, packet->type, packet->packet_id,
                       packet->reason);
  if (packet->type != packet_type::pubrel) {
    auto type = packet->type;
    if (link_) {
      if (link_->takes_answer(type, packet->packet_id))
        return true;
      type = link_->translate(type, packet->packet_id);
    }
    acknowledged_.push_back({type, packet->packet_id, packet->reason});
    return true;
  }
  // An identifier nobody knows is answered like any other, as Mosquitto does.
  auto was_known = receiver_.on_pubrel(packet->packet_id);
  if (was_known && books_ && books_->remembers_ids())
    books_->release(packet->packet_id);
  else
    send_pubcomp(packet->packet_id);
  return true;
}

bool connection::handle_other(const protocol::frame& in) {
  if (link_)
    return handle_from_server(in);
  if (in.type() == packet_type::connect) {
    return end_in_order( // [MQTT-3.1.0-2]
        {abnormal, reason::protocol_error, "second CONNECT"});
  }
  auto decoded = protocol::decode(in, version_);
  if (!decoded)
    return fail(decoded.error());
  packet_log::received(client_id_, in.type());
  if (auto* subscribe = std::get_if<protocol::subscribe>(&*decoded))
    return handle_subscribe(*subscribe);
  if (auto* unsubscribe = std::get_if<protocol::unsubscribe>(&*decoded))
    return handle_unsubscribe(*unsubscribe);
  if (auto* disconnect = std::get_if<protocol::disconnect>(&*decoded))
    return handle_disconnect(*disconnect);
  if (auto* auth = std::get_if<protocol::auth>(&*decoded))
    return handle_auth(*auth);
  if (std::holds_alternative<protocol::pingreq>(*decoded)) {
    packet_log::sent(client_id_, packet_type::pingresp);
    protocol::encode(output_.control(), protocol::pingresp{}, version_);
    loop_.stats().packets_sent.add();
    mark();
    return true;
  }
  return end_in_order(
      {abnormal, reason::protocol_error, "packet not allowed from a client"});
}

/// A filter as the broker knows it.
std::string connection::mounted(std::string_view filter) const {
  const auto& mount_point = rules().mount_point;
  return mount_point.empty() ? std::string{filter}
                             : broker::mounted_filter(mount_point, filter);
}

bool connection::handle_subscribe(const protocol::subscribe& packet) {
  client_subscribed message;
  message.packet_id = packet.packet_id;
  message.identifier = packet.properties.subscription_identifier.value_or(0);
  for (const auto& request : packet.subscriptions) {
    auto parsed = protocol::parse_filter(request.filter);
    if (!parsed)
      return fail(parsed.error());
    if (!parsed->share_name.empty() && request.options.no_local) {
      return end_in_order({abnormal, reason::protocol_error,
                           "no local on a shared subscription"});
    }
    auto options = request.options;
    options.is_peer = peer_;
    options.qos = std::min(options.qos, static_cast<qos>(rules().max_qos));
    log::client(log::level::subscribe, client_id_, "{} {} {}", client_id_,
                static_cast<int>(options.qos), request.filter);
    auto filter = mounted(request.filter);
    if (!broker::fits(filter))
      return fail(filter_too_long);
    auto refused = refusal_of_filter(filter);
    message.requests.push_back({std::move(filter), options, refused});
  }
  tell(session_, std::move(message));
  awaits_answer_ = true; // what follows must find the filters in force
  return false;
}

bool connection::handle_unsubscribe(const protocol::unsubscribe& packet) {
  client_unsubscribed message;
  message.packet_id = packet.packet_id;
  for (auto filter : packet.filters) {
    if (auto parsed = protocol::parse_filter(filter); !parsed)
      return fail(parsed.error());
    log::client(log::level::unsubscribe, client_id_, "{} {}", client_id_,
                filter);
    auto full = mounted(filter);
    if (!broker::fits(full))
      return fail(filter_too_long);
    auto refused = may(security::action::unsubscribe, full)
                       ? reason::success
                       : reason::not_authorized;
    message.requests.push_back({std::move(full), refused});
  }
  tell(session_, std::move(message));
  awaits_answer_ = true; // what follows must find the filters in force
  return false;
}

bool connection::handle_disconnect(const protocol::disconnect& packet) {
  auto expiry = packet.properties.session_expiry_interval;
  if (expiry && *expiry != 0 && expiry_interval_ == 0) {
    // [MQTT-3.14.2-2]; Mosquitto names it protocol error, too.
    return end_in_order({abnormal, reason::protocol_error,
                         "session expiry raised from 0 in DISCONNECT"});
  }
  new_expiry_interval_ = expiry;
  auto with_will = packet.reason == reason::disconnect_with_will;
  end({with_will ? abnormal : broker::end_of_connection::by_client,
       reason::success, "disconnected with will"});
  return false;
}

} // namespace troupe::actors
