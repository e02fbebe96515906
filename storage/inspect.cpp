#include "storage/inspect.hpp"

#include "storage/entry_pack.hpp"
#include "storage/meta.hpp"
#include "storage/records.hpp"

#include <unordered_map>
#include <unordered_set>

namespace troupe::storage {

namespace {

using broker::session_key;

bool has_session(std::string_view key, size_t rest) noexcept {
  return key.size() == session_id::size + rest;
}

bool is_meta(std::string_view key) noexcept {
  return key == format_key || key == alive_key || key == body_ids_key
         || key == node_key
         || (key.starts_with(ended_prefix)
             && has_session(key.substr(ended_prefix.size()), 0));
}

// One pass over the families, in an order in which what a record refers to is
// known before.
class inspector {
public:
  inspector(const database& db, const inspection& how) : db_(db), how_(how) {}

  uint64_t run() {
    for (auto each :
         {family::meta, family::sessions, family::bodies, family::queue,
          family::subscriptions, family::incoming, family::windows,
          family::wills, family::retained, family::seen})
      if (!read(each))
        break;
    return records_;
  }

private:
  bool read(family where) {
    auto records = db_.iterate(where);
    std::string last;
    for (records->SeekToFirst(); records->Valid(); records->Next()) {
      auto key = records->key().ToStringView();
      auto value = records->value().ToStringView();
      last = key;
      if (auto* text = judge(where, key, value))
        how_.on_flaw({where, key, value, text});
      if (++records_ % 4096 == 0 && !how_.on_progress(records_))
        return false;
    }
    if (!records->status().ok())
      how_.on_flaw({where, last, {}, "cannot be read from here on"});
    return true;
  }

  const char* judge(family where, std::string_view key,
                    std::string_view value) {
    if (!is_sound(where, key, value))
      return "cannot be read";
    switch (where) {
    case family::meta:
      if (key.starts_with(ended_prefix))
        ended_[*session_of(key.substr(ended_prefix.size()))] =
            *decode_meta(value);
      return nullptr;
    case family::sessions:
      sessions_.insert(*session_of(key));
      return nullptr;
    case family::bodies:
      bodies_.insert(get_number<uint64_t>(key.data()));
      return nullptr;
    case family::retained:
    case family::seen:
      return nullptr;
    case family::queue:
      return judge_entry(*place_of(key), value);
    default:
      return sessions_.count(*session_of(key)) != 0 ? nullptr : no_session;
    }
  }

  const char* judge_entry(queue_place where, std::string_view value) {
    auto ended = ended_.find(where.key);
    if (ended != ended_.end() && where.sequence <= ended->second)
      return nullptr; // about to be removed
    if (sessions_.count(where.key) == 0)
      return no_session;
    if (where.what != queue_record::entry)
      return nullptr;
    auto entry = decode_entry(value);
    if (entry->header.kind == entry_kind::shared
        && bodies_.count(entry->body) == 0)
      return "has lost its message";
    return nullptr;
  }

  static constexpr const char* no_session = "belongs to no session";

  const database& db_;
  const inspection& how_;
  std::unordered_map<session_key, uint64_t> ended_;
  std::unordered_set<session_key> sessions_;
  std::unordered_set<uint64_t> bodies_;
  uint64_t records_ = 0;
};

} // namespace

bool is_sound_in_queue(std::optional<queue_place> place,
                       std::string_view value) {
  if (!place)
    return false;
  pack_reader pack;
  switch (place->what) {
  case queue_record::entry:
    return decode_entry(value).has_value();
  case queue_record::gap:
    return value == gap_value;
  case queue_record::pack:
    return pack.read(value) && pack.entries().size() <= place->sequence;
  }
  return false;
}

bool is_sound(family where, std::string_view key, std::string_view value) {
  switch (where) {
  case family::meta:
    return is_meta(key) && decode_meta(value);
  case family::sessions:
    return has_session(key, 0) && decode_session(0, value);
  case family::subscriptions:
    return key.size() > session_id::size
           && decode_subscription(key.substr(session_id::size), value);
  case family::queue:
    return is_sound_in_queue(place_of(key), value);
  case family::bodies:
    return key.size() == body_key::size
           && (decode_body(value) || is_dead_body(value));
  case family::incoming:
    return has_session(key, 2) && value == incoming_value;
  case family::windows:
    return has_session(key, 0) && decode_window(value);
  case family::retained:
    return decode_retained(key, value).has_value();
  case family::wills:
    return has_session(key, 0) && decode_will(value, {});
  case family::seen:
    return key.size() == seen_key::size && decode_seen(value);
  }
  return false;
}

uint64_t inspect(const database& db, const inspection& how) {
  return inspector{db, how}.run();
}

} // namespace troupe::storage
