#include "net/websocket_upgrade.hpp"

#include "core/printable.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <limits>

namespace troupe::net {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using request_parser = http::request_parser<http::empty_body>;
using response_parser = http::response_parser<http::empty_body>;

/// RFC 6455, section 1.3: what every server adds to the key.
constexpr std::string_view key_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

constexpr size_t key_size = 16;

std::string_view ours(beast::string_view text) {
  return {text.data(), text.size()};
}

beast::string_view theirs(std::string_view text) {
  return {text.data(), text.size()};
}

std::string base64(const uint8_t* bytes, size_t size) {
  std::string text((size + 2) / 3 * 4 + 1, '\0'); // OpenSSL adds a zero
  auto length = EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()), bytes,
                                static_cast<int>(size));
  text.resize(static_cast<size_t>(length));
  return text;
}

/// What the server answers to `key`; empty: the library refused.
std::string accept_value(std::string_view key) {
  auto text = std::string{key}.append(key_suffix);
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(),
                 nullptr)
      != 1)
    return {};
  return base64(digest.data(), size);
}

std::string_view phrase_of(unsigned status) {
  return ours(http::obsolete_reason(static_cast<http::status>(status)));
}

upgrade_answer refuse(unsigned status, std::string why,
                      std::string_view header = {}) {
  auto body = "This port speaks MQTT over WebSocket: " + why + ".\n";
  std::string response = "HTTP/1.1 " + std::to_string(status) + ' ';
  response.append(phrase_of(status)).append("\r\n").append(header);
  response.append("Connection: close\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\n"
                  "Content-Length: ");
  response.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return {status, std::move(response), std::move(why)};
}

upgrade_answer accept(std::string_view key, std::string_view protocol) {
  upgrade_answer answer;
  answer.response = "HTTP/1.1 101 Switching Protocols\r\n"
                    "Upgrade: websocket\r\n"
                    "Connection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: ";
  answer.response.append(accept_value(key))
      .append("\r\nSec-WebSocket-Protocol: ")
      .append(protocol)
      .append("\r\n\r\n");
  return answer;
}

/// Whether a field of that name lists `token`, in any case.
template <class Fields>
bool lists(const Fields& fields, http::field name, const char* token) {
  auto [first, last] = fields.equal_range(name);
  return std::any_of(first, last, [token](const auto& field) {
    return http::token_list{field.value()}.exists(token);
  });
}

/// RFC 6455, section 4.2.1, item 5: 16 bytes in base64.
bool is_key(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr size_t digits = 22;
  return text.size() == digits + 2 && text.ends_with("==")
         && text.find_first_not_of(alphabet) == digits;
}

bool is_one_of(beast::string_view origin,
               const std::vector<std::string>& origins) {
  return std::any_of(origins.begin(), origins.end(),
                     [origin](const std::string& each) {
                       return beast::iequals(origin, each);
                     });
}

/// The first one offered that we speak [MQTT-6.0.0-3]; empty: none.
std::string_view choose_protocol(const http::fields& fields) {
  auto [first, last] = fields.equal_range(http::field::sec_websocket_protocol);
  for (auto field = first; field != last; ++field)
    for (auto token : http::token_list{field->value()})
      for (std::string_view each : {"mqtt", "mqttv3.1"})
        if (ours(token) == each)
          return each;
  return {};
}

/// For logs: what the peer wrote, as far as it is fit for a terminal.
std::string quoted(beast::string_view text) {
  constexpr size_t most = 128;
  if (text.size() > most || !is_printable(ours(text)))
    return "of this page";
  return '"' + std::string{ours(text)} + '"';
}

