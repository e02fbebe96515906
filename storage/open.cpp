#include "storage/open.hpp"

#include "storage/disk_store.hpp"
#include "storage/files.hpp"
#include "storage/mend.hpp"
#include "storage/meta.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace troupe::storage {

namespace {

/// Tables up to this size altogether are read when the database is opened: it
/// takes a fraction of a second. In larger ones damage is found when it is met.
constexpr uint64_t checked_bytes = uint64_t{256} << 20;

bool holds(const rocksdb::Status& status, std::string_view text) {
  return status.ToString().find(text) != std::string::npos;
}

bool is_full(const rocksdb::Status& status) {
  return status.IsNoSpace() || holds(status, "Disk quota exceeded");
}

// Nothing is wrong with the database itself.
bool is_no_damage(const rocksdb::Status& status) {
  return is_full(status) || holds(status, "/LOCK")
         || holds(status, "Permission denied")
         || holds(status, "Read-only file system")
         || holds(status, "Too many open files")
         || holds(status, "families not opened") || status.IsMemoryLimit();
}

// Without its file CURRENT RocksDB would take the directory for an empty one
// and delete the rest.
bool has_lost_its_head(const std::string& directory) {
  std::error_code error;
  if (fs::exists(directory + "/CURRENT", error))
    return false;
  auto files = files_in(directory);
  return std::any_of(files.begin(), files.end(), [](const fs::path& each) {
    return each.extension() == ".sst" || each.extension() == ".log"
           || each.filename().string().starts_with("MANIFEST-");
  });
}

uint64_t table_bytes(const database& db) {
  uint64_t result = 0;
  for (auto each : all_families)
    result += db.sizes_of(each).bytes;
  return result;
}

// The steps from a strict opening to an empty database.
class opener {
public:
  opener(const std::string& directory, const told_ptr& known, rocksdb::Env* env,
         quarantine& aside)
      : directory_(directory), known_(known), env_(env), aside_(aside) {}

  usable_database run(opening why) {
    auto is_damaged = why == opening::damaged;
    if (auto problem = prepare(); !problem.empty())
      return refuse(problem);
    auto status = is_damaged ? rocksdb::Status::Corruption("files are damaged")
                  : has_lost_its_head(directory_)
                      ? rocksdb::Status::Corruption("CURRENT is missing")
                      : open(why == opening::again ? open_mode::flushed
                                                   : open_mode::normal);
    if (result_.db || is_no_damage(status)
        || (why == opening::again && !status.IsCorruption()))
      return finish(status);
    if (auto problem = problem_of_format(); !problem.empty())
      return refuse(problem);
    auto first = status;
    if (!is_damaged && status.IsCorruption() && !has_lost_its_head(directory_)
        && (status = open_without_damaged_log(), result_.db))
      return finish(status);
    return finish(is_no_damage(status) ? status : replace(first));
  }

private:
  // Empty, or what stands in the way.
  std::string prepare() {
    if (auto error = finish_mending(directory_); !error.empty())
      return error;
    std::error_code error;
    fs::create_directories(directory_, error);
    if (error)
      return error.message();
    close_to_others(directory_);
    return has_lost_its_head(directory_) ? used_by_another(directory_)
                                         : std::string{};
  }

  rocksdb::Status open(open_mode mode) {
    auto opened = open_database(directory_, mode, known_, env_);
    result_.db = std::move(opened.db);
    if (opened.status.ok() && table_bytes(*result_.db) <= checked_bytes)
      opened.status = (*result_.db)->VerifyChecksum();
    if (!opened.status.ok())
      result_.db.reset();
    return opened.status;
  }

  std::string problem_of_format() {
    auto opened = open_database(directory_, open_mode::salvage, known_, env_);
    return opened.db ? format_problem(*opened.db) : std::string{};
  }

  rocksdb::Status open_without_damaged_log() {
    for (const auto& each : files_in(directory_, ".log"))
      if (auto problem = aside_.copy(each); !problem.empty())
        return rocksdb::Status::IOError(problem);
    auto status = open(open_mode::damaged_log);
    if (result_.db) {
      ++result_.damaged;
      result_.findings.push_back(fmt::format(
          "The write-ahead log was damaged: what could not be read of it is "
          "lost. A copy of it is in {}",
          aside_.directory()));
    }
    return status;
  }

  rocksdb::Status replace(const rocksdb::Status& why) {
    auto mended = mend(directory_, aside_, nullptr);
    result_.findings.push_back(
        fmt::format("The database was damaged ({}). It is in {} now, and a new "
                    "one holds what could be read",
                    why.ToString(), aside_.directory()));
    result_.damaged += std::max<uint64_t>(mended.damaged, 1);
    for (auto& each : mended.findings)
      result_.findings.push_back(std::move(each));
    auto status = mended.error.empty() ? open(open_mode::normal)
                                       : rocksdb::Status::Corruption();
    if (result_.db || is_no_damage(status))
      return status;
    result_.findings.push_back(fmt::format(
        "It could not be mended: {}. The broker starts with an empty one",
        mended.error.empty() ? status.ToString() : mended.error));
    if (auto problem = aside_.take(directory_); !problem.empty())
      return rocksdb::Status::IOError(problem);
    return open(open_mode::normal);
  }

