#include "net/tls_context.hpp"

#include "net/tls_context_builder.hpp"

#include <openssl/crypto.h>
#include <openssl/x509v3.h>

#include <exception>

namespace troupe::net {

namespace {

/// The list as a handshake has it: each name behind its length.
std::string to_wire(const std::vector<std::string>& protocols) {
  std::string result;
  for (const auto& each : protocols) {
    result += static_cast<char>(each.size());
    result += each;
  }
  return result;
}

checked<std::shared_ptr<const tls_context>> make(const tls_settings& settings,
                                                 bool is_server) {
  try {
    auto made = std::make_shared<tls_context>(settings, is_server);
    tls_context_builder builder{*made};
    if (auto problem = builder.build())
      return std::move(*problem);
    return std::shared_ptr<const tls_context>{std::move(made)};
  } catch (const std::exception& problem) {
    return explanation{std::string{"cannot prepare TLS: "} + problem.what()};
  }
}

} // namespace

void tls_context::release::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

tls_context::tls_context(const tls_settings& settings, bool is_server)
    : settings_(settings), is_server_(is_server),
      alpn_(to_wire(settings.alpn)) {}

tls_context::~tls_context() {
  OPENSSL_cleanse(settings_.psk_key.data(), settings_.psk_key.size());
}

bool tls_context::uses_psk() const noexcept {
  return is_server_ ? settings_.psk_hint.has_value()
                    : !settings_.psk_identity.empty();
}

bool tls_context::trusts_as(const tls_context& other) const noexcept {
  const auto& theirs = other.settings_;
  auto is_from_files = settings_.capath.empty() && theirs.capath.empty()
                       && !settings_.use_os_certificates
                       && !theirs.use_os_certificates;
  return is_from_files && trust_ == other.trust_
         && settings_.require_certificate == theirs.require_certificate;
}

ssl_ctx_st* tls_context::find(const std::string& host) const noexcept {
  // With a dot in front it would mean every host of a domain.
  if (host.empty() || host.front() == '.')
    return nullptr;
  for (const auto& each : contexts_) {
    auto* certificate = SSL_CTX_get0_certificate(each.get());
    if (certificate != nullptr
        && X509_check_host(certificate, host.data(), host.size(), 0, nullptr)
               == 1)
      return each.get();
  }
  return nullptr;
}

checked<std::shared_ptr<const tls_context>>
make_server_context(const tls_settings& settings) {
  return make(settings, true);
}

checked<std::shared_ptr<const tls_context>>
make_client_context(const tls_settings& settings) {
  return make(settings, false);
}

} // namespace troupe::net
