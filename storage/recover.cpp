// Everything about every session, in one pass over the families.
#include "storage/disk_store.hpp"
#include "storage/queue_cursor.hpp"

#include <algorithm>

namespace troupe::storage {

using broker::session_key;

namespace {

/// Walks through a family in the order of sessions. What belongs to no session
/// is passed over.
class session_walk {
public:
  session_walk(const database& db, family what, session_key from)
      : records_(db.iterate(what)) {
    records_->Seek(session_id{from}.view());
  }

  /// True while the records of `key` are not exhausted.
  bool is_at(session_key key) {
    for (; records_->Valid(); records_->Next()) {
      auto owner = session_of(records_->key().ToStringView());
      if (owner && *owner >= key)
        return *owner == key;
    }
    return false;
  }
  void next() { records_->Next(); }
  rocksdb::Iterator& records() { return *records_; }
  rocksdb::Status status() const { return records_->status(); }
  std::string_view key() const { return records_->key().ToStringView(); }
  std::string_view value() const { return records_->value().ToStringView(); }

private:
  std::unique_ptr<rocksdb::Iterator> records_;
};

void add(broker::queue_totals& to, const entry_header& entry) {
  if (entry.kind == entry_kind::released)
    return;
  ++to.messages;
  to.bytes += entry.payload_size;
  if (entry.expires_at != 0
      && (to.earliest_expiry == 0 || entry.expires_at < to.earliest_expiry))
    to.earliest_expiry = entry.expires_at;
}

} // namespace

void disk_store::for_each_session(
    const std::function<void(broker::recovered_session&&)>& take,
    const instant& now) {
  tell(now);
  session_key from = 0;
  mending([&] { return read_sessions(from, take, now); });
}

bool disk_store::read_sessions(
    session_key& from,
    const std::function<void(broker::recovered_session&&)>& take,
    const instant& now) {
  rocksdb::WriteBatch tidy;
  session_walk subscriptions{*db_, family::subscriptions, from};
  session_walk wills{*db_, family::wills, from};
  session_walk queue{*db_, family::queue, from};
  session_walk windows{*db_, family::windows, from};
  auto sessions = db_->iterate(family::sessions);
  for (sessions->Seek(session_id{from}.view()); sessions->Valid();
       sessions->Next()) {
    auto id = sessions->key().ToStringView();
    auto value = sessions->value().ToStringView();
    auto key = id.size() == session_id::size ? session_of(id) : std::nullopt;
    auto record = key ? decode_session(*key, value) : std::nullopt;
    if (!record) {
      note_damage(tidy, family::sessions, id, value);
      continue;
    }
    broker::recovered_session found;
    found.record = std::move(*record);
    for (; subscriptions.is_at(*key); subscriptions.next())
      if (auto one =
              decode_subscription(subscriptions.key().substr(session_id::size),
                                  subscriptions.value()))
        found.subscriptions.push_back(std::move(*one));
      else
        note_damage(tidy, family::subscriptions, subscriptions.key(),
                    subscriptions.value());
    for (; wills.is_at(*key); wills.next())
      if (found.will = decode_will(wills.value(), now); !found.will)
        note_damage(tidy, family::wills, wills.key(), wills.value());
    auto visible = first_visible(*key, 0);
    queue_cursor entries{queue.records(), *key};
    // What a mark covers may be much; without one the first record is near.
    if (visible > 1)
      entries.seek(visible);
    else if (queue.is_at(*key))
      entries.start(visible);
    for (; entries.is_valid(); entries.next())
      if (const auto* entry = entries.entry())
        add(found.queue, entry->header);
      else
        note_damage(tidy, family::queue, entries.key(), entries.value());
    // A number that the window knows is not given again, even if its entry is
    // gone: the new one would be taken for launched. Nor one that is dealt
    // with, or has left a gap: nobody would see it.
    found.queue.last_sequence = std::max(entries.last_number(), visible - 1);
    for (; windows.is_at(*key); windows.next())
      if (auto window = decode_window(windows.value()))
        for (const auto& run : *window)
          found.queue.last_sequence = std::max(
              found.queue.last_sequence, run.first_sequence + run.count - 1);
    for (const auto& each : {&subscriptions, &wills, &queue, &windows})
      note(each->status());
    // The session will be read again once the damage is mended.
    if (is_damaged_)
      break;
    take(std::move(found));
    from = *key + 1;
  }
  note(sessions->status());
  return write_now(tidy);
}

} // namespace troupe::storage
