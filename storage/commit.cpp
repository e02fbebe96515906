// Committing what was gathered, and recovering when that fails.
#include "storage/disk_store.hpp"
#include "storage/meta.hpp"
#include "storage/status.hpp"

#include <rocksdb/perf_level.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

namespace troupe::storage {

namespace {

/// A batch that was larger gives its memory back.
constexpr size_t kept_batch = size_t{1} << 20;

broker::store_status sync_file(const std::string& path, int flags) {
  auto fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (fd < 0) // gone meanwhile: what it held is in a table
    return {};
  auto done = ::fdatasync(fd) == 0;
  auto why = errno;
  ::close(fd);
  if (done)
    return {};
  return {why == ENOSPC || why == EDQUOT ? broker::store_status::kind::no_space
                                         : broker::store_status::kind::failed,
          path + ": " + std::strerror(why)};
}

/// Not with DB::SyncWAL: that ends the process when a write has failed before.
broker::store_status sync_logs(const std::string& directory) {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator{directory, error})
    if (file.path().extension() == ".log")
      if (auto status = sync_file(file.path().string(), 0); !status)
        return status;
  return sync_file(directory, O_DIRECTORY);
}

} // namespace

broker::store_status disk_store::commit(bool synced) {
  packs_.write(queues());
  write_marks();
  write_seen();
  if (batch_.Count() == 0) {
    forget_gathered();
    return {};
  }
  rocksdb::WriteOptions options;
  options.sync = synced;
  // Counts every comparison, for this thread.
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  auto lifted = lift_marks();
  auto status = write(options);
  if (status.ok()) {
    note_marks();
    body_ids_end_ = std::max(body_ids_end_, gathered_.body_ids_end);
  } else {
    for (const auto& [key, until] : lifted)
      known_->marks.set(key, until);
  }
  forget_gathered();
  return to_store_status(status);
}

/// Before anything is written that an old mark would cover: who merges files
/// must not take it for done.
std::vector<queue_marks::mark> disk_store::lift_marks() {
  std::vector<queue_marks::mark> result;
  for (const auto& [key, until] : gathered_.ended)
    if (auto mark = known_->marks.own_until(key); mark != 0) {
      result.emplace_back(key, mark);
      known_->marks.erase(key);
    }
  return result;
}

void disk_store::note_marks() {
  for (const auto& [key, until] : gathered_.ended) {
    known_->marks.erase(key); // the database may have been opened anew
    if (until == 0)
      ended_.erase(key);
    else
      ended_[key] = until;
  }
  for (const auto& [key, until] : gathered_.done) {
    ended_.erase(key);
    known_->marks.set(key, until);
  }
}

rocksdb::Status disk_store::write(const rocksdb::WriteOptions& options) {
  if (is_stuck_ && !go_on())
    return last_error_;
  auto last = (*db_)->GetLatestSequenceNumber();
  auto status = (**db_).Write(options, &batch_);
  if (status.ok())
    return status;
  note(status);
  get_stuck(status, last);
  // It was not the disk, or it was but for a moment.
  if (is_damaged_ ? mend_now() : go_on()) {
    last = (*db_)->GetLatestSequenceNumber();
    status = (**db_).Write(options, &batch_);
    if (!status.ok())
      get_stuck(status, last);
  }
  return status;
}

void disk_store::forget_gathered() {
  if (batch_.GetDataSize() > kept_batch)
    batch_ = rocksdb::WriteBatch{};
  else
    batch_.Clear();
  packs_.clear();
  gathered_.entries.clear();
  gathered_.subscriptions.clear();
  gathered_.incoming_ids.clear();
  gathered_.bodies.clear();
  gathered_.ended.clear();
  gathered_.done.clear();
  gathered_.body_ids_end = 0;
  gathered_.seen.clear();
}

broker::store_status disk_store::sync() {
  return sync_logs(directory_);
}

} // namespace troupe::storage
