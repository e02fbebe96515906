#pragma once

#include "apps/acl/wish.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::acl_tool {

enum class command : uint8_t {
  explain,
  /// `explain` for each line of the standard input.
  explain_batch,
  check,
};

struct options {
  acl_tool::command command = command::explain;
  /// Of `--acl-file`, or the argument of `check`.
  std::string acl_file;
  /// Of `--config`, instead of `--acl-file`.
  std::string config_file;
  /// Of `--listener`: its port, or the path of its socket.
  std::string listener;
  /// Of `explain`.
  wish asked;
};

struct parsed_options {
  std::optional<options> value;
  /// To end with where there is no value.
  int status = 0;
};

/// Reads the command line; prints help and complaints itself.
parsed_options parse(int argc, const char* const* argv);

} // namespace troupe::acl_tool
