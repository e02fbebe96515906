#include "tests/support/memory_store.hpp"

#include <algorithm>

namespace troupe::test {

using namespace broker;

namespace {

publication_ptr copy_of(const publication& from, time_point expires_at) {
  protocol::message source;
  source.topic = from.topic();
  source.payload = from.payload();
  source.forwarded_properties = from.properties();
  source.qos = from.qos();
  source.retain = from.retain();
  return publication::restore(source, expires_at, from.path());
}

publication_ptr copy_of(const publication& from) {
  return copy_of(from, from.expires_at());
}

bool is_expired(const memory_store::content::entry& what, const instant& now) {
  return what.expires_at != 0 && what.expires_at <= now.wall;
}

// The same message as somebody finds it later.
publication_ptr found_at(const memory_store::content::entry& what,
                         const instant& now) {
  return what.message
             ? copy_of(*what.message, now.to_steady(what.message_expires_at))
             : nullptr;
}

// All records of a family that belong to a session.
template <class Map, class Visit>
void visit_session(Map& map, session_key key, Visit visit) {
  using second = typename Map::key_type::second_type;
  for (auto i = map.lower_bound({key, second{}});
       i != map.end() && i->first.first == key;)
    i = visit(i);
}

template <class Map>
void erase_of_session(Map& map, session_key key) {
  visit_session(map, key, [&map](auto i) { return map.erase(i); });
}

} // namespace

// -- writing ------------------------------------------------------------------

void memory_store::put_session(const session_record& what) {
  gathered_.push_back([what](content& to) { to.sessions[what.key] = what; });
}

void memory_store::erase_session(session_key key) {
  gathered_.push_back([key](content& from) {
    from.sessions.erase(key);
    from.wills.erase(key);
    from.windows.erase(key);
    erase_of_session(from.subscriptions, key);
    erase_of_session(from.queue, key);
    erase_of_session(from.incoming, key);
  });
}

void memory_store::put_subscription(session_key key,
                                    const stored_subscription& what) {
  gathered_.push_back([key, what](content& to) {
    to.subscriptions[{key, what.filter}] = what;
  });
}

void memory_store::erase_subscription(session_key key,
                                      std::string_view filter) {
  gathered_.push_back([key, filter = std::string{filter}](content& from) {
    from.subscriptions.erase({key, filter});
  });
}

void memory_store::put_will(session_key key, const stored_will& what,
                            const instant&) {
  gathered_.push_back([key, what](content& to) { to.wills[key] = what; });
}

void memory_store::erase_will(session_key key) {
  gathered_.push_back([key](content& from) { from.wills.erase(key); });
}

void memory_store::append(const publication& message,
                          std::span<const queue_target> targets,
                          const instant& now) {
  content::entry made;
  made.message = copy_of(message);
  for (const auto& target : targets) {
    made.options = target.options;
    made.expires_at =
        now.to_wall(std::min(message.expires_at(), made.options.waits_until));
    made.message_expires_at = now.to_wall(message.expires_at());
    gathered_.push_back([made, target](content& to) {
      to.queue[{target.key, target.sequence}] = made;
    });
  }
}

void memory_store::put_released(session_key key, uint64_t sequence,
                                uint16_t packet_id, size_t) {
  content::entry made;
  made.options.packet_id = packet_id;
  made.options.qos = protocol::qos::exactly_once;
  gathered_.push_back([key, sequence, made](content& to) {
    to.queue[{key, sequence}] = made;
  });
}

void memory_store::erase_entry(session_key key, uint64_t sequence, size_t) {
  gathered_.push_back([key, sequence](content& from) {
    from.queue.erase({key, sequence});
  });
}

void memory_store::erase_released(session_key key, uint64_t sequence) {
  erase_entry(key, sequence, 0);
}

void memory_store::erase_until(session_key key, uint64_t until) {
  gathered_.push_back([key, until](content& from) {
    visit_session(from.queue, key, [&](auto i) {
      return i->first.second <= until ? from.queue.erase(i) : ++i;
    });
  });
}

void memory_store::put_window(session_key key,
                              std::span<const launch_run> window) {
  std::vector<launch_run> copy{window.begin(), window.end()};
  gathered_.push_back([key, copy = std::move(copy)](content& to) {
    if (copy.empty())
      to.windows.erase(key);
    else
      to.windows[key] = copy;
  });
}

void memory_store::put_incoming_id(session_key key, uint16_t packet_id) {
  gathered_.push_back([key, packet_id](content& to) {
    to.incoming[{key, packet_id}] = true;
  });
}

void memory_store::erase_incoming_id(session_key key, uint16_t packet_id) {
  gathered_.push_back([key, packet_id](content& from) {
    from.incoming.erase({key, packet_id});
  });
}

void memory_store::put_retained(const retained_message& what,
                                const instant& now) {
  const auto& message = *what.message;
  content::entry made{copy_of(message),
                      {},
                      now.to_wall(message.expires_at()),
                      now.to_wall(message.expires_at()),
                      what.by};
  gathered_.push_back([made](content& to) {
    to.retained[std::string{made.message->topic()}] = made;
  });
}

void memory_store::erase_retained(std::string_view topic) {
  gathered_.push_back([topic = std::string{topic}](content& from) {
    from.retained.erase(topic);
  });
}

void memory_store::put_alive(wall_time when) {
  gathered_.push_back([when](content& to) { to.alive = when; });
}

void memory_store::put_seen(const broker::message_origin& what) {
  gathered_.push_back([what](content& to) { to.seen.push_back(what); });
}

void memory_store::put_node(broker::node_id id) {
  gathered_.push_back([id](content& to) { to.node = id; });
}

store_status memory_store::commit(bool) {
  ++commits_;
  for (auto& each : gathered_)
    each(content_);
  gathered_.clear();
  return {};
}

store_status memory_store::sync() {
  return {};
}

// -- reading ------------------------------------------------------------------

stored_session memory_store::load(session_key key, const instant&) {
  stored_session result;
  visit_session(content_.subscriptions, key, [&result](auto i) {
    result.subscriptions.push_back(i->second);
    return ++i;
  });
  visit_session(content_.incoming, key, [&result](auto i) {
    result.incoming_ids.push_back(i->first.second);
    return ++i;
  });
  if (auto i = content_.windows.find(key); i != content_.windows.end())
    result.window = i->second;
  if (auto i = content_.wills.find(key); i != content_.wills.end())
    result.will = i->second;
  return result;
}

queue_slice memory_store::read_queue(session_key key, uint64_t from,
                                     size_t max_count, size_t max_bytes,
                                     const instant& now) {
  queue_slice result;
  result.next = from;
  size_t bytes = 0;
  auto& queue = content_.queue;
  for (auto i = queue.lower_bound({key, from});
       i != queue.end() && i->first.first == key;) {
    const auto& entry = i->second;
    if (result.entries.size() == max_count || bytes >= max_bytes) {
      result.at_end = false;
      break;
    }
    result.next = i->first.second + 1;
    if (is_expired(entry, now) && !is_launched(key, i->first.second)) {
      ++result.expired;
      result.expired_bytes += entry.message->payload().size();
      i = queue.erase(i);
      continue;
    }
    result.entries.push_back(
        {i->first.second, found_at(entry, now), entry.options});
    if (entry.message)
      bytes += entry.message->footprint() - sizeof(publication) - 2;
    ++i;
  }
  return result;
}

void memory_store::for_each_session(
    const std::function<void(recovered_session&&)>& take, const instant& now) {
  for (const auto& [key, record] : content_.sessions) {
    recovered_session found;
    found.record = record;
    auto loaded = load(key, now);
    found.subscriptions = std::move(loaded.subscriptions);
    found.will = std::move(loaded.will);
    auto& totals = found.queue;
    visit_session(content_.queue, key, [&totals](auto i) {
      totals.last_sequence = i->first.second;
      if (const auto& entry = i->second; entry.message) {
        ++totals.messages;
        totals.bytes += entry.message->payload().size();
        if (entry.expires_at != 0
            && (totals.earliest_expiry == 0
                || entry.expires_at < totals.earliest_expiry))
          totals.earliest_expiry = entry.expires_at;
      }
      return ++i;
    });
    take(std::move(found));
  }
}

void memory_store::for_each_retained(
    const std::function<void(retained_message&&)>& take, const instant& now) {
  for (const auto& [topic, entry] : content_.retained)
    if (!is_expired(entry, now))
      take({found_at(entry, now), entry.by});
}

wall_time memory_store::alive_at() {
  return content_.alive;
}

broker::seen_set memory_store::seen() {
  broker::seen_set result;
  for (const auto& each : content_.seen)
    result.insert(each);
  return result;
}

std::optional<broker::node_id> memory_store::node() {
  return content_.node;
}

// -- care ---------------------------------------------------------------------

bool memory_store::is_launched(session_key key, uint64_t sequence) const {
  const auto& entry = content_.queue.at({key, sequence});
  auto window = content_.windows.find(key);
  return !entry.message || entry.options.packet_id != 0
         || (window != content_.windows.end()
             && entry.options.qos != protocol::qos::at_most_once
             && launched_id(window->second, sequence) != 0);
}

queue_totals memory_store::drop_oldest(session_key key, uint64_t from,
                                       size_t count) {
  queue_totals gone;
  auto& queue = content_.queue;
  for (auto i = queue.lower_bound({key, from});
       i != queue.end() && i->first.first == key && count != 0;) {
    if (is_launched(key, i->first.second)) {
      ++i;
      continue;
    }
    --count;
    ++gone.messages;
    gone.bytes += i->second.message->payload().size();
    gone.last_sequence = i->first.second;
    i = queue.erase(i);
  }
  return gone;
}

queue_totals memory_store::drop_expired(session_key key, const instant& now) {
  queue_totals gone;
  auto& earliest = gone.earliest_expiry;
  visit_session(content_.queue, key, [&](auto i) {
    const auto& entry = i->second;
    if (is_launched(key, i->first.second))
      return ++i;
    if (!is_expired(entry, now)) {
      if (entry.expires_at != 0
          && (earliest == 0 || entry.expires_at < earliest))
        earliest = entry.expires_at;
      return ++i;
    }
    ++gone.messages;
    gone.bytes += entry.message->payload().size();
    gone.last_sequence = i->first.second;
    return content_.queue.erase(i);
  });
  return gone;
}

bool memory_store::housekeep(const instant&) {
  return false;
}

store_status memory_store::backup(const std::string&) {
  return {store_status::kind::failed, "there is nothing to copy"};
}

// -- the faulty ones ----------------------------------------------------------

store_status failing_store::commit(bool synced) {
  auto fails = nth_ == 1;
  if (nth_ > 1 || (fails && !all_after_))
    --nth_;
  if (!fails)
    return memory_store::commit(synced);
  discard();
  return {store_status::kind::no_space, "the test wants it so"};
}

store_status forgetful_store::commit(bool synced) {
  auto status = memory_store::commit(synced);
  if (synced)
    synced_ = content_;
  return status;
}

store_status forgetful_store::sync() {
  synced_ = content_;
  return {};
}

void forgetful_store::crash() {
  discard();
  content_ = synced_;
}

} // namespace troupe::test
