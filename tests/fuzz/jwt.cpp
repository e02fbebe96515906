// libFuzzer target for tokens and their keys. Whatever the bytes: no read past
// their end (the sanitizers see to that), no exception, and nobody is let in
// without a signature. Claims and headers are signed here, so that the fuzzer
// gets past the signature.
#include "security/jwt.hpp"

#include "core/printable.hpp"
#include "security/base64url.hpp"
#include "tests/security/tokens.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

using namespace troupe;
using namespace troupe::security;

namespace {

constexpr wall_time now = 1'700'000'000'000;

void require(bool condition) {
  if (!condition)
    std::abort();
}

/// A verifier that looks at every claim it knows.
std::shared_ptr<const jwt_verifier> make_verifier() {
  jwt_settings settings;
  settings.audience = {"a"};
  settings.user_claim = "u.n";
  settings.client_id_claim = "c";
  auto set = "{\"keys\":[{" + test::ec_members(test::new_ec_key()) + "},{"
             + test::oct_members(test::secret()) + "}]}";
  auto keys = parse_jwks(set, "set");
  require(keys.has_value());
  auto made = jwt_verifier::make(settings, std::move(*keys));
  require(made.has_value());
  return *made;
}

void check_judged(const checked<jwt_identity>& judged) {
  if (!judged) {
    require(is_printable(judged.error().text));
    return;
  }
  require(!judged->user_name.empty() && is_printable(judged->user_name));
  require(judged->client_id.has_value() && is_printable(*judged->client_id));
  require(judged->expires > now);
}

void check_base64url(std::string_view text) {
  // One text for each value.
  if (auto bytes = decode_base64url(text))
    require(test::encode_base64url(*bytes) == text);
}

void check_keys(const checked<jwt_key_set>& read) {
  if (!read)
    return;
  require(!read->keys.empty());
  for (const auto& key : read->keys)
    require(!key.verify("text", "no signature"));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0)
    return 0;
  static const auto verifier = make_verifier();
  std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0] % 5) {
  case 0:
    require(!verifier->verify(text, now).has_value());
    check_base64url(text);
    break;
  case 1:
    check_judged(verifier->verify(test::hs256_token(text), now));
    break;
  case 2:
    check_judged(verifier->verify(
        test::hs256_token(
            R"({"exp":1800000000,"aud":"a","u":{"n":"n"},"c":"c"})", text),
        now));
    break;
  case 3:
    check_keys(parse_jwks(text, "set"));
    break;
  default:
    check_keys(parse_jwt_key_file(text, "key"));
  }
  return 0;
}
