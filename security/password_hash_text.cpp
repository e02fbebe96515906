#include "security/base64.hpp"
#include "security/digest.hpp"
#include "security/password_hash.hpp"

#include <fmt/format.h>

#include <charconv>
#include <initializer_list>
#include <utility>
#include <vector>

// The written forms of password hashes.
namespace troupe::security {

namespace {

// Above these one client that connects costs seconds of a thread.
constexpr uint32_t most_memory = 1024 * 1024;
constexpr uint32_t most_lanes = 64;

/// Bytes in a salt or in an Argon2 hash, for which there is no fixed size.
constexpr size_t most_bytes = 1024;
/// Of Argon2 (RFC 9106, section 3.1).
constexpr size_t least_argon2_salt = 8;
/// Shorter ones would be easier to hit by chance than a password.
constexpr size_t least_argon2_hash = 16;

using fields = std::vector<std::string_view>;

fields split(std::string_view text, char separator) {
  fields parts;
  while (true) {
    auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<uint32_t> number(std::string_view text) {
  uint32_t value = 0;
  auto end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || text.empty())
    return std::nullopt;
  return value;
}

explanation bad(std::string what) {
  return {std::move(what)};
}

explanation bad_shape(std::string_view form) {
  return bad(fmt::format("the hash is not of the form {}", form));
}

/// Reads the iterations of PBKDF2 and SCRAM; empty, or what is wrong.
std::string read_iterations(std::string_view text, uint32_t& into) {
  auto value = number(text);
  if (!value || *value == 0 || *value > most_iterations)
    return fmt::format("the number of iterations must be from 1 to {}",
                       most_iterations);
  into = *value;
  return {};
}

/// Reads one part in base64 of which there must be `least` to `most` bytes;
/// empty, or what is wrong.
std::string read_bytes(std::string_view name, std::string_view text,
                       padding form, size_t least, size_t most,
                       std::string& into) {
  if (text.empty())
    return fmt::format("the {} is empty", name);
  auto bytes = from_base64(text, form);
  if (!bytes)
    return fmt::format("the {} is not base64", name);
  if (bytes->size() < least || bytes->size() > most)
    return least == most
               ? fmt::format("the {} has {} bytes instead of {}", name,
                             bytes->size(), least)
               : fmt::format("the {} has {} bytes instead of {} to {}", name,
                             bytes->size(), least, most);
  into = std::move(*bytes);
  return {};
}

std::string read_salt(std::string_view text, password_hash& into) {
  return read_bytes("salt", text, padding::required, 1, most_bytes, into.salt);
}

std::string read_exact(std::string_view name, std::string_view text,
                       size_t size, std::string& into) {
  return read_bytes(name, text, padding::required, size, size, into);
}

/// The first complaint, or the hash.
checked<password_hash> unless(std::initializer_list<std::string> complaints,
                              password_hash& read) {
  for (const auto& each : complaints)
    if (!each.empty())
      return bad(each);
  return std::move(read);
}

checked<password_hash> parse_sha512(const fields& parts) {
  if (parts.size() != 4)
    return bad_shape("$6$salt$hash");
  password_hash read{hash_kind::sha512, {}, {}, {}, {}};
  return unless(
      {read_salt(parts[2], read),
       read_exact("hash", parts[3], size_of(sha2::sha512), read.hash)},
      read);
}

checked<password_hash> parse_pbkdf2(const fields& parts) {
  if (parts.size() != 5)
    return bad_shape("$7$iterations$salt$hash");
  password_hash read{hash_kind::sha512_pbkdf2, {}, {}, {}, {}};
  return unless(
      {read_iterations(parts[2], read.cost.iterations),
       read_salt(parts[3], read),
       read_exact("hash", parts[4], size_of(sha2::sha512), read.hash)},
      read);
}

checked<password_hash> parse_scram(const fields& parts) {
  if (parts.size() != 6)
    return bad_shape("$scram-sha-256$iterations$salt$stored key$server key");
  password_hash read{hash_kind::scram_sha_256, {}, {}, {}, {}};
  auto size = size_of(sha2::sha256);
  return unless({read_iterations(parts[2], read.cost.iterations),
                 read_salt(parts[3], read),
                 read_exact("stored key", parts[4], size, read.hash),
                 read_exact("server key", parts[5], size, read.server_key)},
                read);
}

/// Reads `m=47104,t=1,p=1`; empty, or what is wrong.
std::string read_argon2_cost(std::string_view text, hash_cost& into) {
  auto parts = split(text, ',');
  if (parts.size() != 3 || !parts[0].starts_with("m=")
      || !parts[1].starts_with("t=") || !parts[2].starts_with("p="))
    return "the costs of an argon2id hash are written m=KIB,t=PASSES,p=LANES";
  auto memory = number(parts[0].substr(2));
  auto passes = number(parts[1].substr(2));
  auto lanes = number(parts[2].substr(2));
  if (!lanes || *lanes == 0 || *lanes > most_lanes)
    return fmt::format("p= must be from 1 to {}", most_lanes);
  // RFC 9106, section 3.1: eight blocks of 1 KiB for each lane.
  if (!memory || *memory < 8 * *lanes || *memory > most_memory)
    return fmt::format("m= must be from 8 for each of p= to {} (1 GiB)",
                       most_memory);
  if (!passes || *passes == 0 || *passes > most_argon2_passes(*memory))
    return fmt::format("t= must be from 1 to {} with this m=",
                       most_argon2_passes(*memory));
  into = {*passes, *memory, *lanes};
  return {};
}

checked<password_hash> parse_argon2id(const fields& parts) {
  if (parts.size() != 6 || !parts[2].starts_with("v="))
    return bad_shape("$argon2id$v=19$m=KIB,t=PASSES,p=LANES$salt$hash");
  if (parts[2] != "v=19")
    return bad("only version 19 of argon2id is known");
  password_hash read{hash_kind::argon2id, {}, {}, {}, {}};
  return unless({read_argon2_cost(parts[3], read.cost),
                 read_bytes("salt", parts[4], padding::none, least_argon2_salt,
                            most_bytes, read.salt),
                 read_bytes("hash", parts[5], padding::none, least_argon2_hash,
                            most_bytes, read.hash)},
                read);
}

} // namespace

checked<password_hash> parse_password_hash(std::string_view text) {
  if (text.empty())
    return bad("the hash is empty");
  if (!text.starts_with('$'))
    return bad("the password is not hashed");
  auto parts = split(text, '$');
  if (parts[1] == "6")
    return parse_sha512(parts);
  if (parts[1] == "7")
    return parse_pbkdf2(parts);
  if (parts[1] == "argon2id")
    return parse_argon2id(parts);
  if (parts[1] == "scram-sha-256")
    return parse_scram(parts);
  return bad("the kind of hash is unknown: $6$, $7$, $argon2id$ and "
             "$scram-sha-256$ are known");
}

std::string to_string(const password_hash& stored) {
  const auto& cost = stored.cost;
  auto salt = to_base64(stored.salt);
  auto hash = to_base64(stored.hash);
  switch (stored.kind) {
  case hash_kind::sha512:
    return fmt::format("$6${}${}", salt, hash);
  case hash_kind::sha512_pbkdf2:
    return fmt::format("$7${}${}${}", cost.iterations, salt, hash);
  case hash_kind::argon2id:
    return fmt::format("$argon2id$v=19$m={},t={},p={}${}${}", cost.memory,
                       cost.iterations, cost.lanes,
                       to_base64(stored.salt, padding::none),
                       to_base64(stored.hash, padding::none));
  case hash_kind::scram_sha_256:
    break;
  }
  return fmt::format("$scram-sha-256${}${}${}${}", cost.iterations, salt, hash,
                     to_base64(stored.server_key));
}

} // namespace troupe::security