  usable_database refuse(const std::string& why) {
    result_.db.reset();
    result_.error = refusal(directory_, why);
    return std::move(result_);
  }

  usable_database finish(const rocksdb::Status& status) {
    result_.is_full = !result_.db && is_full(status);
    if (!result_.db)
      return refuse(explain(status));
    auto problem = format_problem(*result_.db);
    if (problem.empty())
      problem = write_format();
    return problem.empty() ? std::move(result_) : refuse(problem);
  }

  std::string write_format() {
    auto& db = *result_.db;
    std::string value;
    auto status = db->Get({}, db[family::meta], format_key, &value);
    auto older = status.ok() ? decode_meta(value).value_or(format_version)
                             : uint64_t{format_version};
    if (!status.IsNotFound() && older >= format_version)
      return {};
    meta_value number;
    status = db->Put({}, db[family::meta], format_key,
                     encode_meta(number, format_version));
    return status.ok() ? std::string{} : status.ToString();
  }

  const std::string& directory_;
  const told_ptr& known_;
  rocksdb::Env* env_;
  quarantine& aside_;
  usable_database result_;
};

bool has_files(const std::string& directory) {
  std::error_code ignored;
  return fs::exists(directory + "/CURRENT", ignored);
}

opened_store open_to_read(const open_options& options, const told_ptr& known,
                          rocksdb::Env* env) {
  opened_store result;
  auto opened =
      open_database(options.directory, open_mode::read_only, known, env);
  // A broker that uses the database may have deleted a file meanwhile.
  for (int i = 0; i < 5 && !opened.db && has_files(options.directory); ++i)
    opened = open_database(options.directory, open_mode::read_only, known, env);
  if (!opened.db) {
    result.error = refusal(options.directory, explain(opened.status));
    return result;
  }
  result.error = format_problem(*opened.db);
  if (!result.error.empty()) {
    result.error = refusal(options.directory, result.error);
    return result;
  }
  result.store =
      std::make_unique<disk_store>(std::move(opened.db), options, known, env);
  return result;
}

// There is no room, but what is there can be served until there is.
opened_store open_full(const open_options& options, const told_ptr& known,
                       rocksdb::Env* env, opened_store result) {
  auto opened =
      open_database(options.directory, open_mode::read_only, known, env);
  if (!opened.db || !format_problem(*opened.db).empty())
    return result;
  auto store =
      std::make_unique<disk_store>(std::move(opened.db), options, known, env);
  store->begin_stuck(rocksdb::Status::NoSpace(result.error));
  result.findings.push_back(std::move(result.error));
  result.error.clear();
  result.store = std::move(store);
  return result;
}

} // namespace

std::string format_problem(const database& db) {
  std::string value;
  auto status = db->Get({}, db[family::meta], format_key, &value);
  auto format = status.ok() ? decode_meta(value) : std::nullopt;
  if (!format || *format <= format_version)
    return {};
  return fmt::format("it has format {}, and this version of troupe knows "
                     "formats up to {}. Use the version of troupe that wrote "
                     "it, or a newer one",
                     *format, format_version);
}

std::string used_by_another(const std::string& directory) {
  auto* env = rocksdb::Env::Default();
  rocksdb::FileLock* lock = nullptr;
  auto status = env->LockFile(directory + "/LOCK", &lock);
  if (!status.ok())
    return explain(status);
  env->UnlockFile(lock);
  return {};
}

std::string refusal(const std::string& directory, std::string_view why) {
  return fmt::format("Cannot open the database {}: {}.", directory, why);
}

std::string explain(const rocksdb::Status& status) {
  if (holds(status, "/LOCK") && !holds(status, "Permission denied")
      && !holds(status, "Read-only file system"))
    return "another broker uses it; each needs a directory of its own";
  // RocksDB: "Column families not opened: NAME".
  if (holds(status, "families not opened"))
    return "a newer version of troupe has written records in it that this one "
           "does not know. Use that version, or a newer one";
  return status.ToString();
}

usable_database open_mending(const std::string& directory,
                             const told_ptr& known, rocksdb::Env* env,
                             quarantine& aside, opening why) {
  return opener{directory, known, env, aside}.run(why);
}

opened_store open_store_with(const open_options& options, rocksdb::Env* env) {
  auto known = std::make_shared<told>();
  if (options.read_only)
    return open_to_read(options, known, env);
  opened_store result;
  quarantine aside{options.directory};
  auto usable =
      open_mending(options.directory, known, env, aside, opening::first);
  result.error = std::move(usable.error);
  result.findings = std::move(usable.findings);
  if (usable.is_full)
    return open_full(options, known, env, std::move(result));
  if (!usable.db)
    return result;
  auto store =
      std::make_unique<disk_store>(std::move(usable.db), options, known, env);
  store->add_damage(usable.damaged);
  result.store = std::move(store);
  return result;
}

opened_store open_store(const open_options& options) {
  return open_store_with(options, nullptr);
}

} // namespace troupe::storage
