#pragma once

#include "net/openssl.hpp"
#include "net/tls_context.hpp"

#include <optional>
#include <string>

namespace troupe::net {

/// Fills a context from its settings, step by step. A step says why it could
/// not be done, or nothing.
class tls_context_builder {
public:
  using problem = std::optional<explanation>;

  /// `target` must outlive this.
  explicit tls_context_builder(tls_context& target) noexcept
      : target_(target), settings_(target.settings()) {}

  /// Does everything. REQUIRES: called once.
  problem build();

private:
  problem check_settings() const;
  problem check_server() const;
  problem check_client() const;
  problem add_context(const certificate_files& files);
  void set_fixed_choices(SSL_CTX* handle) const;
  problem set_version(SSL_CTX* handle) const;
  problem set_ciphers(SSL_CTX* handle) const;
  problem set_dh_parameters(SSL_CTX* handle) const;
  problem set_tickets(SSL_CTX* handle) const;
  problem set_hint(SSL_CTX* handle) const;
  problem set_alpn(SSL_CTX* handle) const;
  problem set_verification(SSL_CTX* handle);
  problem add_trust(SSL_CTX* handle);
  problem add_authorities(SSL_CTX* handle);
  problem add_folder(SSL_CTX* handle);
  problem add_revocations(SSL_CTX* handle);
  problem use_certificate(SSL_CTX* handle, const certificate_files& files);
  problem use_key(SSL_CTX* handle, const certificate_files& files);
  void warn(std::string text);

  tls_context& target_;
  const tls_settings& settings_;
};

} // namespace troupe::net
