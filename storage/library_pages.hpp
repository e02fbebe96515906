#pragma once

#include <span>
#include <string_view>

namespace troupe::storage {

/// Gives back the memory with those parts of shared libraries that only the
/// start of the program reads: some 6 MiB of RocksDB, more than one of OpenSSL.
/// What is needed after all is read again. `names` are parts of their paths,
/// such as "/librocksdb".
void release_library_pages(std::span<const std::string_view> names) noexcept;

} // namespace troupe::storage
