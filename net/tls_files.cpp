#include "net/tls_files.hpp"

#include "core/file.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

#include <sys/stat.h>

#include <climits>

namespace troupe::net {

namespace {

/// Text that may be secret: gone with its owner.
struct secret_text {
  std::string text;

  explicit secret_text(std::string content) : text(std::move(content)) {}
  secret_text(secret_text&&) = default;
  ~secret_text() { OPENSSL_cleanse(text.data(), text.size()); }
};

bio_ptr open_memory(const std::string& content) {
  // At most 16 MiB: `read_file` takes no more.
  return bio_ptr{
      BIO_new_mem_buf(content.data(), static_cast<int>(content.size()))};
}

bool is_der(const std::string& content) {
  // An ASN.1 sequence of more than 127 bytes.
  return content.size() > 1 && content[0] == '\x30'
         && (static_cast<uint8_t>(content[1]) & 0x80) != 0;
}

explanation not_pem(const std::string& path, const std::string& content,
                    std::string_view what, std::string_view command) {
  if (is_der(content))
    return {fmt::format("cannot use {}: it is DER, not PEM; run: openssl {} "
                        "-inform der -in {} -out NEW.pem",
                        path, command, path)};
  return {fmt::format("cannot use {}: it holds no {} in PEM form", path, what)};
}

/// Whether reading ended because nothing more is there.
bool at_end_of_pem() {
  auto code = ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM
         && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

explanation broken_pem(const std::string& path, std::string_view what) {
  return {fmt::format("cannot use {}: a {} in it is broken ({}); get a new "
                      "copy",
                      path, what, take_openssl_reason())};
}

struct password_request {
  bool asked = false;
};

/// A broker has nobody to ask: without this OpenSSL would ask the terminal.
int refuse_password(char*, int, int, void* request) {
  static_cast<password_request*>(request)->asked = true;
  return -1;
}

explanation bad_key(const std::string& path, const std::string& content,
                    bool encrypted) {
  if (encrypted) {
    ERR_clear_error();
    return {fmt::format("cannot use {}: the key is encrypted and there is "
                        "nobody to ask for its password; run: openssl pkey "
                        "-in {} -out NEW.pem",
                        path, path)};
  }
  // What is unknown altogether is no key; one of a known kind is a broken one.
  if (content.find("PRIVATE KEY-----") == std::string::npos) {
    ERR_clear_error();
    return not_pem(path, content, "private key", "pkey");
  }
  return broken_pem(path, "private key");
}

/// The dates of a certificate and of a revocation list, for people.
std::string text_of(const ASN1_TIME* when) {
  bio_ptr out{BIO_new(BIO_s_mem())};
  if (!out || when == nullptr || ASN1_TIME_print(out.get(), when) != 1)
    return "an unknown date";
  char* text = nullptr;
  auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

} // namespace

checked<std::vector<certificate_ptr>>
read_certificate_chain(const std::string& path) {
  auto content = read_protected_file(path);
  if (!content)
    return content.error();
  secret_text kept{std::move(*content)}; // the key may be in the same file
  ERR_clear_error();
  auto in = open_memory(kept.text);
  std::vector<certificate_ptr> chain;
  while (in) {
    certificate_ptr next{
        PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)};
    if (!next)
      break;
    chain.push_back(std::move(next));
  }
  if (!at_end_of_pem())
    return broken_pem(path, "certificate");
  ERR_clear_error();
  if (chain.empty())
    return not_pem(path, kept.text, "certificate", "x509");
  return chain;
}

checked<key_ptr> read_private_key(const std::string& path) {
  auto content = read_protected_file(path);
  if (!content)
    return content.error();
  secret_text kept{std::move(*content)};
  ERR_clear_error();
  auto in = open_memory(kept.text);
  password_request password;
  key_ptr key{
      PEM_read_bio_PrivateKey(in.get(), nullptr, refuse_password, &password)};
  if (!key)
    return bad_key(path, kept.text, password.asked);
  ERR_clear_error();
  return key;
}

checked<trust_content> read_trust(const std::string& path) {
  auto content = read_protected_file(path);
  if (!content)
    return content.error();
  ERR_clear_error();
  auto in = open_memory(*content);
  password_request password;
  using info_stack = STACK_OF(X509_INFO);
  auto release = [](info_stack* stack) {
    sk_X509_INFO_pop_free(stack, X509_INFO_free);
  };
  std::unique_ptr<info_stack, decltype(release)> all{
      PEM_X509_INFO_read_bio(in.get(), nullptr, refuse_password, &password),
      release};
  if (!all)
    return broken_pem(path, "certificate or revocation list");
  ERR_clear_error();
  trust_content result;
  for (int i = 0; i < sk_X509_INFO_num(all.get()); ++i) {
    auto* each = sk_X509_INFO_value(all.get(), i);
    if (each->x509 != nullptr)
      result.certificates.emplace_back(std::exchange(each->x509, nullptr));
    if (each->crl != nullptr)
      result.revocation_lists.emplace_back(std::exchange(each->crl, nullptr));
  }
  if (result.certificates.empty() && result.revocation_lists.empty())
    return not_pem(path, *content, "certificate or revocation list", "x509");
  return result;
}

checked<key_ptr> read_dh_parameters(const std::string& path) {
  auto content = read_protected_file(path);
  if (!content)
    return content.error();
  ERR_clear_error();
  auto in = open_memory(*content);
  key_ptr key{PEM_read_bio_Parameters(in.get(), nullptr)};
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_DH) {
    ERR_clear_error();
    return explanation{
        fmt::format("cannot use {}: it holds no Diffie-Hellman parameters in "
                    "PEM form; leave the option out, the defaults are better",
                    path)};
  }
  return key;
}

bool everybody_can_read(const std::string& path) noexcept {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && (about.st_mode & S_IROTH) != 0;
}

std::string date_warning(const X509& certificate, const std::string& path) {
  const auto* end = X509_get0_notAfter(&certificate);
  if (X509_cmp_current_time(end) < 0)
    return fmt::format("the certificate in {} expired on {}: peers will "
                       "refuse it; have it renewed",
                       path, text_of(end));
  const auto* begin = X509_get0_notBefore(&certificate);
  if (X509_cmp_current_time(begin) > 0)
    return fmt::format("the certificate in {} is not valid before {}: peers "
                       "will refuse it; is the clock of this machine right?",
                       path, text_of(begin));
  return {};
}

std::string date_warning(const X509_CRL& list, const std::string& path) {
  const auto* end = X509_CRL_get0_nextUpdate(&list);
  if (end == nullptr || X509_cmp_current_time(end) >= 0)
    return {};
  return fmt::format("the revocation list in {} is out of date since {}: "
                     "every certificate it is about will be refused; get the "
                     "new one from the authority",
                     path, text_of(end));
}

} // namespace troupe::net
