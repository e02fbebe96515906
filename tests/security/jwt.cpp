#include "tests/security/jwt_fixture.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

using namespace troupe;
using namespace troupe::security;
using namespace troupe::test;

namespace {

/// A verifier that knows one key of each kind, by name.
std::shared_ptr<const jwt_verifier> with_three_keys() {
  return with_jwks("{" + rsa_members(rsa_key()) + R"(,"kid":"r"},{)"
                   + ec_members(ec_key()) + R"(,"kid":"e"},{)"
                   + oct_members(secret()) + R"(,"kid":"s"})");
}

/// Tokens of each kind that are good.
std::vector<std::string> good_tokens() {
  return {rs256_token(claims()), es256_token(claims()), hs256_token(claims())};
}

} // namespace

CAF_TEST(a token of each algorithm is accepted with the key for it) {
  CAF_CHECK(
      is_accepted(*with_key(public_pem(rsa_key())), rs256_token(claims())));
  CAF_CHECK(
      is_accepted(*with_key(public_pem(ec_key())), es256_token(claims())));
  CAF_CHECK(is_accepted(*with_key(secret()), hs256_token(claims())));
  for (const auto& token : good_tokens())
    CAF_CHECK(is_accepted(*with_three_keys(), token));
}

CAF_TEST(a token proves the user name and when that ends) {
  auto judged = with_key(secret())->verify(hs256_token(claims()), now);
  CAF_REQUIRE(judged.has_value());
  CAF_CHECK_EQUAL(judged->user_name, "u");
  CAF_CHECK(!judged->client_id.has_value());
  CAF_CHECK_EQUAL(judged->expires, now + (3600 + 60) * 1000);
}

CAF_TEST(a token with any byte changed is refused) {
  auto all = with_three_keys();
  for (const auto& token : good_tokens())
    for (size_t i = 0; i < token.size(); ++i)
      for (auto change : {1, 0x20, 0x80}) {
        auto changed = token;
        changed[i] = static_cast<char>(changed[i] ^ change);
        CAF_CHECK(!all->verify(changed, now).has_value());
      }
}

CAF_TEST(a token cut anywhere is refused) {
  auto all = with_three_keys();
  for (const auto& token : good_tokens())
    for (size_t size = 0; size < token.size(); ++size) {
      CAF_CHECK(!all->verify(token.substr(0, size), now).has_value());
      CAF_CHECK(!all->verify(token.substr(token.size() - size), now));
    }
}

CAF_TEST(garbled tokens are refused and do no harm) {
  auto all = with_three_keys();
  auto tokens = good_tokens();
  std::mt19937 random{7};
  auto below = [&](size_t n) { return static_cast<size_t>(random()) % n; };
  for (int round = 0; round < 20000; ++round) {
    auto token = tokens[below(tokens.size())];
    for (auto changes = 1 + below(8); changes > 0; --changes) {
      auto at = below(token.size());
      switch (below(4)) {
      case 0:
        token[at] = static_cast<char>(random());
        break;
      case 1:
        token.erase(at, below(20) + 1);
        break;
      case 2:
        token.insert(at, 1, ".A=\0{"[below(5)]);
        break;
      default:
        token.insert(at, token.substr(below(token.size()), below(40)));
      }
      if (token.empty())
        token = ".";
    }
    auto is_good =
        std::find(tokens.begin(), tokens.end(), token) != tokens.end();
    if (all->verify(token, now).has_value() != is_good)
      CAF_FAIL("accepted: " << token);
  }
}

CAF_TEST(the algorithm none is refused however it is spelled) {
  auto all = with_three_keys();
  for (const auto* name : {"none", "None", "NONE", "nOnE", "", "no\\u006ee"}) {
    auto header = std::string{R"({"alg":")"} + name + "\"}";
    auto text = unsigned_token(header, claims());
    CAF_CHECK(is_refused(*all, text + '.', "not accepted"));
    CAF_CHECK(
        is_refused(*all, with_signature(text, hmac("", text)), "not accepted"));
    CAF_CHECK(is_refused(*all, hs256_token(claims(), header), "not accepted"));
  }
  CAF_CHECK(!all->verify(unsigned_token(R"({"alg":"none"})", claims()), now));
}

