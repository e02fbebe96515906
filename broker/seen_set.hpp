#pragma once

#include "broker/message_path.hpp"

#include <array>
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
    /// Of each lane; the lowest goes. That is 256 KiB, and whatever the gaps
    /// the last 1.3 million sequences.
    size_t pieces = 5'461;
  };

  seen_set() = default;
  explicit seen_set(const bounds& most) noexcept : most_(most) {}

  /// Remembers `what`. True if it is new.
  bool insert(const message_origin& what);
  /// Forgets `what`: it comes again and is new then.
  void erase(const message_origin& what);

  size_t lanes() const noexcept { return lanes_.size(); }
  /// Of all lanes.
  size_t pieces() const noexcept;

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
  /// One block of 256 sequences of which some were seen, or a run of blocks of
  /// which all were.
  struct piece {
    uint64_t first = 0; // block
    uint64_t last = 0;
    std::array<uint64_t, 4> bits{};

    bool is_full() const noexcept;
    bool is_empty() const noexcept;
  };
  // Ascending; no two runs touch each other.
  using pieces_type = std::deque<piece>;
  struct lane {
    lane_key key;
    pieces_type seen;
  };

  static pieces_type::iterator find(pieces_type& in, uint64_t block);
  static bool add(pieces_type& to, uint64_t sequence);
  static void join(pieces_type& in, pieces_type::iterator full);
  static pieces_type::iterator split(pieces_type& in, pieces_type::iterator run,
                                     uint64_t block);
  lane& lane_of(const lane_key& key);

  bounds most_;
  std::list<lane> lanes_; // the last used one in front
  std::unordered_map<lane_key, std::list<lane>::iterator, hash> places_;
};

} // namespace troupe::broker
