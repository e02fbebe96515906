#pragma once

#include "net/openssl.hpp"
#include "net/tls_context.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace troupe::net {

/// What is noted of one handshake while OpenSSL asks questions. A layer sets it
/// with `SSL_set_app_data` and keeps it until the handshake is done.
struct handshake_notes {
  /// The identity whose key was looked up last, and whether there was one.
  std::string psk_identity;
  bool psk_found = false;
  /// As in `peer_identity`.
  size_t psk_stamp = 0;
};

/// See `peer_identity::psk_stamp`.
size_t stamp_of(std::span<const uint8_t> psk_key) noexcept;

/// Has OpenSSL ask `context` what it needs to know of a client: which
/// certificate, which protocol, which key. `handle` is one of its contexts.
void install_server_callbacks(SSL_CTX* handle, const tls_context& context);

/// The same for connections made from here.
void install_client_callbacks(SSL_CTX* handle, const tls_context& context);

} // namespace troupe::net
