#pragma once

#include "storage/entry_pack.hpp"
#include "storage/keys.hpp"

#include <rocksdb/iterator.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::storage {

/// Goes through the entries of one queue in their order, whether they lie alone
/// or in packs; what a gap says is gone is passed over.
class queue_cursor {
public:
  /// `records`: of family `queue`. It is moved along, and nobody else moves it.
  queue_cursor(rocksdb::Iterator& records, broker::session_key key)
      : records_(records), key_(key) {}
  queue_cursor(const queue_cursor&) = delete;
  queue_cursor& operator=(const queue_cursor&) = delete;

  /// To the first entry whose number is at least `from`.
  void seek(uint64_t from) {
    records_.Seek(entry_id{key_, from}.view());
    start(from);
  }
  /// The same, among the records from where the iterator stands on.
  void start(uint64_t from);
  bool is_valid() const noexcept { return is_valid_; }
  void next();

  /// Null: the record is damaged, and nothing else is known of it.
  const entry_view* entry() const noexcept { return entry_; }
  uint64_t sequence() const noexcept { return sequence_; }
  queue_position position() const noexcept { return {key_, sequence_}; }
  /// It lies in a pack: `key` and `value` are those of the pack.
  bool is_packed() const noexcept { return !pack_.is_empty(); }
  size_t pack_size() const noexcept { return pack_.entries().size(); }
  /// Entries of the pack that are gone, as far as they lie behind where the
  /// cursor began.
  const std::vector<uint64_t>& gaps() const noexcept { return gaps_; }
  /// The entry is gone from now on.
  void note_gap();
  /// The highest number that a record passed so far has to do with, gaps
  /// included; 0: none.
  uint64_t last_number() const noexcept { return last_number_; }

  std::string_view key() const { return records_.key().ToStringView(); }
  std::string_view value() const { return records_.value().ToStringView(); }

private:
  void find();
  bool look(queue_place place);
  bool look_at_entry(queue_place place);
  bool look_into_pack(queue_place place);
  void find_in_pack(size_t index);
  bool is_in_queue() const;
  bool be_damaged();

  rocksdb::Iterator& records_;
  broker::session_key key_;
  uint64_t from_ = 0;
  uint64_t last_number_ = 0;
  bool is_valid_ = false;
  uint64_t sequence_ = 0;
  const entry_view* entry_ = nullptr;
  entry_view alone_;
  pack_reader pack_;
  uint64_t pack_first_ = 0;
  std::vector<uint64_t> gaps_;
};

} // namespace troupe::storage
