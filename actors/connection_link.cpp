// The part of a connection that is a bridge's link: towards the network it is a
// client.
#include "actors/connection.hpp"
#include "actors/link.hpp"
#include "actors/packet_log.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"
#include "protocol/encoder.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::actors {

namespace {

using protocol::packet_type;
using protocol::reason;
using protocol::version;

constexpr auto abnormal = broker::end_of_connection::abnormal;

/// What a client may say in DISCONNECT [MQTT-3.14.2-1]; others have no word of
/// their own.
reason client_reason(reason code) noexcept {
  switch (code) {
  case reason::malformed_packet:
  case reason::protocol_error:
  case reason::receive_maximum_exceeded:
  case reason::topic_alias_invalid:
  case reason::packet_too_large:
  case reason::quota_exceeded:
    return code;
  default:
    return reason::unspecified_error;
  }
}

} // namespace

void connection::begin_link(const attached& message) {
  if (message.spare_ids.size() < link::packet_ids_needed(link_->plan())) {
    end({abnormal, reason::quota_exceeded,
         "too many messages are on their way for its subscriptions"});
    return;
  }
  link_->greet(output_.control(), message.spare_ids);
  tell(session_, link_->subscriptions());
  tell(link_->owner(), link_attached{self_});
  mark();
}

/// Time has passed: keep alive, and what was held back.
void connection::watch_link(time_point now) {
  if (!wants_input())
    last_read_ = now; // an answer may be there, unread
  if (link_->is_dead(now, last_read_)) {
    end({abnormal, reason::unspecified_error,
         "the remote broker does not answer"});
    return;
  }
  if (link_->should_ping(now)) {
    packet_log::sent(client_id_, packet_type::pingreq);
    protocol::encode(output_.control(), protocol::pingreq{}, version_);
    link_->pinged(output_.size(), now);
    loop_.stats().packets_sent.add();
  }
  mark();
  arm();
}

void connection::write_to_server() {
  auto size = output_.size();
  auto portion = link_->allowance(size, loop_.now());
  if (portion == 0)
    return;
  auto what = output_.flush(stream_, portion);
  link_->wrote(size - output_.size(), output_.size(), loop_.now());
  after_flush(what);
}

bool connection::prepare_for_server(broker::delivery_header& header,
                                    const broker::publication& message) {
  if (link_->prepare(header, message, loop_.now()))
    return true;
  using enum broker::drop_reason;
  loop_.stats().dropped[static_cast<size_t>(packet_too_large)].add();
  log::client(log::level::notice, client_id_,
              "Bridge {}: a message is dropped: with remote_prefix its topic "
              "is empty or too long.",
              link_->plan().own.name);
  return false;
}

/// Here is less than the bridge is configured for.
void connection::warn_of_refusals(const send_suback& answer) const {
  auto is_refused = [](reason code) {
    return static_cast<uint8_t>(code) >= 0x80;
  };
  if (!answer.unsubscribe
      && std::any_of(answer.codes.begin(), answer.codes.end(), is_refused))
    log::client(log::level::warning, client_id_,
                "Bridge {} has more topics than max_subscriptions allows: not "
                "all of them are sent.",
                link_->plan().own.name);
}

/// The session is answered for messages whose QoS the remote broker does not
/// have.
void connection::settle_lowered() {
  auto& settled = link_->settled();
  if (settled.empty())
    return;
  tell(session_, client_acknowledged{std::move(settled)});
  settled.clear();
}

/// What holds the will back is an end that is meant: others shall learn that
/// the bridge is gone.
void connection::say_farewell(const ending& how) {
  if (version_ == version::v5)
    send_disconnect(how.how == abnormal && how.code != reason::success
                        ? client_reason(how.code)
                        : reason::disconnect_with_will);
}

void connection::tell_bridge(const ending& how) {
  tell(link_->owner(), link_ended{how.why});
}

void connection::on(end_link& message) {
  end({broker::end_of_connection::by_client, reason::success,
       std::move(message.why)});
}

// -- what a server sends
// ------------------------------------------------------------

bool connection::handle_from_server(const protocol::frame& in) {
  auto decoded = protocol::decode(in, version_);
  if (!decoded)
    return fail(decoded.error());
  packet_log::received(client_id_, in.type());
  if (std::holds_alternative<protocol::pingresp>(*decoded)) {
    link_->on_pingresp(loop_.now());
    return true;
  }
  if (auto* suback = std::get_if<protocol::suback>(&*decoded))
    return handle_suback(*suback);
  if (std::holds_alternative<protocol::unsuback>(*decoded))
    return true;
  if (auto* disconnect = std::get_if<protocol::disconnect>(&*decoded))
    return handle_server_disconnect(*disconnect);
  return end_in_order({abnormal, reason::protocol_error,
                       "the remote broker sends what a server does not"});
}

/// A filter that is refused does not end the link: the others go on.
bool connection::handle_suback(const protocol::suback& packet) {
  auto wrong = link_->on_suback(packet);
  if (wrong.empty())
    return true;
  log::client(log::level::warning, client_id_, "Bridge {}: {}.",
              link_->plan().own.name, wrong);
  link_->status().set_last_error(std::move(wrong));
  return true;
}

bool connection::handle_server_disconnect(const protocol::disconnect& packet) {
  auto why = fmt::format("the remote broker disconnects with code {}",
                         static_cast<int>(packet.reason));
  if (packet.properties.reason_string)
    why += fmt::format(": {}", *packet.properties.reason_string);
  if (packet.properties.server_reference)
    why +=
        fmt::format("; it points to {}", *packet.properties.server_reference);
  return end_in_order({abnormal, reason::success, std::move(why)});
}

} // namespace troupe::actors
