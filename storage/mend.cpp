#include "storage/mend.hpp"

#include "storage/files.hpp"
#include "storage/inspect.hpp"
#include "storage/log_reader.hpp"
#include "storage/meta.hpp"
#include "storage/records.hpp"
#include "storage/table_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <unordered_map>

namespace fs = std::filesystem;

namespace troupe::storage {

namespace {

/// Bytes gathered before they are written.
constexpr size_t batch_bytes = size_t{1} << 20;

std::string work_directory(const std::string& directory) {
  return directory + ".mending";
}

std::string tables_directory(const std::string& directory) {
  return directory + ".tables";
}

// It stands in a work directory that is finished.
constexpr const char* finished_mark = "MENDED";

std::string share(uint64_t parts) {
  return parts == 0   ? "all"
         : parts == 1 ? "one part"
                      : fmt::format("{} parts", parts);
}

// Repeats what the log says on another database.
class log_replay : public rocksdb::WriteBatch::Handler {
public:
  log_replay(const database& to, rocksdb::WriteBatch& batch)
      : to_(to), batch_(batch) {}

  rocksdb::Status PutCF(uint32_t id, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    return is_known(id) ? batch_.Put(home(id), key, value)
                        : rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t id, const rocksdb::Slice& key) override {
    return is_known(id) ? batch_.Delete(home(id), key) : rocksdb::Status::OK();
  }
  // Records may be put here for the second time: that takes more than the
  // removal of one.
  rocksdb::Status SingleDeleteCF(uint32_t id,
                                 const rocksdb::Slice& key) override {
    return DeleteCF(id, key);
  }
  // Of what is merged, references to bodies are counted anew.
  rocksdb::Status MergeCF(uint32_t id, const rocksdb::Slice& key,
                          const rocksdb::Slice& value) override {
    return is_known(id) && all_families[id] == family::seen
               ? batch_.Merge(home(id), key, value)
               : rocksdb::Status::OK();
  }
  rocksdb::Status DeleteRangeCF(uint32_t, const rocksdb::Slice&,
                                const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }

private:
  // RocksDB numbers families in the order in which they were made.
  static bool is_known(uint32_t id) noexcept { return id < family_count; }
  rocksdb::ColumnFamilyHandle* home(uint32_t id) const {
    return to_[all_families[id]];
  }

  const database& to_;
  rocksdb::WriteBatch& batch_;
};

class mender {
public:
  mender(const std::string& directory, quarantine& aside, const progress& tell)
      : directory_(directory), aside_(aside), tell_(tell),
        families_(family_descriptors(std::make_shared<told>())) {}

  mend_report run() {
    if (!prepare() || !copy_tables() || !salvage_tables() || !replay_logs()
        || !count_bodies() || !remove_flaws() || !finish())
      clean_up();
    return std::move(report_);
  }

private:
  bool fail(std::string why) {
    report_.error = std::move(why);
    return false;
  }
  bool check(const rocksdb::Status& status) {
    return status.ok() || fail(status.ToString());
  }

  template <class... Ts>
  void find(fmt::format_string<Ts...> format, Ts&&... args) {
    report_.findings.push_back(fmt::format(format, std::forward<Ts>(args)...));
  }

  bool go_on() {
    if (!tell_ || tell_(done_, total_))
      return true;
    return fail("interrupted");
  }

  void clean_up() {
    made_.reset();
    original_.reset();
    std::error_code ignored;
    fs::remove_all(work_directory(directory_), ignored);
    fs::remove_all(tables_directory(directory_), ignored);
  }

  static opened_database open(const std::string& directory, open_mode mode) {
    auto nothing_expires = std::make_shared<told>();
    return open_database(directory, mode, nothing_expires, nullptr);
  }

  bool prepare() {
    clean_up();
    auto opened = open(directory_, open_mode::salvage);
    original_ = std::move(opened.db);
    if (!original_)
      find("{}: {}", directory_, opened.status.ToString());
    auto made = open(work_directory(directory_), open_mode::normal);
    made_ = std::move(made.db);
    if (!made_)
      return fail(made.status.ToString());
    for (const auto& each : live_tables())
      (table_reader{each, families_}.is_good() ? good_ : bad_).push_back(each);
    logs_ = files_in(directory_, ".log");
    total_ = good_.size() + bad_.size() + logs_.size();
    return go_on();
  }

