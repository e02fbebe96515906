#include "broker/seen_set.hpp"

#include <algorithm>
#include <utility>

namespace troupe::broker {

bool seen_set::insert(const message_origin& what) {
  auto& seen = lane_of({what.node, what.epoch, what.lane}).seen;
  if (!add(seen, what.sequence))
    return false;
  if (seen.size() > most_.intervals)
    seen.pop_front();
  return true;
}

size_t seen_set::intervals() const noexcept {
  size_t result = 0;
  for (const auto& each : lanes_)
    result += each.seen.size();
  return result;
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

/// Mostly they come in order.
bool seen_set::add(intervals_type& to, uint64_t sequence) {
  if (to.empty() || sequence > to.back().last) {
    if (!to.empty() && sequence - 1 == to.back().last)
      to.back().last = sequence;
    else
      to.push_back({sequence, sequence});
    return true;
  }
  return add_between(to, sequence);
}

/// REQUIRES: an interval ends there or later.
bool seen_set::add_between(intervals_type& to, uint64_t sequence) {
  auto next = std::lower_bound(
      to.begin(), to.end(), sequence,
      [](const interval& x, uint64_t wanted) { return x.last < wanted; });
  if (next->first <= sequence)
    return false;
  auto touches_next = next->first - 1 == sequence;
  auto touches_previous =
      next != to.begin() && std::prev(next)->last == sequence - 1;
  if (touches_previous && touches_next) {
    next->first = std::prev(next)->first;
    to.erase(std::prev(next));
  } else if (touches_previous) {
    std::prev(next)->last = sequence;
  } else if (touches_next) {
    next->first = sequence;
  } else {
    to.insert(next, {sequence, sequence});
  }
  return true;
}

} // namespace troupe::broker