CAF_TEST(a public key cannot be used as the secret of HS256) {
  auto pem = public_pem(rsa_key());
  auto der = public_der(rsa_key());
  auto n = number_in(rsa_key(), OSSL_PKEY_PARAM_RSA_N);
  auto by_pem = with_key(pem);
  auto by_set = with_three_keys();
  for (const auto& key :
       {pem, pem.substr(0, pem.size() - 1), der, n, std::string{}}) {
    auto token = hs256_token(claims(), R"({"alg":"HS256"})", key);
    CAF_CHECK(is_refused(*by_pem, token, "HS256 is not accepted"));
    CAF_CHECK(is_refused(*by_set, token, "signature"));
    // Nor by naming the key.
    token = hs256_token(claims(), R"({"alg":"HS256","kid":"r"})", key);
    CAF_CHECK(is_refused(*by_set, token, "no HS256 key"));
  }
}

CAF_TEST(the header alone does not turn one algorithm into another) {
  auto all = with_three_keys();
  auto text = unsigned_token(R"({"alg":"ES256"})", claims());
  CAF_CHECK(is_refused(*all,
                       with_signature(text, openssl_signature(rsa_key(), text)),
                       "signature"));
  text = unsigned_token(R"({"alg":"RS256"})", claims());
  CAF_CHECK(is_refused(
      *all, with_signature(text, raw_ecdsa(openssl_signature(ec_key(), text))),
      "signature"));
  for (const auto* name : {"RS384", "PS256", "ES384", "ES256K", "EdDSA",
                           "HS512", "rs256", "RS256 "})
    CAF_CHECK(is_refused(
        *all, rs256_token(claims(), std::string{R"({"alg":")"} + name + "\"}"),
        "not accepted"));
}

CAF_TEST(signatures of another form or key are refused) {
  auto all = with_three_keys();
  auto text = unsigned_token(R"({"alg":"ES256"})", claims());
  auto der = openssl_signature(ec_key(), text);
  CAF_CHECK(is_refused(*all, with_signature(text, der), "signature"));
  for (auto fill : {'\0', '\xff'})
    CAF_CHECK(is_refused(*all, with_signature(text, std::string(64, fill)),
                         "signature"));
  CAF_CHECK(is_refused(*all, with_signature(text, raw_ecdsa(der) + '\0'),
                       "signature"));
  CAF_CHECK(is_refused(
      *all, es256_token(claims(), R"({"alg":"ES256"})", new_ec_key()),
      "signature"));
  CAF_CHECK(is_refused(
      *all, hs256_token(claims(), R"({"alg":"HS256"})", secret() + "x"),
      "signature"));
  text = unsigned_token(R"({"alg":"HS256"})", claims());
  CAF_CHECK(is_refused(*all,
                       with_signature(text, hmac(secret(), text).substr(0, 16)),
                       "signature"));
}

CAF_TEST(a key that comes with the token is not used) {
  auto all = with_three_keys();
  auto mine = new_ec_key();
  auto token = es256_token(
      claims(), R"({"alg":"ES256","jwk":{)" + ec_members(mine) + "}}", mine);
  CAF_CHECK(is_refused(*all, token, "signature"));
  token = es256_token(claims(),
                      R"({"alg":"ES256","jku":"http://127.0.0.1/","x5u":"/x"})",
                      mine);
  CAF_CHECK(is_refused(*all, token, "signature"));
}

