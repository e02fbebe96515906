#pragma once

#include "storage/families.hpp"

#include <rocksdb/sst_file_reader.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::storage {

/// One table file of a database, looked at by itself.
class table_reader {
public:
  /// `families`: as from `family_descriptors`.
  table_reader(
      const std::string& path,
      const std::vector<rocksdb::ColumnFamilyDescriptor>& families);

  /// All of it can be read.
  bool is_good() const noexcept { return is_good_; }
  /// The family it belongs to; nothing if not even that can be read.
  std::optional<family> home() const noexcept { return home_; }
  /// Hands out every record that can be read, in order. Returns how many
  /// stretches could not.
  uint64_t
  salvage(const std::function<void(std::string_view key,
                                   std::string_view value)>& take) const;

private:
  std::unique_ptr<rocksdb::SstFileReader> file_;
  std::optional<family> home_;
  bool is_good_ = false;
};

/// The first key behind `key` that `is_readable` likes, searched in growing
/// steps: a damaged block ends somewhere behind `key`. Nothing: there is none.
std::optional<std::string>
skip_damage(std::string_view key,
            const std::function<bool(std::string_view)>& is_readable);

} // namespace troupe::storage
