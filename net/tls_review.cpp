#include "net/tls_review.hpp"

#include "net/tls_callbacks.hpp"
#include "net/tls_error.hpp"

#include <openssl/crypto.h>
#include <openssl/x509_vfy.h>

namespace troupe::net {

namespace {

using trial_ptr =
    std::unique_ptr<X509_STORE_CTX, openssl_release<X509_STORE_CTX_free>>;

void free_lists(STACK_OF(X509_CRL) * all) {
  sk_X509_CRL_pop_free(all, X509_CRL_free);
}
using lists_ptr =
    std::unique_ptr<STACK_OF(X509_CRL), openssl_release<free_lists>>;

std::string review_key(const peer_identity& who, const tls_context& now) {
  const auto& lookup = now.settings().psk_lookup;
  auto key = lookup ? lookup(who.psk_identity) : std::nullopt;
  if (!key)
    return "its pre-shared key is gone";
  auto is_same = stamp_of(*key) == who.psk_stamp;
  OPENSSL_cleanse(key->data(), key->size());
  return is_same ? std::string{} : "its pre-shared key is another one now";
}

/// What a handshake would verify the peer's certificate with.
trial_ptr begin_trial(const SSL& ssl, X509* certificate,
                      const tls_context& now) {
  auto* at = now.handle();
  trial_ptr trial{X509_STORE_CTX_new()};
  if (!trial
      || X509_STORE_CTX_init(trial.get(), SSL_CTX_get_cert_store(at),
                             certificate, SSL_get_peer_cert_chain(&ssl))
             != 1)
    return nullptr;
  X509_STORE_CTX_set_default(trial.get(), "ssl_client");
  X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(trial.get()),
                         SSL_CTX_get0_param(at));
  if (auto callback = SSL_CTX_get_verify_callback(at))
    X509_STORE_CTX_set_verify_cb(trial.get(), callback);
  return trial;
}

bool is_listed(X509_STORE_CTX* trial, X509* certificate) {
  lists_ptr lists{
      X509_STORE_CTX_get1_crls(trial, X509_get_issuer_name(certificate))};
  for (int i = 0; lists && i < sk_X509_CRL_num(lists.get()); ++i) {
    X509_REVOKED* entry = nullptr;
    if (X509_CRL_get0_by_cert(sk_X509_CRL_value(lists.get(), i), &entry,
                              certificate)
        == 1)
      return true;
  }
  return false;
}

/// The certificates between it and its authority do not survive a session.
bool lacks_chain(const SSL& ssl, int error) {
  return SSL_session_reused(&ssl) == 1
         && (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
             || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
             || error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
}

std::string review_certificate(const SSL& ssl, const tls_context& now) {
  auto* certificate = SSL_get0_peer_certificate(&ssl);
  if (certificate == nullptr || !now.settings().require_certificate)
    return {};
  auto trial = begin_trial(ssl, certificate, now);
  if (!trial)
    return {};
  auto is_good = X509_verify_cert(trial.get()) == 1;
  auto error = X509_STORE_CTX_get_error(trial.get());
  if (!is_good && lacks_chain(ssl, error)) {
    is_good = !is_listed(trial.get(), certificate);
    error = X509_V_ERR_CERT_REVOKED;
  }
  ERR_clear_error();
  return is_good ? std::string{} : explain_verification(error);
}

} // namespace

std::string review_peer(const SSL& ssl, const peer_identity& who,
                        const tls_context& before, const tls_context& now) {
  if (!who.psk_identity.empty())
    return review_key(who, now);
  return who.has_certificate && !now.trusts_as(before)
             ? review_certificate(ssl, now)
             : std::string{};
}

} // namespace troupe::net
