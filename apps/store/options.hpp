#pragma once

#include "storage/mosquitto_import.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::store_tool {

enum class command : uint8_t {
  info,
  sessions,
  queue,
  verify,
  repair,
  backup,
  restore,
  import_file,
};

struct options {
  store_tool::command command = command::info;
  /// Of -d; empty: not given.
  std::string directory;
  /// Of -c; empty: not given.
  std::string config_file;
  /// The client id, the directory of the backup or the file.
  std::string argument;
  bool json = false;
  /// 0: all.
  uint64_t limit = 0;
  storage::on_conflict conflict = storage::on_conflict::refuse;
  bool salvage = false;
};

struct parsed_options {
  std::optional<options> value;
  /// To end with where there is no value.
  int status = 0;
};

/// Reads the command line; prints help and complaints itself.
parsed_options parse(int argc, const char* const* argv);

} // namespace troupe::store_tool
