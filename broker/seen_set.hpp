#pragma once

#include "broker/message_path.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <unordered_map>

namespace troupe::broker {

/// Whose sequence numbers belong together.
struct seen_lane {
  node_id node = 0;
  uint64_t epoch = 0;
  uint32_t lane = 0;

  friend auto operator<=>(const seen_lane&, const seen_lane&) = default;
};

/// One bit for each of `seen_block_size` sequence numbers.
using seen_bits = std::array<uint64_t, 4>;
inline constexpr uint64_t seen_block_size = 256;

/// What is in one of the two.
seen_bits united(const seen_bits& x, const seen_bits& y) noexcept;

/// Which sequence numbers of one block of a lane were seen.
struct seen_block {
  seen_lane lane;
  /// 0 holds the sequence numbers 1 to `seen_block_size`.
  uint64_t number = 0;
  seen_bits bits{};
};

/// The block in which just `what` was seen.
seen_block block_of(const message_origin& what) noexcept;

/// Which messages of other nodes were seen. What is forgotten because there is
/// too much may be taken for new: a possible repeat, never a loss. Pure; not
/// thread-safe.
class seen_set {
public:
  static constexpr size_t most_lanes = 256;
  static constexpr size_t most_pieces = 5'461;

  struct bounds {
    /// Nodes' lanes, in each of their epochs; the least recently used goes.
    size_t lanes = most_lanes;
    /// Of each lane; the lowest goes. That is 256 KiB, and whatever the gaps
    /// the last 1.3 million sequences.
    size_t pieces = most_pieces;
  };

  seen_set() = default;
  explicit seen_set(const bounds& most) noexcept : most_(most) {}
  seen_set(seen_set&&) = default;

  /// Remembers `what`. True if it is new.
  bool insert(const message_origin& what);
  /// Remembers all that was seen of a block.
  void insert(const seen_block& what);
  bool contains(const message_origin& what) const;
  /// Forgets `what`: it comes again and is new then.
  void erase(const message_origin& what);

  size_t lanes() const noexcept { return lanes_.size(); }
  /// Of all lanes.
  size_t pieces() const noexcept;

private:
  struct hash {
    size_t operator()(const seen_lane& key) const noexcept;
  };
  /// One block of 256 sequences of which some were seen, or a run of blocks of
  /// which all were.
  struct piece {
    uint64_t first = 0; // block
    uint64_t last = 0;
    seen_bits bits{};

    bool is_full() const noexcept;
    bool is_empty() const noexcept;
  };
  // Ascending; no two runs touch each other.
  using pieces_type = std::deque<piece>;
  struct lane {
    seen_lane key;
    pieces_type seen;
  };

  template <class Pieces>
  static auto find(Pieces& in, uint64_t block);
  static bool add(pieces_type& to, const seen_block& what);
  static void join(pieces_type& in, pieces_type::iterator full);
  static pieces_type::iterator split(pieces_type& in, pieces_type::iterator run,
                                     uint64_t block);
  lane& lane_of(const seen_lane& key);

  bounds most_;
  std::list<lane> lanes_; // the last used one in front
  std::unordered_map<seen_lane, std::list<lane>::iterator, hash> places_;
};

} // namespace troupe::broker
