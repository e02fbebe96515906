#pragma once

#include "core/checked.hpp"
#include "security/dynsec_document.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::security::dynsec {

/// A document that was read, and what of the text it does not hold.
struct reading {
  document content;
  /// What was left out, for the log: each names the file and the place.
  std::vector<std::string> warnings;
};

/// Reads `dynamic-security.json` as Mosquitto 2.0 and 2.1 write it. What
/// Mosquitto passes over in silence is left out with a warning; what has the
/// wrong type, stands there twice or is no password hash is refused with the
/// place and what would be right.
checked<reading> read_document(std::string_view text,
                               std::string_view filename);

/// The text of the file. Mosquitto 2.0 and 2.1 read it, but for passwords that
/// are not PBKDF2, which 2.0 does not know.
std::string write_document(const document& content);

} // namespace troupe::security::dynsec
