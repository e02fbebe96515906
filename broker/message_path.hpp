#pragma once

#include "protocol/packet.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Which way a message has come from node to node, so that in a ring or a mesh
// of bridged nodes none goes round for ever and none comes twice.
namespace troupe::broker {

/// Names a node of troupe: random, the same after a restart where something is
/// persistent.
using node_id = uint64_t;

/// What makes a message that crosses bridges one of a kind.
struct message_origin {
  /// Where the first bridge took it.
  node_id node = 0;
  /// A start of the lane; never the same again.
  uint64_t epoch = 0;
  /// The subtree that counted it.
  uint32_t lane = 0;
  /// Counts from 1 within the lane's epoch.
  uint64_t sequence = 0;

  friend bool operator==(const message_origin&,
                         const message_origin&) = default;
};

/// The user property that carries a path from node to node.
inline constexpr std::string_view path_property = "troupe-path";
/// The user property in CONNECT by which a bridge says that it is one of
/// troupe's; its value is the id of its node.
inline constexpr std::string_view peer_property = "troupe-bridge";
/// A message that has passed as many nodes is taken for one in a loop.
inline constexpr size_t most_path_nodes = 64;
/// Bytes of the longest path: four numbers, then 17 for each further node.
inline constexpr size_t most_path_bytes =
    16 + 16 + 8 + 16 + 3 + (most_path_nodes - 1) * 17;

/// A path as it is written: `node/epoch.lane/sequence`, then a space and the id
/// of each node that passed the message on. Numbers are hexadecimal in lower
/// case, ids have 16 digits. Points into the text that was parsed.
class message_path {
public:
  /// Nothing if that is no path. One with more than `most_path_nodes` is.
  static std::optional<message_path> parse(std::string_view text) noexcept;

  const message_origin& origin() const noexcept { return origin_; }
  /// How many it names, the origin included.
  size_t nodes() const noexcept { return 1 + further_.size() / 17; }
  bool passed(node_id node) const noexcept;

private:
  message_origin origin_;
  std::string_view further_; // " 0123456789abcdef" for each
};

/// The 16 digits of an id.
std::string to_text(node_id node);
/// The path of a message that has not left its node yet.
std::string to_string(const message_origin& from);
/// `path` with one more node at its end.
std::string append(std::string_view path, node_id node);

/// Removes every path from the properties of `from`, so that ordinary clients
/// are not sent it, and returns the first; empty: there is none. It is good as
/// long as `from` lives and what its properties pointed into.
std::string_view take_path(protocol::message& from);

/// What a message that comes in says of its way.
struct arrival {
  /// To be kept with it: its path, and this node at the end. Empty: it has
  /// none.
  std::string path;
  /// It was here before, or has passed too many: not to be routed.
  bool is_loop = false;
};

/// Takes the path out of what comes into the node `here`. Only a peer, a node
/// of troupe at the other end of a bridge, is believed; others could forge one.
arrival arrive(protocol::message& from, bool is_peer, node_id here);

} // namespace troupe::broker
