#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::test {

/// A request that every server of MQTT over WebSocket takes. The key and what
/// must be answered to it stand in RFC 6455, section 1.3.
inline constexpr std::string_view good_request =
    "GET /mqtt HTTP/1.1\r\n"
    "Host: example.org\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n"
    "\r\n";
inline constexpr std::string_view good_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// `text` with the first `what` in it replaced; "" where there is none.
inline std::string replaced(std::string_view text, std::string_view what,
                            std::string_view by) {
  auto at = text.find(what);
  if (at == text.npos)
    return {};
  return std::string{text.substr(0, at)}.append(by).append(
      text.substr(at + what.size()));
}

/// Bytes of a frame: `first` is FIN, reserved bits and opcode, `declared` the
/// length it claims, `width` the bytes of the extended length (0, 2, 8).
inline std::string raw_frame(uint8_t first, uint64_t declared, size_t width,
                             std::string_view payload, bool is_masked) {
  constexpr uint8_t key[] = {0x37, 0xfa, 0x21, 0x3d};
  std::string out(1, static_cast<char>(first));
  auto length = width == 0 ? declared : width == 2 ? 126 : 127;
  out += static_cast<char>(length | (is_masked ? 0x80 : 0));
  for (auto i = width; i > 0; --i)
    out += static_cast<char>(declared >> (8 * (i - 1)));
  if (is_masked)
    out.append(reinterpret_cast<const char*>(key), sizeof(key));
  for (size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ (is_masked ? key[i % 4] : 0));
  return out;
}

/// A well-formed frame, as clients send them unless `is_masked` is false.
inline std::string frame(uint8_t first, std::string_view payload,
                         bool is_masked = true) {
  auto size = payload.size();
  size_t width = size < 126 ? 0 : size < 65'536 ? 2 : 8;
  return raw_frame(first, size, width, payload, is_masked);
}

inline std::string binary(std::string_view payload, bool is_masked = true) {
  return frame(0x82, payload, is_masked);
}

/// A close frame with this status code.
inline std::string closing(uint16_t code, std::string_view why = {},
                           bool is_masked = true) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
  return frame(0x88, payload.append(why), is_masked);
}

} // namespace troupe::test
