#include "security/dynsec_password.hpp"

#include "security/base64.hpp"
#include "security/digest.hpp"
#include "security/password_hash.hpp"

namespace troupe::security::dynsec {

namespace {

/// The salts of Mosquitto 2.0, which reads no others, and those that 2.1 also
/// writes.
constexpr size_t salt_size = 12;
constexpr size_t long_salt_size = 64;

} // namespace

std::optional<pbkdf2_parts> split_pbkdf2(std::string_view encoded) {
  auto parsed = parse_password_hash(encoded);
  if (!parsed || parsed->kind != hash_kind::sha512_pbkdf2)
    return std::nullopt;
  return pbkdf2_parts{parsed->cost.iterations, to_base64(parsed->salt),
                      to_base64(parsed->hash)};
}

bool is_password_hash(std::string_view encoded) {
  if (encoded.starts_with("$argon2id$"))
    return true;
  auto parsed = parse_password_hash(encoded);
  auto is_known = parsed
                  && (parsed->kind == hash_kind::sha512
                      || parsed->kind == hash_kind::sha512_pbkdf2);
  return is_known
         && (parsed->salt.size() == salt_size
             || parsed->salt.size() == long_salt_size);
}

std::string make_stored_password(std::string_view password) {
  auto made = make_password_hash(hash_kind::sha512_pbkdf2, password);
  return made ? to_string(*made) : std::string{};
}

std::string make_random_password() {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr size_t length = 20;
  // Bytes above the last whole multiple would make some letters more likely.
  constexpr auto fair = 256 / letters.size() * letters.size();
  std::string password;
  while (password.size() < length) {
    auto drawn = random_bytes(1);
    if (drawn.empty())
      return {};
    if (auto value = static_cast<uint8_t>(drawn.front()); value < fair)
      password += letters[value % letters.size()];
  }
  return password;
}

} // namespace troupe::security::dynsec
