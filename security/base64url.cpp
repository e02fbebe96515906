#include "security/base64url.hpp"

#include "security/base64.hpp"

#include <algorithm>

namespace troupe::security {

namespace {

/// The same digit of the ordinary alphabet; what is none of ours is none there.
constexpr char ordinary(char digit) noexcept {
  switch (digit) {
  case '-':
    return '+';
  case '_':
    return '/';
  case '+':
  case '/':
    return ' ';
  default:
    return digit;
  }
}

} // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string digits{text};
  std::transform(digits.begin(), digits.end(), digits.begin(), ordinary);
  return from_base64(digits, padding::none);
}

} // namespace troupe::security
