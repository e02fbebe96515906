#pragma once

#include "broker/chunked_array.hpp"
#include "broker/level_text.hpp"
#include "broker/topic_path.hpp"

#include <cstdint>

namespace troupe::broker {

/// What a node needs so that `level_tree` can keep it.
struct level_node {
  uint32_t parent = 0;
  /// Of the whole path from the root: a topic's bucket follows from its text
  /// alone, without a look at the nodes above it.
  uint32_t hash = 0;
  /// The next node of the same bucket, or of the free list.
  uint32_t next = 0;
};

/// Nodes named by the levels of topics, and one hash table for all edges
/// (parent, text) -> child: a node with 100,000 children is no special case.
/// `Node` derives from `level_node` and has a member `text` of type
/// `level_text`. Nodes are indices; 0 is the root and, as the root is nobody's
/// child, also "none". References to nodes stay valid until they are removed.
///
/// The table grows by linear hashing, one or two buckets per new edge, and the
/// nodes lie in blocks: no insertion ever pays for moving all that is there.
template <class Node>
class level_tree {
public:
  static constexpr uint32_t root = 0;
  static constexpr uint32_t none = 0;

  level_tree() { clear(); }

  Node& operator[](uint32_t index) noexcept { return nodes_[index]; }
  const Node& operator[](uint32_t index) const noexcept {
    return nodes_[index];
  }

  /// The first node of the bucket for `path_hash`; follow `next` from there.
  uint32_t bucket(uint32_t path_hash) const noexcept {
    return buckets_[bucket_of(path_hash)];
  }

  /// The child of `parent` named like `level`, or `none`.
  uint32_t find(uint32_t parent, const topic_level& level) const noexcept {
    return find(parent, hash_child(nodes_[parent].hash, level.hash), level);
  }
  /// The same for who has the hash of the child's path already. It pays to
  /// carry it along: nothing waits for the parent's node to arrive from memory.
  uint32_t find(uint32_t parent, uint32_t hash,
                const topic_level& level) const noexcept {
    for (auto i = bucket(hash); i != none; i = nodes_[i].next) {
      const auto& candidate = nodes_[i];
      if (candidate.hash == hash && candidate.parent == parent
          && candidate.text.view() == level.text())
        return i;
    }
    return none;
  }

  /// Adds a child. REQUIRES: find(parent, level) == none.
  uint32_t add(uint32_t parent, const topic_level& level) {
    grow();
    grow();
    auto index = add_unnamed(parent);
    auto& added = nodes_[index];
    added.text.assign(level.text());
    added.hash = hash_child(nodes_[parent].hash, level.hash);
    auto& first = buckets_[bucket_of(added.hash)];
    added.next = first;
    first = index;
    ++edges_;
    return index;
  }

  /// Adds a node that `find` does not find: the owner keeps its index.
  uint32_t add_unnamed(uint32_t parent) {
    auto index = free_;
    if (index != none) {
      free_ = nodes_[index].next;
      nodes_[index].next = none;
    } else {
      index = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back();
    }
    nodes_[index].parent = parent;
    return index;
  }

  /// Removes what `add` added; its members beyond `level_node` and `text` are
  /// the owner's to reset.
  void remove(uint32_t index) noexcept {
    auto* link = &buckets_[bucket_of(nodes_[index].hash)];
    while (*link != index)
      link = &nodes_[*link].next;
    *link = nodes_[index].next;
    --edges_;
    remove_unnamed(index);
  }

  /// Removes what `add_unnamed` added.
  void remove_unnamed(uint32_t index) noexcept {
    auto& gone = nodes_[index];
    gone.text.reset();
    gone.parent = none;
    gone.hash = 0;
    gone.next = free_;
    free_ = index;
  }

  /// Only the root is left, and the memory of the rest is given back.
  void clear() {
    nodes_.clear();
    buckets_.clear();
    nodes_.push_back();
    buckets_.push_back();
    mask_ = 0;
    free_ = none;
    edges_ = 0;
  }

private:
  // Linear hashing: buckets up to `mask_` are addressed, those not yet split
  // off are found in the lower half.
  size_t bucket_of(uint32_t hash) const noexcept {
    size_t index = hash & mask_;
    return index < buckets_.size() ? index : index & (mask_ >> 1);
  }

  // Keeps two buckets per edge: chains stay short, and a bucket is four bytes.
  void grow() {
    if (buckets_.size() > 2 * edges_ + 1)
      return;
    auto added = static_cast<uint32_t>(buckets_.size());
    if (added > mask_)
      mask_ = mask_ * 2 + 1;
    auto& to = buckets_.push_back();
    auto* link = &buckets_[added & (mask_ >> 1)];
    // What the next insertion splits, so that it need not wait for it.
    if (auto later = buckets_[(added + 2) & (mask_ >> 1)]; later != none)
      __builtin_prefetch(&nodes_[later]);
    while (*link != none) {
      auto index = *link;
      if ((nodes_[index].hash & mask_) != added) {
        link = &nodes_[index].next;
        continue;
      }
      *link = nodes_[index].next;
      nodes_[index].next = to;
      to = index;
    }
  }

  chunked_array<Node, 8> nodes_;
  chunked_array<uint32_t, 10> buckets_;
  uint32_t mask_ = 0;
  uint32_t free_ = none;
  size_t edges_ = 0;
};

} // namespace troupe::broker
