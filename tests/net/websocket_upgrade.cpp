#include "net/websocket_upgrade.hpp"

#include "websocket_bytes.hpp"

#include <caf/test/unit_test.hpp>

#include <string>

using namespace troupe;
using namespace std::string_view_literals;
using test::good_request;
using test::replaced;

namespace {

struct row {
  const char* what;
  std::string request;
  unsigned status;
};

unsigned status_of(const std::string& request,
                   const net::websocket_policy& policy = {}) {
  return net::judge_upgrade(request, policy).status;
}

std::string with(std::string_view line) {
  return replaced(good_request, "\r\n\r\n",
                  "\r\n" + std::string{line} + "\r\n\r\n");
}

std::string without(std::string_view name) {
  auto begin = good_request.find(name);
  auto end = good_request.find("\r\n", begin) + 2;
  return std::string{good_request.substr(0, begin)}.append(
      good_request.substr(end));
}

void check(const std::vector<row>& rows) {
  for (const auto& [what, request, status] : rows) {
    CAF_MESSAGE(what);
    CAF_REQUIRE(!request.empty());
    auto answer = net::judge_upgrade(request, {});
    CAF_CHECK_EQUAL(answer.status, status);
    CAF_CHECK(answer.response.starts_with("HTTP/1.1 " + std::to_string(status)
                                          + ' '));
    CAF_CHECK_EQUAL(answer.error.empty(), status == 101);
  }
}

} // namespace

