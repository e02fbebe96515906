#include "broker/seen_set.hpp"

#include <algorithm>
#include <utility>

namespace troupe::broker {

namespace {

constexpr uint64_t word_size = 64;

} // namespace

seen_bits united(const seen_bits& x, const seen_bits& y) noexcept {
  seen_bits result;
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = x[i] | y[i];
  return result;
}

// Sequence numbers begin with 1.
seen_block block_of(const message_origin& what) noexcept {
  auto index = what.sequence - 1;
  seen_block result{{what.node, what.epoch, what.lane},
                    index / seen_block_size};
  result.bits[index % seen_block_size / word_size] = uint64_t{1}
                                                     << (index % word_size);
  return result;
}

/// The piece that has `block`, or else the one before which it belongs. Mostly
/// that is the last one.
template <class Pieces>
auto seen_set::find(Pieces& in, uint64_t block) {
  if (in.empty() || in.back().last < block)
    return in.end();
  if (in.back().first <= block)
    return std::prev(in.end());
  return std::lower_bound(
      in.begin(), in.end(), block,
      [](const piece& x, uint64_t wanted) { return x.last < wanted; });
}

bool seen_set::insert(const message_origin& what) {
  auto block = block_of(what);
  auto& seen = lane_of(block.lane).seen;
  if (!add(seen, block))
    return false;
  if (seen.size() > most_.pieces)
    seen.pop_front();
  return true;
}

void seen_set::insert(const seen_block& what) {
  auto& seen = lane_of(what.lane).seen;
  if (add(seen, what) && seen.size() > most_.pieces)
    seen.pop_front();
}

bool seen_set::contains(const message_origin& what) const {
  auto block = block_of(what);
  auto lane = places_.find(block.lane);
  if (lane == places_.end())
    return false;
  auto found = find(lane->second->seen, block.number);
  return found != lane->second->seen.end() && found->first <= block.number
         && united(found->bits, block.bits) == found->bits;
}

void seen_set::erase(const message_origin& what) {
  auto block = block_of(what);
  auto& seen = lane_of(block.lane).seen;
  auto found = find(seen, block.number);
  if (found == seen.end() || found->first > block.number)
    return;
  if (found->first != found->last)
    found = split(seen, found, block.number);
  for (size_t i = 0; i < block.bits.size(); ++i)
    found->bits[i] &= ~block.bits[i];
  if (found->is_empty())
    seen.erase(found);
}

size_t seen_set::pieces() const noexcept {
  size_t result = 0;
  for (const auto& each : lanes_)
    result += each.seen.size();
  return result;
}

bool seen_set::piece::is_full() const noexcept {
  return (bits[0] & bits[1] & bits[2] & bits[3]) == UINT64_MAX;
}

bool seen_set::piece::is_empty() const noexcept {
  return (bits[0] | bits[1] | bits[2] | bits[3]) == 0;
}

size_t seen_set::hash::operator()(const seen_lane& key) const noexcept {
  // Ids are random; epochs and lanes of one node differ by little.
  return static_cast<size_t>(key.node
                             ^ (key.epoch * 0x9e3779b97f4a7c15u + key.lane));
}

/// Makes it the last used one; it may be new.
seen_set::lane& seen_set::lane_of(const seen_lane& key) {
  if (!lanes_.empty() && lanes_.front().key == key)
    return lanes_.front();
  if (auto found = places_.find(key); found != places_.end()) {
    lanes_.splice(lanes_.begin(), lanes_, found->second);
    return lanes_.front();
  }
  lanes_.push_front({key, {}});
  places_.emplace(key, lanes_.begin());
  if (lanes_.size() > most_.lanes) {
    places_.erase(lanes_.back().key);
    lanes_.pop_back();
  }
  return lanes_.front();
}

/// False: all of it was there.
bool seen_set::add(pieces_type& to, const seen_block& what) {
  auto found = find(to, what.number);
  if (found == to.end() || found->first > what.number)
    found = to.insert(found, {what.number, what.number, {}});
  auto all = united(found->bits, what.bits);
  if (all == found->bits)
    return false;
  found->bits = all;
  if (found->is_full())
    join(to, found);
  return true;
}

/// Makes one run of a block that has become full and those it touches.
void seen_set::join(pieces_type& in, pieces_type::iterator full) {
  auto touches = [](const piece& low, const piece& high) {
    return low.is_full() && high.is_full() && low.last + 1 == high.first;
  };
  if (auto next = std::next(full); next != in.end() && touches(*full, *next)) {
    full->last = next->last;
    full = std::prev(in.erase(next));
  }
  if (full != in.begin() && touches(*std::prev(full), *full)) {
    std::prev(full)->last = full->last;
    in.erase(full);
  }
}

/// Makes `block` of a run a piece of its own, and returns that.
seen_set::pieces_type::iterator
seen_set::split(pieces_type& in, pieces_type::iterator run, uint64_t block) {
  auto before = *run;
  auto after = *run;
  run->first = run->last = block;
  before.last = block - 1;
  after.first = block + 1;
  if (block != after.last)
    run = std::prev(in.insert(std::next(run), after));
  if (before.first != block)
    run = std::next(in.insert(run, before));
  return run;
}

} // namespace troupe::broker
