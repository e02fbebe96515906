#pragma once

#include "storage/database.hpp"
#include "storage/quarantine.hpp"
#include "storage/rocks_store.hpp"

#include <string>
#include <vector>

namespace troupe::storage {

/// As `open_store`, with files reached through `env` (null: the system's), so
/// that tests can let them fail. `env` must outlive the store.
opened_store open_store_with(const open_options& options, rocksdb::Env* env);

/// A database that was opened for use, mended if need be.
struct usable_database {
  /// Null: see `error`.
  database_ptr db;
  std::string error;
  /// There is no room to open it for writing.
  bool is_full = false;
  std::vector<std::string> findings;
  /// Damaged records, and stretches of files that held more of them.
  uint64_t damaged = 0;
};

enum class opening : uint8_t {
  /// When the broker starts.
  first,
  /// After an error of the disk: only what is certainly damage is mended.
  again,
  /// Some of it cannot be read.
  damaged,
};

/// Opens the database for writing. What cannot be read goes to `aside`.
usable_database open_mending(const std::string& directory,
                             const told_ptr& known, rocksdb::Env* env,
                             quarantine& aside, opening why);

/// Why this program cannot use the database: a newer format. Empty: it can.
std::string format_problem(const database& db);

/// Empty, or why nobody else may touch the database now.
std::string used_by_another(const std::string& directory);

/// The sentence that refuses a database.
std::string refusal(const std::string& directory, std::string_view why);

/// What is wrong with a database that cannot be opened, for a person.
std::string explain(const rocksdb::Status& status);

} // namespace troupe::storage
