#pragma once

#include "net/stream.hpp"
#include "net/tls_context.hpp"

#include <memory>
#include <string>

namespace troupe::net {

/// TLS for a connection that came from a client of ours. `connection` is the
/// non-blocking socket that the layer will be used with; its descriptor must
/// stay the same. OpenSSL writes to it by itself: SIGPIPE must be ignored in
/// this process. Null: out of memory.
std::unique_ptr<layer> tls_accept(std::shared_ptr<const tls_context> context,
                                  const socket& connection) noexcept;

/// TLS for a connection made from here to the host, or IP address,
/// `server_name`, which the certificate must be for unless the settings say
/// `insecure`. The same holds for `connection`. Null: out of memory, or the
/// name is none.
std::unique_ptr<layer> tls_connect(std::shared_ptr<const tls_context> context,
                                   const socket& connection,
                                   const std::string& server_name) noexcept;

} // namespace troupe::net
