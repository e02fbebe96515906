#include "security/password_hash.hpp"

#include "security/digest.hpp"
#include "security/scram_keys.hpp"

#include <argon2.h>
#include <array>
#include <climits>
#include <utility>

namespace troupe::security {

namespace {

constexpr std::array<std::pair<hash_kind, std::string_view>, 4> names{{
    {hash_kind::sha512, "sha512"},
    {hash_kind::sha512_pbkdf2, "sha512-pbkdf2"},
    {hash_kind::argon2id, "argon2id"},
    {hash_kind::scram_sha_256, "scram-sha-256"},
}};

/// Mosquitto 2.0 takes salts of 12 bytes and no other for its own two forms.
constexpr size_t mosquitto_salt = 12;
constexpr size_t our_salt = 16;
constexpr size_t argon2_size = 32;

uint8_t* bytes_of(std::string& text) {
  return reinterpret_cast<uint8_t*>(text.data());
}

/// The library takes pointers to what it only reads as if it wrote there.
uint8_t* read_only(std::string_view text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

std::string argon2(const password_hash& like, std::string_view password) {
  if (password.size() > INT_MAX)
    return {};
  std::string made(like.hash.size(), '\0');
  argon2_context work{};
  work.out = bytes_of(made);
  work.outlen = static_cast<uint32_t>(made.size());
  work.pwd = read_only(password);
  work.pwdlen = static_cast<uint32_t>(password.size());
  work.salt = read_only(like.salt);
  work.saltlen = static_cast<uint32_t>(like.salt.size());
  work.t_cost = like.cost.iterations;
  work.m_cost = like.cost.memory;
  work.lanes = like.cost.lanes;
  // The caller's thread is all there is: a password starts none.
  work.threads = 1;
  work.version = ARGON2_VERSION_13;
  work.flags = ARGON2_DEFAULT_FLAGS;
  return argon2id_ctx(&work) == ARGON2_OK ? made : std::string{};
}

/// `password` hashed as `like` says: kind, costs, salt and sizes.
password_hash hash_like(password_hash like, std::string_view password) {
  switch (like.kind) {
  case hash_kind::sha512:
    like.hash = digest(sha2::sha512, password, like.salt);
    break;
  case hash_kind::sha512_pbkdf2:
    like.hash =
        pbkdf2(sha2::sha512, password, like.salt, like.cost.iterations).view();
    break;
  case hash_kind::argon2id:
    like.hash = argon2(like, password);
    break;
  case hash_kind::scram_sha_256: {
    auto keys = derive_scram_keys(password, like.salt, like.cost.iterations);
    like.hash = std::move(keys.stored_key);
    like.server_key = std::move(keys.server_key);
  }
  }
  return like;
}

size_t hash_size(hash_kind kind) {
  switch (kind) {
  case hash_kind::sha512:
  case hash_kind::sha512_pbkdf2:
    return size_of(sha2::sha512);
  case hash_kind::argon2id:
    return argon2_size;
  case hash_kind::scram_sha_256:
    break;
  }
  return size_of(sha2::sha256);
}

std::string new_salt(hash_kind kind) {
  auto is_mosquittos =
      kind == hash_kind::sha512 || kind == hash_kind::sha512_pbkdf2;
  return random_bytes(is_mosquittos ? mosquitto_salt : our_salt);
}

/// What the kind has no use for is 0.
hash_cost or_usual(hash_cost wish, hash_kind kind) {
  auto usual = default_cost(kind);
  auto either = [](uint32_t x, uint32_t y) { return x == 0 || y == 0 ? y : x; };
  return {either(wish.iterations, usual.iterations),
          either(wish.memory, usual.memory), either(wish.lanes, usual.lanes)};
}

} // namespace

std::string_view to_string(hash_kind kind) noexcept {
  return names[static_cast<size_t>(kind)].second;
}

std::optional<hash_kind> hash_kind_of(std::string_view name) noexcept {
  for (const auto& [kind, its_name] : names)
    if (its_name == name)
      return kind;
  return std::nullopt;
}

hash_cost default_cost(hash_kind kind) noexcept {
  switch (kind) {
  case hash_kind::sha512:
    break;
  case hash_kind::sha512_pbkdf2:
    return {1000, 0, 0};
  case hash_kind::argon2id:
    return {1, 46 * 1024, 1};
  case hash_kind::scram_sha_256:
    return {least_scram_iterations, 0, 0};
  }
  return {};
}

bool verify(const password_hash& stored, std::string_view password) {
  auto given = hash_like(stored, password);
  return !given.hash.empty() && equal_in_constant_time(stored.hash, given.hash);
}

checked<password_hash>
make_password_hash(hash_kind kind, std::string_view password, hash_cost cost) {
  // Until it is hashed a decoy tells whether it could be read again.
  auto made = make_decoy(kind, cost);
  if (auto read = parse_password_hash(to_string(made)); !read)
    return read;
  made = hash_like(std::move(made), password);
  if (made.hash.empty())
    return explanation{"cannot hash the password: memory does not suffice"};
  return made;
}

password_hash make_decoy(hash_kind kind, hash_cost cost) {
  // Nobody finds the password of a random hash.
  password_hash made{kind,
                     or_usual(cost, kind),
                     new_salt(kind),
                     random_bytes(hash_size(kind)),
                     {}};
  if (kind == hash_kind::scram_sha_256)
    made.server_key = random_bytes(hash_size(kind));
  return made;
}

} // namespace troupe::security
