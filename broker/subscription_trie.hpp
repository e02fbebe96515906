#pragma once

#include "broker/level_tree.hpp"
#include "broker/trie_entries.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::broker {

/// Filters with `+` and `#` and who subscribed to them. One entry per filter
/// and subscriber. Pure; not thread-safe.
///
/// Matching walks only nodes whose filters match so far, each once, and
/// allocates nothing.
class subscription_trie {
public:
  /// Adds or replaces (same filter, subscriber and is_group). True if added.
  /// REQUIRES: protocol::is_topic_filter(filter).
  bool insert(std::string_view filter, const trie_entry& entry);
  /// True if there was one.
  bool erase(std::string_view filter, uint32_t subscriber, bool is_group);

  /// Calls `visit(const trie_entry&)` for every subscription whose filter
  /// matches `topic`, each once: overlapping filters give several calls for one
  /// subscriber. Subscribers of one filter come in the order in which they
  /// subscribed. `visit` must not change the trie.
  template <class F>
  void match(std::string_view topic, F&& visit) const {
    topic_path path;
    if (!path.split(topic))
      return;
    // Wildcards do not match a leading `$` [MQTT-4.7.2-1].
    if (!topic.starts_with('$')) {
      walk(tree_.root, path.begin(), path.end(), visit);
      return;
    }
    auto child = tree_.find(tree_.root, path[0]);
    if (child != tree_.none)
      walk(child, path.begin() + 1, path.end(), visit);
  }

  size_t size() const noexcept { return size_; }

private:
  // One cache line.
  struct alignas(64) node : level_node {
    /// Children that are neither `+` nor `#`.
    uint32_t literals = 0;
    /// The child `+`.
    uint32_t plus = 0;
    /// The child `#`, which has no children.
    uint32_t rest = 0;
    trie_entries entries;
    level_text text;
  };
  static_assert(sizeof(node) == 64);

  // Everything below `index` that matches the levels from `level` on.
  template <class F>
  void walk(uint32_t index, const topic_level* level, const topic_level* end,
            F& visit) const {
    for (auto hash = tree_[index].hash;; ++level) {
      const auto& at = tree_[index];
      // `a/#` matches `a` too [MQTT-4.7.1-2].
      if (at.rest != tree_.none)
        tree_[at.rest].entries.for_each(visit);
      if (level == end) {
        at.entries.for_each(visit);
        return;
      }
      // As deep as the topic at most.
      if (at.plus != tree_.none)
        walk(at.plus, level + 1, end, visit);
      if (at.literals == 0)
        return;
      hash = hash_child(hash, level->hash);
      index = tree_.find(index, hash, *level);
      if (index == tree_.none)
        return;
    }
  }

  uint32_t find_child(uint32_t parent, const topic_level& level) const noexcept;
  uint32_t make_child(uint32_t parent, const topic_level& level);
  void prune(uint32_t index);

  level_tree<node> tree_;
  size_t size_ = 0;
};

} // namespace troupe::broker
