#pragma once

#include "broker/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// A store in memory that keeps the contract of `broker::store`.
class memory_store : public broker::store {
public:
  /// What a database would hold.
  struct content {
    struct entry {
      broker::publication_ptr message;
      broker::entry_options options;
      wall_time expires_at = 0;
      wall_time message_expires_at = 0;
      broker::author_ptr by = nullptr;
    };
    std::map<broker::session_key, broker::session_record> sessions;
    std::map<std::pair<broker::session_key, std::string>,
             broker::stored_subscription>
        subscriptions;
    std::map<broker::session_key, broker::stored_will> wills;
    std::map<std::pair<broker::session_key, uint64_t>, entry> queue;
    std::map<broker::session_key, std::vector<broker::launch_run>> windows;
    std::map<std::pair<broker::session_key, uint16_t>, bool> incoming;
    std::map<std::string, entry> retained;
    std::vector<broker::message_origin> seen;
    wall_time alive = 0;
    std::optional<broker::node_id> node;
  };

  void put_session(const broker::session_record& what) override;
  void erase_session(broker::session_key key) override;
  void put_subscription(broker::session_key key,
                        const broker::stored_subscription& what) override;
  void erase_subscription(broker::session_key key,
                          std::string_view filter) override;
  void put_will(broker::session_key key, const broker::stored_will& what,
                const instant& now) override;
  void erase_will(broker::session_key key) override;
  void append(const broker::publication& message,
              std::span<const broker::queue_target> targets,
              const instant& now) override;
  void put_released(broker::session_key key, uint64_t sequence,
                    uint16_t packet_id, size_t size) override;
  void erase_entry(broker::session_key key, uint64_t sequence,
                   size_t size) override;
  void erase_released(broker::session_key key, uint64_t sequence) override;
  void erase_until(broker::session_key key, uint64_t until) override;
  void put_window(broker::session_key key,
                  std::span<const broker::launch_run> window) override;
  void put_incoming_id(broker::session_key key, uint16_t packet_id) override;
  void erase_incoming_id(broker::session_key key, uint16_t packet_id) override;
  void put_retained(const broker::retained_message& what,
                    const instant& now) override;
  void erase_retained(std::string_view topic) override;
  void put_seen(const broker::message_origin& what) override;
  void put_alive(wall_time when) override;
  void put_node(broker::node_id id) override;
  broker::store_status commit(bool synced) override;
  void discard() override { gathered_.clear(); }
  broker::store_status sync() override;

  broker::stored_session load(broker::session_key key,
                              const instant& now) override;
  broker::queue_slice read_queue(broker::session_key key, uint64_t from,
                                 size_t max_count, size_t max_bytes,
                                 const instant& now) override;
  void
  for_each_session(const std::function<void(broker::recovered_session&&)>& take,
                   const instant& now) override;
  void
  for_each_retained(const std::function<void(broker::retained_message&&)>& take,
                    const instant& now) override;
  broker::seen_set seen() override;
  wall_time alive_at() override;
  std::optional<broker::node_id> node() override;

  broker::queue_totals drop_oldest(broker::session_key key, uint64_t from,
                                   size_t count) override;
  broker::queue_totals drop_expired(broker::session_key key,
                                    const instant& now) override;
  bool housekeep(const instant& now) override;
  uint64_t damaged_records() const override { return 0; }
  /// Not offered: fails.
  broker::store_status backup(const std::string& directory) override;

  /// What is committed.
  const content& committed() const noexcept { return content_; }
  /// Commits that were asked for.
  uint64_t commits() const noexcept { return commits_; }

protected:
  content content_;

private:
  using change = std::function<void(content&)>;

  bool is_launched(broker::session_key key, uint64_t sequence) const;

  std::vector<change> gathered_;
  uint64_t commits_ = 0;
};

/// Fails the n-th commit from now on, or all from the n-th on.
class failing_store : public memory_store {
public:
  /// 1 is the next; 0: none fails.
  void fail(uint64_t nth, bool all_after = false) {
    nth_ = nth;
    all_after_ = all_after;
  }
  broker::store_status commit(bool synced) override;

private:
  uint64_t nth_ = 0;
  bool all_after_ = false;
};

/// Loses what was not synced when it crashes, as a loss of power does.
class forgetful_store : public memory_store {
public:
  broker::store_status commit(bool synced) override;
  broker::store_status sync() override;
  void crash();

private:
  content synced_;
};

} // namespace troupe::test
