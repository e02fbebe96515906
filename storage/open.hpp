#pragma once

#include "storage/database.hpp"
#include "storage/rocks_store.hpp"

namespace troupe::storage {

/// As `open_store`, with files reached through `env` (null: the system's), so
/// that tests can let them fail. `env` must outlive the store.
opened_store open_store_with(const open_options& options, rocksdb::Env* env);

} // namespace troupe::storage
