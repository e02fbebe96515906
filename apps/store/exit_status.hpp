#pragma once

namespace troupe::store_tool {

/// How `troupe store` ends; interrupted by a signal: 128 and its number.
enum exit_status : int {
  success = 0,
  /// It could not be done, or damage was found.
  failed = 1,
  bad_usage = 2,
};

} // namespace troupe::store_tool
