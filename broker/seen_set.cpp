#include "broker/seen_set.hpp"

#include <algorithm>
#include <utility>

namespace troupe::broker {

namespace {

constexpr uint64_t block_size = 256;
constexpr uint64_t word_size = 64;

/// Where a sequence is found. They begin with 1.
struct place {
  explicit place(uint64_t sequence) noexcept
      : block((sequence - 1) / block_size),
        word((sequence - 1) % block_size / word_size),
        bit(uint64_t{1} << ((sequence - 1) % word_size)) {}

  uint64_t block;
  size_t word;
  uint64_t bit;
};

} // namespace

bool seen_set::insert(const message_origin& what) {
  auto& seen = lane_of({what.node, what.epoch, what.lane}).seen;
  if (!add(seen, what.sequence))
    return false;
  if (seen.size() > most_.pieces)
    seen.pop_front();
  return true;
}

void seen_set::erase(const message_origin& what) {
  auto& seen = lane_of({what.node, what.epoch, what.lane}).seen;
  place at{what.sequence};
  auto found = find(seen, at.block);
  if (found == seen.end() || found->first > at.block)
    return;
  if (found->first != found->last)
    found = split(seen, found, at.block);
  found->bits[at.word] &= ~at.bit;
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

size_t seen_set::hash::operator()(const lane_key& key) const noexcept {
  // Ids are random; epochs and lanes of one node differ by little.
  return static_cast<size_t>(key.node
                             ^ (key.epoch * 0x9e3779b97f4a7c15u + key.lane));
}

/// Makes it the last used one; it may be new.
seen_set::lane& seen_set::lane_of(const lane_key& key) {
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

/// The piece that has `block`, or else the one before which it belongs. Mostly
/// that is the last one.
seen_set::pieces_type::iterator seen_set::find(pieces_type& in,
                                               uint64_t block) {
  if (in.empty() || in.back().last < block)
    return in.end();
  if (in.back().first <= block)
    return std::prev(in.end());
  return std::lower_bound(
      in.begin(), in.end(), block,
      [](const piece& x, uint64_t wanted) { return x.last < wanted; });
}

bool seen_set::add(pieces_type& to, uint64_t sequence) {
  place at{sequence};
  auto found = find(to, at.block);
  if (found == to.end() || found->first > at.block)
    found = to.insert(found, {at.block, at.block, {}});
  if ((found->bits[at.word] & at.bit) != 0)
    return false;
  found->bits[at.word] |= at.bit;
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
