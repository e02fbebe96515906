#pragma once

#include "broker/level_tree.hpp"
#include "broker/retained_message.hpp"
#include "core/clock.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::broker {

/// The last retained message of each topic. Pure; not thread-safe.
class retained_set {
public:
  /// Keeps `message` as the value of its topic; an empty payload removes the
  /// topic's value [MQTT-3.3.1-6]. `by`: who published it; null: nobody knows.
  /// True if the set changed in size.
  /// REQUIRES: protocol::is_topic_name(message->topic()).
  bool store(publication_ptr message, author_ptr by = nullptr);
  /// The value of a topic, or null. Expired values count as absent.
  publication_ptr find(std::string_view topic, time_point now) const;

  /// Where a replay stands; starts empty. A value stored meanwhile is either
  /// seen as it is then or was seen before: never an older value later. A topic
  /// that has a value throughout is seen exactly once, whatever comes and goes
  /// around it; one that gets its first value meanwhile may not be seen.
  struct cursor {
    /// Which node was looked at last: the birth of every node on its path.
    std::vector<uint64_t> path;
    bool started = false;
    bool done = false;
  };
  /// Appends values that match `filter` to `out`, behind `where`, until
  /// `max_count` or `max_bytes` (of footprint; the last value may go beyond) is
  /// reached or `where.done`. Looks at a bounded number of topics per call even
  /// when few match, so a call may append nothing and not be done.
  /// REQUIRES: the same valid filter for all calls with one cursor.
  void replay(std::string_view filter, cursor& where, size_t max_count,
              size_t max_bytes, time_point now,
              std::vector<retained_message>& out) const;
  /// Removes up to `limit` expired values; returns how many.
  size_t remove_expired(time_point now, size_t limit);

  size_t size() const noexcept { return size_; }
  /// Bytes of all values.
  size_t footprint() const noexcept { return footprint_; }

private:
  // The children of a node that has had several at a time, in the order of
  // birth. One that dies leaves a gap (node 0) until gaps are the majority, so
  // that the place behind a given birth is found by bisection.
  struct sibling {
    uint64_t birth;
    uint32_t node;
  };
  struct siblings {
    std::vector<sibling> all;
    size_t alive = 0;
  };
  // One cache line.
  struct alignas(64) node : level_node {
    uint32_t only_child = 0;
    publication_ptr value;
    // Rises with every node ever made: what a cursor remembers.
    uint64_t birth = 0;
    // Instead of `only_child` from the second child on.
    std::unique_ptr<siblings> children;
    level_text text;
  };
  static_assert(sizeof(node) == 64);

  class walker;

  uint32_t find_node(std::string_view topic, const topic_path& path) const;
  uint32_t make_node(const topic_path& path);
  void replace(uint32_t index, publication_ptr message, author_ptr by);
  void set_author(uint32_t index, author_ptr by);
  void remove(uint32_t index);
  void add_child(uint32_t parent, uint32_t child);
  void remove_child(uint32_t parent, uint32_t child);
  void prune(uint32_t index);

  level_tree<node> tree_;
  // By node; may be shorter.
  chunked_array<author_ptr, 8> authors_;
  // Values with an expiry, soonest first.
  std::set<std::pair<time_point, uint32_t>> expiries_;
  uint64_t births_ = 0;
  size_t size_ = 0;
  size_t footprint_ = 0;
};

} // namespace troupe::broker
