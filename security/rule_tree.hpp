#pragma once

#include "security/authority.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::security {

/// Numbered rules on topic filters, in any number of trees that share their
/// memory: what a client may do is found in as many steps as its topic has
/// levels, however many rules there are. Texts are not copied: they must
/// outlive this.
class rule_tree {
public:
  /// Of a tree; there is none to begin with.
  using root = uint32_t;
  /// What a rule gives or takes: a bit, see `acl_right`.
  static constexpr size_t kinds = 4;

  /// The lowest numbers of those rules that match, 0 for none.
  using matches = std::array<uint32_t, kinds>;

  rule_tree();

  root add_root();
  /// Adds rule `number`, not 0, for each kind whose bit is in `mask`. With
  /// `placeholders` the levels %c and %u stand for the client id and the user
  /// name. REQUIRES: is_filter(filter).
  void add(root tree, std::string_view filter, uint8_t mask, uint32_t number,
           bool placeholders);

  /// Gives back memory that was meant for more rules.
  void compact() { nodes_.shrink_to_fit(); }

  /// The rules in `tree` that match `topic`; if that is a filter, those that
  /// match, level by level, whatever it matches. %c and %u match a level that
  /// is the whole client id or user name, but not one with a wildcard in it,
  /// and never `$...` at the front: a client must not name itself into rights.
  matches find(root tree, std::string_view topic,
               const client_identity& who) const noexcept;

private:
  using index = uint32_t;
  /// A filter up to some level; 0, which no tree uses, is none.
  struct node {
    index one_level = 0;
    index everything_below = 0;
    index client_id = 0;
    index user_name = 0;
    matches rules{};
    /// The level itself, if it is named, and the node it was reached from.
    const char* text = nullptr;
    uint32_t text_size = 0;
    index parent = 0;
  };
  /// Of the hash table of named nodes: free if `to` is 0.
  struct slot {
    uint32_t hash = 0;
    index to = 0;
  };
  class search;

  index add_node();
  index step(index from, std::string_view level, bool placeholders);
  index named_step(index from, std::string_view level);
  index find_named(index from, std::string_view level) const noexcept;
  /// The slot of that node, or the free one for it.
  size_t place_of(index from, uint32_t hash,
                  std::string_view level) const noexcept;
  void grow();

  std::vector<node> nodes_;
  /// At most half full; the size is a power of two.
  std::vector<slot> slots_;
  size_t named_ = 0;
};

} // namespace troupe::security
