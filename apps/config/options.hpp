#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::config_tool {

/// How `troupe config` ends.
enum exit_status : int {
  success = 0,
  /// The output could not be written.
  failed = 1,
  bad_usage = 2,
  /// The file cannot be used, as when the broker is started with it.
  bad_configuration = 3,
};

enum class command : uint8_t { check, convert, show, schema };

struct options {
  config_tool::command command = command::check;
  /// Empty: none, the defaults.
  std::string file;
  bool json = false;
};

struct parsed_options {
  std::optional<options> value;
  /// To end with where there is no value.
  int status = 0;
};

/// Reads the command line; prints help and complaints itself.
parsed_options parse(int argc, const char* const* argv);

} // namespace troupe::config_tool