  // Files may lie there that were about to be deleted.
  std::vector<fs::path> live_tables() const {
    auto result = files_in(directory_, ".sst");
    if (!original_)
      return result;
    auto live = files_of_original();
    std::erase_if(result, [&live](const fs::path& path) {
      return live.count(path.filename().string()) == 0;
    });
    for (const auto& [name, about] : live)
      if (auto path = directory_ + "/" + name; !fs::exists(path))
        result.emplace_back(path);
    return result;
  }

  std::map<std::string, rocksdb::LiveFileMetaData> files_of_original() const {
    std::vector<rocksdb::LiveFileMetaData> live;
    (*original_)->GetLiveFilesMetaData(&live);
    std::map<std::string, rocksdb::LiveFileMetaData> result;
    for (auto& each : live)
      result.emplace(fs::path{each.name}.filename().string(), each);
    return result;
  }

  // -- tables that are whole --------------------------------------------------

  bool copy_tables() {
    if (good_.empty())
      return true;
    auto base = open_good_tables();
    if (!base) {
      // Then they are read one by one.
      bad_.insert(bad_.end(), good_.begin(), good_.end());
      return true;
    }
    note_doubtful();
    for (auto each : all_families)
      if (!copy(*base, each))
        return false;
    done_ += good_.size();
    return flush() && go_on();
  }

  database_ptr open_good_tables() {
    auto place = tables_directory(directory_);
    std::error_code error;
    fs::create_directory(place, error);
    for (const auto& each : good_)
      if (!error)
        fs::create_hard_link(each, fs::path{place} / each.filename(), error);
    if (error
        || !rocksdb::RepairDB(place, settings_for(open_mode::normal, nullptr),
                              families_)
                .ok())
      return nullptr;
    return open(place, open_mode::salvage).db;
  }

  // A table that is not whole may say that records of others are gone.
  void note_doubtful() {
    if (!original_ || bad_.empty())
      return;
    auto live = files_of_original();
    for (const auto& each : bad_)
      if (auto i = live.find(each.filename().string()); i != live.end())
        doubtful_.push_back(i->second);
  }

  bool is_doubtful(family where, std::string_view key) const {
    const auto& name = families_[static_cast<size_t>(where)].name;
    return std::any_of(doubtful_.begin(), doubtful_.end(),
                       [&](const rocksdb::LiveFileMetaData& file) {
                         return file.column_family_name == name
                                && key >= file.smallestkey
                                && key <= file.largestkey;
                       });
  }

  bool copy(const database& from, family where) {
    uint64_t kept = 0;
    auto records = from.iterate(where);
    for (records->SeekToFirst(); records->Valid(); records->Next()) {
      auto key = records->key().ToStringView();
      auto value = records->value().ToStringView();
      if (!(is_doubtful(where, key) ? salvage(where, key, value, kept)
                                    : add(where, key, value)))
        return false;
    }
    return check(records->status());
  }

  bool add(family where, std::string_view key, std::string_view value) {
    if (where == family::bodies && is_dead_body(value))
      return true;
    return check(batch_.Put((*made_)[where], key, value)) && flush_if_full();
  }

  bool flush_if_full() {
    return batch_.GetDataSize() < batch_bytes || (flush() && go_on());
  }
  bool flush() {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    auto status = (*made_)->Write(options, &batch_);
    batch_.Clear();
    return check(status);
  }

  // -- tables that are not ----------------------------------------------------

  bool salvage_tables() {
    for (const auto& each : bad_)
      if (!salvage(each))
        return false;
    return flush();
  }

  bool salvage(const fs::path& path) {
    table_reader table{path, families_};
    uint64_t kept = 0;
    auto is_fine = true;
    auto gaps =
        table.salvage([&](std::string_view key, std::string_view value) {
          is_fine = is_fine && salvage(*table.home(), key, value, kept);
        });
    report_.damaged += gaps;
    if (gaps != 0)
      find("{}: {} of it could not be read; {} records of it were kept",
           path.filename().string(), share(table.home() ? gaps : 0), kept);
    ++done_;
    return is_fine && go_on();
  }

  // Newer files may say something else about the record. If the database can
  // still be asked it knows; otherwise what is there counts.
  bool salvage(family where, std::string_view key, std::string_view value,
               uint64_t& kept) {
    std::string current;
    auto found = original_
                     ? (*original_)->Get({}, (*original_)[where], key, &current)
                     : rocksdb::Status::Corruption();
    if (found.IsNotFound())
      return true;
    ++kept;
    if (found.ok())
      return add(where, key, current);
    auto other = (*made_)->Get({}, (*made_)[where], key, &current);
    return other.ok() || add(where, key, value);
  }

  // -- the log ----------------------------------------------------------------

