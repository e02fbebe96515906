#pragma once

#include "core/result.hpp"
#include "net/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::net {

/// Forms of the PROXY protocol, with which a proxy says whose connection it
/// passes on. The specification is HAProxy's, "The PROXY protocol versions 1
/// and 2".
enum class proxy_version : uint8_t { v1 = 1, v2 = 2 };

/// What a proxy that ended its client's TLS says about it.
struct proxy_tls {
  /// Whether the client showed a certificate that the proxy found good.
  bool has_certificate = false;
  /// Common name of that certificate; empty: none, or none was found good.
  std::string common_name;
  /// "TLSv1.3"; empty: not told.
  std::string version;
};

/// What a proxy said before the first byte of its client.
struct proxy_header {
  /// Bytes it took.
  size_t size = 0;
  /// Who connected to the proxy, written as `socket::peer` does. Empty: the
  /// proxy does not know, or speaks for itself (a health check).
  std::string source;
  /// Null: the client of the proxy did not use TLS, or nothing is known.
  std::optional<proxy_tls> tls;
};

constexpr size_t largest_proxy_v1_header = 107;

/// Reads a header of version `expected` at the front of `bytes`; nothing: more
/// bytes are needed. Of version 2 up to `largest` bytes are read. A checksum is
/// checked where there is one. May throw std::bad_alloc.
result<std::optional<proxy_header>>
parse_proxy_header(std::span<const uint8_t> bytes, proxy_version expected,
                   size_t largest = 4096);

/// Takes a header from a socket, and not one byte that follows it: TLS may read
/// that from the socket itself.
class proxy_reader {
public:
  explicit proxy_reader(proxy_version expected, size_t largest = 4096);

  /// `done`: `header` holds it. `broken` with an `error`: it is none.
  io_result::kind read(socket& from) noexcept;

  const proxy_header& header() const noexcept { return header_; }
  /// Why `read` said `broken`; empty: the socket's fault.
  std::string_view error() const noexcept { return error_; }

private:
  std::string input_;
  proxy_header header_;
  std::string_view error_;
  size_t largest_;
  proxy_version expected_;
};

} // namespace troupe::net
