#pragma once

#include "net/openssl.hpp"

#include <caf/test/unit_test.hpp>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net {

/// A certificate and its key, made for a test.
struct test_certificate {
  certificate_ptr certificate;
  key_ptr key;
};

/// What a test wants to be in a certificate.
struct certificate_wish {
  std::string common_name{}; // empty: none
  /// As in an openssl.cnf: "DNS:example.org,IP:127.0.0.1".
  std::string alternative_names{};
  /// Days from now.
  long valid_from = -1;
  long valid_to = 30;
  bool is_authority = false;
  std::string extended_usage{};
  bool is_rsa = false;
};

inline constexpr long day = 24L * 60 * 60;

inline std::string to_text(BIO* memory) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(size)};
}

inline std::string to_pem(X509* certificate) {
  bio_ptr out{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(out.get(), certificate);
  return to_text(out.get());
}

inline std::string to_pem(EVP_PKEY* key, const char* password = nullptr) {
  bio_ptr out{BIO_new(BIO_s_mem())};
  PEM_write_bio_PKCS8PrivateKey(
      out.get(), key, password != nullptr ? EVP_aes_128_cbc() : nullptr,
      password, password != nullptr ? static_cast<int>(strlen(password)) : 0,
      nullptr, nullptr);
  return to_text(out.get());
}

inline void add_extension(X509* to, X509* issuer, int name,
                          const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, name, value.c_str());
  CAF_REQUIRE(extension != nullptr);
  X509_add_ext(to, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Makes a certificate signed by `issuer`, or by itself.
inline test_certificate make_certificate(const certificate_wish& wish,
                                         const test_certificate* issuer) {
  static long last_serial = 1000;
  test_certificate made{
      certificate_ptr{X509_new()},
      key_ptr{wish.is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256")}};
  auto* certificate = made.certificate.get();
  auto* signer = issuer != nullptr ? issuer : &made;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++last_serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wish.valid_from * day);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wish.valid_to * day);
  X509_set_pubkey(certificate, made.key.get());
  auto* name = X509_get_subject_name(certificate);
  auto add = [name](const char* field, std::string_view value) {
    X509_NAME_add_entry_by_txt(
        name, field, MBSTRING_UTF8,
        reinterpret_cast<const unsigned char*>(value.data()),
        static_cast<int>(value.size()), -1, 0);
  };
  add("O", "troupe tests");
  if (!wish.common_name.empty())
    add("CN", wish.common_name);
  X509_set_issuer_name(certificate,
                       X509_get_subject_name(signer->certificate.get()));
  auto* by = signer->certificate.get();
  add_extension(certificate, by, NID_basic_constraints,
                wish.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!wish.alternative_names.empty())
    add_extension(certificate, by, NID_subject_alt_name,
                  wish.alternative_names);
  if (!wish.extended_usage.empty())
    add_extension(certificate, by, NID_ext_key_usage, wish.extended_usage);
  CAF_REQUIRE(X509_sign(certificate, signer->key.get(), EVP_sha256()) != 0);
  return made;
}

/// The revocation list of `issuer`, with these certificates on it, as PEM.
inline std::string
make_revocation_list(const test_certificate& issuer,
                     const std::vector<const test_certificate*>& revoked,
                     long valid_to = 30) {
  crl_ptr list{X509_CRL_new()};
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(),
                           X509_get_subject_name(issuer.certificate.get()));
  auto* now = X509_gmtime_adj(nullptr, -2 * 60 * 60);
  X509_CRL_set1_lastUpdate(list.get(), now);
  for (const auto* each : revoked) {
    auto* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(
        entry, X509_get_serialNumber(each->certificate.get()));
    X509_REVOKED_set_revocationDate(entry, now);
    X509_CRL_add0_revoked(list.get(), entry);
  }
  ASN1_TIME_free(now);
  auto* next = X509_gmtime_adj(nullptr, valid_to * day);
  X509_CRL_set1_nextUpdate(list.get(), next);
  ASN1_TIME_free(next);
  X509_CRL_sort(list.get());
  CAF_REQUIRE(X509_CRL_sign(list.get(), issuer.key.get(), EVP_sha256()) != 0);
  bio_ptr out{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509_CRL(out.get(), list.get());
  return to_text(out.get());
}

/// A folder of PEM files, gone with its owner: of an authority (ca), a server
/// and clients, good ones and bad ones. NAME.crt and NAME.key each.
class certificate_folder {
public:
  certificate_folder() {
    char name[] = "/tmp/troupe-tls-XXXXXX";
    CAF_REQUIRE(::mkdtemp(name) != nullptr);
    folder_ = name;
    authority_ = make_certificate(
        {.common_name = "test authority", .is_authority = true}, nullptr);
    save("ca", authority_);
  }
  ~certificate_folder() { std::filesystem::remove_all(folder_); }
  certificate_folder(const certificate_folder&) = delete;
  certificate_folder& operator=(const certificate_folder&) = delete;

  /// Makes NAME.crt and NAME.key, signed by the authority.
  const certificate_folder& make(const std::string& name,
                                 const certificate_wish& wish) const {
    save(name, make_certificate(wish, &authority_));
    return *this;
  }
  void save(const std::string& name, const test_certificate& made) const {
    write(name + ".crt", to_pem(made.certificate.get()));
    write(name + ".key", to_pem(made.key.get()), true);
  }
  std::string write(const std::string& name, std::string_view content,
                    bool is_secret = false) const {
    std::ofstream{path(name), std::ios::binary} << content;
    using std::filesystem::perms;
    std::filesystem::permissions(
        path(name), perms::owner_read | perms::owner_write
                        | (is_secret ? perms::none : perms::others_read));
    return path(name);
  }
  std::string path(const std::string& name) const {
    return folder_ + '/' + name;
  }
  const test_certificate& authority() const { return authority_; }

private:
  std::string folder_;
  test_certificate authority_;
};

} // namespace troupe::net
