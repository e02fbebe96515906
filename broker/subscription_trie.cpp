#include "broker/subscription_trie.hpp"

namespace troupe::broker {

bool subscription_trie::insert(std::string_view filter,
                               const trie_entry& entry) {
  topic_path path;
  if (!path.split(filter))
    return false;
  auto at = tree_.root;
  for (const auto& level : path) {
    auto child = find_child(at, level);
    at = child != tree_.none ? child : make_child(at, level);
  }
  if (!tree_[at].entries.insert(entry))
    return false;
  ++size_;
  return true;
}

bool subscription_trie::erase(std::string_view filter, uint32_t subscriber,
                              bool is_group) {
  topic_path path;
  if (!path.split(filter))
    return false;
  auto at = tree_.root;
  for (const auto& level : path) {
    at = find_child(at, level);
    if (at == tree_.none)
      return false;
  }
  if (!tree_[at].entries.erase(subscriber, is_group))
    return false;
  if (--size_ == 0)
    tree_.clear();
  else
    prune(at);
  return true;
}

uint32_t
subscription_trie::find_child(uint32_t parent,
                              const topic_level& level) const noexcept {
  if (level.is_plus())
    return tree_[parent].plus;
  if (level.is_hash())
    return tree_[parent].rest;
  return tree_.find(parent, level);
}

uint32_t subscription_trie::make_child(uint32_t parent,
                                       const topic_level& level) {
  auto& at = tree_[parent];
  if (!level.is_plus() && !level.is_hash()) {
    auto made = tree_.add(parent, level);
    ++at.literals;
    return made;
  }
  auto made = tree_.add_unnamed(parent);
  // Children of `+` hang below a hash of their own.
  tree_[made].hash = hash_child(at.hash, level.hash);
  (level.is_plus() ? at.plus : at.rest) = made;
  return made;
}

// Removes `index` and the nodes above it as long as nothing needs them.
void subscription_trie::prune(uint32_t index) {
  while (index != tree_.root) {
    auto& at = tree_[index];
    if (!at.entries.empty() || at.literals != 0 || at.plus != tree_.none
        || at.rest != tree_.none)
      return;
    auto above = at.parent;
    auto& parent = tree_[above];
    if (parent.plus == index || parent.rest == index) {
      (parent.plus == index ? parent.plus : parent.rest) = tree_.none;
      tree_.remove_unnamed(index);
    } else {
      --parent.literals;
      tree_.remove(index);
    }
    index = above;
  }
}

} // namespace troupe::broker
