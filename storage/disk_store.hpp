#pragma once

#include "storage/database.hpp"
#include "storage/gathered_packs.hpp"
#include "storage/open.hpp"
#include "storage/quarantine.hpp"
#include "storage/queue_merger.hpp"
#include "storage/records.hpp"
#include "storage/rocks_store.hpp"

#include <rocksdb/write_batch.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::storage {

class queue_cursor;

/// The store itself. Sources: write.cpp, commit.cpp, read.cpp, recover.cpp,
/// seen.cpp, care.cpp, describe.cpp and reopen.cpp.
class disk_store final : public rocks_store {
public:
  /// `env` as in `open_store_with`.
  disk_store(database_ptr db, const open_options& options, told_ptr known,
             rocksdb::Env* env);
  ~disk_store() override;

  /// Counts what was found when it was opened.
  void add_damage(uint64_t records) { damaged_ += records; }
  /// Nothing can be written for now: it was opened only to read.
  void begin_stuck(const rocksdb::Status& why) {
    is_stuck_ = true;
    last_error_ = why;
  }

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
  void discard() override { forget_gathered(); }
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
  uint64_t damaged_records() const override { return damaged_; }
  broker::store_status backup(const std::string& directory) override;

  database_info describe() override;

private:
  /// What the gathered writes imply until they are committed or forgotten.
  struct gathered {
    /// Entries appended: they belong to a session that is erased afterwards.
    std::vector<queue_position> entries;
    /// Likewise, as whole keys.
    std::vector<std::string> subscriptions;
    std::vector<std::pair<broker::session_key, uint16_t>> incoming_ids;
    /// Entries that refer to a shared body, appended (its number) or gone (0).
    std::map<queue_position, uint64_t> bodies;
    /// What becomes of `ended_`; 0: the queue has been removed.
    std::map<broker::session_key, uint64_t> ended;
    /// Marks of queues; not in the batch yet.
    std::map<broker::session_key, uint64_t> done;
    /// 0: as committed.
    uint64_t body_ids_end = 0;
    /// Not in the batch yet.
    std::map<std::pair<broker::seen_lane, uint64_t>, broker::seen_bits> seen;
  };

  // Gathering.
  void put(family where, std::string_view key, std::string_view value);
  void remove(family where, std::string_view key);
  void append_shared(const broker::publication& message,
                     std::span<const broker::queue_target> targets,
                     const instant& now);
  uint64_t take_body_id();
  void release_body(queue_position where, size_t size);
  void change_body(rocksdb::WriteBatch& batch, uint64_t body, int64_t by);
  void erase_all(family where, broker::session_key key);
  void end_queue(broker::session_key key);
  void reopen_queue(broker::session_key key, uint64_t sequence);
  batch_of_queues queues() { return {batch_, (*db_)[family::queue]}; }
  void remove_record(rocksdb::WriteBatch& batch, queue_place what,
                     std::string_view key);
  void hide_front(rocksdb::WriteBatch& batch, rocksdb::Iterator& records,
                  uint64_t until);
  uint64_t ended_until(broker::session_key key) const;
  void write_marks();
  std::vector<queue_marks::mark> lift_marks();
  void note_marks();
  void write_seen();
  void shorten(const broker::seen_lane& lane, uint64_t newest);
  void forget_gathered();
  rocksdb::Status write(const rocksdb::WriteOptions& options);

  // Damage that is met while the database is in use: it is mended at once.
  void start();
  void note(const rocksdb::Status& status);
  bool mend_now();
  /// An error of the disk: nothing is written until it is over. What the log
  /// has behind `last` is not true.
  void get_stuck(const rocksdb::Status& why, uint64_t last);
  /// False: the error lasts.
  bool go_on();
  bool has_room() const;
  bool reopen(opening why);
  /// Does `work`, which may call `note`, and does it again after mending.
  template <class Work>
  auto mending(Work work) {
    auto result = work();
    if (is_damaged_ && mend_now())
      result = work();
    return result;
  }

  std::optional<uint64_t> meta(std::string_view key);

