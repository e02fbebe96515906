#pragma once

namespace troupe::acl_tool {

/// How `troupe acl` ends.
enum exit_status : int {
  /// What was asked is allowed; the file can be used.
  success = 0,
  /// It is denied; the file cannot be used.
  refused = 1,
  /// The command line, a line of a batch, or the rights to judge by cannot be
  /// read: nothing is said about what is allowed.
  bad_usage = 2,
};

} // namespace troupe::acl_tool
