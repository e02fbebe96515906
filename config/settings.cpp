#include "config/settings.hpp"

#include <fmt/core.h>

namespace troupe::config {

std::vector<std::string> private_networks() {
  return {"127.0.0.0/8",
          "::1",
          "10.0.0.0/8",
          "172.16.0.0/12",
          "192.168.0.0/16",
          "169.254.0.0/16",
          "fc00::/7",
          "fe80::/10",
          "unix"};
}

bool has_tls(const listener_settings& in) noexcept {
  return !in.certfile.empty() || !in.psk_hint.empty();
}

std::vector<listener_settings> loopback_listeners(uint16_t port) {
  std::vector<listener_settings> all(2);
  all[0].address = "127.0.0.1";
  all[1].address = "::1";
  for (auto& each : all)
    each.port = port;
  return all;
}

std::string with_port(settings& in, uint16_t port) {
  if (in.listeners_configured)
    return fmt::format("-p {} is ignored: the configuration names its own "
                       "listeners; set the port there",
                       port);
  for (auto& each : in.listeners)
    each.port = port;
  return {};
}

} // namespace troupe::config
