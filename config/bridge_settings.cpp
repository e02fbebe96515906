#include "config/bridge_settings.hpp"

#include <fmt/format.h>

namespace troupe::config {

namespace {

/// An empty text needs a sign that stands for it.
std::string quoted(const std::string& text) {
  return text.empty() ? "\"\"" : text;
}

} // namespace

bool has_tls(const bridge_settings& in) noexcept {
  return !in.cafile.empty() || !in.capath.empty() || in.tls_use_os_certs
         || !in.psk.empty();
}

void resolve_names(bridge_settings& in, std::string_view host) {
  if (in.remote_clientid.empty())
    in.remote_clientid = fmt::format("{}.{}", host, in.name);
  if (in.local_clientid.empty())
    in.local_clientid = fmt::format("local.{}", in.remote_clientid);
  if (in.notification_topic.empty())
    in.notification_topic =
        fmt::format("$SYS/broker/connection/{}/state", in.remote_clientid);
}

std::string name_in_topics(std::string_view name) {
  std::string made;
  for (auto each : name) {
    if (each == '+' || each == '#' || each == '%')
      made += fmt::format("%{:02X}", static_cast<unsigned char>(each));
    else
      made += each;
  }
  return made;
}

std::string_view to_string(bridge_direction what) noexcept {
  switch (what) {
  case bridge_direction::in:
    return "in";
  case bridge_direction::both:
    return "both";
  case bridge_direction::out:
    break;
  }
  return "out";
}

std::string to_text(const bridge_address& in) {
  if (!in.path.empty())
    return std::string{unix_prefix} + in.path;
  auto is_v6 = in.host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", in.host, in.port)
               : fmt::format("{}:{}", in.host, in.port);
}

std::string to_text(const bridge_topic& in) {
  auto text = fmt::format("{} {} {}", quoted(in.pattern),
                          to_string(in.direction), unsigned{in.qos});
  if (!in.local_prefix.empty() || !in.remote_prefix.empty())
    text += " " + quoted(in.local_prefix);
  if (!in.remote_prefix.empty())
    text += " " + in.remote_prefix;
  return text;
}

} // namespace troupe::config