  bool replay_logs() {
    auto is_fine = true;
    log_replay replay{*made_, batch_};
    for (const auto& each : logs_) {
      auto gaps = read_log(each, [&](const rocksdb::WriteBatch& batch) {
        is_fine = is_fine && check(batch.Iterate(&replay)) && flush_if_full();
      });
      report_.damaged += gaps;
      if (gaps != 0)
        find("{}: {} of the log could not be read", each.filename().string(),
             share(gaps));
      ++done_;
      if (!is_fine || !go_on())
        return false;
    }
    return flush();
  }

  // -- what belongs together --------------------------------------------------

  bool count_bodies() {
    std::unordered_map<uint64_t, uint64_t> counts;
    auto queue = made_->iterate(family::queue);
    for (queue->SeekToFirst(); queue->Valid(); queue->Next())
      if (auto entry = decode_entry(queue->value().ToStringView());
          entry && entry->header.kind == entry_kind::shared)
        ++counts[entry->body];
    auto bodies = made_->iterate(family::bodies);
    for (bodies->SeekToFirst(); bodies->Valid(); bodies->Next())
      if (!recount(bodies->key().ToStringView(), bodies->value().ToString(),
                   counts))
        return false;
    return flush();
  }

  bool recount(std::string_view key, std::string value,
               const std::unordered_map<uint64_t, uint64_t>& counts) {
    if (key.size() != body_key::size || !decode_body(value))
      return true; // not sound: see remove_flaws
    auto i = counts.find(get_number<uint64_t>(key.data()));
    if (i == counts.end())
      return check(batch_.Delete((*made_)[family::bodies], key));
    put_number(value.data() + body_count_offset, i->second);
    return add(family::bodies, key, value);
  }

  // What a session owned goes with it, and so do records that say nothing.
  bool remove_flaws() {
    auto flaws = aside_.records();
    auto goes_on = true;
    inspection how;
    how.on_flaw = [&](const flaw& what) {
      aside_.add_record(what.where, what.key, what.value);
      batch_.Delete((*made_)[what.where], what.key);
    };
    how.on_progress = [&](uint64_t) { return goes_on = go_on(); };
    inspect(*made_, how);
    if (auto count = aside_.records() - flaws; count != 0) {
      report_.damaged += count;
      find("{} records could not be read, or what they belonged to was lost: "
           "see {}/records",
           count, aside_.directory());
    }
    return goes_on && flush();
  }

  // -- the end ----------------------------------------------------------------

  bool finish() {
    // Queues want every entry to have been put once, so that it can be removed
    // once.
    rocksdb::CompactRangeOptions everything;
    everything.bottommost_level_compaction =
        rocksdb::BottommostLevelCompaction::kForce;
    for (auto each : all_families)
      if (!check((*made_)->Flush({}, (*made_)[each])))
        return false;
    if (!check((*made_)->CompactRange(everything, (*made_)[family::queue],
                                      nullptr, nullptr)))
      return false;
    made_.reset();
    original_.reset();
    if (!check(rocksdb::WriteStringToFile(
            rocksdb::Env::Default(), "",
            work_directory(directory_) + "/" + finished_mark, true)))
      return false;
    if (auto error = aside_.take(directory_); !error.empty())
      return fail(error);
    return finish_mending(directory_).empty()
           || fail("the mended database could not be put in its place");
  }

  const std::string& directory_;
  quarantine& aside_;
  const progress& tell_;
  std::vector<rocksdb::ColumnFamilyDescriptor> families_;
  mend_report report_;
  database_ptr original_;
  database_ptr made_;
  rocksdb::WriteBatch batch_;
  std::vector<fs::path> good_;
  std::vector<fs::path> bad_;
  std::vector<fs::path> logs_;
  std::vector<rocksdb::LiveFileMetaData> doubtful_;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
};

} // namespace

mend_report mend(const std::string& directory, quarantine& aside,
                 const progress& tell) {
  return mender{directory, aside, tell}.run();
}

std::string finish_mending(const std::string& directory) {
  auto work = work_directory(directory);
  std::error_code error;
  fs::remove_all(tables_directory(directory), error);
  if (!fs::exists(work, error))
    return {};
  if (fs::exists(directory, error) || !fs::exists(work + "/" + finished_mark)) {
    fs::remove_all(work, error);
  } else {
    fs::rename(work, directory, error);
    if (!error)
      fs::remove(directory + "/" + finished_mark, error);
  }
  return error ? fmt::format("{}: {}", work, error.message()) : std::string{};
}

} // namespace troupe::storage
