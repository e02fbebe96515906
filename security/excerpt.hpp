#pragma once

#include "core/log.hpp"

#include <string>
#include <string_view>

namespace troupe::security {

/// The beginning of what somebody else wrote, escaped, fit for a log line or an
/// explanation.
inline std::string excerpt(std::string_view text) {
  constexpr size_t enough = 80;
  std::string result;
  log::append_escaped(result, text.substr(0, enough));
  if (text.size() > enough)
    result += "...";
  return result;
}

} // namespace troupe::security
