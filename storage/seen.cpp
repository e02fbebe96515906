// What was seen of other nodes' messages. A lane is kept about as far back as a
// seen set goes, and so many lanes as one has.
#include "storage/disk_store.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <tuple>

namespace troupe::storage {

using broker::seen_lane;
using broker::seen_set;

namespace {

constexpr auto no_end = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kept_blocks = seen_set::most_pieces;

/// The block that `records` is at, as long as it is one of `lane`.
std::optional<uint64_t> number_in(const rocksdb::Iterator& records,
                                  const seen_lane& lane) {
  if (!records.Valid() || records.key().size() != seen_key::size)
    return std::nullopt;
  auto found = block_at(records.key().ToStringView());
  if (found.lane != lane)
    return std::nullopt;
  return found.number;
}

} // namespace

// -- writing ------------------------------------------------------------------

// An older program's database, open only to be read while the disk is full, has
// no place for it. Nothing can be written then, and without a place of its own
// it would go to another's.
void disk_store::write_seen() {
  if ((*db_)[family::seen] == nullptr)
    return;
  for (const auto& [where, bits] : gathered_.seen) {
    const auto& [lane, number] = where;
    seen_value value;
    batch_.Merge((*db_)[family::seen], key_of(lane, number).view(),
                 encode_seen(value, bits));
    shorten(lane, number);
  }
}

// Not at each block, since that takes a search.
void disk_store::shorten(const seen_lane& lane, uint64_t newest) {
  auto& from = seen_from_.try_emplace(lane, newest).first->second;
  if (newest < from + 2 * kept_blocks)
    return;
  from = newest - kept_blocks;
  erase_seen(batch_, lane, from);
}

/// Removes the blocks of a lane below `until`.
void disk_store::erase_seen(rocksdb::WriteBatch& tidy, const seen_lane& lane,
                            uint64_t until) const {
  auto records = db_->iterate(family::seen);
  records->Seek(key_of(lane, 0).view());
  for (auto number = number_in(*records, lane); number && *number < until;
       number = number_in(*records, lane)) {
    tidy.Delete((*db_)[family::seen], records->key());
    records->Next();
  }
}

// -- reading ------------------------------------------------------------------

seen_set disk_store::seen() {
  seen_set result;
  mending([&] { return read_seen(result); });
  return result;
}

bool disk_store::read_seen(seen_set& to) {
  auto lanes = seen_lanes();
  // The latest at the end.
  std::sort(lanes.begin(), lanes.end(),
            [](const seen_lane& x, const seen_lane& y) {
              return std::tie(x.epoch, x.node, x.lane)
                     < std::tie(y.epoch, y.node, y.lane);
            });
  auto kept =
      lanes.end()
      - static_cast<ptrdiff_t>(std::min(lanes.size(), seen_set::most_lanes));
  rocksdb::WriteBatch tidy;
  for (auto each = lanes.begin(); each != kept; ++each)
    erase_seen(tidy, *each, no_end);
  for (auto each = kept; each != lanes.end(); ++each)
    read_seen(to, *each, tidy);
  return write_now(tidy);
}

/// Every lane of which there is something.
std::vector<seen_lane> disk_store::seen_lanes() const {
  std::vector<seen_lane> result;
  auto records = db_->iterate(family::seen);
  records->SeekToFirst();
  while (records->Valid()) {
    if (records->key().size() != seen_key::size) {
      records->Next();
      continue;
    }
    auto lane = block_at(records->key().ToStringView()).lane;
    if (result.empty() || result.back() != lane)
      result.push_back(lane);
    auto last = key_of(lane, no_end);
    if (records->key() == rocksdb::Slice{last.view()})
      records->Next();
    else
      records->Seek(last.view());
  }
  return result;
}

void disk_store::read_seen(seen_set& to, const seen_lane& lane,
                           rocksdb::WriteBatch& tidy) {
  auto records = db_->iterate(family::seen);
  records->Seek(key_of(lane, 0).view());
  if (auto first = number_in(*records, lane))
    seen_from_[lane] = *first;
  for (; number_in(*records, lane); records->Next()) {
    auto key = records->key().ToStringView();
    auto value = records->value().ToStringView();
    auto block = block_at(key);
    if (auto bits = decode_seen(value)) {
      block.bits = *bits;
      to.insert(block);
    } else {
      note_damage(tidy, family::seen, key, value);
    }
  }
  note(records->status());
}

} // namespace troupe::storage
