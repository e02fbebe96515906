#pragma once

#include "security/password_hash.hpp"

#include <string_view>

namespace troupe::security::dynsec {

/// Whether `password` is the one that `stored` is a hash of.
inline bool is_password(std::string_view stored, std::string_view password) {
  auto parsed = parse_password_hash(stored);
  return parsed && verify(*parsed, password);
}

} // namespace troupe::security::dynsec
