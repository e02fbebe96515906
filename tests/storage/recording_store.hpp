#pragma once

#include "broker/store.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Keeps in memory what it is told, visible at once. `commits_left` makes a
/// commit fail.
class recording_store : public broker::store {
public:
  struct entry {
    /// Empty: released.
    broker::publication_ptr message;
    broker::entry_options options;
  };
  struct session {
    broker::session_record record;
    std::map<std::string, broker::stored_subscription> subscriptions;
    std::map<uint64_t, entry> queue;
    std::set<uint16_t> incoming;
  };

  std::map<broker::session_key, session> sessions;
  std::map<std::string, broker::publication_ptr> retained;
  size_t appends = 0;
  size_t commits = 0;
  size_t commits_left = SIZE_MAX;
  bool last_was_synced = false;

  /// The session of `client_id`, or an empty one.
  const session& of(std::string_view client_id) const {
    static const session none;
    for (const auto& [key, each] : sessions)
      if (each.record.client_id == client_id)
        return each;
    return none;
  }
  /// The payloads in its queue, oldest first.
  std::vector<std::string> payloads_of(std::string_view client_id) const {
    std::vector<std::string> out;
    for (const auto& [sequence, each] : of(client_id).queue)
      out.emplace_back(each.message ? each.message->payload() : "(released)");
    return out;
  }

  void put_session(const broker::session_record& what) override {
    sessions[what.key].record = what;
  }
  void erase_session(broker::session_key key) override { sessions.erase(key); }
  void put_subscription(broker::session_key key,
                        const broker::stored_subscription& what) override {
    sessions[key].subscriptions[what.filter] = what;
  }
  void erase_subscription(broker::session_key key,
                          std::string_view filter) override {
    sessions[key].subscriptions.erase(std::string{filter});
  }
  void put_will(broker::session_key, const broker::stored_will&,
                const instant&) override {}
  void erase_will(broker::session_key) override {}
  void append(const broker::publication& message,
              std::span<const broker::queue_target> targets,
              const instant&) override {
    ++appends;
    message.add_ref();
    broker::publication_ptr shared{&message, false};
    for (const auto& each : targets)
      sessions[each.key].queue[each.sequence] = {shared, each.options};
  }
  void put_released(broker::session_key key, uint64_t sequence,
                    uint16_t packet_id, size_t) override {
    auto& made = sessions[key].queue[sequence];
    made = {};
    made.options.packet_id = packet_id;
  }
  void erase_entry(broker::session_key key, uint64_t sequence,
                   size_t) override {
    sessions[key].queue.erase(sequence);
  }
  void put_window(broker::session_key,
                  std::span<const broker::launch_run>) override {}
  void put_incoming_id(broker::session_key key, uint16_t packet_id) override {
    sessions[key].incoming.insert(packet_id);
  }
  void erase_incoming_id(broker::session_key key, uint16_t packet_id) override {
    sessions[key].incoming.erase(packet_id);
  }
  void put_retained(const broker::publication& message,
                    const instant&) override {
    message.add_ref();
    retained[std::string{message.topic()}] =
        broker::publication_ptr{&message, false};
  }
  void erase_retained(std::string_view topic) override {
    retained.erase(std::string{topic});
  }
  void put_alive(wall_time) override {}
  broker::store_status commit(bool synced) override {
    if (commits_left == 0)
      return {broker::store_status::kind::no_space, "no space left"};
    --commits_left;
    ++commits;
    last_was_synced = synced;
    return {};
  }
  broker::store_status sync() override { return {}; }

  broker::stored_session load(broker::session_key, const instant&) override {
    return {};
  }
  broker::queue_slice read_queue(broker::session_key, uint64_t, size_t, size_t,
                                 const instant&) override {
    return {};
  }
  void
  for_each_session(const std::function<void(broker::recovered_session&&)>& take,
                   const instant&) override {
    for (const auto& [key, each] : sessions) {
      broker::recovered_session found;
      found.record = each.record;
      take(std::move(found));
    }
  }
  void
  for_each_retained(const std::function<void(broker::publication_ptr&&)>& take,
                    const instant&) override {
    for (const auto& [topic, message] : retained)
      take(broker::publication_ptr{message});
  }
  wall_time alive_at() override { return 0; }
  broker::queue_totals drop_oldest(broker::session_key, uint64_t,
                                   size_t) override {
    return {};
  }
  broker::queue_totals drop_expired(broker::session_key,
                                    const instant&) override {
    return {};
  }
  bool housekeep(const instant&) override { return false; }
  uint64_t damaged_records() const override { return 0; }
  broker::store_status backup(const std::string&) override { return {}; }
};

} // namespace troupe::test
