#include "net/tls_callbacks.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <string_view>

namespace troupe::net {

namespace {

const tls_context* context_of(SSL* ssl) noexcept {
  return static_cast<const tls_context*>(
      SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

/// SNI: the certificate that was made for the name the client asks for. A name
/// that nobody has gets the first one, as clients without SNI do [RFC 6066, 3].
int choose_certificate(SSL* ssl, int*, void*) {
  const auto* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr)
    return SSL_TLSEXT_ERR_NOACK;
  auto* found = context_of(ssl)->find(name);
  if (found == nullptr)
    return SSL_TLSEXT_ERR_NOACK;
  SSL_set_SSL_CTX(ssl, found);
  return SSL_TLSEXT_ERR_OK;
}

/// ALPN: the first of ours that the client offers, else no connection
/// [RFC 7301, 3.2].
int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size,
                    void*) {
  const auto& ours = context_of(ssl)->alpn();
  unsigned char* chosen = nullptr;
  auto outcome = SSL_select_next_proto(
      &chosen, size, reinterpret_cast<const unsigned char*>(ours.data()),
      static_cast<unsigned int>(ours.size()), offered, offered_size);
  *out = chosen;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                           : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Copies a key to where OpenSSL wants it; 0 if it does not fit.
unsigned int hand_over(std::vector<uint8_t>& key, unsigned char* out,
                       unsigned int room) {
  auto size = key.size() <= room ? static_cast<unsigned int>(key.size()) : 0U;
  std::copy_n(key.data(), size, out);
  OPENSSL_cleanse(key.data(), key.size());
  return size;
}

/// TLS 1.2 and 1.3 both ask here. 0: no such identity.
unsigned int find_key(SSL* ssl, const char* identity, unsigned char* out,
                      unsigned int room) {
  auto* notes = static_cast<handshake_notes*>(SSL_get_app_data(ssl));
  const auto& lookup = context_of(ssl)->settings().psk_lookup;
  if (identity == nullptr || notes == nullptr || !lookup)
    return 0;
  try {
    notes->psk_identity = identity;
    auto key = lookup(notes->psk_identity);
    notes->psk_found = key.has_value() && !key->empty();
    if (notes->psk_found)
      notes->psk_stamp = stamp_of(*key);
    return notes->psk_found ? hand_over(*key, out, room) : 0;
  } catch (const std::exception&) {
    // Nothing may be thrown through OpenSSL; it is refused like any other.
    return 0;
  }
}

unsigned int own_key(SSL* ssl, const char*, char* identity,
                     unsigned int identity_room, unsigned char* out,
                     unsigned int room) {
  const auto& settings = context_of(ssl)->settings();
  const auto& name = settings.psk_identity;
  const auto& key = settings.psk_key;
  // The room for the identity is said without its zero by TLS 1.2, with it by
  // TLS 1.3.
  if (name.size() >= identity_room || key.size() > room)
    return 0;
  std::memcpy(identity, name.c_str(), name.size() + 1);
  std::copy(key.begin(), key.end(), out);
  if (auto* notes = static_cast<handshake_notes*>(SSL_get_app_data(ssl)))
    notes->psk_found = true;
  return static_cast<unsigned int>(key.size());
}

/// What OpenSSL would ask the terminal for.
int no_password(char*, int, int, void*) {
  return -1;
}

void install(SSL_CTX* handle, const tls_context& context) {
  SSL_CTX_set_app_data(handle, const_cast<tls_context*>(&context));
  SSL_CTX_set_default_passwd_cb(handle, no_password);
}

} // namespace

size_t stamp_of(std::span<const uint8_t> psk_key) noexcept {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(psk_key.data()), psk_key.size()});
}

void install_server_callbacks(SSL_CTX* handle, const tls_context& context) {
  install(handle, context);
  SSL_CTX_set_tlsext_servername_callback(handle, choose_certificate);
  if (!context.alpn().empty())
    SSL_CTX_set_alpn_select_cb(handle, choose_protocol, nullptr);
  if (context.uses_psk())
    SSL_CTX_set_psk_server_callback(handle, find_key);
}

void install_client_callbacks(SSL_CTX* handle, const tls_context& context) {
  install(handle, context);
  if (context.uses_psk())
    SSL_CTX_set_psk_client_callback(handle, own_key);
}

} // namespace troupe::net
