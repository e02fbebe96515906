#pragma once

namespace troupe::storage {

/// Gives back the memory with those parts of RocksDB's library that only the
/// start of the program reads: some 6 MiB, of use to nobody without a database.
/// What is needed after all is read again.
void release_library_pages() noexcept;

} // namespace troupe::storage
