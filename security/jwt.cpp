#include "security/jwt.hpp"

#include "security/base64url.hpp"
#include "security/excerpt.hpp"
#include "security/protected_file.hpp"
#include "security/strict_json.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <iterator>

namespace troupe::security {

namespace {

using nlohmann::json;

/// The header of a token is flat but for keys, which are ignored.
constexpr int header_depth = 4;
constexpr std::string_view base64url_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What of a token's header decides.
struct token_header {
  std::string algorithm;
  std::optional<std::string> key_id;
};

checked<token_header> read_header(std::string_view encoded) {
  auto text = decode_base64url(encoded);
  auto root = text ? parse_strict_object(*text, header_depth) : std::nullopt;
  if (!root)
    return explanation{"its header is not a JSON object in base64url"};
  // Extensions that must be understood: none is (RFC 7515, section 4.1.11).
  if (root->contains("crit"))
    return explanation{"its header names critical extensions (crit)"};
  const auto* algorithm = find_text(*root, "alg");
  if (algorithm == nullptr)
    return explanation{"its header has no text as alg"};
  token_header header{*algorithm, std::nullopt};
  const auto* id = find_text(*root, "kid");
  if (root->contains("kid") && id == nullptr)
    return explanation{"its header has a kid that is not a text"};
  if (id != nullptr)
    header.key_id = *id;
  return header;
}

bool may_have_signed(const jwt_key& key, jwt_algorithm algorithm,
                     const token_header& header) {
  return key.algorithm() == algorithm
         && (!header.key_id || key.id().empty() || key.id() == *header.key_id);
}

/// The names of a path such as `a.b\.c`; nothing: an empty name.
std::optional<std::vector<std::string>> split_path(std::string_view path) {
  std::vector<std::string> names(1);
  for (size_t i = 0; i < path.size(); ++i)
    if (path.substr(i, 2) == "\\.")
      names.back() += path[++i];
    else if (path[i] == '.')
      names.emplace_back();
    else
      names.back() += path[i];
  if (std::find(names.begin(), names.end(), "") != names.end())
    return std::nullopt;
  return names;
}

explanation bad_path(std::string_view option, std::string_view path) {
  return {fmt::format("{}: `{}` is not the name of a claim; use a name such as "
                      "sub, or several with dots between them",
                      option, excerpt(path))};
}

bool has_key_for(const std::vector<jwt_key>& keys, jwt_algorithm algorithm) {
  return std::any_of(keys.begin(), keys.end(), [=](const jwt_key& key) {
    return key.algorithm() == algorithm;
  });
}

checked<std::vector<jwt_algorithm>>
choose_algorithms(const jwt_settings& settings,
                  const std::vector<jwt_key>& keys) {
  std::vector<jwt_algorithm> chosen;
  for (const auto& name : settings.algorithms) {
    auto algorithm = parse_jwt_algorithm(name);
    if (!algorithm)
      return explanation{fmt::format("jwt_algorithms: `{}` is none of RS256, "
                                     "ES256, HS256",
                                     excerpt(name))};
    if (!has_key_for(keys, *algorithm))
      return explanation{fmt::format("jwt_algorithms: there is no key for {}; "
                                     "add one, or leave {} out",
                                     name, name)};
    chosen.push_back(*algorithm);
  }
  if (chosen.empty())
    for (const auto& key : keys)
      chosen.push_back(key.algorithm());
  return chosen;
}

/// Reads one key file with `parse` and adds what it holds.
template <class Parse>
std::optional<explanation> add_keys(jwt_key_set& to, const std::string& path,
                                    Parse parse) {
  if (path.empty())
    return std::nullopt;
  auto text = read_protected_file(path);
  if (!text)
    return text.error();
  checked<jwt_key_set> read = parse(*text, path);
  OPENSSL_cleanse(text->data(), text->size());
  if (!read)
    return read.error();
  std::move(read->keys.begin(), read->keys.end(), std::back_inserter(to.keys));
  std::move(read->warnings.begin(), read->warnings.end(),
            std::back_inserter(to.warnings));
  return std::nullopt;
}

} // namespace

checked<std::shared_ptr<const jwt_verifier>>
jwt_verifier::make(const jwt_settings& settings, jwt_key_set keys) {
  auto algorithms = choose_algorithms(settings, keys.keys);
  if (!algorithms)
    return algorithms.error();
  auto user_path = split_path(settings.user_claim);
  if (!user_path)
    return bad_path("jwt_user_claim", settings.user_claim);
  std::vector<std::string> client_id_path;
  if (!settings.client_id_claim.empty()) {
    auto path = split_path(settings.client_id_claim);
    if (!path)
      return bad_path("jwt_client_id_claim", settings.client_id_claim);
    client_id_path = std::move(*path);
  }
  std::shared_ptr<jwt_verifier> made{new jwt_verifier};
  made->keys_ = std::move(keys.keys);
  made->warnings_ = std::move(keys.warnings);
  made->algorithms_ = std::move(*algorithms);
  made->rules_ = {settings.audience,
                  settings.issuer,
                  std::move(*user_path),
                  std::move(client_id_path),
                  settings.require_expiry,
                  std::chrono::milliseconds{settings.leeway}.count()};
  return std::shared_ptr<const jwt_verifier>{std::move(made)};
}

bool jwt_verifier::accepts(jwt_algorithm which) const {
  return std::find(algorithms_.begin(), algorithms_.end(), which)
         != algorithms_.end();
}

std::optional<explanation>
jwt_verifier::check_signature(std::string_view token, size_t last_dot) const {
  auto signed_text = token.substr(0, last_dot);
  auto header = read_header(signed_text.substr(0, signed_text.find('.')));
  if (!header)
    return header.error();
  auto algorithm = parse_jwt_algorithm(header->algorithm);
  if (!algorithm || !accepts(*algorithm))
    return explanation{fmt::format("its algorithm {} is not accepted",
                                   excerpt(header->algorithm))};
  auto signature = decode_base64url(token.substr(last_dot + 1));
  if (!signature)
    return explanation{"its signature is not base64url"};
  auto has_candidate = false;
  for (const auto& key : keys_)
    if (may_have_signed(key, *algorithm, *header)) {
      has_candidate = true;
      if (key.verify(signed_text, *signature))
        return std::nullopt;
    }
  if (!has_candidate)
    return explanation{fmt::format("there is no {} key with the id {}",
                                   header->algorithm,
                                   excerpt(header->key_id.value_or("")))};
  return explanation{"its signature is not right"};
}

checked<jwt_identity> jwt_verifier::verify(std::string_view token,
                                           wall_time now) const {
  if (token.size() > most_bytes)
    return explanation{fmt::format("the token has {} bytes; at most {} are "
                                   "looked at",
                                   token.size(), size_t{most_bytes})};
  if (std::count(token.begin(), token.end(), '.') != 2)
    return explanation{"this is not a token of three parts"};
  auto first = token.find('.');
  auto last = token.rfind('.');
  if (auto wrong = check_signature(token, last))
    return explanation{"the token is refused: " + wrong->text};
  // Nobody but who holds the key can have written what is read from here on.
  auto text = decode_base64url(token.substr(first + 1, last - first - 1));
  auto claims = text ? parse_strict_object(*text, claims_depth) : std::nullopt;
  if (!claims)
    return explanation{"the token is refused: its claims are not a JSON object "
                       "in base64url"};
  auto identity = judge_claims(*claims, rules_, now);
  if (!identity)
    return explanation{"the token is refused: " + identity.error().text};
  return identity;
}

checked<std::shared_ptr<const jwt_verifier>>
load_jwt_verifier(const jwt_settings& settings) {
  jwt_key_set keys;
  if (auto wrong = add_keys(keys, settings.key_file, parse_jwt_key_file))
    return *wrong;
  if (auto wrong = add_keys(keys, settings.jwks_file, parse_jwks))
    return *wrong;
  return jwt_verifier::make(settings, std::move(keys));
}

bool looks_like_jwt(std::string_view password) noexcept {
  // `{` before a quotation mark or space, and before the end of a line.
  if (!password.starts_with("ey") && !password.starts_with("ew"))
    return false;
  int dots = 0;
  for (auto c : password)
    if (c == '.')
      ++dots;
    else if (base64url_digits.find(c) == std::string_view::npos)
      return false;
  return dots == 2;
}

std::optional<explanation>
find_mismatch(const jwt_identity& proved,
              std::optional<std::string_view> user_name,
              std::string_view client_id) {
  if (user_name && !user_name->empty() && *user_name != proved.user_name)
    return explanation{fmt::format("the token is for the user {}, not {}",
                                   excerpt(proved.user_name),
                                   excerpt(*user_name))};
  if (proved.client_id && client_id != *proved.client_id)
    return explanation{fmt::format("the token is for the client id {}, not {}",
                                   excerpt(*proved.client_id),
                                   excerpt(client_id))};
  return std::nullopt;
}

} // namespace troupe::security
