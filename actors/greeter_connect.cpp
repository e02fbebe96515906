#include "actors/connect_rules.hpp"
#include "actors/greeter.hpp"
#include "actors/tell.hpp"
#include "core/log.hpp"
#include "core/work_pool.hpp"
#include "protocol/encoder.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace troupe::actors {

namespace {

using protocol::reason;
using protocol::version;

constexpr uint8_t server_unavailable = 3; // of MQTT 3.x

/// The user name that TLS has proved, where the listener goes by that.
std::optional<std::string> proved_name(const visitor& who) {
  const auto& own = who.policy->own;
  if (!own.use_identity_as_username && !own.use_subject_as_username)
    return std::nullopt;
  const auto* peer = who.stream.identity();
  if (peer == nullptr)
    return who.proxied_name;
  if (!peer->psk_identity.empty())
    return peer->psk_identity;
  if (!peer->has_certificate)
    return std::string{};
  return own.use_subject_as_username ? peer->subject : peer->common_name;
}

credentials credentials_of(const visitor& who,
                           const protocol::connect& packet) {
  credentials made;
  if (auto name = proved_name(who)) {
    made.user_name = std::move(name);
    made.is_proven = true;
    return made;
  }
  made.user_name = packet.user_name;
  if (packet.password)
    made.password.emplace(std::string{*packet.password});
  return made;
}

uint8_t code_for(version v, reason why) noexcept {
  return v == version::v5 ? static_cast<uint8_t>(why)
                          : protocol::connect_return_code(why);
}

} // namespace

void greeter::judge_connect(visitor& who, const protocol::frame& in,
                            std::span<const uint8_t> rest) {
  auto packet = protocol::decode_connect(in);
  if (!packet) {
    refuse_malformed(who, in, packet.error());
    return;
  }
  if (node_.is_short_of_memory.load(std::memory_order_relaxed)) {
    turn_down(who, *packet);
    return;
  }
  auto made = credentials_of(who, *packet);
  auto decision =
      judge_newcomer(*packet, made.user_name, *who.policy, loop_.now());
  using kind = broker::connect_decision::kind;
  if (decision.what == kind::accept) {
    made.client_id = decision.client_id;
    remember(who, *packet, std::move(decision), rest);
    authenticate(who, *packet, std::move(made));
    return;
  }
  loop_.stats().connections_refused.add();
  protocol::connack answer;
  answer.code = decision.code;
  if (decision.what == kind::refuse)
    answer_and_dismiss(who, answer, packet->version, packet->client_id,
                       decision.why);
  else
    turn_away(who, decision.why);
}

/// There is no memory for another client.
void greeter::turn_down(visitor& who, const protocol::connect& packet) {
  loop_.stats().connections_refused.add();
  protocol::connack answer;
  answer.code = packet.version == version::v5
                    ? static_cast<uint8_t>(reason::quota_exceeded)
                    : server_unavailable;
  answer_and_dismiss(who, answer, packet.version, packet.client_id,
                     "the broker is above its memory_limit");
}

/// MQTT 5 clients learn why; so does, in the 5.0 form, who speaks a level that
/// nobody knows. Others are closed in silence.
void greeter::refuse_malformed(visitor& who, const protocol::frame& in,
                               const failure& why) {
  loop_.stats().connections_refused.add();
  auto level = protocol_level(in);
  auto is_told = level && *level != 3 && *level != 4
                 && why.code != ec::topic_name_invalid; // a will with wildcards
  if (is_told) {
    protocol::connack answer;
    answer.code = static_cast<uint8_t>(protocol::reason_for(why.code));
    answer_and_dismiss(who, answer, version::v5, "", why.text);
    return;
  }
  turn_away(who, why.text);
}

/// Refuses a client whose CONNECT was in order.
void greeter::refuse(visitor& who, uint8_t code, std::string_view why) {
  loop_.stats().connections_refused.add();
  protocol::connack answer;
  answer.code = code;
  answer_and_dismiss(who, answer, who.client->version,
                     who.client->decision.client_id, why);
}

void greeter::answer_and_dismiss(visitor& who, const protocol::connack& answer,
                                 version v, std::string_view client_id,
                                 std::string_view why) {
  byte_buffer out;
  protocol::encode(out, answer, v);
  who.stream.write(out.bytes());
  who.stream.shutdown_write();
  loop_.stats().packets_sent.add();
  loop_.stats().bytes_sent.add(out.size());
  log::client(log::level::notice, client_id,
              "Client {} from {} refused with code {}: {}.", client_id,
              who.stream.peer(), answer.code, why);
  dismiss(who);
}

/// Keeps what is needed when the client has proved who it is.
void greeter::remember(visitor& who, const protocol::connect& packet,
                       broker::connect_decision&& decision,
                       std::span<const uint8_t> rest) {
  auto client = std::make_shared<newcomer>();
  client->rest.append(rest);
  client->version = packet.version;
  client->is_bridge = packet.is_bridge;
  client->topic_alias_maximum =
      std::min(packet.properties.topic_alias_maximum.value_or(0),
               who.policy->own.max_topic_alias_broker);
  client->decision = std::move(decision);
  who.client = std::move(client);
}

// -- who it is
// -----------------------------------------------------------------

bool greeter::is_braked(const visitor& who) {
  return node_.brake.allowed_at(who.stream.address(), loop_.now())
         > loop_.now();
}

