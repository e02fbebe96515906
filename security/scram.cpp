#include "security/scram.hpp"

#include "security/base64.hpp"
#include "security/digest.hpp"
#include "security/scram_keys.hpp"
#include "security/scram_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace troupe::security {

namespace {

constexpr size_t nonce_bytes = 18;
/// No channel binding, and nobody else to act for; `biws` in base64.
constexpr std::string_view our_header = "n,,";

/// Both must be of one size.
std::string exclusive_or(std::string_view x, std::string_view y) {
  std::string made{x};
  std::transform(made.begin(), made.end(), y.begin(), made.begin(),
                 [](char a, char b) { return static_cast<char>(a ^ b); });
  return made;
}

/// Whether `proof` can only come from who knows the password
/// (RFC 5802, section 3).
bool is_proved(const password_hash& stored, std::string_view proof,
               std::string_view transcript) {
  auto signature = hmac(sha2::sha256, stored.hash, transcript);
  if (signature.empty() || proof.size() != signature.size())
    return false;
  secret client_key{exclusive_or(proof, signature)};
  return equal_in_constant_time(digest(sha2::sha256, client_key.view()),
                                stored.hash);
}

/// Which users exist is not to be told: there is one answer to whatever does
/// not fit.
scram_step refuse() {
  return {scram_outcome::refused, "e=invalid-proof"};
}

scram_step give_up() {
  return {scram_outcome::malformed, "e=other-error"};
}

} // namespace

std::string make_scram_nonce() {
  return to_base64(random_bytes(nonce_bytes));
}

scram_server::scram_server(finder find, scram_decoy decoy, std::string nonce)
    : find_(std::move(find)), decoy_(std::move(decoy)),
      nonce_(std::move(nonce)) {}

scram_step scram_server::step(std::string_view message) {
  switch (std::exchange(state_, state::over)) {
  case state::wants_first:
    return on_first(message);
  case state::wants_final:
    return on_final(message);
  case state::over:
    break;
  }
  return give_up();
}

scram_step scram_server::on_first(std::string_view message) {
  auto read = read_client_first(message);
  if (!read || nonce_.empty())
    return give_up();
  user_ = std::move(read->user);
  stored_ = stored_or_decoy();
  header_ = to_base64(read->header);
  nonce_.insert(0, read->nonce);
  auto answer = fmt::format("r={},s={},i={}", nonce_, to_base64(stored_.salt),
                            stored_.cost.iterations);
  transcript_ = fmt::format("{},{},", read->bare, answer);
  state_ = state::wants_final;
  return {scram_outcome::go_on, std::move(answer)};
}

password_hash scram_server::stored_or_decoy() {
  auto stored = find_(user_);
  is_decoy_ = !stored || stored->kind != hash_kind::scram_sha_256;
  if (!is_decoy_)
    return std::move(*stored);
  auto made = decoy_.like;
  made.salt = hmac(sha2::sha256, decoy_.key, user_)
                  .substr(0, std::max(decoy_.like.salt.size(), size_t{1}));
  return made;
}

scram_step scram_server::on_final(std::string_view message) {
  auto read = read_client_final(message);
  if (!read || read->header != header_ || read->nonce != nonce_)
    return give_up();
  transcript_ += read->without_proof;
  bool is_right = is_proved(stored_, read->proof, transcript_);
  if (is_decoy_ || !is_right)
    return refuse();
  auto signature = hmac(sha2::sha256, stored_.server_key, transcript_);
  if (signature.empty())
    return refuse();
  return {scram_outcome::accepted, "v=" + to_base64(signature)};
}

scram_client::scram_client(std::string_view user, secret password,
                           std::string nonce)
    : password_(std::move(password)), nonce_(std::move(nonce)),
      bare_(fmt::format("n={},r={}", escape_scram_name(user), nonce_)) {}

std::string scram_client::first() const {
  return fmt::format("{}{}", our_header, bare_);
}

checked<std::string> scram_client::final(std::string_view server_first) {
  auto read = read_server_first(server_first);
  if (!read || nonce_.empty() || !read->nonce.starts_with(nonce_)
      || read->nonce.size() == nonce_.size())
    return explanation{"the server's first message is not SCRAM-SHA-256"};
  if (read->iterations < least_scram_iterations
      || read->iterations > most_iterations)
    return explanation{
        fmt::format("the server asks for {} iterations, which are not from {} "
                    "to {}",
                    read->iterations, least_scram_iterations, most_iterations)};
  auto keys = derive_scram_keys(password_.view(), read->salt, read->iterations);
  auto final = fmt::format("c={},r={}", to_base64(our_header), read->nonce);
  auto transcript = fmt::format("{},{},{}", bare_, server_first, final);
  auto signature = hmac(sha2::sha256, keys.stored_key, transcript);
  server_signature_ = hmac(sha2::sha256, keys.server_key, transcript);
  if (keys.client_key.view().size() != signature.size()
      || server_signature_.empty())
    return explanation{"memory does not suffice"};
  auto proof = exclusive_or(keys.client_key.view(), signature);
  return fmt::format("{},p={}", final, to_base64(proof));
}

bool scram_client::is_right(std::string_view server_final) const {
  auto signature = read_server_final(server_final);
  return signature && !server_signature_.empty()
         && equal_in_constant_time(*signature, server_signature_);
}

} // namespace troupe::security
