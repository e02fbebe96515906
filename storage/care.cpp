// What is done now and then: limits, expiry, ended queues, backups.
#include "storage/compaction.hpp"
#include "storage/disk_store.hpp"
#include "storage/files.hpp"
#include "storage/meta.hpp"
#include "storage/queue_cursor.hpp"
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
  queue_cursor queue{*records.operator->(), key};
  auto begin = first_visible(key, from);
  // As long as nothing stays, the mark of the queue is all that packs need.
  auto is_front = begin == dealt_with(key) + 1 && ended_.count(key) == 0;
  uint64_t mark = 0;
  for (queue.seek(begin); queue.is_valid(); queue.next()) {
    const auto* entry = queue.entry();
    auto what =
        entry ? judge(queue.sequence(), entry->header) : verdict::remove;
    if (what == verdict::enough)
      break;
    if (!entry) {
      note_damage(tidy, family::queue, queue.key(), queue.value());
      continue;
    }
    is_front = is_front && what == verdict::remove;
    if (what == verdict::remove) {
      if (!queue.is_packed())
        remove_entry(tidy, queue.position(), *entry);
      else if (is_front)
        mark = queue.sequence();
      else
        remove_packed(tidy, queue);
      ++seen.messages;
      seen.bytes += entry->header.payload_size;
      seen.last_sequence = queue.sequence();
    }
    if (tidy.Count() < removed_at_once)
      continue;
    if (!write_swept(tidy, key, mark))
      return gone;
    gone = seen;
  }
  note(records->status());
  return write_swept(tidy, key, mark) ? seen : gone;
}

bool disk_store::write_swept(rocksdb::WriteBatch& tidy, session_key key,
                             uint64_t mark) {
  meta_value value;
  if (mark != 0)
    tidy.Put((*db_)[family::meta], ended_key(key), encode_meta(value, mark));
  if (!write_now(tidy))
    return false;
  if (mark != 0)
    known_->marks.set(key, mark);
  return true;
}

// A gap says that it is gone, until nothing is left of the pack.
void disk_store::remove_packed(rocksdb::WriteBatch& tidy, queue_cursor& queue) {
  auto* home = (*db_)[family::queue];
  auto key = queue.position().key;
  tidy.Put(home, gap_at(queue.position()).view(), gap_value);
  queue.note_gap();
  if (queue.gaps().size() != queue.pack_size())
    return;
  tidy.SingleDelete(home, queue.key());
  for (auto each : queue.gaps())
    tidy.Delete(home, gap_at({key, each}).view());
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
  for (queue.seek_to_first(); queue->Valid(); queue->Next())
    if (auto place = place_of(queue.key())) {
      auto first = place->what == queue_record::pack
                       ? pack_begin(place->sequence, queue.value())
                       : place->sequence;
      if (first <= until)
        return true;
      // Its pack lies behind it, and may begin before it.
      if (place->what != queue_record::gap)
        return false;
    }
  note(queue->status());
  return !queue->status().ok();
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
    auto where = records->Valid() ? place_of(records.key()) : std::nullopt;
    is_done = !records->Valid() || (where && where->sequence > until);
    if (is_done)
      break;
    auto is_alone = where && where->what == queue_record::entry;
    auto entry = is_alone ? decode_entry(records.value()) : std::nullopt;
    if (entry)
      remove_entry(tidy, *where, *entry);
    else if (where && !is_alone)
      remove_record(tidy, *where, records.key());
    else
      note_damage(tidy, family::queue, records.key(), records.value());
  }
  note(records->status());
  if (!records->status().ok())
    return false;
  if (is_done) {
    hide_front(tidy, *records.operator->(), until);
    tidy.Delete((*db_)[family::meta], ended_key(key));
  }
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
