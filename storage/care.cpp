// What is done now and then: limits, expiry, ended queues, backups.
#include "storage/compaction.hpp"
#include "storage/disk_store.hpp"
#include "storage/files.hpp"
#include "storage/meta.hpp"
#include "storage/status.hpp"

#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>

namespace troupe::storage {

using broker::session_key;

namespace {

/// Entries that one batch removes.
constexpr size_t removed_at_once = 5'000;

enum class verdict { keep, remove, enough };

} // namespace

// Removes what `judge` says and tells how much that was, as far as it could be
// written.
template <class Judge>
broker::queue_totals disk_store::sweep(session_key key, uint64_t from,
                                       Judge judge) {
  broker::queue_totals gone;
  auto seen = gone;
  rocksdb::WriteBatch tidy;
  session_range records{*db_, family::queue, key};
  for (records->Seek(entry_id{key, first_visible(key, from)}.view());
       records->Valid(); records->Next()) {
    auto where = position_of(records.key());
    auto entry = where ? decode_entry(records.value()) : std::nullopt;
    auto what = entry ? judge(where->sequence, entry->header) : verdict::keep;
    if (what == verdict::enough)
      break;
    if (!entry)
      note_damage(tidy, family::queue, records.key(), records.value());
    if (what == verdict::remove) {
      remove_entry(tidy, *where, *entry);
      ++seen.messages;
      seen.bytes += entry->header.payload_size;
      seen.last_sequence = where->sequence;
    }
    if (tidy.Count() < removed_at_once)
      continue;
    if (!write_now(tidy))
      return gone;
    gone = seen;
  }
  note(records->status());
  return write_now(tidy) ? seen : gone;
}

broker::queue_totals disk_store::drop_oldest(session_key key, uint64_t from,
                                             size_t count) {
  auto window = mending([&] { return load_window(key); });
  auto judge = [&](uint64_t sequence, const entry_header& entry) {
    if (count == 0)
      return verdict::enough;
    if (is_launched(window, sequence, entry))
      return verdict::keep;
    --count;
    return verdict::remove;
  };
  return mending([&] { return sweep(key, from, judge); });
}

broker::queue_totals disk_store::drop_expired(session_key key,
                                              const instant& now) {
  tell(now);
  auto window = mending([&] { return load_window(key); });
  wall_time earliest = 0;
  auto judge = [&](uint64_t sequence, const entry_header& entry) {
    if (entry.expires_at == 0 || is_launched(window, sequence, entry))
      return verdict::keep;
    if (entry.is_expired(now.wall))
      return verdict::remove;
    if (earliest == 0 || entry.expires_at < earliest)
      earliest = entry.expires_at;
    return verdict::keep;
  };
  auto gone = mending([&] { return sweep(key, 0, judge); });
  gone.earliest_expiry = earliest;
  return gone;
}

bool disk_store::housekeep(const instant& now) {
  tell(now);
  return mending([&] {
    tend_marks(now.steady);
    return sweep_ended();
  });
}

// A mark is needed as long as there is anything that it covers. What was dealt
// with in memory is left out when it goes to a file; for the sake of what lies
// in files already these are merged once it is worth it.
void disk_store::tend_marks(time_point now) {
  constexpr auto marks_at_once = 256;
  auto& marks = known_->marks;
  for (auto n = 0; n < marks_at_once; ++n) {
    auto mark = marks.after(tended_);
    if (!mark) {
      merge_queues(now);
      dead_bytes_ = tended_ = 0;
      return;
    }
    auto [key, until] = *mark;
    tended_ = key;
    if (covers_anything(key, until))
      dead_bytes_ += bytes_in_files(key, until);
    else if (rocksdb::WriteBatch tidy;
             tidy.Delete((*db_)[family::meta], ended_key(key)), write_now(tidy))
      marks.erase(key);
  }
}

bool disk_store::covers_anything(session_key key, uint64_t until) {
  session_range queue{*db_, family::queue, key};
  queue.seek_to_first();
  note(queue->status());
  auto first = queue->Valid() ? position_of(queue.key()) : std::nullopt;
  return !queue->status().ok() || (first && first->sequence <= until);
}

uint64_t disk_store::bytes_in_files(session_key key, uint64_t until) const {
  entry_id first{key, uint64_t{0}};
  entry_id last{key, until + 1};
  rocksdb::Range range{first.view(), last.view()};
  uint64_t size = 0;
  (*db_)->GetApproximateSizes((*db_)[family::queue], &range, 1, &size);
  return size;
}

// Not again at once, should it have failed.
void disk_store::merge_queues(time_point now) {
  constexpr uint64_t worth_it = 4 * 1024 * 1024;
  constexpr auto interval = std::chrono::seconds{30};
  if (dead_bytes_ < worth_it || now < merged_at_ + interval || is_stuck_
      || merger_.is_running()
      || dead_bytes_ < db_->sizes_of(family::queue).bytes / 3)
    return;
  merged_at_ = now;
  merger_.start(*db_);
}

bool disk_store::sweep_ended() {
  auto budget = removed_at_once;
  while (!ended_.empty() && budget != 0) {
    auto [key, until] = *ended_.begin();
    // A commit that is being gathered removes the rest.
    auto i = gathered_.ended.find(key);
    if (i != gathered_.ended.end() && i->second == 0)
      return true;
    if (!sweep_ended(key, until, budget))
      return true;
  }
  return !ended_.empty();
}

bool disk_store::sweep_ended(session_key key, uint64_t until, size_t& budget) {
  rocksdb::WriteBatch tidy;
  session_range records{*db_, family::queue, key};
  records.seek_to_first();
  auto is_done = false;
  for (; budget != 0; --budget, records->Next()) {
    auto where = records->Valid() ? position_of(records.key()) : std::nullopt;
    is_done = !records->Valid() || (where && where->sequence > until);
    if (is_done)
      break;
    auto entry = where ? decode_entry(records.value()) : std::nullopt;
    if (entry)
      remove_entry(tidy, *where, *entry);
    else
      note_damage(tidy, family::queue, records.key(), records.value());
  }
  note(records->status());
  if (!records->status().ok())
    return false;
  if (is_done)
    tidy.Delete((*db_)[family::meta], ended_key(key));
  if (!write_now(tidy))
    return false;
  if (is_done)
    ended_.erase(key);
  return true;
}

broker::store_status disk_store::backup(const std::string& directory) {
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(&**db_, &made);
  if (!status.ok())
    return to_store_status(status);
  std::unique_ptr<rocksdb::Checkpoint> checkpoint{made};
  // Never flushes: the log comes along.
  constexpr uint64_t never_flush = ~uint64_t{0};
  status = checkpoint->CreateCheckpoint(directory, never_flush);
  if (status.ok())
    close_to_others(directory);
  return to_store_status(status);
}

} // namespace troupe::storage
