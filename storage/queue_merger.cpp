#include "storage/queue_merger.hpp"

namespace troupe::storage {

void queue_merger::start(database& db) {
  stop();
  is_cancelled_ = false;
  is_running_ = true;
  thread_ = std::thread{[this, &db] {
    rocksdb::CompactRangeOptions options;
    options.canceled = &is_cancelled_;
    // If it fails there is more to merge the next time.
    db->CompactRange(options, db[family::queue], nullptr, nullptr)
        .PermitUncheckedError();
    is_running_ = false;
  }};
}

void queue_merger::stop() {
  is_cancelled_ = true;
  if (thread_.joinable())
    thread_.join();
}

} // namespace troupe::storage
