#pragma once

#include "broker/store.hpp"

#include <rocksdb/status.h>

namespace troupe::storage {

/// What RocksDB says, in the words of the store.
broker::store_status to_store_status(const rocksdb::Status& from);

} // namespace troupe::storage
