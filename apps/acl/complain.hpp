#pragma once

#include "apps/acl/exit_status.hpp"

#include <cstdio>
#include <string>

namespace troupe::acl_tool {

/// Says on the standard error stream what is wrong.
inline int complain(const std::string& what, int status = bad_usage) {
  std::fprintf(stderr, "Error: %s\n", what.c_str());
  return status;
}

} // namespace troupe::acl_tool
