#pragma once

#include "storage/families.hpp"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/table_properties.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

// What RocksDB does with our records when it merges files.
namespace troupe::storage {

using body_change = std::array<char, 8>;
/// The operand that changes a body's count of references.
std::string_view encode_change(body_change& out, int64_t by) noexcept;

/// Adds such changes to the count of a body. One that nobody refers to any more
/// loses its content.
std::shared_ptr<rocksdb::MergeOperator> make_body_counter();

/// Joins what was seen of a block at different times.
std::shared_ptr<rocksdb::MergeOperator> make_seen_union();

/// Removes bodies that nobody refers to.
std::shared_ptr<rocksdb::CompactionFilterFactory> make_dead_body_filter();

/// Has tables merged that mostly remove entries of queues: else a queue that
/// was drained would keep its place on disk, and be walked through by whoever
/// reads it, until enough other tables have come.
std::shared_ptr<rocksdb::TablePropertiesCollectorFactory>
make_removal_collector();

/// Removes retained messages that have expired at `now`.
std::shared_ptr<rocksdb::CompactionFilterFactory>
make_expiry_filter(const told_ptr& known);

/// Removes entries that a mark covers, also when a table is made of what was in
/// memory: what is dealt with by then reaches no file.
std::shared_ptr<rocksdb::CompactionFilterFactory>
make_done_entry_filter(const told_ptr& known);

} // namespace troupe::storage
