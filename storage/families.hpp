#pragma once

#include "core/clock.hpp"
#include "storage/queue_marks.hpp"

#include <rocksdb/db.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::storage {

/// One column family per kind of record.
enum class family : uint8_t {
  meta,
  sessions,
  subscriptions,
  queue,
  bodies,
  incoming,
  windows,
  retained,
  wills,
  seen,
};
inline constexpr size_t family_count = 10;

inline constexpr std::array<family, family_count> all_families{
    family::meta,   family::sessions, family::subscriptions, family::queue,
    family::bodies, family::incoming, family::windows,       family::retained,
    family::wills,  family::seen};

/// What people call it: "sessions" and so on.
const char* to_string(family what) noexcept;

/// The family that RocksDB knows by that name.
std::optional<family> family_named(std::string_view name_on_disk) noexcept;

/// What the store was told last: merging files goes by it.
struct told {
  std::atomic<wall_time> time{0};
  queue_marks marks;
};
using told_ptr = std::shared_ptr<told>;

/// Settings of the database as a whole: memory and log are bounded.
rocksdb::DBOptions database_options();

/// All families with their settings, in the order of `family`.
std::vector<rocksdb::ColumnFamilyDescriptor>
family_descriptors(const told_ptr& known);

} // namespace troupe::storage
