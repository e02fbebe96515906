#include "net/tls_context_builder.hpp"

#include "net/kernel_tls.hpp"
#include "net/tls_callbacks.hpp"
#include "net/tls_files.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::net {

namespace {

using problem = tls_context_builder::problem;

/// Sessions are resumed within a context only.
constexpr unsigned char session_context[] = "troupe";

} // namespace

void tls_context_builder::warn(std::string text) {
  auto& warnings = target_.warnings_;
  if (!text.empty() && std::ranges::find(warnings, text) == warnings.end())
    warnings.push_back(std::move(text));
}

problem tls_context_builder::build() {
  if (auto wrong = check_settings())
    return wrong;
  if (auto wrong = add_context({settings_.certfile, settings_.keyfile}))
    return wrong;
  for (const auto& each : settings_.further_certificates)
    if (auto wrong = add_context(each))
      return wrong;
  return {};
}

problem tls_context_builder::check_settings() const {
  const auto& version = settings_.tls_version;
  if (!version.empty() && version != "tlsv1.2" && version != "tlsv1.3")
    return explanation{fmt::format(
        "tls_version {}: it is the lowest version that is spoken, tlsv1.2 or "
        "tlsv1.3; older ones are not safe any more",
        version)};
  for (const auto& each : settings_.alpn)
    if (each.empty() || each.size() > 255)
      return explanation{"ALPN: a protocol's name has 1 to 255 bytes"};
  if (settings_.certfile.empty() != settings_.keyfile.empty())
    return explanation{settings_.certfile.empty()
                           ? "keyfile is of no use without certfile; add it"
                           : "certfile needs keyfile, the private key of its "
                             "certificate; it may name the same file"};
  return target_.is_server() ? check_server() : check_client();
}

problem tls_context_builder::check_server() const {
  if (settings_.certfile.empty() && !settings_.psk_hint)
    return explanation{"TLS needs certfile and keyfile, or psk_hint"};
  if (settings_.psk_hint && !settings_.psk_lookup)
    return explanation{"psk_hint needs psk_file, the keys of the clients"};
  auto has_authority = !settings_.cafile.empty() || !settings_.capath.empty()
                       || settings_.use_os_certificates;
  if (settings_.require_certificate && !has_authority)
    return explanation{"require_certificate needs cafile or capath: the "
                       "authorities that client certificates come from"};
  if (settings_.require_certificate && settings_.certfile.empty())
    return explanation{"require_certificate needs certfile and keyfile: with "
                       "pre-shared keys alone nobody shows a certificate"};
  return {};
}

problem tls_context_builder::check_client() const {
  const auto& identity = settings_.psk_identity;
  if (identity.empty() != settings_.psk_key.empty())
    return explanation{"a pre-shared key needs both an identity and a key"};
  // PSK_MAX_IDENTITY_LEN is 128 in some releases of the library, 256 in
  // others.
  if (identity.size() > 128 || identity.find('\0') != std::string::npos)
    return explanation{"the identity of a pre-shared key has at most 128 bytes "
                       "and no zero byte"};
  if (settings_.psk_key.size() > PSK_MAX_PSK_LEN)
    return explanation{
        fmt::format("a pre-shared key has at most {} bytes", PSK_MAX_PSK_LEN)};
  return {};
}

problem tls_context_builder::add_context(const certificate_files& files) {
  ERR_clear_error();
  auto* handle = SSL_CTX_new(target_.is_server() ? TLS_server_method()
                                                 : TLS_client_method());
  if (handle == nullptr)
    return explanation{"cannot prepare TLS: " + take_openssl_reason()};
  target_.contexts_.emplace_back(handle);
  set_fixed_choices(handle);
  for (auto step :
       {&tls_context_builder::set_version, &tls_context_builder::set_ciphers,
        &tls_context_builder::set_dh_parameters,
        &tls_context_builder::set_tickets, &tls_context_builder::set_hint,
        &tls_context_builder::set_alpn})
    if (auto wrong = (this->*step)(handle))
      return wrong;
  if (auto wrong = use_certificate(handle, files))
    return wrong;
  if (auto wrong = set_verification(handle))
    return wrong;
  if (target_.is_server())
    install_server_callbacks(handle, target_);
  else
    install_client_callbacks(handle, target_);
  return {};
}

