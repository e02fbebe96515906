#include "config/settings.hpp"

#include <fmt/core.h>

namespace troupe::config {

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