void greeter::authenticate(visitor& who, const protocol::connect& packet,
                           credentials&& made) {
  if (packet.properties.authentication_method && !made.is_proven) {
    start_exchange(who, packet);
    return;
  }
  if (auto known = log_in_at_once(*who.policy, made))
    finish(who, std::move(*known));
  else if (is_braked(who))
    refuse(who, code_for(packet.version, reason::not_authorized),
           "too many failed attempts from its address");
  else
    start_work(who, std::move(made));
}

void greeter::start_work(visitor& who, credentials&& made) {
  auto work = [to = caf::actor_cast<greeter_actor>(ctrl()),
               visitor = who.number, at = who.policy,
               made = std::move(made)]() mutable {
    tell(to, logged_in{visitor, log_in(*at, made, instant::now())});
  };
  input_bytes_ -= who.input.size();
  who.input.release();
  who.awaits = visitor::stage::judgement;
  set_interest(who, net::interest::none);
  if (!node_.workers->post(std::move(work)))
    refuse(who,
           who.client->version == version::v5
               ? static_cast<uint8_t>(reason::server_busy)
               : server_unavailable,
           "too many clients are waiting for their passwords to be checked");
}

void greeter::on(logged_in& message) {
  if (auto found = by_number_.find(message.visitor); found != by_number_.end())
    finish(*found->second, std::move(message.outcome));
}

void greeter::finish(visitor& who, admittance&& outcome) {
  if (!outcome.is_granted) {
    if (outcome.is_suspicious)
      node_.brake.on_failure(who.stream.address(), loop_.now());
    refuse(who, code_for(who.client->version, reason::not_authorized),
           outcome.why);
    return;
  }
  if (outcome.who.how == login::method::password
      || outcome.who.how == login::method::exchange)
    node_.brake.on_success(who.stream.address());
  who.client->who = std::move(outcome.who);
  hand_over(who);
}

// -- in several steps
// --------------------------------------------------------------------

void greeter::start_exchange(visitor& who, const protocol::connect& packet) {
  if (!who.client->rest.empty()) { // [MQTT-3.15.0]
    refuse(who, static_cast<uint8_t>(reason::protocol_error),
           "it did not wait for AUTH");
    return;
  }
  if (is_braked(who)) {
    refuse(who, static_cast<uint8_t>(reason::not_authorized),
           "too many failed attempts from its address");
    return;
  }
  who.exchange = make_exchange(who.policy, node_.scram_key());
  who.awaits = visitor::stage::exchange;
  auto data = std::string{packet.properties.authentication_data.value_or("")};
  input_bytes_ -= who.input.size();
  who.input.release();
  take_step(who, data);
}

void greeter::go_on_with_exchange(visitor& who, const protocol::frame& in,
                                  std::span<const uint8_t> rest) {
  auto decoded = protocol::decode(in, version::v5);
  const auto* packet =
      decoded ? std::get_if<protocol::auth>(&*decoded) : nullptr;
  if (packet == nullptr || packet->reason != reason::continue_authentication
      || packet->properties.authentication_method != security::scram_method) {
    refuse(who, static_cast<uint8_t>(reason::protocol_error),
           "its AUTH is not what was due"); // [MQTT-4.12.0-5]
    return;
  }
  auto data = std::string{packet->properties.authentication_data.value_or("")};
  who.client->rest.append(rest);
  input_bytes_ -= who.input.size();
  who.input.release();
  take_step(who, data);
}

void greeter::take_step(visitor& who, std::string_view data) {
  using security::scram_outcome;
  auto step = who.exchange->step(data);
  switch (step.outcome) {
  case scram_outcome::go_on: {
    byte_buffer out;
    protocol::encode(out, to_packet(step), version::v5);
    who.stream.write(out.bytes());
    loop_.stats().packets_sent.add();
    loop_.stats().bytes_sent.add(out.size());
    return;
  }
  case scram_outcome::accepted:
    who.client->authentication_data = std::move(step.data);
    finish(who, admit_after_exchange(*who.policy, who.exchange->user_name(),
                                     who.client->decision.client_id));
    return;
  case scram_outcome::refused: {
    admittance outcome;
    outcome.is_suspicious = true;
    outcome.why = "unknown user or wrong password";
    finish(who, std::move(outcome));
    return;
  }
  case scram_outcome::malformed:
    refuse(who, static_cast<uint8_t>(reason::protocol_error),
           "its authentication data is not SCRAM-SHA-256");
    return;
  }
}

// -- in
// ------------------------------------------------------------------------

void greeter::hand_over(visitor& who) {
  const auto& tls = who.policy->tls;
  if (auto why =
          who.is_outdated && tls ? who.stream.objection(*tls) : std::string{};
      !why.empty()) { // what it showed was good before
    refuse(who, code_for(who.client->version, reason::not_authorized), why);
    return;
  }
  auto client = std::move(who.client);
  client->policy = who.policy;
  client->slot = std::move(who.slot);
  if (who.policy->broker->connection_messages
      && log::enabled(log::level::notice))
    log_newcomer(*client, who.stream.peer());
  auto home = node_.home_of(client->decision.client_id);
  set_interest(who, net::interest::none);
  client->stream = std::move(who.stream);
  dismiss(who);
  tell(node_.registries[home], handed_over{std::move(client)});
}

} // namespace troupe::actors
