#include "config/bridge_settings.hpp"

namespace troupe::config {

bool has_tls(const bridge_settings& in) noexcept {
  return !in.cafile.empty() || !in.capath.empty() || in.tls_use_os_certs
         || !in.psk.empty();
}

} // namespace troupe::config
