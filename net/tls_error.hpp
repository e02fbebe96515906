#pragma once

#include "net/openssl.hpp"

#include <string>

namespace troupe::net {

struct tls_error {
  /// For a log: "the peer does not speak TLS".
  std::string text;
  /// SSL_R_..., of the first error that is of TLS itself and not of what it
  /// uses; 0: there was none.
  int reason = 0;
};

/// What the errors that OpenSSL has queued for this thread mean. Empties the
/// queue. `ssl` is the connection they came from, `is_ready` whether its
/// handshake was done before.
tls_error explain_tls_error(const SSL& ssl, bool is_ready);

/// Why the certificate that the peer showed was refused.
std::string explain_verification(long verify_result);

} // namespace troupe::net
