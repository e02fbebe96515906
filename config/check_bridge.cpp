#include "config/options.hpp"
#include "protocol/topic.hpp"

#include <fmt/format.h>

namespace troupe::config {

namespace {

using fault = std::optional<bridge_fault>;

fault check_complete(const bridge_draft& in) {
  if (in.addresses.empty())
    return bridge_fault{"", fmt::format("`{}` has no address; name the remote "
                                        "broker with addresses HOST:PORT",
                                        escaped(in.name))};
  if (in.topics.empty())
    return bridge_fault{"", fmt::format("`{}` has no topic, so nothing would "
                                        "cross it; add one, such as `#`",
                                        escaped(in.name))};
  if (in.keepalive_numbers == 1 || in.keepalive_numbers == 2)
    return bridge_fault{"bridge_tcp_keepalive",
                        "needs three numbers: seconds of silence, seconds "
                        "between probes, and probes"};
  return std::nullopt;
}

fault check_psk(const bridge_draft& in) {
  if (in.psk.empty() && in.identity.empty())
    return std::nullopt;
  if (!in.cafile.empty() || !in.capath.empty() || in.tls_use_os_certs
      || !in.certfile.empty())
    return bridge_fault{in.psk.empty() ? "bridge_identity" : "bridge_psk",
                        "a bridge has certificates or a pre-shared key, not "
                        "both; remove one of them"};
  if (in.identity.empty())
    return bridge_fault{"bridge_psk", "needs bridge_identity; add it"};
  if (in.psk.empty())
    return bridge_fault{"bridge_identity", "needs bridge_psk; add it"};
  return std::nullopt;
}

fault check_tls(const bridge_draft& in) {
  if (in.certfile.empty() != in.keyfile.empty())
    return in.keyfile.empty()
               ? bridge_fault{"bridge_certfile",
                              "needs its private key; add bridge_keyfile"}
               : bridge_fault{"bridge_keyfile",
                              "needs its certificate; add bridge_certfile"};
  if (auto wrong = check_psk(in))
    return wrong;
  if (!in.certfile.empty() && !has_tls(in))
    return bridge_fault{"bridge_certfile",
                        "needs the CAs that the remote broker is checked "
                        "against, without which nothing is encrypted; add "
                        "bridge_cafile, bridge_capath or "
                        "bridge_tls_use_os_certs true"};
  return std::nullopt;
}

fault check_names(const bridge_draft& in) {
  // [MQTT-3.1.2-22]; MQTT 5 has lifted it.
  if (in.remote_password && !in.remote_username
      && in.protocol_version != bridge_protocol::mqttv50)
    return bridge_fault{"remote_password",
                        "MQTT 3.1 and 3.1.1 have no password without a user "
                        "name; add remote_username"};
  for (auto [name, size] :
       {std::pair{"remote_clientid", in.remote_clientid.size()},
        std::pair{"local_clientid", in.local_clientid.size()}})
    if (size > UINT16_MAX)
      return bridge_fault{name, "is longer than 65535 bytes; name a shorter "
                                "one"};
  if (in.notifications && !protocol::is_topic_name(in.notification_topic))
    return bridge_fault{
        "notification_topic",
        "the client identifier of the bridge makes no topic; set "
        "notification_topic, or choose a name without wildcards"};
  return std::nullopt;
}

struct idle_group {
  bool is_idle;
  std::string_view why;
  std::initializer_list<std::string_view> options;
};

/// Names the options that were given and have no effect beside the others.
void note_idle(const bridge_draft& in, std::vector<std::string>& warnings) {
  const idle_group groups[] = {
      {in.protocol_version != bridge_protocol::mqttv50,
       "with bridge_protocol_version mqttv50 only",
       {"bridge_max_topic_alias", "bridge_receive_maximum",
        "bridge_session_expiry_interval"}},
      {!has_tls(in),
       "with bridge_cafile, bridge_capath, bridge_tls_use_os_certs or "
       "bridge_psk only; this bridge does not encrypt",
       {"bridge_insecure", "bridge_tls_version", "bridge_ciphers",
        "bridge_ciphers_tls1.3", "bridge_alpn"}},
      {in.transport != bridge_transport::websockets,
       "with bridge_transport websockets only",
       {"bridge_websocket_path"}},
      {in.start_type != bridge_start::lazy,
       "with start_type lazy only",
       {"idle_timeout", "threshold"}},
      {!in.notifications,
       "with notifications true only",
       {"notification_topic", "notifications_local_only"}},
      {true,
       "nowhere: a bridge may do everything here",
       {"local_password", "local_username"}},
  };
  for (const auto& group : groups)
    for (auto name : group.options)
      if (group.is_idle && in.origins.count(std::string{name}) != 0)
        warnings.push_back(
            fmt::format("{}: has an effect {}", place_of(in, name), group.why));
}

} // namespace

std::string place_of(const bridge_draft& in, std::string_view option) {
  auto found = in.origins.find(std::string{option});
  if (found == in.origins.end())
    return fmt::format("{}: {}", in.position, in.entry);
  return fmt::format("{}: {}{}", found->second, in.prefix, option);
}

std::optional<bridge_fault> check_bridge(const bridge_draft& in,
                                         std::vector<std::string>& warnings) {
  for (auto check : {&check_complete, &check_tls, &check_names})
    if (auto wrong = check(in))
      return wrong;
  note_idle(in, warnings);
  return std::nullopt;
}

} // namespace troupe::config
