#pragma once

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::storage {

/// Reads one file of the write-ahead log without RocksDB, which gives up where
/// this goes on: hands out every batch that is whole, in order, and passes over
/// the rest. Returns the number of damaged places. An end that is missing is no
/// damage: that is what a loss of power leaves.
uint64_t
read_log(const std::string& path,
         const std::function<void(const rocksdb::WriteBatch& batch)>& take);

/// Shortens a log file so that nothing behind the record with this sequence
/// number is left. False: it could not be written.
bool cut_log(const std::string& path, uint64_t last_sequence);

/// CRC-32C of `text`, as RocksDB's files have it.
uint32_t crc32c(std::string_view text) noexcept;

} // namespace troupe::storage