/// What nobody should have to choose.
void tls_context_builder::set_fixed_choices(SSL_CTX* handle) const {
  // An idle connection keeps no buffers, and a write that the socket did not
  // take may be tried again from elsewhere in memory.
  SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS
                               | SSL_MODE_ENABLE_PARTIAL_WRITE
                               | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Renegotiation and compression have been ways to attack.
  SSL_CTX_set_options(handle, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
                                  | SSL_OP_CIPHER_SERVER_PREFERENCE
                                  | SSL_OP_PRIORITIZE_CHACHA);
  // Tickets are kept by the clients: nothing needs to be remembered here.
  SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_OFF);
  if (target_.is_server())
    SSL_CTX_set_session_id_context(handle, session_context,
                                   sizeof session_context - 1);
  // One read of the socket takes as many records as are there. The kernel's
  // own TLS cannot take over from what was read ahead.
  auto by_kernel = settings_.kernel_tls && kernel_has_tls();
  SSL_CTX_set_read_ahead(handle, by_kernel ? 0 : 1);
  if (by_kernel)
    SSL_CTX_set_options(handle, SSL_OP_ENABLE_KTLS);
}

problem tls_context_builder::set_version(SSL_CTX* handle) const {
  auto lowest =
      settings_.tls_version == "tlsv1.3" ? TLS1_3_VERSION : TLS1_2_VERSION;
  SSL_CTX_set_min_proto_version(handle, lowest);
  return {};
}

problem tls_context_builder::set_ciphers(SSL_CTX* handle) const {
  auto ciphers = settings_.ciphers;
  // Whoever has a key and no authority wants no other way.
  if (ciphers.empty() && target_.uses_psk() && settings_.certfile.empty())
    ciphers = "PSK:!eNULL:!aNULL";
  if (!ciphers.empty()
      && SSL_CTX_set_cipher_list(handle, ciphers.c_str()) != 1) {
    ERR_clear_error();
    return explanation{
        fmt::format("ciphers {}: no cipher of TLS 1.2 is meant by this; "
                    "`openssl ciphers -v` shows them",
                    ciphers)};
  }
  auto suites = settings_.ciphersuites;
  // Keys that are not made for a suite are for those with SHA-256 [RFC 8446,
  // 4.2.11]: if another came first, the key would not be used.
  if (suites.empty() && target_.uses_psk())
    suites = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:"
             "TLS_AES_256_GCM_SHA384";
  if (!suites.empty()
      && SSL_CTX_set_ciphersuites(handle, suites.c_str()) != 1) {
    ERR_clear_error();
    return explanation{
        fmt::format("ciphers_tls1.3 {}: not a list of suites of TLS 1.3, such "
                    "as TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256",
                    suites)};
  }
  return {};
}

problem tls_context_builder::set_dh_parameters(SSL_CTX* handle) const {
  if (settings_.dhparamfile.empty()) {
    SSL_CTX_set_dh_auto(handle, 1);
    return {};
  }
  auto parameters = read_dh_parameters(settings_.dhparamfile);
  if (!parameters)
    return parameters.error();
  if (SSL_CTX_set0_tmp_dh_pkey(handle, parameters->get()) != 1)
    return explanation{fmt::format(
        "cannot use {}: {}; leave the option out, the defaults are better",
        settings_.dhparamfile, take_openssl_reason())};
  parameters->release();
  return {};
}

problem tls_context_builder::set_tickets(SSL_CTX* handle) const {
  // A key that is withdrawn must not live on in a ticket, and with a key a
  // full handshake costs little.
  if (settings_.session_tickets && !target_.uses_psk()) {
    SSL_CTX_set_num_tickets(handle, 1);
    return {};
  }
  SSL_CTX_set_options(handle, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(handle, 0);
  return {};
}

problem tls_context_builder::set_hint(SSL_CTX* handle) const {
  if (!target_.is_server() || settings_.psk_hint.value_or("").empty())
    return {};
  if (SSL_CTX_use_psk_identity_hint(handle, settings_.psk_hint->c_str()) == 1)
    return {};
  ERR_clear_error();
  return explanation{"psk_hint is too long: it has at most 128 bytes"};
}

problem tls_context_builder::set_alpn(SSL_CTX* handle) const {
  const auto& wire = target_.alpn();
  if (target_.is_server() || wire.empty())
    return {};
  // Of all these functions this one says 0 when it succeeds.
  auto failed = SSL_CTX_set_alpn_protos(
      handle, reinterpret_cast<const unsigned char*>(wire.data()),
      static_cast<unsigned int>(wire.size()));
  if (failed != 0)
    return explanation{"cannot use the ALPN protocols: "
                       + take_openssl_reason()};
  return {};
}

} // namespace troupe::net
