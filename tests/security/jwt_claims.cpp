#include "tests/security/jwt_fixture.hpp"

using namespace troupe;
using namespace troupe::security;
using namespace troupe::test;

namespace {

std::string at(int64_t offset) {
  return std::to_string(now_seconds + offset);
}

/// The verdict on exactly these claims.
checked<jwt_identity> judge(const std::string& text,
                            const jwt_settings& settings = {}) {
  return with_key(secret(), settings)->verify(hs256_token(text), now);
}

bool refuses(const std::string& text, std::string_view hint,
             const jwt_settings& settings = {}) {
  return is_refused(*with_key(secret(), settings), hs256_token(text), hint);
}

bool accepts(const std::string& text, const jwt_settings& settings = {}) {
  return is_accepted(*with_key(secret(), settings), hs256_token(text));
}

std::string expiring(const std::string& when) {
  return R"({"sub":"u","exp":)" + when + "}";
}

} // namespace

CAF_TEST(a token ends with its exp and the leeway) {
  CAF_CHECK(accepts(expiring(at(-59))));
  CAF_CHECK(accepts(expiring(at(-59) + ".5")));
  CAF_CHECK(refuses(expiring(at(-60)), "expired 60 s ago"));
  CAF_CHECK(refuses(expiring(at(-1000000)), "expired"));
  CAF_CHECK(refuses(expiring("0"), "expired"));
  jwt_settings exact;
  exact.leeway = std::chrono::seconds{0};
  CAF_CHECK(accepts(expiring(at(1)), exact));
  CAF_CHECK(refuses(expiring(at(0)), "expired", exact));
  CAF_CHECK(refuses(expiring("0"), "expired", exact));
}

CAF_TEST(times that are none are refused) {
  for (const auto* name : {"exp", "nbf", "iat"})
    for (const auto* value :
         {"\"1\"", "null", "true", "-1", "-0.5", "[1]", "{}", "-1e300"}) {
      auto text = std::string{R"({"sub":"u")"}
                  + (name == std::string_view{"exp"} ? "" : ",\"exp\":" + at(9))
                  + ",\"" + name + "\":" + value + "}";
      CAF_CHECK(refuses(text, std::string{name} + " is not a time"));
    }
}

