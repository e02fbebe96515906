#pragma once

namespace troupe::net {

/// Whether this machine's kernel can encrypt TLS itself. Asks it each time.
bool kernel_has_tls() noexcept;

} // namespace troupe::net