CAF_TEST(a good request is answered as the specification shows) {
  auto answer = net::judge_upgrade(good_request, {});
  CAF_CHECK_EQUAL(answer.status, 101u);
  CAF_CHECK_EQUAL(answer.response,
                  "HTTP/1.1 101 Switching Protocols\r\n"
                  "Upgrade: websocket\r\n"
                  "Connection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: "
                      + std::string{test::good_accept}
                      + "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
}

CAF_TEST(what does not matter is not looked at) {
  check({
      {"any path", replaced(good_request, "/mqtt", "/?token=1&x=%00"), 101},
      {"names in any case", replaced(good_request, "Upgrade: w", "uPGRADE: W"),
       101},
      {"keep-alive, Upgrade as Firefox sends it",
       replaced(good_request, "Connection: ", "Connection: keep-alive, "), 101},
      {"an extension",
       with("Sec-WebSocket-Extensions: permessage-deflate; x=\"y\""), 101},
      {"an origin", with("Origin: https://anywhere.example"), 101},
      {"cookies", with("Cookie: a=b"), 101},
      {"a later HTTP/1", replaced(good_request, "HTTP/1.1", "HTTP/1.1"), 101},
  });
  auto forwarded = net::judge_upgrade(with("X-Forwarded-For: 1.2.3.4"), {});
  CAF_CHECK_EQUAL(forwarded.response.find("1.2.3.4"), std::string::npos);
}

CAF_TEST(the first known subprotocol offered is taken) {
  auto chosen = [](std::string_view offer) {
    auto request = replaced(good_request, "Protocol: mqtt", offer);
    auto response = net::judge_upgrade(request, {}).response;
    constexpr auto field = "Sec-WebSocket-Protocol: "sv;
    auto at = response.find(field);
    if (at == response.npos)
      return std::string{"none"};
    at += field.size();
    return response.substr(at, response.find("\r\n", at) - at);
  };
  CAF_CHECK_EQUAL(chosen("Protocol: mqttv3.1"), "mqttv3.1");
  CAF_CHECK_EQUAL(chosen("Protocol: mqttv3.1, mqtt"), "mqttv3.1");
  CAF_CHECK_EQUAL(chosen("Protocol: chat,mqtt,mqttv3.1"), "mqtt");
  CAF_CHECK_EQUAL(chosen("Protocol: a\r\nSec-WebSocket-Protocol: mqtt"),
                  "mqtt");
  CAF_CHECK_EQUAL(chosen("Protocol: MQTT"), "none");
  CAF_CHECK_EQUAL(chosen("Protocol: mqtt5"), "none");
  CAF_CHECK_EQUAL(chosen("Protocol: "), "none");
  CAF_CHECK_EQUAL(chosen("Protocol: ,,;mqtt"), "none");
}

CAF_TEST(a request that is not one for MQTT over WebSocket is refused) {
  check({
      {"no subprotocol", without("Sec-WebSocket-Protocol"), 400},
      {"a browser looking around", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no Upgrade", without("Upgrade: "), 400},
      {"another upgrade", replaced(good_request, ": websocket", ": h2c"), 400},
      {"no Connection", without("Connection: "), 400},
      {"Connection: close", replaced(good_request, "n: Upgrade", "n: close"),
       400},
      {"no Host", without("Host: "), 400},
      {"two Hosts", with("Host: b"), 400},
      {"HTTP/1.0", replaced(good_request, "HTTP/1.1", "HTTP/1.0"), 400},
      {"a body", with("Content-Length: 3"), 400},
      {"an empty body", with("Content-Length: 0"), 400},
      {"a chunked body", with("Transfer-Encoding: chunked"), 400},
      {"POST", replaced(good_request, "GET", "POST"), 405},
      {"a method nobody knows", replaced(good_request, "GET", "BREW"), 405},
      {"version 8", replaced(good_request, "n: 13", "n: 8"), 426},
      {"two versions", with("Sec-WebSocket-Version: 13"), 426},
      {"a list of versions", replaced(good_request, "n: 13", "n: 13, 8"), 426},
      {"no version", without("Sec-WebSocket-Version"), 426},
      {"no key", without("Sec-WebSocket-Key"), 400},
      {"two keys", with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400},
      {"a short key", replaced(good_request, "dGhl", ""), 400},
      {"a long key", replaced(good_request, "dGhl", "dGhldGhl"), 400},
      {"a key that is not base64", replaced(good_request, "dGhl", "dG-l"), 400},
  });
}

CAF_TEST(what is not HTTP is refused) {
  check({
      {"no fields", "\r\n\r\n", 400},
      {"a version of its own", replaced(good_request, "HTTP/1.1", "HTTP/2.0"),
       400},
      {"no version", replaced(good_request, " HTTP/1.1", ""), 400},
      {"a field without a colon", with("Nonsense"), 400},
      {"a space before the colon", with("A : b"), 400},
      {"a control character", with("A: b\x01"), 400},
      {"a zero byte", with("A: b\0c"sv), 400},
      {"a bare line feed", with("A: b\nC: d"), 400},
      {"a bare carriage return", with("A: b\rC: d"), 400},
      {"two lengths", with("Content-Length: 1\r\nContent-Length: 2"), 400},
      {"a control character in the path",
       replaced(good_request, "/mqtt", "/\x01"), 400},
  });
}

CAF_TEST(a request cut anywhere is refused) {
  for (size_t size = 0; size < good_request.size(); ++size)
    CAF_CHECK_EQUAL(status_of(std::string{good_request.substr(0, size)}), 400u);
}

CAF_TEST(refusals say what would be right) {
  auto version =
      net::judge_upgrade(replaced(good_request, "n: 13", "n: 8"), {});
  CAF_CHECK(version.response.find("\r\nSec-WebSocket-Version: 13\r\n")
            != std::string::npos);
  auto method = net::judge_upgrade(replaced(good_request, "GET", "PUT"), {});
  CAF_CHECK(method.response.find("\r\nAllow: GET\r\n") != std::string::npos);
  auto length = method.response.find("Content-Length: ") + 16;
  auto body = method.response.substr(method.response.find("\r\n\r\n") + 4);
  CAF_CHECK_EQUAL(std::stoul(method.response.substr(length)), body.size());
  CAF_CHECK_EQUAL(net::refuse_long_request().status, 431u);
}

CAF_TEST(only pages of the listed origins may connect) {
  net::websocket_policy policy;
  policy.origins = {"https://example.org", "http://localhost:8080"};
  CAF_CHECK_EQUAL(status_of(with("Origin: https://example.org"), policy), 101u);
  CAF_CHECK_EQUAL(status_of(with("Origin: https://EXAMPLE.org"), policy), 101u);
  CAF_CHECK_EQUAL(status_of(with("Origin: http://localhost:8080"), policy),
                  101u);
  for (auto origin :
       {"https://example.org.evil.example", "https://evil.example",
        "http://example.org", "https://example.org:444", "null", "",
        "https://example.org/"})
    CAF_CHECK_EQUAL(status_of(with(std::string{"Origin: "} + origin), policy),
                    403u);
  CAF_CHECK_EQUAL(status_of(std::string{good_request}, policy), 403u);
  CAF_CHECK_EQUAL(status_of(with("Origin: https://example.org\r\n"
                                 "Origin: https://example.org"),
                            policy),
                  403u);
}

CAF_TEST(a refused origin is named where it is fit for a log) {
  net::websocket_policy policy;
  policy.origins = {"https://example.org"};
  auto named = net::judge_upgrade(with("Origin: https://evil.example"), policy);
  CAF_CHECK(named.error.find("https://evil.example") != std::string::npos);
  auto odd = net::judge_upgrade(with("Origin: x\x9b"), policy);
  CAF_CHECK_EQUAL(odd.status, 403u);
  CAF_CHECK_EQUAL(odd.error.find('\x9b'), std::string::npos);
}

CAF_TEST(our request is one that we take) {
  net::websocket_target target;
  target.host = "broker.example:9001";
  auto key = net::make_websocket_key();
  auto request = net::make_upgrade_request(target, key);
  auto answer = net::judge_upgrade(request, {});
  CAF_CHECK_EQUAL(answer.status, 101u);
  CAF_CHECK_EQUAL(net::check_upgrade_response(answer.response, "mqtt", key),
                  "");
  CAF_CHECK_NOT_EQUAL(net::make_websocket_key(), key);
}

CAF_TEST(no request is made of bytes that would end a line) {
  net::websocket_target good;
  good.host = "a";
  CAF_CHECK(!net::make_upgrade_request(good, "k").empty());
  for (auto member :
       {&net::websocket_target::host, &net::websocket_target::path,
        &net::websocket_target::protocol, &net::websocket_target::origin}) {
    for (auto text :
         {"a\r\nX: y"sv, "a b"sv, "a\0b"sv, "\x7f"sv, "\xc3\xa4"sv}) {
      auto bad = good;
      bad.*member = text;
      CAF_CHECK(net::make_upgrade_request(bad, "k").empty());
    }
  }
}

CAF_TEST(a client sees through answers that are none) {
  auto key = "dGhlIHNhbXBsZSBub25jZQ=="sv;
  auto good = net::judge_upgrade(good_request, {}).response;
  auto check = [key](const std::string& response) {
    CAF_REQUIRE(!response.empty());
    return net::check_upgrade_response(response, "mqtt", key);
  };
  CAF_CHECK_EQUAL(check(good), "");
  for (const auto& bad :
       {replaced(good, "101", "200"), replaced(good, "101", "404"),
        replaced(good, "websocket", "h2c"),
        replaced(good, "n: Upgrade", "n: x"), replaced(good, "s3p", "S3p"),
        replaced(good, "Accept", "Reject"),
        replaced(good, "l: mqtt", "l: mqttv3.1"),
        replaced(good, "Sec-WebSocket-Protocol: mqtt\r\n", ""),
        replaced(good, "\r\n\r\n",
                 "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
        replaced(good, "HTTP/1.1", "RTSP/1.0"), std::string{"\r\n\r\n"}})
    CAF_CHECK_NOT_EQUAL(check(bad), "");
  for (size_t size = 0; size < good.size(); ++size)
    CAF_CHECK_NOT_EQUAL(
        net::check_upgrade_response(good.substr(0, size), "mqtt", key), "");
}