CAF_TEST(times beyond all calendars are no trouble) {
  for (const auto* value :
       {"1e300", "18446744073709551615", "9223372036854775807",
        "99999999999999999999999999", "253402300799"}) {
    auto judged = judge(expiring(value));
    CAF_REQUIRE(judged.has_value());
    CAF_CHECK_EQUAL(judged->expires, 253'402'300'799'000 + 60'000);
    CAF_CHECK(refuses(claims(std::string{",\"nbf\":"} + value), "nbf"));
  }
  CAF_CHECK(refuses(expiring("1e999"), "not a JSON object"));
}

CAF_TEST(a token without exp is refused unless that is allowed) {
  CAF_CHECK(refuses(R"({"sub":"u"})", "no exp"));
  jwt_settings lasting;
  lasting.require_expiry = false;
  auto judged = judge(R"({"sub":"u"})", lasting);
  CAF_REQUIRE(judged.has_value());
  CAF_CHECK_EQUAL(judged->expires, 0);
  CAF_CHECK(refuses(expiring(at(-61)), "expired", lasting));
}

CAF_TEST(a token from the future is refused) {
  for (const auto* name : {"nbf", "iat"}) {
    auto starting = [&](const std::string& when) {
      return claims(std::string{",\""} + name + "\":" + when);
    };
    CAF_CHECK(accepts(starting(at(60))));
    CAF_CHECK(refuses(starting(at(61)), std::string{name} + " is 61 s ahead"));
    CAF_CHECK(accepts(starting(at(-1000000))));
    CAF_CHECK(accepts(starting("0")));
  }
}

CAF_TEST(the audience must be named) {
  jwt_settings settings;
  settings.audience = {"broker"};
  CAF_CHECK(accepts(claims(R"(,"aud":"broker")"), settings));
  CAF_CHECK(accepts(claims(R"(,"aud":["a","broker"])"), settings));
  for (const auto* other :
       {"", R"(,"aud":"Broker")", R"(,"aud":"broker2")", R"(,"aud":[])",
        R"(,"aud":["a"])", R"(,"aud":[["broker"]])", R"(,"aud":null)",
        R"(,"aud":{"broker":"broker"})", R"(,"aud":"")"})
    CAF_CHECK(refuses(claims(other), "audience broker", settings));
}

CAF_TEST(a token for a certain audience is refused where none is set) {
  CAF_CHECK(refuses(claims(R"(,"aud":"billing")"), "jwt_audience is not set"));
  CAF_CHECK(refuses(claims(R"(,"aud":[])"), "jwt_audience is not set"));
}

CAF_TEST(the issuer must be the one configured) {
  jwt_settings settings;
  settings.issuer = "https://id.example/";
  CAF_CHECK(accepts(claims(R"(,"iss":"https://id.example/")"), settings));
  for (const auto* other :
       {"", R"(,"iss":"https://id.example")",
        R"(,"iss":["https://id.example/"])", R"(,"iss":null)", R"(,"iss":"")"})
    CAF_CHECK(refuses(claims(other), "issuer", settings));
  CAF_CHECK(accepts(claims(R"(,"iss":7)")));
}

CAF_TEST(the user name is the text at the path given) {
  jwt_settings settings;
  settings.user_claim = "a.b.c";
  auto judged =
      judge(claims(R"(,"a":{"b":{"c":"deep"}},"a.b.c":"flat")"), settings);
  CAF_REQUIRE(judged.has_value());
  CAF_CHECK_EQUAL(judged->user_name, "deep");
  for (const auto* other :
       {"", R"(,"a":{"b":{}})", R"(,"a":{"b":"c"})", R"(,"a":[{"b":1}])",
        R"(,"a":null)", R"(,"a.b.c":"flat")"})
    CAF_CHECK(refuses(claims(other), "no claim c", settings));
}

CAF_TEST(a dot in the name of a claim can be written) {
  jwt_settings settings;
  settings.user_claim = R"(https://example\.com/user)";
  auto judged = judge(claims(R"(,"https://example.com/user":"v")"), settings);
  CAF_REQUIRE(judged.has_value());
  CAF_CHECK_EQUAL(judged->user_name, "v");
}

CAF_TEST(a user name that is no plain text is refused) {
  auto named = [](std::string_view value) {
    return R"({"exp":)" + at(9) + R"(,"sub":)" + std::string{value} + "}";
  };
  for (const auto* value :
       {"\"\"", "7", "null", "true", "[\"u\"]", "{\"u\":\"u\"}",
        R"("a\u0000b")", R"("a\nb")", R"("\u007f")", R"("\u0085")"})
    CAF_CHECK(refuses(named(value), "claim sub is not a text"));
  CAF_CHECK(refuses(R"({"exp":)" + at(9) + "}", "no claim sub"));
  CAF_CHECK(accepts(named(R"("J\u00fcrgen #+/")")));
}

CAF_TEST(the client id can be bound to a claim) {
  jwt_settings settings;
  settings.client_id_claim = "device.id";
  auto judged = judge(claims(R"(,"device":{"id":"d1"})"), settings);
  CAF_REQUIRE(judged.has_value());
  CAF_REQUIRE(judged->client_id.has_value());
  CAF_CHECK_EQUAL(*judged->client_id, "d1");
  CAF_CHECK(refuses(claims(), "no claim id", settings));
  CAF_CHECK(refuses(claims(R"(,"device":{"id":""})"), "not a text", settings));
  CAF_CHECK(refuses(claims(R"(,"device":{"id":5})"), "not a text", settings));
}

CAF_TEST(claims that are no plain object are refused) {
  for (const auto& text :
       {std::string{}, std::string{"1"}, std::string{"[]"},
        std::string{"\"sub\""}, claims() + "x", claims(R"(,"sub":"v")"),
        claims(R"(,"a":{"b":1,"b":2})"), claims(",\"a\":\"\xff\""),
        claims(R"(,"a":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]])")})
    CAF_CHECK(refuses(text, "not a JSON object"));
}

CAF_TEST(a refusal shows no control characters and no long texts) {
  auto by = with_key(secret());
  auto header = R"({"alg":"\n\u001b[31m)" + std::string(2000, 'x') + "\"}";
  auto judged = by->verify(hs256_token(claims(), header), now);
  CAF_REQUIRE(!judged.has_value());
  CAF_CHECK(judged.error().text.size() < 200);
  CAF_CHECK(judged.error().text.find('\n') == std::string::npos);
  CAF_CHECK(judged.error().text.find('\x1b') == std::string::npos);
}
