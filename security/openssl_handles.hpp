#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include <memory>

namespace troupe::security {

/// Frees with the function given.
template <auto Free>
struct openssl_deleter {
  template <class T>
  void operator()(T* what) const noexcept {
    Free(what);
  }
};

template <class T, auto Free>
using openssl_handle = std::unique_ptr<T, openssl_deleter<Free>>;

using bio_handle = openssl_handle<BIO, BIO_free>;
using bignum_handle = openssl_handle<BIGNUM, BN_free>;
using digest_context_handle = openssl_handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using key_context_handle = openssl_handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using key_handle = openssl_handle<EVP_PKEY, EVP_PKEY_free>;
using certificate_handle = openssl_handle<X509, X509_free>;

/// Takes back the errors that OpenSSL notes for this thread meanwhile: TLS
/// connections would take them for theirs.
class openssl_errors {
public:
  openssl_errors() { ERR_set_mark(); }
  ~openssl_errors() { ERR_pop_to_mark(); }
  openssl_errors(const openssl_errors&) = delete;
  openssl_errors& operator=(const openssl_errors&) = delete;
};

} // namespace troupe::security
