// Reads JWK sets (RFC 7517).
#include "security/base64url.hpp"
#include "security/excerpt.hpp"
#include "security/jwt_key.hpp"
#include "security/strict_json.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>

namespace troupe::security {

namespace {

using nlohmann::json;

/// A token without a `kid` is tried with each key: keep that affordable.
constexpr size_t most_keys = 64;
/// Certificates in `x5c` are the deepest that a set has.
constexpr int most_depth = 8;

/// A member that is base64url, decoded.
std::optional<std::string> find_bytes(const json& key, std::string_view name) {
  const auto* text = find_text(key, name);
  return text == nullptr ? std::nullopt : decode_base64url(*text);
}

explanation lacks(std::string_view members) {
  return explanation{
      fmt::format("it lacks {}, or they are not base64url", members)};
}

checked<jwt_key> read_rsa(const json& key) {
  auto n = find_bytes(key, "n");
  auto e = find_bytes(key, "e");
  if (!n || !e)
    return lacks("`n` and `e`");
  return jwt_key::from_rsa(*n, *e);
}

checked<jwt_key> read_ec(const json& key) {
  const auto* curve = find_text(key, "crv");
  if (curve == nullptr || *curve != "P-256")
    return explanation{"its `crv` is not \"P-256\""};
  auto x = find_bytes(key, "x");
  auto y = find_bytes(key, "y");
  if (!x || !y)
    return lacks("`x` and `y`");
  return jwt_key::from_p256(*x, *y);
}

checked<jwt_key> read_secret(const json& key) {
  auto k = find_bytes(key, "k");
  if (!k)
    return lacks("`k`");
  auto made = jwt_key::from_secret(*k);
  OPENSSL_cleanse(k->data(), k->size());
  return made;
}

checked<jwt_key> read_material(const json& key) {
  const auto* kind = find_text(key, "kty");
  if (kind != nullptr && *kind == "RSA")
    return read_rsa(key);
  if (kind != nullptr && *kind == "EC")
    return read_ec(key);
  if (kind != nullptr && *kind == "oct")
    return read_secret(key);
  return explanation{"its `kty` is not \"RSA\", \"EC\" or \"oct\""};
}

bool allows_verify(const json& operations) {
  return operations.is_array()
         && std::any_of(operations.begin(), operations.end(),
                        [](const json& each) { return each == "verify"; });
}

/// Whether the set's maker means the key for this (RFC 7517, sections 4.2 to
/// 4.5); the complaint if not.
std::optional<std::string> judge_purpose(const json& key) {
  if (key.contains("use") && key["use"] != "sig")
    return "its `use` is not \"sig\"";
  if (key.contains("key_ops") && !allows_verify(key["key_ops"]))
    return "its `key_ops` do not have \"verify\"";
  if (key.contains("kid") && !key["kid"].is_string())
    return "its `kid` is not a text";
  return std::nullopt;
}

checked<jwt_key> read_key(const json& key) {
  if (!key.is_object())
    return explanation{"it is not an object"};
  if (auto wrong = judge_purpose(key))
    return explanation{*wrong};
  auto made = read_material(key);
  if (!made)
    return made;
  auto algorithm = to_string(made->algorithm());
  if (key.contains("alg") && key["alg"] != std::string{algorithm})
    return explanation{fmt::format("its `alg` is not \"{}\"", algorithm)};
  if (const auto* id = find_text(key, "kid"))
    made->set_id(*id);
  return made;
}

/// The part of a key that only whoever signs needs.
bool has_private_part(const json& key) {
  return key.is_object() && key.contains("d");
}

std::string describe(const json& key, size_t number) {
  auto text = fmt::format("key {}", number);
  const auto* id = key.is_object() ? find_text(key, "kid") : nullptr;
  if (id != nullptr)
    text += fmt::format(" (kid {})", excerpt(*id));
  return text;
}

void read_keys(json& keys, std::string_view name, jwt_key_set& into) {
  size_t number = 0;
  for (auto& each : keys) {
    auto what = describe(each, ++number);
    if (has_private_part(each))
      into.warnings.push_back(fmt::format(
          "{}: {} comes with its private half: whoever reads this file can "
          "make tokens; remove all but the public members",
          name, what));
    if (auto key = read_key(each))
      into.keys.push_back(std::move(*key));
    else
      into.warnings.push_back(
          fmt::format("{}: {} is left out: {}", name, what, key.error().text));
  }
}

/// Leaves no secret behind in memory that is freed.
void wipe(json& keys) {
  for (auto& key : keys)
    for (const auto* member : {"k", "d"})
      if (key.is_object() && key.contains(member) && key[member].is_string()) {
        auto& text = key[member].get_ref<std::string&>();
        OPENSSL_cleanse(text.data(), text.size());
      }
}

} // namespace

checked<jwt_key_set> parse_jwks(std::string_view text, std::string_view name) {
  auto root = parse_strict_object(text, most_depth);
  if (!root)
    return explanation{fmt::format("{}: this is not a JSON object, or a name "
                                   "stands in it twice",
                                   name)};
  auto keys = root->find("keys");
  if (keys == root->end() || !keys->is_array())
    return explanation{fmt::format(
        "{}: this is not a JWK set; write {{\"keys\": [...]}}", name)};
  if (keys->size() > most_keys)
    return explanation{fmt::format("{}: it has {} keys; at most {} can be used",
                                   name, keys->size(), size_t{most_keys})};
  jwt_key_set found;
  read_keys(*keys, name, found);
  wipe(*keys);
  if (!found.keys.empty())
    return found;
  std::string why;
  for (const auto& each : found.warnings)
    why += "; " + each;
  return explanation{
      fmt::format("{}: it has no key that can verify tokens{}", name, why)};
}

} // namespace troupe::security
