#include "storage/families.hpp"

#include "storage/compaction.hpp"
#include "storage/keys.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

namespace troupe::storage {

namespace {

constexpr size_t mebibyte = size_t{1} << 20;
constexpr size_t write_buffers = 16 * mebibyte;
constexpr size_t block_cache = 6 * mebibyte;
constexpr size_t log_limit = 64 * mebibyte;
// Entries that are acknowledged while they are in one buffer never reach a
// file. Of 8, 12 MiB a queue of 500,000 is drained for 2.4, 1.9 us a message.
constexpr size_t message_buffer = 12 * mebibyte;
constexpr size_t other_buffer = 2 * mebibyte;

// RocksDB calls the family that every database has "default".
const char* name_on_disk(family what) noexcept {
  return what == family::meta ? "default" : to_string(what);
}

rocksdb::BlockBasedTableOptions
table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.block_size = 16 * 1024;
  table.format_version = 5;
  return table;
}

rocksdb::ColumnFamilyOptions
base_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions result;
  result.write_buffer_size = other_buffer;
  // A family that is hardly used must not cost a block of a megabyte.
  result.arena_block_size = 32 * 1024;
  result.max_write_buffer_number = 3;
  result.compression = rocksdb::kLZ4Compression;
  result.target_file_size_base = 32 * mebibyte;
  result.max_bytes_for_level_base = 64 * mebibyte;
  result.level_compaction_dynamic_level_bytes = true;
  result.table_factory.reset(
      rocksdb::NewBlockBasedTableFactory(table_options(cache)));
  return result;
}

void tune_queue(rocksdb::ColumnFamilyOptions& options, const told_ptr& known) {
  options.write_buffer_size = message_buffer;
  options.arena_block_size = 256 * 1024;
  // Merging more files at once costs less; there are few readers to wait for.
  options.level0_file_num_compaction_trigger = 8;
  options.table_properties_collector_factories = {make_removal_collector()};
  options.compaction_filter_factory = make_done_entry_filter(known);
  // The entries of a session come in order: half the cost of an insertion.
  options.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(session_id::size));
}

} // namespace

const char* to_string(family what) noexcept {
  static constexpr std::array<const char*, family_count> names{
      "meta",     "sessions", "subscriptions", "queue", "bodies",
      "incoming", "windows",  "retained",      "wills", "seen"};
  return names[static_cast<size_t>(what)];
}

std::optional<family> family_named(std::string_view name) noexcept {
  for (auto each : all_families)
    if (name == name_on_disk(each))
      return each;
  return std::nullopt;
}

rocksdb::DBOptions database_options() {
  rocksdb::DBOptions result;
  result.create_if_missing = true;
  result.create_missing_column_families = true;
  // A torn record at the end is what a loss of power leaves; anything else is
  // damage, and somebody must be told.
  result.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  result.avoid_flush_during_recovery = true;
  result.max_total_wal_size = log_limit;
  result.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(write_buffers);
  result.max_open_files = 256;
  result.max_background_jobs = 2;
  result.bytes_per_sync = mebibyte;
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  result.max_manifest_file_size = 4 * mebibyte;
  result.keep_log_file_num = 1;
  result.max_log_file_size = mebibyte;
  result.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  // After an error the store cuts the log and opens the database anew.
  result.max_bgerror_resume_count = 0;
  // One thread writes.
  result.allow_concurrent_memtable_write = false;
  result.enable_write_thread_adaptive_yield = false;
  // A queue entry is put once and removed once; should damage or an older
  // program have left anything else, that must not stop the database.
  result.enforce_single_del_contracts = false;
  return result;
}

std::vector<rocksdb::ColumnFamilyDescriptor>
family_descriptors(const told_ptr& known) {
  auto cache = rocksdb::NewLRUCache(block_cache, 0);
  std::vector<rocksdb::ColumnFamilyDescriptor> result;
  for (auto each : all_families) {
    auto options = base_options(cache);
    if (each == family::queue)
      tune_queue(options, known);
    if (each == family::bodies) {
      options.write_buffer_size = message_buffer;
      options.arena_block_size = 256 * 1024;
      options.merge_operator = make_body_counter();
      options.compaction_filter_factory = make_dead_body_filter();
    }
    if (each == family::seen)
      options.merge_operator = make_seen_union();
    if (each == family::retained) {
      // A value that is replaced while both are in one buffer reaches no file.
      options.write_buffer_size = message_buffer;
      // Hardly ever read while the broker runs, only for a subtree that begins
      // anew: it is sorted then or when it goes to a file, and half as dear to
      // put in.
      options.memtable_factory = std::make_shared<rocksdb::VectorRepFactory>();
      options.compaction_filter_factory = make_expiry_filter(known);
    }
    result.emplace_back(name_on_disk(each), options);
  }
  return result;
}

} // namespace troupe::storage
