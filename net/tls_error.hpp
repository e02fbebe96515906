#pragma once

#include "net/openssl.hpp"

#include <string>

namespace troupe::net {

/// What the errors that OpenSSL has queued for this thread mean, for a log:
/// "the peer does not speak TLS". Empties the queue. `ssl` is the connection
/// they came from, `is_ready` whether its handshake was done before.
std::string explain_tls_error(const SSL& ssl, bool is_ready);

/// Why the certificate that the peer showed was refused.
std::string explain_verification(long verify_result);

} // namespace troupe::net
