#include "storage/status.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace troupe::storage {

namespace {

// RocksDB has a code for a full disk only. For the others there is but the
// system's text, in the C locale since RocksDB uses strerror.
constexpr std::array<std::string_view, 4> no_space_texts{
    "No space left on device", "Disk quota exceeded", "Read-only file system",
    "File too large"};

bool is_about_space(const rocksdb::Status& status, std::string_view text) {
  return status.IsNoSpace()
         || std::any_of(no_space_texts.begin(), no_space_texts.end(),
                        [text](std::string_view each) {
                          return text.find(each) != text.npos;
                        });
}

} // namespace

broker::store_status to_store_status(const rocksdb::Status& from) {
  using kind = broker::store_status::kind;
  if (from.ok())
    return {};
  auto text = from.ToString();
  auto what = is_about_space(from, text) ? kind::no_space : kind::failed;
  return {what, std::move(text)};
}

} // namespace troupe::storage
