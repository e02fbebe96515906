// Reading what is committed.
#include "storage/compaction.hpp"
#include "storage/disk_store.hpp"
#include "storage/meta.hpp"
#include "storage/queue_cursor.hpp"

#include <algorithm>
#include <unordered_map>

namespace troupe::storage {

using broker::session_key;

namespace {

/// Entries that one call looks at, expired ones included.
constexpr size_t looks_at_once = 10'000;

} // namespace

void disk_store::tell(const instant& now) {
  known_->time.store(now.wall, std::memory_order_relaxed);
}

void disk_store::note_damage(rocksdb::WriteBatch& tidy, family where,
                             std::string_view key, std::string_view value) {
  damaged_.fetch_add(1, std::memory_order_relaxed);
  if (is_read_only_)
    return;
  // What could not be copied stays where it is.
  if (!quarantine_.add_record(where, key, value))
    return;
  auto* home = (*db_)[where];
  if (where == family::queue)
    tidy.SingleDelete(home, key);
  else
    tidy.Delete(home, key);
}

void disk_store::remove_entry(rocksdb::WriteBatch& tidy, queue_position where,
                              const entry_view& entry) {
  // What is being gathered may have let go of the body already.
  auto known = gathered_.bodies.find(where);
  auto is_released = known != gathered_.bodies.end() && known->second == 0;
  if (entry.header.kind == entry_kind::shared && !is_released)
    change_body(tidy, entry.body, -1);
  tidy.SingleDelete((*db_)[family::queue],
                    entry_id{where.key, where.sequence}.view());
}

// If it fails what was found is found again.
bool disk_store::write_now(rocksdb::WriteBatch& tidy) {
  auto status = rocksdb::Status::OK();
  if (is_read_only_ || is_stuck_)
    status = rocksdb::Status::NotSupported();
  else if (tidy.Count() != 0) {
    auto last = (*db_)->GetLatestSequenceNumber();
    status = (**db_).Write({}, &tidy);
    if (!status.ok())
      get_stuck(status, last);
  }
  tidy.Clear();
  return status.ok();
}

template <class Decode>
auto disk_store::load_one(family where, session_key key,
                          rocksdb::WriteBatch& tidy, Decode decode)
    -> decltype(decode(std::string_view{})) {
  session_id id{key};
  rocksdb::PinnableSlice value;
  auto found = (**db_).Get({}, (*db_)[where], id.view(), &value);
  note(found);
  if (!found.ok())
    return {};
  auto result = decode(value.ToStringView());
  if (!result)
    note_damage(tidy, where, id.view(), value.ToStringView());
  return result;
}

void disk_store::load_subscriptions(
    session_key key, rocksdb::WriteBatch& tidy,
    std::vector<broker::stored_subscription>& to) {
  session_range records{*db_, family::subscriptions, key};
  for (records.seek_to_first(); records->Valid(); records->Next())
    if (auto one = decode_subscription(records.rest_of_key(), records.value()))
      to.push_back(std::move(*one));
    else
      note_damage(tidy, family::subscriptions, records.key(), records.value());
  note(records->status());
}

void disk_store::load_incoming_ids(session_key key, rocksdb::WriteBatch& tidy,
                                   std::vector<uint16_t>& to) {
  session_range records{*db_, family::incoming, key};
  for (records.seek_to_first(); records->Valid(); records->Next()) {
    auto id = records.rest_of_key();
    if (id.size() == 2 && records.value() == incoming_value)
      to.push_back(get_number<uint16_t>(id.data()));
    else
      note_damage(tidy, family::incoming, records.key(), records.value());
  }
  note(records->status());
}

std::vector<broker::launch_run> disk_store::load_window(session_key key) {
  rocksdb::WriteBatch tidy;
  auto window = load_one(family::windows, key, tidy, decode_window);
  write_now(tidy);
  return window ? std::move(*window) : std::vector<broker::launch_run>{};
}

broker::stored_session disk_store::load(session_key key, const instant& now) {
  tell(now);
  return mending([&] { return load_all(key, now); });
}

broker::stored_session disk_store::load_all(session_key key,
                                            const instant& now) {
  broker::stored_session result;
  rocksdb::WriteBatch tidy;
  load_subscriptions(key, tidy, result.subscriptions);
  load_incoming_ids(key, tidy, result.incoming_ids);
  if (auto window = load_one(family::windows, key, tidy, decode_window))
    result.window = std::move(*window);
  result.will = load_one(family::wills, key, tidy, [&](std::string_view value) {
    return decode_will(value, now);
  });
  write_now(tidy);
  return result;
}

// -- queues -------------------------------------------------------------------

uint64_t disk_store::dealt_with(session_key key) const {
  auto i = ended_.find(key);
  auto until = i != ended_.end() ? i->second : 0;
  return std::max(until, known_->marks.own_until(key));
}

uint64_t disk_store::first_visible(session_key key, uint64_t from) const {
  return std::max(from, dealt_with(key) + 1);
}

broker::publication_ptr disk_store::message_of(const entry_view& entry,
                                               const instant& now,
                                               bool& is_lost) {
  is_lost = false;
  switch (entry.header.kind) {
  case entry_kind::whole:
    return to_publication(entry.message, entry.header.message_expires_at, now);
  case entry_kind::released:
    return nullptr;
  case entry_kind::shared:
    break;
  }
  rocksdb::PinnableSlice value;
  auto found = (**db_).Get({}, (*db_)[family::bodies],
                           body_key{entry.body}.view(), &value);
  note(found);
  auto message = found.ok() ? decode_body(value.ToStringView()) : std::nullopt;
  is_lost = !message;
  return message
             ? to_publication(*message, entry.header.message_expires_at, now)
             : nullptr;
}

broker::queue_slice disk_store::read_queue(session_key key, uint64_t from,
                                           size_t max_count, size_t max_bytes,
                                           const instant& now) {
  tell(now);
  return mending(
      [&] { return read_slice(key, from, max_count, max_bytes, now); });
}

broker::queue_slice disk_store::read_slice(session_key key, uint64_t from,
                                           size_t max_count, size_t max_bytes,
                                           const instant& now) {
  broker::queue_slice result;
  rocksdb::WriteBatch tidy;
  session_range records{*db_, family::queue, key};
  result.next = first_visible(key, from);
  size_t bytes = 0;
  size_t looks = 0;
  std::optional<std::vector<broker::launch_run>> window;
  auto is_gone = [&](uint64_t sequence, const entry_header& entry) {
    if (!entry.is_expired(now.wall))
      return false;
    if (!window)
      window = load_window(key);
    // Once PUBLISH was sent nothing expires [MQTT-3.3.2-5, MQTT-4.3.3-7].
    return !is_launched(*window, sequence, entry);
  };
  queue_cursor queue{*records.operator->(), key};
  for (queue.seek(result.next); queue.is_valid(); queue.next()) {
    if (result.entries.size() == max_count || bytes >= max_bytes
        || looks++ == looks_at_once) {
      result.at_end = false;
      break;
    }
    const auto* entry = queue.entry();
    if (!entry) {
      note_damage(tidy, family::queue, queue.key(), queue.value());
      continue;
    }
    auto where = queue.position();
    result.next = where.sequence + 1;
    if (is_gone(where.sequence, entry->header)) {
      ++result.expired;
      result.expired_bytes += entry->header.payload_size;
      remove_entry(tidy, where, *entry);
      continue;
    }
    bool is_lost = false;
    auto message = message_of(*entry, now, is_lost);
    // Mending finds out what can be had of it.
    if (is_lost && is_damaged_)
      continue;
    if (is_lost) {
      note_damage(tidy, family::queue, queue.key(), queue.value());
      continue;
    }
    bytes += message ? size_of(*message) : 0;
    const auto& header = entry->header;
    auto options = header.options;
    if (header.message_expires_at != header.expires_at)
      options.waits_until = now.to_steady(header.expires_at);
    result.entries.push_back({where.sequence, std::move(message), options});
  }
  note(records->status());
  write_now(tidy);
  return result;
}

// -- retained messages and meta -----------------------------------------------

namespace {

/// Gives all messages of one author the same one.
class author_pool {
public:
  broker::author_ptr find(const std::optional<author_view>& by) {
    if (!by)
      return nullptr;
    auto made = to_author(*by);
    auto [known, is_new] = known_.emplace(made->texts(), made);
    return *known->second == *made ? known->second : made;
  }

private:
  std::unordered_map<std::string_view, broker::author_ptr> known_;
};

} // namespace

void disk_store::for_each_retained(
    const std::function<void(broker::retained_message&&)>& take,
    const instant& now) {
  tell(now);
  std::string from;
  mending([&] { return read_retained(from, take, now); });
}

bool disk_store::read_retained(
    std::string& from,
    const std::function<void(broker::retained_message&&)>& take,
    const instant& now) {
  author_pool authors;
  rocksdb::WriteBatch tidy;
  auto records = db_->iterate(family::retained);
  for (records->Seek(from); records->Valid(); records->Next()) {
    auto topic = records->key().ToStringView();
    auto value = records->value().ToStringView();
    auto one = decode_retained(topic, value);
    if (!one)
      note_damage(tidy, family::retained, topic, value);
    else if (one->expires_at == 0 || one->expires_at > now.wall)
      take({to_publication(one->message, one->expires_at, now),
            authors.find(one->by)});
    // Should the rest have to be read again.
    from.assign(topic).push_back('\0');
  }
  note(records->status());
  return write_now(tidy);
}

std::optional<uint64_t> disk_store::meta(std::string_view key) {
  std::string value;
  return (**db_).Get({}, (*db_)[family::meta], key, &value).ok()
             ? decode_meta(value)
             : std::nullopt;
}

wall_time disk_store::alive_at() {
  return static_cast<wall_time>(meta(alive_key).value_or(0));
}

std::optional<broker::node_id> disk_store::node() {
  return meta(node_key);
}

} // namespace troupe::storage
