#pragma once

#include "core/checked.hpp"
#include "security/secret.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::security {

/// The longest key that OpenSSL 3 takes, in bytes.
inline constexpr size_t longest_psk = 512;

/// The identities of a PSK file and their keys, which are wiped with it. Never
/// changes once it is read, so all threads may ask at any time.
class psk_file {
public:
  /// The key of `identity` in bytes, which the file owns; nothing: unknown.
  std::optional<std::string_view>
  find(std::string_view identity) const noexcept;

  size_t size() const noexcept { return keys_.size(); }

private:
  friend checked<psk_file> parse_psk_file(std::string_view text,
                                          std::string_view name);

  std::map<std::string, secret, std::less<>> keys_;
};

/// Reads the text of a PSK file: lines of the form `identity:hexkey`, with the
/// white space and comments of a password file. A digit that is missing is a
/// zero at the front, as in Mosquitto. `name` is the file's, for the
/// explanation; no part of a key is in it.
checked<psk_file> parse_psk_file(std::string_view text, std::string_view name);

/// Reads the PSK file at `path`, which only its owner and group may write.
/// Blocks.
checked<psk_file> load_psk_file(const std::string& path);

} // namespace troupe::security
