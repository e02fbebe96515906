// Reads keys from PEM files and files that are a secret.
#include "security/jwt_key.hpp"
#include "security/openssl_handles.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

#include <array>

namespace troupe::security {

namespace {

constexpr std::string_view pem_begin = "-----BEGIN ";

/// One block of a PEM file.
struct pem_block {
  pem_block() = default;
  pem_block(const pem_block&) = delete;
  pem_block& operator=(const pem_block&) = delete;
  ~pem_block() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    // It may be a private key that has no business here.
    OPENSSL_clear_free(data, static_cast<size_t>(size));
  }

  char* name = nullptr;
  char* header = nullptr;
  uint8_t* data = nullptr;
  long size = 0;
};

bool is_private(std::string_view block) noexcept {
  return block.ends_with("PRIVATE KEY");
}

std::shared_ptr<EVP_PKEY> share(EVP_PKEY* key) {
  if (key == nullptr)
    return nullptr;
  return {key, EVP_PKEY_free};
}

std::shared_ptr<EVP_PKEY> key_of_certificate(const uint8_t* data, long size) {
  certificate_handle read{d2i_X509(nullptr, &data, size)};
  return read ? share(X509_get_pubkey(read.get())) : nullptr;
}

/// The public key in a block called `name`, or null.
std::shared_ptr<EVP_PKEY> key_of(std::string_view name, const uint8_t* data,
                                 long size) {
  if (name == "PUBLIC KEY")
    return share(d2i_PUBKEY(nullptr, &data, size));
  if (name == "RSA PUBLIC KEY")
    return share(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &data, size));
  if (name == "CERTIFICATE")
    return key_of_certificate(data, size);
  return nullptr;
}

checked<jwt_key> read_block(const pem_block& block) {
  std::string_view name{block.name};
  if (is_private(name))
    return explanation{"a private key, which belongs to whoever makes the "
                       "tokens alone; write the public one with `openssl pkey "
                       "-in PRIVATE -pubout`"};
  auto key = key_of(name, block.data, block.size);
  if (!key)
    return explanation{fmt::format("no key that can be read ({}); use PUBLIC "
                                   "KEY or CERTIFICATE",
                                   name)};
  return jwt_key::from_public(std::move(key));
}

checked<jwt_key_set> parse_pem(std::string_view text, std::string_view name) {
  openssl_errors meanwhile;
  bio_handle in{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  jwt_key_set found;
  for (size_t number = 1;; ++number) {
    pem_block block;
    if (!in
        || PEM_read_bio(in.get(), &block.name, &block.header, &block.data,
                        &block.size)
               != 1)
      break;
    auto key = read_block(block);
    if (!key)
      return explanation{
          fmt::format("{}: block {} is {}", name, number, key.error().text)};
    found.keys.push_back(std::move(*key));
  }
  auto why = ERR_peek_last_error();
  if (found.keys.empty() || ERR_GET_REASON(why) != PEM_R_NO_START_LINE)
    return explanation{fmt::format("{}: block {} is damaged; it must be PEM "
                                   "from its BEGIN to its END line",
                                   name, found.keys.size() + 1)};
  return found;
}

/// Whether `text` is a public key or a certificate as DER: known to everybody,
/// as a secret it would let everybody in.
bool is_public_der(std::string_view text) {
  openssl_errors meanwhile;
  const auto* data = reinterpret_cast<const uint8_t*>(text.data());
  auto size = static_cast<long>(text.size());
  return key_of("PUBLIC KEY", data, size) != nullptr
         || key_of("RSA PUBLIC KEY", data, size) != nullptr
         || key_of("CERTIFICATE", data, size) != nullptr;
}

/// The same as base64, without BEGIN and END: how some servers show their key.
bool is_public_base64(std::string_view text) {
  std::string digits;
  for (auto c : text)
    if (c != '\n' && c != '\r')
      digits += c;
  std::string der(digits.size() / 4 * 3 + 3, '\0');
  auto size = EVP_DecodeBlock(reinterpret_cast<uint8_t*>(der.data()),
                              reinterpret_cast<const uint8_t*>(digits.data()),
                              static_cast<int>(digits.size()));
  auto found = size > 0
               && is_public_der(
                   std::string_view{der}.substr(0, static_cast<size_t>(size)));
  OPENSSL_cleanse(digits.data(), digits.size());
  OPENSSL_cleanse(der.data(), der.size());
  return found;
}

std::string_view without_line_end(std::string_view text) noexcept {
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  if (text.ends_with('\r'))
    text.remove_suffix(1);
  return text;
}

bool begins_as_json(std::string_view text) noexcept {
  auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

checked<jwt_key_set> parse_secret(std::string_view text,
                                  std::string_view name) {
  auto secret = without_line_end(text);
  if (is_public_der(text) || is_public_base64(text))
    return explanation{fmt::format(
        "{}: this is a public key or a certificate without BEGIN and END; "
        "everybody knows it, so it cannot be a secret; write it as PEM, with "
        "`openssl pkey -pubin -inform DER -in KEY` if it is DER",
        name)};
  if (begins_as_json(secret))
    return explanation{fmt::format(
        "{}: this is JSON; a JWK set belongs to jwt_jwks_file", name)};
  auto key = jwt_key::from_secret(secret);
  if (!key)
    return explanation{fmt::format("{}: this is {}", name, key.error().text)};
  jwt_key_set found;
  found.keys.push_back(std::move(*key));
  return found;
}

} // namespace

checked<jwt_key_set> parse_jwt_key_file(std::string_view text,
                                        std::string_view name) {
  return text.find(pem_begin) == std::string_view::npos
             ? parse_secret(text, name)
             : parse_pem(text, name);
}

} // namespace troupe::security
