#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace troupe::net {

/// Frees with the function given: owners of what OpenSSL allocates.
template <auto Free>
struct openssl_release {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using bio_ptr = std::unique_ptr<BIO, openssl_release<BIO_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, openssl_release<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, openssl_release<X509_free>>;
using crl_ptr = std::unique_ptr<X509_CRL, openssl_release<X509_CRL_free>>;
using ssl_ptr = std::unique_ptr<SSL, openssl_release<SSL_free>>;

/// What OpenSSL said last, in its words, and forgets the rest.
inline std::string take_openssl_reason() {
  auto code = ERR_peek_last_error();
  const auto* text = ERR_reason_error_string(code);
  ERR_clear_error();
  return text != nullptr ? text : "no reason given";
}

} // namespace troupe::net
