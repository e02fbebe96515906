#include "actors/connect_rules.hpp"

#include "broker/mount_point.hpp"
#include "core/log.hpp"
#include "security/scram.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>

namespace troupe::actors {

namespace {

using protocol::reason;
using protocol::version;

/// A random UUID (version 4) as text.
std::string random_uuid() {
  std::array<uint8_t, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0)
      != static_cast<ssize_t>(bytes.size())) {
    std::random_device source;
    std::generate(bytes.begin(), bytes.end(),
                  [&] { return static_cast<uint8_t>(source()); });
  }
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      text += '-';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

broker::connect_rules rules_for(const listener_policy& at) {
  const auto& settings = *at.broker;
  const auto& listener = at.own;
  broker::connect_rules rules;
  if (at.passwords || at.dynamic)
    rules.authentication_method = security::scram_method;
  rules.allow_zero_length_clientid = listener.allow_zero_length_clientid;
  rules.auto_id_prefix = listener.auto_id_prefix;
  rules.clientid_prefixes = settings.clientid_prefixes;
  rules.accept_v31 = listener.accept_v31;
  rules.accept_v311 = listener.accept_v311;
  rules.accept_v5 = listener.accept_v5;
  rules.max_keepalive = settings.max_keepalive;
  rules.max_qos = listener.max_qos;
  rules.retain_available = settings.retain_available;
  rules.max_inflight_messages = settings.max_inflight_messages;
  rules.max_packet_size = settings.max_packet_size;
  rules.max_topic_alias = listener.max_topic_alias;
  rules.max_topic_alias_broker = listener.max_topic_alias_broker;
  rules.message_size_limit = settings.message_size_limit;
  return rules;
}

broker::connect_decision refuse_nameless(version v) {
  broker::connect_decision decision;
  decision.what = broker::connect_decision::kind::refuse;
  decision.code = v == version::v5
                      ? static_cast<uint8_t>(reason::not_authorized)
                      : protocol::connect_return_code(reason::not_authorized);
  decision.why = "use_username_as_clientid is set and there is no user name";
  return decision;
}

broker::connect_decision refuse_will(version v) {
  using kind = broker::connect_decision::kind;
  broker::connect_decision decision;
  decision.what = v == version::v5 ? kind::refuse : kind::close_silently;
  decision.code = static_cast<uint8_t>(reason::topic_name_invalid);
  decision.why = "below its mount_point the topic of its will is too long";
  return decision;
}

} // namespace

broker::connect_decision
judge_newcomer(const protocol::connect& packet,
               const std::optional<std::string>& user_name,
               const listener_policy& at, time_point now) {
  auto wanted = packet;
  if (at.own.use_username_as_clientid) {
    if (!user_name)
      return refuse_nameless(packet.version);
    wanted.client_id = *user_name;
  }
  std::string will_topic;
  if (wanted.will && !wanted.will->topic.empty()
      && !at.own.mount_point.empty()) {
    will_topic = broker::mounted_topic(at.own.mount_point, wanted.will->topic);
    if (!broker::fits(will_topic))
      return refuse_will(packet.version);
    wanted.will->topic = will_topic;
  }
  auto uuid = wanted.client_id.empty() ? random_uuid() : std::string{};
  auto decision = judge(wanted, rules_for(at), uuid, now);
  // The client that left its id to us learns which one it has.
  if (at.own.use_username_as_clientid && packet.client_id.empty())
    decision.client_id_assigned = true;
  auto longest = at.broker->persistent_client_expiration.count();
  auto& expiry = decision.parameters.expiry_interval;
  if (longest > 0 && longest < expiry)
    expiry = static_cast<uint32_t>(longest);
  return decision;
}

std::optional<uint8_t> protocol_level(const protocol::frame& in) noexcept {
  for (std::string_view name :
       {std::string_view{"\0\4MQTT", 6}, std::string_view{"\0\6MQIsdp", 8}})
    if (in.body.size() > name.size()
        && std::memcmp(in.body.data(), name.data(), name.size()) == 0)
      return static_cast<uint8_t>(in.body[name.size()] & 0x7f);
  return std::nullopt;
}

void log_newcomer(const newcomer& client, std::string_view peer) {
  auto level = client.version == version::v31    ? 1
               : client.version == version::v311 ? 2
                                                 : 5;
  const auto& decision = client.decision;
  std::string user;
  if (client.who.user_name)
    user = ", u'" + *client.who.user_name + '\'';
  log::client(log::level::notice, decision.client_id,
              "New client connected from {} as {} (p{}, c{}, k{}{}).", peer,
              decision.client_id, level,
              decision.parameters.clean_start ? 1 : 0, decision.keep_alive,
              user);
}

} // namespace troupe::actors
