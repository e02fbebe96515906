#include "storage/open.hpp"

#include "storage/disk_store.hpp"
#include "storage/meta.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::storage {

namespace {

struct opened_database {
  database_ptr db;
  rocksdb::Status status;
};

// RocksDB would write a log of its own: what matters comes back as a status.
class silent_logger : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

opened_database open_database(const open_options& options,
                              const rocksdb::DBOptions& settings,
                              const told_time& now) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  auto families = family_descriptors(now);
  auto status =
      options.read_only
          ? rocksdb::DB::OpenForReadOnly(settings, options.directory, families,
                                         &handles, &db)
          : rocksdb::DB::Open(settings, options.directory, families, &handles,
                              &db);
  if (!status.ok())
    return {nullptr, status};
  database::family_handles by_family{};
  std::copy(handles.begin(), handles.end(), by_family.begin());
  return {std::make_unique<database>(db, by_family), status};
}

// Empty, or why this program cannot use the database.
std::string check_format(const database& db, bool is_read_only) {
  std::string value;
  auto status = db->Get({}, db[family::meta], format_key, &value);
  if (status.IsNotFound() && !is_read_only) {
    meta_value number;
    status = db->Put({}, db[family::meta], format_key,
                     encode_meta(number, format_version));
    return status.ok() ? std::string{} : status.ToString();
  }
  auto format = decode_meta(value);
  if (!format || *format <= format_version)
    return {};
  return fmt::format("it has format {}, and this version of troupe knows "
                     "formats up to {}: use the version of troupe that wrote "
                     "it, or a newer one",
                     *format, format_version);
}

std::string refusal(const std::string& directory, const std::string& why) {
  return fmt::format("Cannot open the database {}: {}", directory, why);
}

} // namespace

opened_store open_store_with(const open_options& options, rocksdb::Env* env) {
  opened_store result;
  auto settings = database_options();
  settings.info_log = std::make_shared<silent_logger>();
  if (env != nullptr)
    settings.env = env;
  auto now = std::make_shared<std::atomic<wall_time>>(0);
  auto opened = open_database(options, settings, now);
  if (!opened.db) {
    result.error = refusal(options.directory, opened.status.ToString());
    return result;
  }
  result.error = check_format(*opened.db, options.read_only);
  if (!result.error.empty()) {
    result.error = refusal(options.directory, result.error);
    return result;
  }
  auto store = std::make_unique<disk_store>(std::move(opened.db), options, now);
  store->start();
  result.store = std::move(store);
  return result;
}

opened_store open_store(const open_options& options) {
  return open_store_with(options, nullptr);
}

} // namespace troupe::storage
