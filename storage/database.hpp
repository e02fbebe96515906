#pragma once

#include "storage/families.hpp"
#include "storage/keys.hpp"

#include <rocksdb/db.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::storage {

/// How much there is of one kind; none if the family is missing.
struct family_sizes {
  /// An estimate.
  uint64_t records = 0;
  /// In tables; not what is only in the log.
  uint64_t bytes = 0;
};

/// An open RocksDB with its column families.
class database {
public:
  using family_handles = std::array<rocksdb::ColumnFamilyHandle*, family_count>;

  /// Takes both over.
  database(rocksdb::DB* db, const family_handles& families)
      : db_(db), families_(families) {}
  database(const database&) = delete;
  database& operator=(const database&) = delete;
  ~database() {
    for (auto* each : families_)
      if (each != nullptr)
        db_->DestroyColumnFamilyHandle(each);
    db_->Close();
  }

  rocksdb::DB& operator*() const noexcept { return *db_; }
  rocksdb::DB* operator->() const noexcept { return db_.get(); }
  /// Null: an older program made the database without it, and it is open only
  /// to be read.
  rocksdb::ColumnFamilyHandle* operator[](family what) const noexcept {
    return families_[static_cast<size_t>(what)];
  }

  std::unique_ptr<rocksdb::Iterator>
  iterate(family what, const rocksdb::ReadOptions& options = {}) const {
    auto* home = (*this)[what];
    return std::unique_ptr<rocksdb::Iterator>{
        home == nullptr ? rocksdb::NewEmptyIterator()
                        : db_->NewIterator(options, home)};
  }

  family_sizes sizes_of(family what) const {
    family_sizes result;
    if (auto* home = (*this)[what]) {
      using properties = rocksdb::DB::Properties;
      db_->GetIntProperty(home, properties::kEstimateNumKeys, &result.records);
      db_->GetIntProperty(home, properties::kTotalSstFilesSize, &result.bytes);
    }
    return result;
  }

private:
  std::unique_ptr<rocksdb::DB> db_;
  family_handles families_;
};

using database_ptr = std::unique_ptr<database>;

enum class open_mode : uint8_t {
  /// Strictly: whatever is damaged is an error.
  normal,
  /// As `normal`, and what the log holds goes to tables.
  flushed,
  /// As `flushed`, but what of the log cannot be read is left out.
  damaged_log,
  read_only,
  /// Read-only, and as much as can be had of a damaged database.
  salvage,
};

struct opened_database {
  /// Null: see `status`.
  database_ptr db;
  rocksdb::Status status;
};

/// Opens or, unless only to read, makes a database. `env`: null for the
/// system's files.
opened_database open_database(const std::string& directory, open_mode mode,
                              const told_ptr& known, rocksdb::Env* env);

/// Settings for work on a database that nobody uses.
rocksdb::DBOptions settings_for(open_mode mode, rocksdb::Env* env);

/// Iterates over the records whose key begins with a session's.
class session_range {
public:
  session_range(const database& db, family what, broker::session_key key)
      : begin_(key), end_(key + 1), end_slice_(end_.view()),
        prefix_(begin_.view()) {
    rocksdb::ReadOptions options;
    if (key + 1 != 0)
      options.iterate_upper_bound = &end_slice_;
    records_ = db.iterate(what, options);
  }
  session_range(const session_range&) = delete;
  session_range& operator=(const session_range&) = delete;

  rocksdb::Iterator* operator->() const noexcept { return records_.get(); }
  void seek_to_first() { records_->Seek(prefix_); }
  std::string_view key() const { return records_->key().ToStringView(); }
  std::string_view value() const { return records_->value().ToStringView(); }
  /// What follows the session in the key.
  std::string_view rest_of_key() const {
    return key().substr(session_id::size);
  }

private:
  session_id begin_;
  session_id end_;
  // The iterator keeps a pointer to it.
  rocksdb::Slice end_slice_;
  rocksdb::Slice prefix_;
  std::unique_ptr<rocksdb::Iterator> records_;
};

} // namespace troupe::storage
