#pragma once

#include "net/openssl.hpp"
#include "net/stream.hpp"
#include "net/tls_context.hpp"

#include <string>

namespace troupe::net {

/// Why a peer that was let in as `who` under `before` would not be let in under
/// `now`; empty: it would. Where the same authorities decide it is not asked
/// for its dates again. A peer whose certificate was
/// taken from an earlier session shows no chain: then only a revocation list of
/// its own authority tells.
std::string review_peer(const SSL& ssl, const peer_identity& who,
                        const tls_context& before, const tls_context& now);

} // namespace troupe::net
