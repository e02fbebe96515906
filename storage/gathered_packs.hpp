#pragma once

#include "storage/entry_pack.hpp"
#include "storage/keys.hpp"

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace troupe::storage {

/// Where records of queues go.
struct batch_of_queues {
  rocksdb::WriteBatch& batch;
  /// Of family `queue`.
  rocksdb::ColumnFamilyHandle* home;
};

/// The packs of one commit: entries gathered queue by queue, which become
/// records when a pack is full and at the end.
class gathered_packs {
public:
  /// REQUIRES: is_packed(message, options, its times).
  void add(const batch_of_queues& to, queue_position where,
           const broker::publication& message,
           const broker::entry_options& options);
  /// Writes what is not in the batch yet.
  void write(const batch_of_queues& to);
  /// What is added to this queue from now on does not lie in one pack with what
  /// was added before.
  void close(const batch_of_queues& to, broker::session_key key);
  /// Takes back the packs of a queue whose last entry is at most `until`.
  void take_back(const batch_of_queues& to, broker::session_key key,
                 uint64_t until);
  /// The commit is over.
  void clear();

private:
  struct open_pack {
    queue_position last;
    pack_writer content;
  };

  open_pack& pack_of(broker::session_key key);
  void finish(const batch_of_queues& to, open_pack& pack);

  /// One for each of `of_queue_`; those behind them keep their memory.
  std::vector<open_pack> packs_;
  std::unordered_map<broker::session_key, size_t> of_queue_;
  pack_compressor compressor_;
  /// The last entries of those that are in the batch.
  std::vector<queue_position> closed_;
};

} // namespace troupe::storage
