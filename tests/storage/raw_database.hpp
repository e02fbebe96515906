#pragma once

#include "storage/database.hpp"
#include "stores.hpp"

#include <map>
#include <string>

namespace troupe::test {

/// The database below the store, while the store is closed.
class raw_database {
public:
  explicit raw_database(const std::string& directory,
                        const instant& now = test_now)
      : known_(known_at(now)),
        opened_(storage::open_database(directory, storage::open_mode::normal,
                                       known_, nullptr)) {
    if (!opened_.db)
      throw std::runtime_error(opened_.status.ToString());
  }

  void put(storage::family where, std::string_view key,
           std::string_view value) {
    check((*opened_.db)->Put({}, (*opened_.db)[where], key, value));
  }
  void remove(storage::family where, std::string_view key) {
    check((*opened_.db)->Delete({}, (*opened_.db)[where], key));
  }
  /// It is as if it had never been. Nothing of it may be used any more.
  void drop(storage::family where) {
    check((*opened_.db)->DropColumnFamily((*opened_.db)[where]));
  }
  std::map<std::string, std::string> all(storage::family where) {
    std::map<std::string, std::string> result;
    auto records = opened_.db->iterate(where);
    for (records->SeekToFirst(); records->Valid(); records->Next())
      result[records->key().ToString()] = records->value().ToString();
    return result;
  }
  /// All the way down; twice, since a filter sees what a merge made only in the
  /// next round.
  void compact(storage::family where) {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction =
        rocksdb::BottommostLevelCompaction::kForce;
    for (int i = 0; i < 2; ++i)
      check(
          (*opened_.db)
              ->CompactRange(options, (*opened_.db)[where], nullptr, nullptr));
  }
  bool flush() {
    for (auto each : storage::all_families)
      if (!(*opened_.db)->Flush({}, (*opened_.db)[each]).ok())
        return false;
    return true;
  }
  /// What the store says of its queues while it is open.
  storage::queue_marks& marks() { return known_->marks; }
  rocksdb::DB& db() { return **opened_.db; }

private:
  static storage::told_ptr known_at(const instant& now) {
    auto result = std::make_shared<storage::told>();
    result->time = now.wall;
    return result;
  }
  static void check(const rocksdb::Status& status) {
    if (!status.ok())
      throw std::runtime_error(status.ToString());
  }

  storage::told_ptr known_;
  storage::opened_database opened_;
};

} // namespace troupe::test
