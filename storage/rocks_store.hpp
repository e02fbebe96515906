#pragma once

#include "broker/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::storage {

/// The database's directory below `persistence_location`.
inline constexpr const char* database_name = "troupe.store";

/// The format this program writes. A database of a newer one is refused.
inline constexpr uint32_t format_version = 4;

struct open_options {
  /// The database's own directory. Made if it is not there, unless `read_only`.
  std::string directory;
  /// Looks at a database without changing it, also while a broker uses it.
  /// Nothing may be written.
  bool read_only = false;
};

/// What of one kind the database holds.
struct kind_info {
  std::string name;
  /// An estimate.
  uint64_t records = 0;
  /// Bytes in files, an estimate.
  uint64_t bytes = 0;
};

struct database_info {
  uint32_t format = 0;
  uint64_t bytes_on_disk = 0;
  uint64_t log_bytes = 0;
  std::vector<kind_info> kinds;
};

/// The store on RocksDB: one column family per kind of record. Memory and the
/// size of the write-ahead log are bounded. docs/storage.md has the records.
class rocks_store : public broker::store {
public:
  virtual database_info describe() = 0;
};

struct opened_store {
  /// Null: see `error`.
  std::unique_ptr<rocks_store> store;
  /// For a person: what is wrong and what to do.
  std::string error;
  /// What could not be read and was moved aside, one sentence each.
  std::vector<std::string> findings;
};

/// Opens or makes a database. A damaged one is mended as far as it goes: what
/// cannot be read is moved to `quarantine/` beside it. Refused are a directory
/// that another process has open and a database of a newer format.
opened_store open_store(const open_options& options);

/// Called now and then by what takes long: how many of how many; false asks to
/// stop, which does no harm.
using progress = std::function<bool(uint64_t done, uint64_t total)>;

struct check_report {
  uint64_t records = 0;
  /// One sentence per damaged record or file.
  std::vector<std::string> damage;
  /// It could not be checked at all, or was interrupted.
  std::string error;
};

/// Reads every record of a database that no broker uses and checks it, also
/// against the others (entries without session and the like).
check_report verify(const std::string& directory, const progress& tell);

/// As `verify`, and moves what is damaged to `quarantine/`.
check_report repair(const std::string& directory, const progress& tell);

/// Puts a backup in the place of the database in `directory`, which is kept
/// aside as `DIRECTORY.before-restore`. Empty, or what went wrong.
std::string restore(const std::string& backup, const std::string& directory,
                    const progress& tell);

} // namespace troupe::storage