CAF_TEST(headers that decide what cannot be decided are refused) {
  auto by = with_key(secret());
  auto with_header = [](std::string_view header) {
    return hs256_token(claims(), header);
  };
  CAF_CHECK(is_refused(*by, with_header(R"({"alg":"HS256","crit":["b64"]})"),
                       "crit"));
  CAF_CHECK(
      is_refused(*by, with_header(R"({"alg":"HS256","crit":[]})"), "crit"));
  CAF_CHECK(is_refused(*by, with_header(R"({"alg":"none","alg":"HS256"})"),
                       "header"));
  CAF_CHECK(is_refused(*by, with_header(R"({"alg":["HS256"]})"), "alg"));
  CAF_CHECK(is_refused(*by, with_header(R"({"typ":"JWT"})"), "alg"));
  CAF_CHECK(is_refused(*by, with_header(R"({"alg":"HS256","kid":1})"), "kid"));
  CAF_CHECK(is_refused(*by, with_header(R"(["HS256"])"), "header"));
  CAF_CHECK(is_refused(*by, with_header(R"({"alg":"HS256","a":[[[[]]]]})"),
                       "header"));
  CAF_CHECK(is_accepted(*by, with_header(R"( {"typ":"JWT","alg":"HS256"} )")));
}

CAF_TEST(the key id chooses among keys of one algorithm) {
  auto other = new_ec_key();
  auto by = with_jwks("{" + ec_members(ec_key()) + R"(,"kid":"a"},{)"
                      + ec_members(other) + R"(,"kid":"b"})");
  auto named = [&](std::string_view id, const private_key& key) {
    return es256_token(
        claims(), R"({"alg":"ES256","kid":")" + std::string{id} + "\"}", key);
  };
  CAF_CHECK(is_accepted(*by, named("a", ec_key())));
  CAF_CHECK(is_accepted(*by, named("b", other)));
  CAF_CHECK(is_refused(*by, named("a", other), "signature"));
  CAF_CHECK(is_refused(*by, named("c", other), "no ES256 key with the id c"));
  CAF_CHECK(is_refused(*by, named("", other), "no ES256 key"));
  // Without an id each is tried.
  CAF_CHECK(
      is_accepted(*by, es256_token(claims(), R"({"alg":"ES256"})", other)));
  // A key without an id may be meant by any.
  CAF_CHECK(is_accepted(*with_key(public_pem(other)), named("z", other)));
}

CAF_TEST(tokens over 8 KiB are not looked at) {
  auto by = with_key(secret());
  auto sized = [](size_t padding) {
    return hs256_token(claims(",\"x\":\"" + std::string(padding, 'x') + "\""));
  };
  size_t padding = 6000;
  while (sized(padding + 1).size() <= jwt_verifier::most_bytes)
    ++padding;
  CAF_CHECK(is_accepted(*by, sized(padding)));
  CAF_CHECK(is_refused(*by, sized(padding + 3), "bytes"));
  CAF_CHECK(is_refused(*by, std::string(10 << 20, '.'), "bytes"));
}

CAF_TEST(texts that are not three parts are refused) {
  auto by = with_key(secret());
  auto token = hs256_token(claims());
  for (const auto& text :
       {std::string{}, std::string{"."}, std::string{".."}, std::string{"..."},
        token + ".", "." + token, token + "." + token, token + "=",
        token + "\n", " " + token, "Bearer " + token})
    CAF_CHECK(!by->verify(text, now).has_value());
}

CAF_TEST(only the algorithms chosen are accepted) {
  jwt_settings settings;
  settings.algorithms = {"ES256"};
  auto by = with_jwks("{" + ec_members(ec_key()) + "},{" + oct_members(secret())
                          + "}",
                      settings);
  CAF_CHECK(is_accepted(*by, es256_token(claims())));
  CAF_CHECK(is_refused(*by, hs256_token(claims()), "HS256 is not accepted"));
}

