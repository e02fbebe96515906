#include "storage/table_reader.hpp"

#include <rocksdb/table_properties.h>

#include <algorithm>

namespace troupe::storage {

namespace {

/// Keys are taken for numbers of this many bytes when a gap is searched.
constexpr size_t searched_bytes = 40;

rocksdb::Options options_of(const rocksdb::ColumnFamilyOptions& family) {
  return rocksdb::Options{rocksdb::DBOptions{}, family};
}

// Adds 2^bit to the number; false: it does not fit.
bool add_power(std::string& number, size_t bit) {
  auto at = number.size() - 1 - bit / 8;
  unsigned carry = 1u << bit % 8;
  for (;; --at) {
    carry += static_cast<uint8_t>(number[at]);
    number[at] = static_cast<char>(carry & 0xff);
    carry >>= 8;
    if (carry == 0)
      return true;
    if (at == 0)
      return false;
  }
}

} // namespace

std::optional<std::string>
skip_damage(std::string_view key,
            const std::function<bool(std::string_view)>& is_readable) {
  std::string unreadable{key};
  unreadable.resize(std::max(key.size(), searched_bytes), '\0');
  size_t bit = 0;
  auto last_bit = unreadable.size() * 8;
  for (;; ++bit) {
    if (bit == last_bit)
      return std::nullopt;
    auto next = unreadable;
    if (!add_power(next, bit))
      return std::nullopt;
    if (is_readable(next))
      break;
    unreadable = std::move(next);
  }
  // The border lies within the last step: narrow it down.
  while (bit-- > 0) {
    auto middle = unreadable;
    if (add_power(middle, bit) && !is_readable(middle))
      unreadable = std::move(middle);
  }
  add_power(unreadable, 0);
  return unreadable;
}

table_reader::table_reader(
    const std::string& path,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  rocksdb::SstFileReader plain{options_of({})};
  if (!plain.Open(path).ok())
    return;
  home_ = family_named(plain.GetTableProperties()->column_family_name);
  if (!home_)
    return;
  const auto& options = families[static_cast<size_t>(*home_)].options;
  file_ = std::make_unique<rocksdb::SstFileReader>(options_of(options));
  if (!file_->Open(path).ok()) {
    file_.reset();
    return;
  }
  is_good_ = file_->VerifyChecksum().ok();
}

uint64_t table_reader::salvage(
    const std::function<void(std::string_view, std::string_view)>& take) const {
  if (!file_)
    return 1;
  uint64_t gaps = 0;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  // An iterator that has met damage is of no more use.
  auto seek = [&](std::string_view to) {
    std::unique_ptr<rocksdb::Iterator> records{file_->NewIterator(options)};
    records->Seek(to);
    return records;
  };
  auto records = seek({});
  std::string last;
  for (;;) {
    for (; records->Valid(); records->Next()) {
      last = records->key().ToString();
      take(last, records->value().ToStringView());
    }
    if (records->status().ok())
      return gaps;
    ++gaps;
    auto next = skip_damage(
        last, [&](std::string_view key) { return seek(key)->status().ok(); });
    if (!next)
      return gaps;
    records = seek(*next);
  }
}

} // namespace troupe::storage
