#include "config/draft.hpp"

#include "config/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace troupe::config {

namespace {

complaint leave_out(draft& read) {
  auto left_out = std::erase_if(
      read.opened, [](const auto& each) { return each.is_left_out; });
  if (left_out != 0 && read.opened.empty())
    return "no listener is left that speaks MQTT; add one";
  return std::nullopt;
}

/// Whether two listeners would bind the same.
bool collide(const listener_settings& x, const listener_settings& y) noexcept {
  return x.port == y.port && x.address == y.address && x.path == y.path
         && x.bind_interface == y.bind_interface
         && (x.socket_domain == y.socket_domain
             || x.socket_domain == socket_domain::both
             || y.socket_domain == socket_domain::both);
}

complaint check_listeners(draft& read) {
  for (size_t i = 0; i < read.opened.size(); ++i) {
    auto& each = read.opened[i];
    if (auto wrong = check_listener(each, each.notes))
      return fmt::format("{}: {}", each.position, *wrong);
    for (const auto& note : each.notes)
      read.warnings.push_back(fmt::format("{}: {}", each.position, note));
    for (size_t j = 0; j < i; ++j)
      if (collide(each, read.opened[j]))
        return fmt::format("{}: listens where another listener does, that at "
                           "{}; remove one or change its port",
                           each.position, read.opened[j].position);
  }
  return std::nullopt;
}

void resolve_listeners(draft& read) {
  read.listeners_configured = !read.opened.empty();
  read.allow_anonymous =
      read.given_allow_anonymous.value_or(!read.listeners_configured);
  if (!read.listeners_configured)
    for (auto& each : loopback_listeners())
      static_cast<listener_settings&>(read.opened.emplace_back()) =
          std::move(each);
  for (auto& each : read.opened)
    inherit(each, read);
}

void resolve_log(draft& read) {
  auto& log = read.log;
  log.timestamp = read.log_timestamp;
  log.timestamp_format = std::move(read.log_timestamp_format);
  auto nowhere =
      !log.to_stderr && !log.to_stdout && !log.to_syslog && log.files.empty();
  log.to_stderr = log.to_stderr || (nowhere && read.log_dest_missing);
}

/// What Mosquitto's plugin was told is what `dynamic_security_file` says.
complaint resolve_dynamic_security(draft& read) {
  if (read.dynamic_security_plugin.empty())
    return std::nullopt;
  if (!read.dynamic_security_file.empty())
    return fmt::format(
        "{}: the plugin and dynamic_security_file mean the same; "
        "remove one of them",
        read.dynamic_security_plugin);
  if (read.dynamic_security_plugin_file.empty())
    return fmt::format("{}: dynamic security needs its file; add "
                       "plugin_opt_config_file PATH below",
                       read.dynamic_security_plugin);
  read.dynamic_security_file = read.dynamic_security_plugin_file;
  read.origins["dynamic_security_file"] = read.dynamic_security_plugin;
  return std::nullopt;
}

/// All origins under the paths that their options have in a JSON file.
std::map<std::string, std::string> gather_origins(draft& read) {
  auto all = std::move(read.origins);
  for (size_t i = 0; i < read.opened.size(); ++i)
    for (const auto& [name, origin] : read.opened[i].origins)
      all[fmt::format("listeners[{}].{}", i, name)] = origin;
  for (size_t i = 0; i < read.connected.size(); ++i)
    for (const auto& [name, origin] : read.connected[i].origins)
      all[fmt::format("bridges[{}].{}", i, name)] = origin;
  return all;
}

} // namespace

void inherit(listener_draft& each, const settings& from) {
  each.allow_anonymous =
      each.own_allow_anonymous.value_or(from.allow_anonymous);
  each.allow_zero_length_clientid =
      each.own_allow_zero_length_clientid.value_or(
          from.allow_zero_length_clientid);
  each.auto_id_prefix = each.own_auto_id_prefix.value_or(from.auto_id_prefix);
  each.password_file = each.own_password_file.value_or(from.password_file);
  each.acl_file = each.own_acl_file.value_or(from.acl_file);
  each.psk_file = each.own_psk_file.value_or(from.psk_file);
  if (each.own_alpn)
    each.alpn = *each.own_alpn;
  else if (each.protocol == listener_protocol::websockets)
    each.alpn = {"http/1.1"};
  if (each.own_proxy_trusted)
    each.proxy_trusted = *each.own_proxy_trusted;
}

draft draft_of(const settings& in) {
  draft made;
  static_cast<settings&>(made) = in;
  made.given_allow_anonymous = in.allow_anonymous;
  made.log_timestamp = in.log.timestamp;
  made.log_timestamp_format = in.log.timestamp_format;
  made.jwt_disconnect_expired = in.jwt.disconnect_expired;
  return made;
}

listener_draft draft_of(const listener_settings& in) {
  listener_draft made;
  static_cast<listener_settings&>(made) = in;
  made.own_allow_anonymous = in.allow_anonymous;
  made.own_allow_zero_length_clientid = in.allow_zero_length_clientid;
  made.own_auto_id_prefix = in.auto_id_prefix;
  made.own_password_file = in.password_file;
  made.own_acl_file = in.acl_file;
  made.own_psk_file = in.psk_file;
  return made;
}

bridge_draft draft_of(const bridge_settings& in) {
  bridge_draft made;
  static_cast<bridge_settings&>(made) = in;
  made.own_local_cleansession = in.local_cleansession;
  made.own_session_expiry_interval = in.session_expiry_interval;
  return made;
}

outcome resolve(draft read, std::string_view file) {
  if (auto wrong = leave_out(read))
    return config_error{fmt::format("{}: {}", file, *wrong)};
  resolve_listeners(read);
  if (auto wrong = check_listeners(read))
    return config_error{std::move(*wrong)};
  read.listeners.assign(read.opened.begin(), read.opened.end());
  if (auto wrong = resolve_bridges(read))
    return config_error{std::move(*wrong)};
  if (auto wrong = resolve_dynamic_security(read))
    return config_error{std::move(*wrong)};
  read.jwt.disconnect_expired = read.jwt_disconnect_expired;
  if (read.packet_buffer_size == 0)
    read.packet_buffer_size = settings{}.packet_buffer_size;
  read.failed_authentication_max_block = std::max(
      read.failed_authentication_max_block, read.failed_authentication_block);
  read.output_pause = std::min(read.output_pause, read.output_limit);
  resolve_log(read);
  auto open =
      std::any_of(read.listeners.begin(), read.listeners.end(),
                  [](const auto& each) { return each.allow_anonymous; });
  // A plugin may be all that keeps strangers out.
  if (!read.plugin.empty() && open)
    return config_error{fmt::format(
        "{}: troupe loads no plugins, and without this one anonymous "
        "clients "
        "might do what it forbids; remove it, or set allow_anonymous false",
        read.plugin)};
  auto origins = gather_origins(read);
  return loaded{std::move(static_cast<settings&>(read)),
                std::move(read.warnings), std::move(origins)};
}

} // namespace troupe::config
