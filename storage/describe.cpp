// What the database says of itself.
#include "storage/disk_store.hpp"
#include "storage/meta.hpp"

#include <rocksdb/metadata.h>

#include <filesystem>

namespace fs = std::filesystem;

namespace troupe::storage {

namespace {

// Bytes of all files, and of those of the log.
std::pair<uint64_t, uint64_t> sizes_in(const std::string& directory) {
  std::pair<uint64_t, uint64_t> result;
  std::error_code error;
  for (fs::directory_iterator i{directory, error}, end; !error && i != end;
       i.increment(error)) {
    std::error_code gone;
    auto size = i->file_size(gone);
    if (gone)
      continue;
    result.first += size;
    if (i->path().extension() == ".log")
      result.second += size;
  }
  return result;
}

} // namespace

database_info disk_store::describe() {
  database_info result;
  std::string value;
  if ((**db_).Get({}, (*db_)[family::meta], format_key, &value).ok())
    result.format = static_cast<uint32_t>(decode_meta(value).value_or(0));
  std::tie(result.bytes_on_disk, result.log_bytes) =
      sizes_in((*db_)->GetName());
  for (auto each : all_families) {
    auto [records, bytes] = db_->sizes_of(each);
    result.kinds.push_back({to_string(each), records, bytes});
  }
  return result;
}

} // namespace troupe::storage
