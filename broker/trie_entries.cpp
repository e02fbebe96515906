#include "broker/trie_entries.hpp"

#include <algorithm>
#include <memory>

namespace troupe::broker {

trie_entries::~trie_entries() {
  if (size_ > 1)
    delete many();
}

bool trie_entries::insert(const trie_entry& entry) {
  if (size_ == 0) {
    one_ = entry;
    size_ = 1;
    return true;
  }
  auto is_same = [&](const trie_entry& x) {
    return x.subscriber == entry.subscriber && x.is_group == entry.is_group;
  };
  auto* present = size_ == 1 ? (is_same(one_) ? &one_ : nullptr)
                             : find(*many(), entry.subscriber, entry.is_group);
  if (present != nullptr) {
    *present = entry;
    return false;
  }
  if (size_ == 1)
    become_list();
  append(*many(), entry);
  ++size_;
  return true;
}

bool trie_entries::erase(uint32_t subscriber, bool is_group) {
  if (size_ == 0)
    return false;
  if (size_ == 1) {
    if (one_.subscriber != subscriber || one_.is_group != is_group)
      return false;
    size_ = 0;
    return true;
  }
  auto* slot = find(*many(), subscriber, is_group);
  if (slot == nullptr)
    return false;
  remove(*many(), slot);
  if (--size_ == 1)
    become_single();
  return true;
}

trie_entry* trie_entries::find(list& in, uint32_t subscriber, bool is_group) {
  if (!in.positions.empty()) {
    auto found = in.positions.find(key(subscriber, is_group));
    return found == in.positions.end() ? nullptr : &in.slots[found->second];
  }
  for (auto& slot : in.slots)
    if (slot.subscriber == subscriber && slot.is_group == is_group)
      return &slot;
  return nullptr;
}

void trie_entries::append(list& to, const trie_entry& entry) {
  to.slots.push_back(entry);
  if (!to.positions.empty())
    to.positions.emplace(key(entry.subscriber, entry.is_group),
                         static_cast<uint32_t>(to.slots.size() - 1));
  else if (to.slots.size() > index_above)
    sweep(to);
}

void trie_entries::remove(list& from, trie_entry* slot) {
  if (from.positions.empty()) {
    from.slots.erase(from.slots.begin() + (slot - from.slots.data()));
    return;
  }
  from.positions.erase(key(slot->subscriber, slot->is_group));
  slot->identifier = vacant;
  if (from.positions.size() < from.slots.size() / 2)
    sweep(from);
}

// Closes the gaps and makes the index anew, or drops it if the list is short.
void trie_entries::sweep(list& in) {
  std::erase_if(in.slots, [](auto& x) { return x.identifier == vacant; });
  in.slots.shrink_to_fit();
  decltype(in.positions){}.swap(in.positions);
  if (in.slots.size() <= index_above)
    return;
  in.positions.reserve(in.slots.size());
  for (uint32_t i = 0; i < in.slots.size(); ++i)
    in.positions.emplace(key(in.slots[i].subscriber, in.slots[i].is_group), i);
}

void trie_entries::become_list() {
  auto made = std::make_unique<list>();
  made->slots.push_back(one_);
  auto* where = made.release();
  std::memcpy(many_, &where, sizeof(where));
}

void trie_entries::become_single() {
  auto* shrunk = many();
  auto left = std::find_if(shrunk->slots.begin(), shrunk->slots.end(),
                           [](auto& x) { return x.identifier != vacant; });
  one_ = *left;
  delete shrunk;
}

} // namespace troupe::broker
