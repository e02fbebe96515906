#pragma once

#include "core/checked.hpp"
#include "net/tls_settings.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace troupe::net {

/// All that the TLS connections of one listener share, made once from its files
/// and immutable from then on: every thread may use it. New files need a new
/// context; connections keep the one they began with alive.
class tls_context {
public:
  /// Use `make_server_context` and `make_client_context`.
  tls_context(const tls_settings& settings, bool is_server);
  ~tls_context();
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  /// What an operator should know although it works: a certificate that has
  /// expired, a key that others can read.
  const std::vector<std::string>& warnings() const noexcept {
    return warnings_;
  }

  const tls_settings& settings() const noexcept { return settings_; }
  bool is_server() const noexcept { return is_server_; }
  bool uses_psk() const noexcept;

  /// OpenSSL's object.
  ssl_ctx_st* handle() const noexcept { return contexts_.front().get(); }
  /// The one whose certificate is for `host`, in the order of the settings;
  /// null: none is.
  ssl_ctx_st* find(const std::string& host) const noexcept;
  /// Whether a certificate that was good under `other` is good here, but for
  /// its dates: the same authorities and revocation lists decide. False also
  /// where that cannot be told.
  bool trusts_as(const tls_context& other) const noexcept;
  /// The protocols of `settings().alpn` as they stand in a handshake.
  const std::string& alpn() const noexcept { return alpn_; }

private:
  friend class tls_context_builder;
  struct release {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  using handle_ptr = std::unique_ptr<ssl_ctx_st, release>;

  tls_settings settings_;
  bool is_server_;
  std::string alpn_;
  /// Digests of all authorities and revocation lists from files.
  std::string trust_;
  /// The first is for whoever asks for no name; never empty once built.
  std::vector<handle_ptr> contexts_;
  std::vector<std::string> warnings_;
};

/// Makes the context of a listener. Reads its files. The explanation names the
/// file, what is wrong with it and what would be right.
checked<std::shared_ptr<const tls_context>>
make_server_context(const tls_settings& settings);

/// Makes the context of connections made from here.
checked<std::shared_ptr<const tls_context>>
make_client_context(const tls_settings& settings);

} // namespace troupe::net
