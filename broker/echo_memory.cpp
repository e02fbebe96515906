#include "broker/echo_memory.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace troupe::broker {

namespace {

/// An odd number near 2^64 divided by the golden ratio: a product with it
/// depends in its high bits on all bits.
constexpr uint64_t spread = 0x9E3779B97F4A7C15;

} // namespace

uint64_t echo_fingerprint(std::string_view topic,
                          std::string_view payload) noexcept {
  std::hash<std::string_view> hash;
  auto mixed = hash(topic) * spread;
  return (mixed ^ (mixed >> 32)) + hash(payload);
}

void echo_memory::sent(uint64_t fingerprint, time_point now) {
  forget_old(now);
  if (max_entries_ == 0)
    return;
  if (size_ == max_entries_)
    forget(find(entries_[oldest_].fingerprint));
  auto added = new_entry();
  entries_[added] = {fingerprint, now, newest_, none, none, added, none};
  (newest_ == none ? oldest_ : entries_[newest_].younger) = added;
  newest_ = added;
  ++size_;
  auto& head = find(fingerprint);
  if (head == none) {
    head = added;
    return;
  }
  auto& last = entries_[head].last_equal;
  entries_[last].next_equal = added;
  last = added;
}

bool echo_memory::take(uint64_t fingerprint, time_point now) noexcept {
  forget_old(now);
  if (size_ == 0)
    return false;
  auto& head = find(fingerprint);
  if (head == none)
    return false;
  forget(head);
  return true;
}

void echo_memory::clear() noexcept {
  *this = echo_memory{max_entries_, max_age_};
}

echo_memory::index& echo_memory::bucket(uint64_t fingerprint) noexcept {
  return buckets_[((fingerprint * spread) >> 32) & (buckets_.size() - 1)];
}

echo_memory::index& echo_memory::find(uint64_t fingerprint) noexcept {
  auto* at = &bucket(fingerprint);
  while (*at != none && entries_[*at].fingerprint != fingerprint)
    at = &entries_[*at].next_in_chain;
  return *at;
}

echo_memory::index echo_memory::new_entry() {
  if (unused_ != none)
    return std::exchange(unused_, entries_[unused_].younger);
  if (entries_.size() == buckets_.size())
    grow_buckets();
  entries_.emplace_back();
  return static_cast<index>(entries_.size() - 1);
}

void echo_memory::grow_buckets() {
  constexpr size_t fewest = 16;
  std::vector<index> larger(std::max(fewest, buckets_.size() * 2), none);
  buckets_.swap(larger);
  for (auto head : larger)
    while (head != none) {
      auto next = entries_[head].next_in_chain;
      entries_[head].next_in_chain =
          std::exchange(bucket(entries_[head].fingerprint), head);
      head = next;
    }
}

void echo_memory::forget_old(time_point now) noexcept {
  while (size_ != 0 && now - entries_[oldest_].when > max_age_)
    forget(find(entries_[oldest_].fingerprint));
}

/// Forgets the entry that `head` names, the oldest of equals.
void echo_memory::forget(index& head) noexcept {
  auto gone = head;
  auto& entry = entries_[gone];
  if (entry.next_equal == none) {
    head = entry.next_in_chain;
  } else {
    head = entry.next_equal;
    entries_[head].last_equal = entry.last_equal;
    entries_[head].next_in_chain = entry.next_in_chain;
  }
  (entry.older == none ? oldest_ : entries_[entry.older].younger) =
      entry.younger;
  (entry.younger == none ? newest_ : entries_[entry.younger].older) =
      entry.older;
  entry.younger = std::exchange(unused_, gone);
  --size_;
}

} // namespace troupe::broker
