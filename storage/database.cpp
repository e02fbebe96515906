#include "storage/database.hpp"

#include <algorithm>
#include <vector>

namespace troupe::storage {

namespace {

// RocksDB would write a log of its own: what matters comes back as a status.
class silent_logger : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

/// A database of an older program may lack some; who only reads makes none.
void leave_out_missing(std::vector<rocksdb::ColumnFamilyDescriptor>& families,
                       const rocksdb::DBOptions& settings,
                       const std::string& directory) {
  std::vector<std::string> there;
  if (!rocksdb::DB::ListColumnFamilies(settings, directory, &there).ok())
    return; // opening says why
  std::erase_if(families, [&](const rocksdb::ColumnFamilyDescriptor& each) {
    return std::find(there.begin(), there.end(), each.name) == there.end();
  });
}

} // namespace

rocksdb::DBOptions settings_for(open_mode mode, rocksdb::Env* env) {
  auto result = database_options();
  result.info_log = std::make_shared<silent_logger>();
  if (env != nullptr)
    result.env = env;
  switch (mode) {
  case open_mode::normal:
    break;
  case open_mode::damaged_log:
    result.wal_recovery_mode =
        rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    [[fallthrough]];
  case open_mode::flushed:
    // So that this log is not met again.
    result.avoid_flush_during_recovery = false;
    break;
  case open_mode::salvage:
    // Its tables are opened when they are needed, good or bad.
    result.paranoid_checks = false;
    result.max_open_files = 32;
    result.skip_checking_sst_file_sizes_on_db_open = true;
    result.wal_recovery_mode =
        rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    break;
  case open_mode::read_only:
    // A broker that uses the database deletes files meanwhile.
    result.max_open_files = -1;
  }
  return result;
}

opened_database open_database(const std::string& directory, open_mode mode,
                              const told_ptr& known, rocksdb::Env* env) {
  auto settings = settings_for(mode, env);
  auto families = family_descriptors(known);
  auto reads = mode == open_mode::read_only || mode == open_mode::salvage;
  if (reads)
    leave_out_missing(families, settings, directory);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  auto status =
      reads ? rocksdb::DB::OpenForReadOnly(settings, directory, families,
                                           &handles, &db)
            : rocksdb::DB::Open(settings, directory, families, &handles, &db);
  if (!status.ok())
    return {nullptr, status};
  database::family_handles by_family{};
  for (auto* each : handles)
    by_family[static_cast<size_t>(*family_named(each->GetName()))] = each;
  return {std::make_unique<database>(db, by_family), status};
}

} // namespace troupe::storage
