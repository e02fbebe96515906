#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::test {

/// A field of a PROXY header of version 2.
inline std::string proxy_field(uint8_t type, std::string_view value) {
  std::string out{static_cast<char>(type), static_cast<char>(value.size() >> 8),
                  static_cast<char>(value.size())};
  return out.append(value);
}

/// A PROXY header of version 2; `command` with its version (0x21: PROXY, 0x20:
/// LOCAL), `family` with its transport (0x11: TCP over IPv4).
inline std::string proxy_v2(uint8_t command, uint8_t family,
                            std::string_view body) {
  std::string out{"\r\n\r\n\0\r\nQUIT\n", 12};
  out += static_cast<char>(command);
  out += static_cast<char>(family);
  out += static_cast<char>(body.size() >> 8);
  out += static_cast<char>(body.size());
  return out.append(body);
}

/// From 192.0.2.1:40000 to 198.51.100.2:1883.
inline const std::string ipv4_pair{"\xc0\0\2\1\xc6\x33\x64\2\x9c\x40\x07\x5b",
                                   12};
/// From [2001:db8::1]:40000 to [2001:db8::2]:1883.
inline const std::string ipv6_pair{
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x9c\x40\x07\x5b",
    36};

/// What a proxy says of a client's TLS: flags, verification, further fields.
inline std::string proxy_ssl(uint8_t flags, uint8_t verify,
                             std::string_view fields) {
  std::string value{static_cast<char>(flags), 0, 0, 0,
                    static_cast<char>(verify)};
  return proxy_field(0x20, value.append(fields));
}

} // namespace troupe::test
