// The examples of RFC 7515, appendix A: keys, tokens and signatures that
// somebody else made.
#include "tests/security/jwt_fixture.hpp"

using namespace troupe;
using namespace troupe::security;
using namespace troupe::test;

namespace {

/// {"iss":"joe", "exp":1300819380, "http://example.com/is_root":true}
const std::string payload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvb"
    "S9pc19yb290Ijp0cnVlfQ";

/// One second before the examples expire.
constexpr wall_time then = (1300819380 - 1) * wall_time{1000};

std::string user_of(const std::string& keys, const std::string& token) {
  jwt_settings settings;
  settings.user_claim = "iss";
  auto judged = with_jwks(keys, settings)->verify(token, then);
  if (!judged)
    return judged.error().text;
  return judged->user_name;
}

} // namespace

CAF_TEST(the HS256 token of appendix A1 is accepted) {
  CAF_CHECK_EQUAL(
      user_of(
          R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})",
          "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + payload
              + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
      "joe");
}

CAF_TEST(the RS256 token of appendix A2 is accepted) {
  CAF_CHECK_EQUAL(
      user_of(
          R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})",
          "eyJhbGciOiJSUzI1NiJ9." + payload
              + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOi"
                "Zj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1d"
                "nZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARN"
                "PvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC"
                "-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6"
                "LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"),
      "joe");
}

CAF_TEST(the ES256 token of appendix A3 is accepted) {
  CAF_CHECK_EQUAL(
      user_of(
          R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
          "eyJhbGciOiJFUzI1NiJ9." + payload
              + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djx"
                "La8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
      "joe");
}

CAF_TEST(the token without signature of appendix A5 is refused) {
  CAF_CHECK(
      user_of(
          R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})",
          "eyJhbGciOiJub25lIn0." + payload + ".")
          .find("not accepted")
      != std::string::npos);
}