/// A request that is HTTP: does it ask for what we do?
upgrade_answer judge(const http::request<http::empty_body>& request,
                     const websocket_policy& policy) {
  using http::field;
  if (request.method() != http::verb::get)
    return refuse(405, "it takes GET only", "Allow: GET\r\n");
  if (request.version() < 11 || request.count(field::host) != 1)
    return refuse(400, "the request is not HTTP/1.1 with one Host field");
  // What follows the request are frames, never a body.
  if (request.count(field::content_length) != 0
      || request.count(field::transfer_encoding) != 0)
    return refuse(400, "the request has a body");
  if (!lists(request, field::upgrade, "websocket")
      || !lists(request, field::connection, "upgrade"))
    return refuse(400, "the request does not ask for WebSocket");
  if (request.count(field::sec_websocket_version) != 1
      || request[field::sec_websocket_version] != "13")
    return refuse(426, "only version 13 is spoken",
                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  if (request.count(field::sec_websocket_key) != 1
      || !is_key(ours(request[field::sec_websocket_key])))
    return refuse(400, "Sec-WebSocket-Key must be given once, 16 bytes in "
                       "base64");
  if (!policy.origins.empty()
      && (request.count(field::origin) != 1
          || !is_one_of(request[field::origin], policy.origins)))
    return refuse(403, "the origin " + quoted(request[field::origin])
                           + " may not connect");
  auto protocol = choose_protocol(request);
  if (protocol.empty())
    return refuse(400, "neither mqtt nor mqttv3.1 is among the subprotocols "
                       "offered");
  return accept(ours(request[field::sec_websocket_key]), protocol);
}

/// Feeds a whole header to a parser of Beast's; false if it is none.
template <class Parser>
bool parse(Parser& parser, std::string_view header) {
  beast::error_code error;
  // The caller has bounded it; Beast's limit has the type of its choice.
  parser.header_limit(std::numeric_limits<uint32_t>::max());
  auto used =
      parser.put(boost::asio::buffer(header.data(), header.size()), error);
  return !error && parser.is_header_done() && used == header.size();
}

bool fits_in_a_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < '\x7f'; });
}

} // namespace

upgrade_answer judge_upgrade(std::string_view request,
                             const websocket_policy& policy) {
  request_parser parser;
  if (!parse(parser, request))
    return refuse(400, "the request is not HTTP/1.1");
  return judge(parser.get(), policy);
}

upgrade_answer refuse_long_request() {
  return refuse(431, "the request is too long");
}

std::string make_websocket_key() {
  std::array<uint8_t, key_size> bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return {};
  return base64(bytes.data(), bytes.size());
}

std::string make_upgrade_request(const websocket_target& target,
                                 std::string_view key) {
  for (std::string_view text :
       {std::string_view{target.host}, std::string_view{target.path},
        std::string_view{target.protocol}, std::string_view{target.origin}})
    if (!fits_in_a_line(text))
      return {};
  std::string request = "GET ";
  if (!target.path.starts_with('/'))
    request += '/';
  request.append(target.path).append(" HTTP/1.1\r\nHost: ");
  request.append(target.host);
  if (!target.origin.empty())
    request.append("\r\nOrigin: ").append(target.origin);
  request.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
  request.append(key).append("\r\nSec-WebSocket-Protocol: ");
  return request.append(target.protocol).append("\r\n\r\n");
}

std::string check_upgrade_response(std::string_view response,
                                   std::string_view protocol,
                                   std::string_view key) {
  using http::field;
  response_parser parser;
  if (!parse(parser, response))
    return "the server does not speak HTTP";
  const auto& answer = parser.get();
  if (answer.result_int() != 101)
    return "the server refused WebSocket with status "
           + std::to_string(answer.result_int());
  if (!lists(answer, field::upgrade, "websocket")
      || !lists(answer, field::connection, "upgrade")
      || answer[field::sec_websocket_accept] != theirs(accept_value(key)))
    return "the server's answer is not one to this WebSocket request";
  if (answer.count(field::sec_websocket_extensions) != 0)
    return "the server uses a WebSocket extension nobody asked for";
  if (answer[field::sec_websocket_protocol] != theirs(protocol))
    return "the server does not take the subprotocol " + std::string{protocol};
  return {};
}

} // namespace troupe::net
