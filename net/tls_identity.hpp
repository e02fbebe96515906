#pragma once

#include "net/openssl.hpp"
#include "net/stream.hpp"
#include "net/tls_callbacks.hpp"

#include <memory>
#include <string>

namespace troupe::net {

/// Who the peer of a connection is whose handshake is done; null: it showed
/// nothing that was checked.
std::unique_ptr<peer_identity> identify_peer(const SSL& ssl,
                                             const handshake_notes& notes);

/// Why a peer that resumed a session must not: its certificate has expired
/// since. Empty: it may.
std::string check_resumed(const SSL& ssl);

/// What is wrong with the pre-shared key of a handshake that failed for
/// `reason`, a code of OpenSSL; empty: it has nothing to do with keys.
std::string explain_psk(const tls_context& context,
                        const handshake_notes& notes, int reason);

} // namespace troupe::net
