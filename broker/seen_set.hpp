#pragma once

#include "broker/message_path.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <unordered_map>

namespace troupe::broker {

/// Which messages of other nodes were seen. What is forgotten because there is
/// too much may be taken for new: a possible repeat, never a loss. Pure; not
/// thread-safe.
class seen_set {
public:
  struct bounds {
    /// Nodes' lanes, in each of their epochs; the least recently used goes.
    size_t lanes = 256;
    /// Runs of sequence numbers without a gap, per lane; the lowest goes.
    size_t intervals = 16'384;
  };

  seen_set() = default;
  explicit seen_set(const bounds& most) noexcept : most_(most) {}

  /// Remembers `what`. True if it is new.
  bool insert(const message_origin& what);

  size_t lanes() const noexcept { return lanes_.size(); }
  /// Of all lanes.
  size_t intervals() const noexcept;

private:
  struct lane_key {
    node_id node = 0;
    uint64_t epoch = 0;
    uint32_t lane = 0;

    friend bool operator==(const lane_key&, const lane_key&) = default;
  };
  struct hash {
    size_t operator()(const lane_key& key) const noexcept;
  };
  struct interval {
    uint64_t first = 0;
    uint64_t last = 0;
  };
  // Ascending, with a gap between each two.
  using intervals_type = std::deque<interval>;
  struct lane {
    lane_key key;
    intervals_type seen;
  };

  static bool add(intervals_type& to, uint64_t sequence);
  static bool add_between(intervals_type& to, uint64_t sequence);
  lane& lane_of(const lane_key& key);

  bounds most_;
  std::list<lane> lanes_; // the last used one in front
  std::unordered_map<lane_key, std::list<lane>::iterator, hash> places_;
};

} // namespace troupe::broker
