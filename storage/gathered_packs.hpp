#pragma once

#include "storage/entry_pack.hpp"
#include "storage/keys.hpp"

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace troupe::storage {

/// The packs of one commit: entries gathered queue by queue, which become
/// records when a pack is full and at the end.
class gathered_packs {
public:
  /// REQUIRES: is_packed(message, options, its times).
  void add(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* home,
           queue_position where, const broker::publication& message,
           const broker::entry_options& options);
  /// Writes what is not in the batch yet.
  void write(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* home);
  /// What is added to this queue from now on does not lie in one pack with what
  /// was added before.
  void close(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* home,
             broker::session_key key);
  /// Takes back the packs of a queue whose last entry is at most `until`.
  void take_back(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* home,
                 broker::session_key key, uint64_t until);
  /// The commit is over.
  void clear();

private:
  struct open_pack {
    queue_position last;
    pack_writer content;
  };

  open_pack& pack_of(broker::session_key key);
  void finish(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* home,
              open_pack& pack);

  /// The first `used_` of them: the others keep their memory.
  std::vector<open_pack> packs_;
  size_t used_ = 0;
  std::unordered_map<broker::session_key, size_t> of_queue_;
  pack_compressor compressor_;
  /// The last entries of those that are in the batch.
  std::vector<queue_position> closed_;
};

} // namespace troupe::storage
