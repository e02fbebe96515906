#pragma once

namespace troupe::passwd_tool {

/// How `troupe passwd` ends, as mosquitto_passwd does.
enum exit_status : int {
  success = 0,
  /// Bad usage, or it could not be done: the file is as it was.
  failed = 1,
  /// The password that was typed again was another one.
  passwords_differ = 2,
};

} // namespace troupe::passwd_tool
