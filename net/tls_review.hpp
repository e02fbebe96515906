#pragma once

#include "net/openssl.hpp"
#include "net/stream.hpp"
#include "net/tls_context.hpp"

#include <string>

namespace troupe::net {

/// Why a peer that was let in as `who` would not be let in under `now`; empty:
/// it would. Its dates count as they do there. A peer whose certificate was
/// taken from an earlier session shows no chain: then only a revocation list of
/// its own authority tells.
std::string review_peer(const SSL& ssl, const peer_identity& who,
                        const tls_context& now);

} // namespace troupe::net
