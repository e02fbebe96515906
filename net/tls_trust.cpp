#include "net/tls_context_builder.hpp"
#include "net/tls_files.hpp"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace troupe::net {

namespace {

using problem = tls_context_builder::problem;

/// An authority above that of the certificate needs no revocation list, as with
/// Mosquitto, which looks no higher; where there is one, it counts.
int spare_missing_lists(int good, X509_STORE_CTX* chain) {
  auto error = X509_STORE_CTX_get_error(chain);
  auto is_about_list = error == X509_V_ERR_UNABLE_TO_GET_CRL
                       || error == X509_V_ERR_CRL_HAS_EXPIRED;
  if (good == 1 || !is_about_list || X509_STORE_CTX_get_error_depth(chain) == 0)
    return good;
  X509_STORE_CTX_set_error(chain, X509_V_OK);
  return 1;
}

/// With `disable_client_cert_date_checks`: dates of the client's certificate,
/// and of no other, do not matter.
int ignore_dates(int good, X509_STORE_CTX* chain) {
  good = spare_missing_lists(good, chain);
  auto error = X509_STORE_CTX_get_error(chain);
  auto is_date = error == X509_V_ERR_CERT_HAS_EXPIRED
                 || error == X509_V_ERR_CERT_NOT_YET_VALID;
  if (good == 1 || !is_date || X509_STORE_CTX_get_error_depth(chain) != 0)
    return good;
  X509_STORE_CTX_set_error(chain, X509_V_OK);
  return 1;
}

/// The library's security level refuses some certificates and keys outright.
explanation refused_by_library(const std::string& path) {
  auto reason = ERR_GET_REASON(ERR_peek_last_error());
  if (reason == SSL_R_EE_KEY_TOO_SMALL || reason == SSL_R_CA_KEY_TOO_SMALL) {
    ERR_clear_error();
    return {fmt::format("cannot use {}: its key is too short to be safe; make "
                        "one of 2048 bits, or on a curve",
                        path)};
  }
  if (reason == SSL_R_CA_MD_TOO_WEAK) {
    ERR_clear_error();
    return {fmt::format("cannot use {}: it is signed with a digest that is "
                        "not safe any more; have it made anew with SHA-256",
                        path)};
  }
  return {fmt::format("cannot use {}: {}", path, take_openssl_reason())};
}

/// Its digest, which tells it from all others.
std::string digest_of(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(&certificate, EVP_sha256(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string digest_of(const X509_CRL& list) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_CRL_digest(&list, EVP_sha256(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

bool is_hashed_folder(const std::string& path) {
  std::error_code failed;
  std::filesystem::directory_iterator each{path, failed};
  for (; !failed && each != std::filesystem::directory_iterator{};
       each.increment(failed)) {
    const auto name = each->path().filename().native();
    auto hex = name.find_first_not_of("0123456789abcdef");
    if (hex == 8 && name[8] == '.')
      return true;
  }
  return false;
}

} // namespace

problem tls_context_builder::set_verification(SSL_CTX* handle) {
  if (auto wrong = add_trust(handle))
    return wrong;
  if (!target_.is_server()) {
    SSL_CTX_set_verify(
        handle, settings_.verify_peer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
        nullptr);
    return {};
  }
  auto mode = settings_.require_certificate
                  ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                  : SSL_VERIFY_NONE;
  SSL_CTX_set_verify(handle, mode,
                     settings_.disable_client_cert_date_checks ? ignore_dates
                                                               : nullptr);
  return {};
}

problem tls_context_builder::add_trust(SSL_CTX* handle) {
  if (!settings_.cafile.empty())
    if (auto wrong = add_authorities(handle))
      return wrong;
  if (!settings_.capath.empty())
    if (auto wrong = add_folder(handle))
      return wrong;
  if (settings_.use_os_certificates
      && SSL_CTX_set_default_verify_paths(handle) != 1)
    return explanation{"cannot use the authorities of this system: "
                       + take_openssl_reason()};
  if (!settings_.crlfile.empty())
    return add_revocations(handle);
  return {};
}

problem tls_context_builder::add_authorities(SSL_CTX* handle) {
  const auto& path = settings_.cafile;
  auto content = read_trust(path);
  if (!content)
    return content.error();
  if (content->certificates.empty())
    return explanation{fmt::format(
        "cannot use {}: it holds a revocation list but no certificate; it "
        "belongs into crlfile",
        path)};
  auto* store = SSL_CTX_get_cert_store(handle);
  for (const auto& each : content->certificates) {
    if (X509_STORE_add_cert(store, each.get()) != 1)
      return explanation{
          fmt::format("cannot use {}: {}", path, take_openssl_reason())};
    target_.trust_ += digest_of(*each);
    // Clients choose by this which of their certificates they show.
    if (target_.is_server())
      SSL_CTX_add_client_CA(handle, each.get());
    warn(date_warning(*each, path));
  }
  return {};
}

problem tls_context_builder::add_folder(SSL_CTX* handle) {
  const auto& path = settings_.capath;
  std::error_code failed;
  if (!std::filesystem::is_directory(path, failed))
    return explanation{fmt::format(
        "cannot use the folder {}: {}", path,
        failed ? failed.message() : "it is a file; cafile takes files")};
  if (!is_hashed_folder(path))
    warn(fmt::format("no certificate in {} will be found: their names must be "
                     "hashes; run: openssl rehash {}",
                     path, path));
  if (SSL_CTX_load_verify_dir(handle, path.c_str()) != 1)
    return explanation{fmt::format("cannot use the folder {}: {}", path,
                                   take_openssl_reason())};
  return {};
}

problem tls_context_builder::add_revocations(SSL_CTX* handle) {
  const auto& path = settings_.crlfile;
  auto content = read_trust(path);
  if (!content)
    return content.error();
  if (content->revocation_lists.empty())
    return explanation{fmt::format(
        "cannot use {}: it holds no revocation list in PEM form", path)};
  auto* store = SSL_CTX_get_cert_store(handle);
  for (const auto& each : content->revocation_lists) {
    if (X509_STORE_add_crl(store, each.get()) != 1)
      return explanation{
          fmt::format("cannot use {}: {}", path, take_openssl_reason())};
    target_.trust_ += digest_of(*each);
    warn(date_warning(*each, path));
  }
  X509_STORE_set_flags(store,
                       X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  X509_STORE_set_verify_cb(store, spare_missing_lists);
  return {};
}

problem tls_context_builder::use_certificate(SSL_CTX* handle,
                                             const certificate_files& files) {
  if (files.certfile.empty())
    return {};
  auto chain = read_certificate_chain(files.certfile);
  if (!chain)
    return chain.error();
  ERR_clear_error();
  if (SSL_CTX_use_certificate(handle, chain->front().get()) != 1)
    return refused_by_library(files.certfile);
  for (size_t i = 1; i < chain->size(); ++i)
    if (SSL_CTX_add1_chain_cert(handle, (*chain)[i].get()) != 1)
      return refused_by_library(files.certfile);
  for (const auto& each : *chain)
    warn(date_warning(*each, files.certfile));
  return use_key(handle, files);
}

problem tls_context_builder::use_key(SSL_CTX* handle,
                                     const certificate_files& files) {
  auto key = read_private_key(files.keyfile);
  if (!key)
    return key.error();
  auto* certificate = SSL_CTX_get0_certificate(handle);
  if (X509_check_private_key(certificate, key->get()) != 1) {
    ERR_clear_error();
    return explanation{fmt::format(
        "the key in {} does not belong to the certificate in {}; the first "
        "certificate in that file must be the one made for this key",
        files.keyfile, files.certfile)};
  }
  if (SSL_CTX_use_PrivateKey(handle, key->get()) != 1)
    return refused_by_library(files.keyfile);
  if (everybody_can_read(files.keyfile))
    warn(fmt::format("everybody on this machine can read the private key in "
                     "{}; run: chmod o-r {}",
                     files.keyfile, files.keyfile));
  return {};
}

} // namespace troupe::net
