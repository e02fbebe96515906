// The part of a connection that concerns AUTH: a client that proved who it is
// in an exchange may do so again at any time [MQTT 4.12.1]. What it sends
// meanwhile is served as before.
#include "actors/connection.hpp"
#include "protocol/encoder.hpp"

#include <string>
#include <utility>

namespace troupe::actors {

namespace {

using protocol::reason;

} // namespace

bool connection::refuse_exchange(reason code, std::string why) {
  exchange_.reset();
  return end_in_order(
      {broker::end_of_connection::abnormal, code, std::move(why)});
}

bool connection::handle_auth(const protocol::auth& packet) {
  // [MQTT-4.12.0-6], [MQTT-4.12.1-1]: the method is that of CONNECT.
  if (!who_ || who_->how != login::method::exchange
      || packet.properties.authentication_method != security::scram_method)
    return refuse_exchange(reason::protocol_error,
                           "AUTH with another method than its CONNECT had");
  if (packet.reason == reason::reauthenticate && !exchange_)
    return begin_exchange(packet);
  if (packet.reason == reason::continue_authentication && exchange_)
    return go_on_with_exchange(
        packet.properties.authentication_data.value_or(""));
  return refuse_exchange(reason::protocol_error, "AUTH out of turn");
}

bool connection::begin_exchange(const protocol::auth& packet) {
  if (node_.brake.allowed_at(stream_.address(), loop_.now()) > loop_.now())
    return refuse_exchange(reason::not_authorized,
                           "too many failed attempts from its address");
  exchange_ = make_exchange(policy_, node_.scram_key());
  return go_on_with_exchange(
      packet.properties.authentication_data.value_or(""));
}

bool connection::go_on_with_exchange(std::string_view data) {
  using security::scram_outcome;
  auto step = exchange_->step(data);
  switch (step.outcome) {
  case scram_outcome::go_on:
    break;
  case scram_outcome::accepted:
    return finish_exchange(step);
  case scram_outcome::refused:
    node_.brake.on_failure(stream_.address(), loop_.now());
    return refuse_exchange(reason::not_authorized,
                           "it did not prove again who it is");
  case scram_outcome::malformed:
    return refuse_exchange(reason::protocol_error,
                           "its authentication data is not SCRAM-SHA-256");
  }
  protocol::encode(output_.control(), to_packet(step), version_);
  loop_.stats().packets_sent.add();
  mark();
  return true;
}

/// It knows the password. Rights and session are those of the user it was.
bool connection::finish_exchange(const security::scram_step& step) {
  auto user = exchange_->user_name();
  exchange_.reset();
  auto outcome = admit_after_exchange(*policy_, user, client_id_);
  if (user != who_->user_name)
    return refuse_exchange(reason::not_authorized,
                           "it proved to be another user than before");
  if (!outcome.is_granted)
    return refuse_exchange(reason::not_authorized, std::move(outcome.why));
  node_.brake.on_success(stream_.address());
  *who_ = std::move(outcome.who);
  protocol::encode(output_.control(), to_packet(step), version_);
  loop_.stats().packets_sent.add();
  mark();
  return true;
}

} // namespace troupe::actors