CAF_TEST(settings that cannot be met are explained) {
  auto explains = [](const jwt_settings& settings, std::string_view option) {
    auto keys = parse_jwt_key_file(secret(), "key");
    auto made = jwt_verifier::make(settings, std::move(*keys));
    return !made && made.error().text.starts_with(option);
  };
  jwt_settings settings;
  for (const auto* name : {"none", "hs256", "PS256", ""}) {
    settings.algorithms = {name};
    CAF_CHECK(explains(settings, "jwt_algorithms: `"));
  }
  settings.algorithms = {"HS256", "RS256"};
  CAF_CHECK(explains(settings, "jwt_algorithms: there is no key for RS256"));
  settings = {};
  for (const auto* path : {"", ".", "a.", ".a", "a..b"}) {
    settings.user_claim = path;
    CAF_CHECK(explains(settings, "jwt_user_claim"));
  }
  settings = {};
  settings.client_id_claim = "a.";
  CAF_CHECK(explains(settings, "jwt_client_id_claim"));
}

CAF_TEST(what looks like a token is told from other passwords) {
  for (const auto& token : good_tokens())
    CAF_CHECK(looks_like_jwt(token));
  CAF_CHECK(looks_like_jwt(hs256_token(claims(), "{\n\"alg\":\"HS256\"}")));
  for (const auto* text : {"", "secret", "ey", "eyJ.a", "eyJ.a.b.c",
                           "eyJ.a.b=", "x.y.z", "a.eyJ."})
    CAF_CHECK(!looks_like_jwt(text));
}

CAF_TEST(a client must be whom its token is for) {
  jwt_identity proved{"u", std::nullopt, 0};
  CAF_CHECK(!find_mismatch(proved, std::nullopt, "any"));
  CAF_CHECK(!find_mismatch(proved, "", "any"));
  CAF_CHECK(!find_mismatch(proved, "u", "any"));
  CAF_CHECK(find_mismatch(proved, "v", "any").has_value());
  proved.client_id = "c";
  CAF_CHECK(!find_mismatch(proved, "u", "c"));
  CAF_CHECK(find_mismatch(proved, "u", "d").has_value());
  CAF_CHECK(find_mismatch(proved, "u", "").has_value());
}

namespace {

/// A folder of its own for files; both go with it.
struct fixture {
  fixture() {
    std::string form = std::filesystem::temp_directory_path() / "troupeXXXXXX";
    folder = mkdtemp(form.data());
  }
  ~fixture() { std::filesystem::remove_all(folder); }

  std::string write(const char* name, std::string_view text,
                    mode_t mode = 0600) {
    auto path = folder / name;
    std::ofstream{path} << text;
    chmod(path.c_str(), mode);
    return path;
  }

  std::filesystem::path folder;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(jwt_files, fixture)

CAF_TEST(the keys of both files are used) {
  jwt_settings settings;
  settings.key_file = write("secret", secret());
  settings.jwks_file = write("set", "{\"keys\":[{\"kty\":\"x\"},{"
                                        + ec_members(ec_key()) + "}]}");
  CAF_CHECK(settings.is_set());
  auto loaded = load_jwt_verifier(settings);
  CAF_REQUIRE(loaded.has_value());
  CAF_CHECK(is_accepted(**loaded, hs256_token(claims())));
  CAF_CHECK(is_accepted(**loaded, es256_token(claims())));
  CAF_CHECK_EQUAL((*loaded)->warnings().size(), 1u);
}

CAF_TEST(files that cannot be used are named) {
  auto names = [](const jwt_settings& settings, const std::string& what) {
    auto loaded = load_jwt_verifier(settings);
    return !loaded && loaded.error().text.find(what) != std::string::npos;
  };
  jwt_settings settings;
  CAF_CHECK(!settings.is_set());
  settings.key_file = folder / "missing";
  CAF_CHECK(names(settings, "missing"));
  settings.key_file = write("open", secret(), 0666);
  CAF_CHECK(names(settings, "chmod o-w"));
  settings.key_file = write("short", "secret");
  CAF_CHECK(names(settings, settings.key_file + ": this is a secret of 6"));
  settings = {};
  settings.jwks_file = write("set", "{}");
  CAF_CHECK(names(settings, settings.jwks_file + ": this is not a JWK set"));
}

CAF_TEST_FIXTURE_SCOPE_END()
