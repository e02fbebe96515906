#include "storage/queue_cursor.hpp"

#include <algorithm>

namespace troupe::storage {

void queue_cursor::start(uint64_t from) {
  from_ = from;
  pack_.clear();
  gaps_.clear();
  find();
}

void queue_cursor::next() {
  if (is_packed()) {
    find_in_pack(static_cast<size_t>(sequence_ - pack_first_) + 1);
    if (is_valid_)
      return;
    pack_.clear();
    gaps_.clear();
  }
  records_.Next();
  find();
}

bool queue_cursor::is_in_queue() const {
  return records_.Valid() && session_of(key()) == key_;
}

// From the record that the iterator stands at.
void queue_cursor::find() {
  for (; is_in_queue(); records_.Next()) {
    auto place = place_of(key());
    if (is_valid_ = place ? look(*place) : be_damaged(); is_valid_)
      return;
  }
  is_valid_ = false;
}

bool queue_cursor::look(queue_place place) {
  last_number_ = place.sequence;
  switch (place.what) {
  case queue_record::entry:
    return look_at_entry(place);
  case queue_record::pack:
    return look_into_pack(place);
  case queue_record::gap:
    break;
  }
  if (value() != gap_value)
    return be_damaged();
  if (place.sequence >= from_)
    gaps_.push_back(place.sequence);
  return false;
}

bool queue_cursor::look_at_entry(queue_place place) {
  if (place.sequence < from_)
    return false;
  auto found = decode_entry(value());
  if (!found)
    return be_damaged();
  alone_ = *found;
  entry_ = &alone_;
  sequence_ = place.sequence;
  return true;
}

bool queue_cursor::look_into_pack(queue_place place) {
  if (place.sequence < from_) {
    gaps_.clear();
    return false;
  }
  if (!pack_.read(value()) || pack_size() > place.sequence) {
    pack_.clear();
    return be_damaged();
  }
  pack_first_ = place.sequence - pack_size() + 1;
  // Of packs before it that were removed.
  gaps_.erase(gaps_.begin(),
              std::lower_bound(gaps_.begin(), gaps_.end(), pack_first_));
  find_in_pack(static_cast<size_t>(std::max(from_, pack_first_) - pack_first_));
  if (!is_valid_) {
    pack_.clear();
    gaps_.clear();
  }
  return is_valid_;
}

void queue_cursor::note_gap() {
  gaps_.insert(std::lower_bound(gaps_.begin(), gaps_.end(), sequence_),
               sequence_);
}

void queue_cursor::find_in_pack(size_t index) {
  while (index < pack_size()
         && std::binary_search(gaps_.begin(), gaps_.end(), pack_first_ + index))
    ++index;
  is_valid_ = index < pack_size();
  if (!is_valid_)
    return;
  sequence_ = pack_first_ + index;
  entry_ = &pack_.entries()[index];
}

bool queue_cursor::be_damaged() {
  entry_ = nullptr;
  return true;
}

} // namespace troupe::storage