  // Reading. What is found out meanwhile is removed at once, by a batch of its
  // own.
  void tell(const instant& now);
  void note_damage(rocksdb::WriteBatch& tidy, family where,
                   std::string_view key, std::string_view value);
  void remove_entry(rocksdb::WriteBatch& tidy, queue_position where,
                    const entry_view& entry);
  bool write_now(rocksdb::WriteBatch& tidy);
  bool read_seen(broker::seen_set& to);
  std::vector<broker::seen_lane> seen_lanes() const;
  void read_seen(broker::seen_set& to, const broker::seen_lane& lane,
                 rocksdb::WriteBatch& tidy);
  void erase_seen(rocksdb::WriteBatch& tidy, const broker::seen_lane& lane,
                  uint64_t until) const;
  broker::publication_ptr message_of(const entry_view& entry,
                                     const instant& now, bool& is_lost);
  broker::stored_session load_all(broker::session_key key, const instant& now);
  broker::queue_slice read_slice(broker::session_key key, uint64_t from,
                                 size_t max_count, size_t max_bytes,
                                 const instant& now);
  bool
  read_sessions(broker::session_key& from,
                const std::function<void(broker::recovered_session&&)>& take,
                const instant& now);
  bool
  read_retained(std::string& from,
                const std::function<void(broker::retained_message&&)>& take,
                const instant& now);
  void load_subscriptions(broker::session_key key, rocksdb::WriteBatch& tidy,
                          std::vector<broker::stored_subscription>& to);
  void load_incoming_ids(broker::session_key key, rocksdb::WriteBatch& tidy,
                         std::vector<uint16_t>& to);
  template <class Decode>
  auto load_one(family where, broker::session_key key,
                rocksdb::WriteBatch& tidy, Decode decode)
      -> decltype(decode(std::string_view{}));
  std::vector<broker::launch_run> load_window(broker::session_key key);
  /// Up to this entry nobody sees any; 0: all are seen.
  uint64_t dealt_with(broker::session_key key) const;
  uint64_t first_visible(broker::session_key key, uint64_t from) const;
  template <class Judge>
  broker::queue_totals sweep(broker::session_key key, uint64_t from,
                             Judge judge);
  bool write_swept(rocksdb::WriteBatch& tidy, broker::session_key key,
                   uint64_t mark);
  void remove_packed(rocksdb::WriteBatch& tidy, queue_cursor& queue);
  void tend_marks(time_point now);
  bool covers_anything(broker::session_key key, uint64_t until);
  uint64_t bytes_in_files(broker::session_key key, uint64_t until) const;
  void merge_queues(time_point now);
  bool sweep_ended();
  bool sweep_ended(broker::session_key key, uint64_t until, size_t& budget);

  database_ptr db_;
  /// Held to replace the database, and by other threads to use it.
  std::shared_mutex guard_;
  std::string directory_;
  rocksdb::Env* env_;
  bool is_read_only_;
  /// Some of it could not be read.
  bool is_damaged_ = false;
  /// Nothing can be written for now.
  bool is_stuck_ = false;
  rocksdb::Status last_error_;
  time_point mended_at_{};
  time_point probed_at_{};
  time_point reopened_at_{};
  told_ptr known_;
  queue_merger merger_;
  quarantine quarantine_;
  std::atomic<uint64_t> damaged_{0};

  rocksdb::WriteBatch batch_;
  gathered_packs packs_;
  gathered gathered_;
  /// Ended sessions whose queue has yet to be removed: up to which entry.
  std::map<broker::session_key, uint64_t> ended_;
  /// The session whose mark was looked at last, and what those before it cover
  /// in files.
  broker::session_key tended_ = 0;
  uint64_t dead_bytes_ = 0;
  time_point merged_at_{};
  uint64_t next_body_ = 0;
  /// The first number that no commit has reserved.
  uint64_t body_ids_end_ = 0;
  /// The first block of each lane that is there, about.
  std::map<broker::seen_lane, uint64_t> seen_from_;
};

} // namespace troupe::storage
