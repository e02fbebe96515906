#include "security/dynsec_password.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::security::dynsec {

namespace {

/// What Mosquitto 2.1 uses for new passwords.
constexpr int new_iterations = 1000;
/// Mosquitto 2.0 reads no salt of another length.
constexpr size_t salt_size = 12;
/// 2.1 also writes this one.
constexpr size_t long_salt_size = 64;
constexpr size_t hash_size = 64;

using bytes = std::vector<uint8_t>;

std::string to_base64(const uint8_t* data, size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  auto written = EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()), data,
                                 static_cast<int>(size));
  text.resize(static_cast<size_t>(written));
  return text;
}

/// Nothing: it is no base64 with its padding.
std::optional<bytes> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 1024
      || text.find_first_of(" \t\r\n\v\f-") != std::string_view::npos)
    return std::nullopt;
  bytes data(text.size() / 4 * 3);
  auto size = EVP_DecodeBlock(data.data(),
                              reinterpret_cast<const uint8_t*>(text.data()),
                              static_cast<int>(text.size()));
  if (size < 0)
    return std::nullopt;
  // The library counts the padding as zeros.
  size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  data.resize(static_cast<size_t>(size) - padding);
  return data;
}

bool is_base64_of(std::string_view text, size_t size) {
  auto data = from_base64(text);
  return data && data->size() == size;
}

bool is_salt(std::string_view text) {
  return is_base64_of(text, salt_size) || is_base64_of(text, long_salt_size);
}

/// Up to the next `$`, which goes, too.
std::string_view take_part(std::string_view& text) {
  auto end = text.find('$');
  auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

bool is_pbkdf2(std::string_view encoded) {
  auto parts = split_pbkdf2(encoded);
  return parts && is_salt(parts->salt) && is_base64_of(parts->hash, hash_size);
}

bool is_sha512(std::string_view encoded) {
  auto rest = encoded.substr(3);
  auto salt = take_part(rest);
  return is_salt(salt) && is_base64_of(rest, hash_size);
}

std::array<uint8_t, hash_size> derive(std::string_view password,
                                      const bytes& salt, int iterations) {
  std::array<uint8_t, hash_size> hash{};
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                    salt.data(), static_cast<int>(salt.size()), iterations,
                    EVP_sha512(), static_cast<int>(hash.size()), hash.data());
  return hash;
}

} // namespace

std::optional<pbkdf2_parts> split_pbkdf2(std::string_view encoded) {
  if (!encoded.starts_with("$7$"))
    return std::nullopt;
  auto rest = encoded.substr(3);
  auto count = take_part(rest);
  auto salt = take_part(rest);
  pbkdf2_parts parts{0, std::string{salt}, std::string{rest}};
  auto [end, failed] = std::from_chars(
      count.data(), count.data() + count.size(), parts.iterations);
  if (failed != std::errc{} || end != count.data() + count.size()
      || parts.iterations < 1 || parts.iterations > most_iterations)
    return std::nullopt;
  return parts;
}

bool is_password_hash(std::string_view encoded) {
  if (encoded.starts_with("$6$"))
    return is_sha512(encoded);
  return encoded.starts_with("$argon2id$") || is_pbkdf2(encoded);
}

std::string make_password_hash(std::string_view password) {
  bytes salt(salt_size);
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1)
    return {};
  auto hash = derive(password, salt, new_iterations);
  return fmt::format("$7${}${}${}", new_iterations,
                     to_base64(salt.data(), salt.size()),
                     to_base64(hash.data(), hash.size()));
}

bool check_pbkdf2(std::string_view encoded, std::string_view password) {
  if (!is_pbkdf2(encoded))
    return false;
  auto parts = split_pbkdf2(encoded);
  auto expected = *from_base64(parts->hash);
  auto given = derive(password, *from_base64(parts->salt), parts->iterations);
  auto same = CRYPTO_memcmp(given.data(), expected.data(), hash_size) == 0;
  OPENSSL_cleanse(given.data(), given.size());
  return same;
}

std::string make_random_password() {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr size_t length = 20;
  // Bytes above the last whole multiple would make some letters more likely.
  constexpr auto fair = 256 / letters.size() * letters.size();
  std::string password;
  while (password.size() < length) {
    uint8_t drawn = 0;
    if (RAND_bytes(&drawn, 1) != 1)
      return {};
    if (drawn < fair)
      password += letters[drawn % letters.size()];
  }
  return password;
}

void wipe(std::string& secret) noexcept {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

} // namespace troupe::security::dynsec
