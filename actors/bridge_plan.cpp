#include "actors/bridge_plan.hpp"

#include "core/hex.hpp"
#include "core/log.hpp"
#include "net/tls_context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace troupe::actors {

namespace {

/// What else a bridge says needs packet identifiers, too.
constexpr uint16_t most_in_flight = 32'767;

broker::bridge_direction direction_of(config::bridge_direction from) noexcept {
  switch (from) {
  case config::bridge_direction::out:
    return broker::bridge_direction::out;
  case config::bridge_direction::in:
    return broker::bridge_direction::in;
  case config::bridge_direction::both:
    break;
  }
  return broker::bridge_direction::both;
}

broker::bridge_topics topics_of(const config::bridge_settings& own) {
  std::vector<broker::bridge_rule> rules;
  for (const auto& each : own.topics)
    rules.push_back({each.pattern, direction_of(each.direction),
                     static_cast<protocol::qos>(each.qos), each.local_prefix,
                     each.remote_prefix});
  return broker::bridge_topics{rules};
}

broker::session_limits limits_of(const config::bridge_settings& own,
                                 broker::session_limits limits) {
  auto wanted = own.max_inflight_messages;
  limits.max_inflight_messages =
      wanted == 0 ? most_in_flight : std::min(wanted, most_in_flight);
  limits.max_inflight_bytes = 0;
  limits.max_queued_messages =
      own.max_queued_messages.value_or(limits.max_queued_messages);
  limits.max_queued_bytes =
      own.max_queued_bytes.value_or(limits.max_queued_bytes);
  limits.max_queued_age = own.max_queued_age;
  limits.queue_qos0_messages =
      own.queue_qos0_messages.value_or(limits.queue_qos0_messages);
  return limits;
}

listener_policy_ptr
policy_of(const std::shared_ptr<const config::settings>& broker,
          const config::bridge_settings& own) {
  auto made = std::make_shared<listener_policy>();
  made->broker = broker;
  made->own.max_topic_alias = own.max_topic_alias;
  made->state = std::make_shared<listener_state>();
  return made;
}

net::tls_settings tls_settings_of(const config::bridge_settings& own) {
  net::tls_settings wanted;
  wanted.certfile = own.certfile;
  wanted.keyfile = own.keyfile;
  wanted.cafile = own.cafile;
  wanted.capath = own.capath;
  wanted.use_os_certificates = own.tls_use_os_certs;
  wanted.tls_version = own.tls_version;
  wanted.ciphers = own.ciphers;
  wanted.ciphersuites = own.ciphers_tls13;
  wanted.alpn.clear();
  if (!own.alpn.empty())
    wanted.alpn.push_back(own.alpn);
  wanted.insecure = own.insecure;
  wanted.psk_identity = own.identity;
  if (auto key = from_hex(own.psk)) // as the configuration was checked
    wanted.psk_key.assign(key->begin(), key->end());
  return wanted;
}

} // namespace

protocol::version bridge_plan::version() const noexcept {
  switch (own.protocol_version) {
  case config::bridge_protocol::mqttv31:
    return protocol::version::v31;
  case config::bridge_protocol::mqttv311:
    return protocol::version::v311;
  case config::bridge_protocol::mqttv50:
    break;
  }
  return protocol::version::v5;
}

checked<bridge_plan_ptr>
load_bridge(const std::shared_ptr<const config::settings>& broker,
            const config::bridge_settings& own,
            const broker::session_limits& usual) {
  auto made = std::make_shared<bridge_plan>();
  made->own = own;
  made->topics = topics_of(own);
  made->limits = limits_of(own, usual);
  made->policy = policy_of(broker, own);
  if (config::has_tls(own)) {
    auto context = net::make_client_context(tls_settings_of(own));
    if (!context)
      return explanation{
          fmt::format("bridge {}: {}", own.name, context.error().text)};
    for (const auto& each : (*context)->warnings())
      log::write(log::level::warning, "Warning: bridge {}: {}", own.name, each);
    made->tls = std::move(*context);
  }
  return bridge_plan_ptr{std::move(made)};
}

} // namespace troupe::actors
