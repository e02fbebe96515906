#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The messages of SCRAM (RFC 5802, section 7).
namespace troupe::security {

/// `header` and `bare` together are the message.
struct scram_client_first {
  std::string_view header;
  std::string_view bare;
  std::string user;
  std::string_view nonce;
};

struct scram_server_first {
  std::string_view nonce;
  std::string salt;
  uint32_t iterations = 0;
};

struct scram_client_final {
  std::string_view without_proof;
  /// In base64.
  std::string_view header;
  std::string_view nonce;
  std::string proof;
};

/// Each reads one message; nothing if it is malformed, or wants an extension,
/// channel binding, or to act for somebody else. The parts point into `text`.
std::optional<scram_client_first> read_client_first(std::string_view text);
std::optional<scram_server_first> read_server_first(std::string_view text);
std::optional<scram_client_final> read_client_final(std::string_view text);
/// The signature.
std::optional<std::string> read_server_final(std::string_view text);

/// `name` with `,` and `=` as RFC 5802 wants them in `n=`.
std::string escape_scram_name(std::string_view name);

} // namespace troupe::security
