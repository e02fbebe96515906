// What is gathered for the next commit.
#include "storage/compaction.hpp"
#include "storage/disk_store.hpp"
#include "storage/meta.hpp"

#include <algorithm>

namespace troupe::storage {

using broker::session_key;

void disk_store::put(family where, std::string_view key,
                     std::string_view value) {
  batch_.Put((*db_)[where], key, value);
}

void disk_store::remove(family where, std::string_view key) {
  batch_.Delete((*db_)[where], key);
}

// -- sessions -----------------------------------------------------------------

void disk_store::put_session(const broker::session_record& what) {
  put(family::sessions, session_id{what.key}.view(), encode_session(what));
}

void disk_store::erase_session(session_key key) {
  session_id id{key};
  for (auto each : {family::sessions, family::wills, family::windows})
    remove(each, id.view());
  erase_all(family::subscriptions, key);
  for (const auto& each : gathered_.subscriptions)
    if (each.starts_with(id.view()))
      remove(family::subscriptions, each);
  erase_all(family::incoming, key);
  for (const auto& [owner, packet_id] : gathered_.incoming_ids)
    if (owner == key)
      remove(family::incoming, packet_key{key, packet_id}.view());
  end_queue(key);
}

void disk_store::erase_all(family where, session_key key) {
  session_range records{*db_, where, key};
  for (records.seek_to_first(); records->Valid(); records->Next())
    remove(where, records.key());
}

// The queue may be long: only its end is written down.
void disk_store::end_queue(session_key key) {
  packs_.close(queues(), key);
  uint64_t last = 0;
  session_range queue{*db_, family::queue, key};
  queue->SeekToLast();
  if (queue->Valid() && session_of(queue.key()) == key)
    if (auto where = place_of(queue.key()))
      last = where->sequence;
  for (const auto& each : gathered_.entries)
    if (each.key == key)
      last = std::max(last, each.sequence);
  last = std::max(last, ended_until(key));
  if (auto done = gathered_.done.extract(key); !done.empty())
    last = std::max(last, done.mapped());
  if (last == 0)
    return;
  gathered_.ended[key] = last;
  meta_value value;
  put(family::meta, ended_key(key), encode_meta(value, last));
}

uint64_t disk_store::ended_until(session_key key) const {
  auto i = gathered_.ended.find(key);
  return i != gathered_.ended.end() ? i->second : dealt_with(key);
}

// Somebody numbers the entries of a new session from the beginning before the
// old ones are gone: they must go at once. Nobody does that now.
void disk_store::reopen_queue(session_key key, uint64_t sequence) {
  if (ended_.empty() && gathered_.ended.empty() && known_->marks.empty())
    return;
  auto until = ended_until(key);
  if (sequence > until)
    return;
  auto* home = (*db_)[family::queue];
  session_range queue{*db_, family::queue, key};
  for (queue.seek_to_first(); queue->Valid(); queue->Next()) {
    auto where = place_of(queue.key());
    if (!where || where->sequence > until)
      break;
    if (where->what == queue_record::entry)
      release_body(*where, 0);
    remove_record(batch_, *where, queue.key());
  }
  hide_front(batch_, *queue.operator->(), until);
  packs_.take_back(queues(), key, until);
  for (const auto& each : gathered_.entries)
    if (each.key == key && each.sequence <= until) {
      release_body(each, 0);
      batch_.SingleDelete(home, entry_id{key, each.sequence}.view());
    }
  gathered_.ended[key] = 0;
  gathered_.done.erase(key);
  remove(family::meta, ended_key(key));
}

// A gap may have been written more than once.
void disk_store::remove_record(rocksdb::WriteBatch& batch, queue_place what,
                               std::string_view key) {
  auto* home = (*db_)[family::queue];
  if (what.what == queue_record::gap)
    batch.Delete(home, key);
  else
    batch.SingleDelete(home, key);
}

// A mark goes that ends in the middle of a pack, if the first one among the
// records that follow has such a front.
void disk_store::hide_front(rocksdb::WriteBatch& batch,
                            rocksdb::Iterator& records, uint64_t until) {
  for (; records.Valid(); records.Next()) {
    auto place = place_of(records.key().ToStringView());
    if (place && place->what == queue_record::gap)
      continue;
    if (!place || place->what != queue_record::pack)
      return;
    auto first = pack_begin(place->sequence, records.value().ToStringView());
    for (auto each = first; each <= until; ++each)
      batch.Put((*db_)[family::queue], gap_at({place->key, each}).view(),
                gap_value);
    return;
  }
}

void disk_store::put_subscription(session_key key,
                                  const broker::stored_subscription& what) {
  subscription_value value;
  auto id = subscription_key(key, what.filter);
  put(family::subscriptions, id, encode_subscription(value, what));
  gathered_.subscriptions.push_back(std::move(id));
}

void disk_store::erase_subscription(session_key key, std::string_view filter) {
  remove(family::subscriptions, subscription_key(key, filter));
}

void disk_store::put_will(session_key key, const broker::stored_will& what,
                          const instant& now) {
  tell(now);
  session_id id{key};
  rocksdb::Slice id_slice{id.view()};
  will_parts value;
  encode_will(value, what, now);
  batch_.Put((*db_)[family::wills], rocksdb::SliceParts{&id_slice, 1},
             value.slices());
}

void disk_store::erase_will(session_key key) {
  remove(family::wills, session_id{key}.view());
}

void disk_store::put_window(session_key key,
                            std::span<const broker::launch_run> window) {
  session_id id{key};
  if (window.empty())
    remove(family::windows, id.view());
  else
    put(family::windows, id.view(), encode_window(window));
}

void disk_store::put_incoming_id(session_key key, uint16_t packet_id) {
  put(family::incoming, packet_key{key, packet_id}.view(), incoming_value);
  gathered_.incoming_ids.emplace_back(key, packet_id);
}

void disk_store::erase_incoming_id(session_key key, uint16_t packet_id) {
  remove(family::incoming, packet_key{key, packet_id}.view());
}

// -- queues -------------------------------------------------------------------

namespace {

entry_times times_of(const broker::publication& message,
                     const broker::queue_target& to, const instant& now) {
  auto until = now.to_wall(to.options.waits_until);
  return {expiry_of(message, now), std::min(until, latest_time)};
}

} // namespace

void disk_store::append(const broker::publication& message,
                        std::span<const broker::queue_target> targets,
                        const instant& now) {
  tell(now);
  for (const auto& to : targets) {
    reopen_queue(to.key, to.sequence);
    gathered_.entries.push_back({to.key, to.sequence});
  }
  if (targets.size() > 1 && size_of(message) >= shared_body_size)
    return append_shared(message, targets, now);
  auto* home = (*db_)[family::queue];
  entry_parts value;
  for (const auto& to : targets) {
    auto times = times_of(message, to, now);
    if (is_packed(message, to.options, times)) {
      packs_.add(queues(), {to.key, to.sequence}, message, to.options);
      continue;
    }
    entry_id id{to.key, to.sequence};
    rocksdb::Slice id_slice{id.view()};
    encode_entry(value, message, to.options, times);
    batch_.Put(home, rocksdb::SliceParts{&id_slice, 1}, value.slices());
  }
}

void disk_store::append_shared(const broker::publication& message,
                               std::span<const broker::queue_target> targets,
                               const instant& now) {
  auto body = take_body_id();
  body_key id{body};
  rocksdb::Slice id_slice{id.view()};
  body_parts content;
  encode_body(content, message, targets.size());
  batch_.Put((*db_)[family::bodies], rocksdb::SliceParts{&id_slice, 1},
             content.slices());
  small_entry value;
  for (const auto& to : targets) {
    put(family::queue, entry_id{to.key, to.sequence}.view(),
        encode_shared(value, message, to.options, times_of(message, to, now),
                      body));
    gathered_.bodies[{to.key, to.sequence}] = body;
  }
}

// A number is never given again, not even after a crash: before one is used, a
// commit has reserved it.
uint64_t disk_store::take_body_id() {
  constexpr uint64_t at_once = 4096;
  auto end = std::max(body_ids_end_, gathered_.body_ids_end);
  if (next_body_ >= end) {
    gathered_.body_ids_end = next_body_ + at_once;
    meta_value value;
    put(family::meta, body_ids_key, encode_meta(value, gathered_.body_ids_end));
  }
  return next_body_++;
}

void disk_store::change_body(rocksdb::WriteBatch& batch, uint64_t body,
                             int64_t by) {
  body_change change;
  batch.Merge((*db_)[family::bodies], body_key{body}.view(),
              encode_change(change, by));
}

// The entry goes, or its message does. Small messages are never shared, so that
// nothing needs to be read for them.
void disk_store::release_body(queue_position where, size_t size) {
  if (size != 0 && size < shared_body_size)
    return;
  uint64_t body = 0;
  if (auto i = gathered_.bodies.find(where); i != gathered_.bodies.end()) {
    body = i->second;
  } else {
    rocksdb::PinnableSlice value;
    auto found =
        (**db_).Get({}, (*db_)[family::queue],
                    entry_id{where.key, where.sequence}.view(), &value);
    auto entry = found.ok() ? decode_entry(value.ToStringView()) : std::nullopt;
    if (entry && entry->header.kind == entry_kind::shared)
      body = entry->body;
  }
  if (body == 0)
    return;
  change_body(batch_, body, -1);
  gathered_.bodies[where] = 0;
}

// Entries are written once and removed once, which is what SingleDelete needs:
// the two cancel each other out in memory and never reach a file. So a released
// entry replaces the old one by both steps.
void disk_store::put_released(session_key key, uint64_t sequence,
                              uint16_t packet_id, size_t size) {
  reopen_queue(key, sequence);
  release_body({key, sequence}, size);
  erase_released(key, sequence);
  small_entry value;
  put(family::queue, entry_id{key, sequence}.view(),
      encode_released(value, packet_id));
  gathered_.entries.push_back({key, sequence});
}

void disk_store::erase_released(session_key key, uint64_t sequence) {
  batch_.SingleDelete((*db_)[family::queue], entry_id{key, sequence}.view());
}

// Where it lies nobody has looked up.
void disk_store::erase_entry(session_key key, uint64_t sequence, size_t size) {
  release_body({key, sequence}, size);
  erase_released(key, sequence);
  if (size >= shared_body_size)
    return;
  put(family::queue, gap_at({key, sequence}).view(), gap_value);
  gathered_.entries.push_back({key, sequence});
}

void disk_store::erase_until(session_key key, uint64_t until) {
  auto ended = gathered_.ended.find(key);
  auto is_known = ended != gathered_.ended.end() ? ended->second != 0
                                                 : until <= dealt_with(key);
  if (is_known)
    return;
  auto& mark = gathered_.done[key];
  mark = std::max(mark, until);
}

void disk_store::write_marks() {
  meta_value value;
  for (auto& [key, until] : gathered_.done) {
    // It may have been moved on meanwhile.
    until = std::max(until, ended_until(key));
    put(family::meta, ended_key(key), encode_meta(value, until));
  }
}

// -- the rest -----------------------------------------------------------------

void disk_store::put_retained(const broker::retained_message& what,
                              const instant& now) {
  tell(now);
  rocksdb::Slice topic{what.message->topic()};
  retained_parts value;
  encode_retained(value, what, expiry_of(*what.message, now));
  batch_.Put((*db_)[family::retained], rocksdb::SliceParts{&topic, 1},
             value.slices());
}

void disk_store::erase_retained(std::string_view topic) {
  remove(family::retained, topic);
}

// Mostly the next one of the same block: one change for all of them.
void disk_store::put_seen(const broker::message_origin& what) {
  auto block = broker::block_of(what);
  auto& bits = gathered_.seen[{block.lane, block.number}];
  bits = broker::united(bits, block.bits);
}

void disk_store::put_alive(wall_time when) {
  meta_value value;
  put(family::meta, alive_key, encode_meta(value, static_cast<uint64_t>(when)));
}

void disk_store::put_node(broker::node_id id) {
  meta_value value;
  put(family::meta, node_key, encode_meta(value, id));
}

} // namespace troupe::storage
