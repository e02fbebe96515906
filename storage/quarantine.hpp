#pragma once

#include "storage/families.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::storage {

/// Where what cannot be read is moved: `quarantine/<UTC time>/` beside the
/// database. Nothing is made before there is something to move.
class quarantine {
public:
  /// `database`: its directory.
  explicit quarantine(std::string database);

  /// Writes a record down, one line per record: family, key and value in
  /// hexadecimal. False: it could not be written.
  bool add_record(family where, std::string_view key, std::string_view value);
  /// Moves a file or directory here, or copies a file. Empty, or what went
  /// wrong.
  std::string take(const std::string& path);
  std::string copy(const std::string& path);

  /// Records so far.
  uint64_t records() const noexcept { return records_; }
  /// Where things go; empty: there was nothing yet.
  const std::string& directory() const noexcept { return directory_; }

private:
  std::string make_directory();

  std::string database_;
  std::string directory_;
  uint64_t records_ = 0;
};

} // namespace troupe::storage
